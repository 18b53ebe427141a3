"""The gate: the data checks and the rules in force, each with an outcome. A rule that crashes is never a pass."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from reportgen.analyse.class_order import ClassOrder
from reportgen.analyse.comparison import Comparison
from reportgen.analyse.cross_species import CrossSpeciesError
from reportgen.analyse.gate_outcome import DATA_CHECKS, GateOutcome, RuleInForce, RuleOutcome, RuleResult, gate_outcome
from reportgen.analyse.gate_rules import AcceptedConfusion, GateRules
from reportgen.analyse.pairs import ConfusedPair
from reportgen.analyse.scores import Scores
from reportgen.errors import ConfigError, in_one_line
from reportgen.evaluate.predictions import Predictions
from reportgen.nearest import hint
from reportgen.plain_text import named


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The worst of the outcomes, and the data checks and rules in their order.

    expired: accepted confusions that count again.
    """

    rules: tuple[RuleResult, ...]
    strict: bool
    accepted: tuple[AcceptedConfusion, ...]
    expired: tuple[AcceptedConfusion, ...]

    @property
    def outcome(self) -> GateOutcome:
        """Invalid before fail before inconclusive before pass; `not_judged` where nothing but data checks passed."""
        return gate_outcome({rule.name: rule.outcome for rule in self.rules})

    @property
    def n_data_checks(self) -> int:
        """How many of the rules are data checks."""
        return sum(rule.name in DATA_CHECKS for rule in self.rules)

    @property
    def passed(self) -> bool:
        """Nothing speaks against the run: pass, not judged, or inconclusive where the gate is not strict."""
        return self.outcome in ("pass", "not_judged") or (self.outcome == "inconclusive" and not self.strict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the rules look at."""

    predictions: Predictions
    scores: Scores
    calibration_error: float
    pairs: tuple[ConfusedPair, ...]
    cross_species: tuple[CrossSpeciesError, ...]
    class_order: ClassOrder
    comparison: Comparison | None

    @property
    def comparable(self) -> Comparison | None:
        """The comparison, where it may be judged."""
        return self.comparison if self.comparison is not None and self.comparison.comparable else None


def refuse_unknown_classes(rules: GateRules, classes: tuple[str, ...]) -> None:
    """Raises ConfigError for a rule or an accepted confusion about a class that the model does not have."""
    asked = [*rules.min_recall, *(name for one in rules.accepted for name in one.pair)]
    unknown = [name for name in asked if name not in classes]
    if unknown:
        raise ConfigError(
            f"[gate]: class {unknown[0]!r}",
            found=f"no such class{hint(unknown[0], classes)}",
            expected=f"one of the {len(classes)} classes: {named(classes)}",
            todo="correct min_recall or the accepted confusions",
        )


def gate(evidence: Evidence, rules: GateRules, *, today: date) -> Gate:
    """The two data checks, then every rule in force, in the order of the fields of GateRules; a crash is invalid."""
    expired = tuple(one for one in rules.accepted if one.expires < today)
    in_force = frozenset(frozenset(one.pair) for one in rules.accepted if one not in expired)
    unreadable, *others = rules.in_force(in_force)
    results = [*_judged(unreadable, evidence), *_class_order(evidence)]
    for one in others:
        results += _judged(one, evidence)
    return Gate(rules=tuple(results), strict=rules.strict, accepted=rules.accepted, expired=expired)


def _judged(rule: RuleInForce, evidence: Evidence) -> Iterable[RuleResult]:
    try:
        return tuple(rule.judge(evidence))
    except Exception as error:  # noqa: BLE001  # whatever went wrong, the gate must not pass by it
        return (RuleResult(name=rule.name, outcome="invalid", values={"error": in_one_line(error)}),)


def _class_order(evidence: Evidence) -> Iterator[RuleResult]:
    """Inconclusive, not failed, when it raises the alarm: that is strong evidence, not proof. No option sets it."""
    order = evidence.class_order
    outcome: RuleOutcome = "inconclusive" if order.suspicious else "pass"
    yield RuleResult(name="class_order", outcome=outcome, values={"order": order})
