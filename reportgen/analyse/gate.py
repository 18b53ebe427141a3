"""The gate: named rules, each with an outcome. A rule that cannot be worked out is never a pass.

Floors and ceilings hold for the figure itself. What is compared with the baseline is judged by interval or test, so
that a difference within noise fails nothing. Wording is left to the templates: a rule gives its values.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from reportgen.analyse.class_order import ClassOrder
from reportgen.analyse.comparison import Comparison
from reportgen.analyse.cross_species import CrossSpeciesError
from reportgen.analyse.gate_outcome import DATA_CHECKS, GateOutcome, RuleOutcome, gate_outcome
from reportgen.analyse.gate_rules import AcceptedConfusion, GateRules
from reportgen.analyse.pairs import ConfusedPair
from reportgen.analyse.scores import Scores
from reportgen.errors import ConfigError, in_one_line
from reportgen.evaluate.predictions import Predictions
from reportgen.language import SAME
from reportgen.nearest import hint
from reportgen.plain_text import named


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """One rule. `values` is what the templates word: limit, found, and what belongs to the rule; error: it crashed."""

    name: str
    outcome: RuleOutcome
    values: Mapping[str, object]


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
    """Every rule in force, in the order of `_RULES`; one that crashes is invalid."""
    expired = tuple(one for one in rules.accepted if one.expires < today)
    in_force = frozenset(frozenset(one.pair) for one in rules.accepted if one not in expired)
    results: list[RuleResult] = []
    for name, rule in _RULES.items():
        try:
            results += rule(evidence, rules, in_force)
        except Exception as error:  # noqa: BLE001  # whatever went wrong, the gate must not pass by it
            results.append(RuleResult(name=name, outcome="invalid", values={"error": in_one_line(error)}))
    return Gate(rules=tuple(results), strict=rules.strict, accepted=rules.accepted, expired=expired)


Accepted = frozenset[frozenset[str]]
_Rule = Callable[[Evidence, GateRules, Accepted], Iterable[RuleResult]]


def _unreadable(evidence: Evidence, rules: GateRules, _: Accepted) -> Iterator[RuleResult]:
    n, n_listed = len(evidence.predictions.unreadable), evidence.predictions.facts.data.n_listed
    outcome: RuleOutcome = "pass" if n / n_listed <= rules.max_unreadable + SAME else "fail"
    values = {"n": n, "n_listed": n_listed, "limit": rules.max_unreadable}
    yield RuleResult(name="max_unreadable", outcome=outcome, values=values)


def _class_order(evidence: Evidence, _: GateRules, __: Accepted) -> Iterator[RuleResult]:
    """Inconclusive, not failed, when it raises the alarm: that is strong evidence, not proof."""
    order = evidence.class_order
    outcome: RuleOutcome = "inconclusive" if order.suspicious else "pass"
    yield RuleResult(name="class_order", outcome=outcome, values={"order": order})


def _accuracy_margin(evidence: Evidence, rules: GateRules, _: Accepted) -> Iterator[RuleResult]:
    """Non-inferiority: pass when the lower end of the paired interval is above -margin.

    Else fail when the whole interval is below 0 (it is worse, and may be worse than the margin); else inconclusive.
    """
    if rules.accuracy_margin is None:
        return
    against = evidence.comparable
    if against is None or against.overall is None:
        yield _nothing_to_compare("accuracy_margin", evidence)
        return
    low, high = against.overall.difference_ci
    outcome: RuleOutcome = "pass" if low > -rules.accuracy_margin + SAME else "fail" if high < 0 else "inconclusive"
    values = {"limit": rules.accuracy_margin, "change": against.overall, "baseline": against.baseline.run_id}
    values["across"] = against.differences
    yield RuleResult(name="accuracy_margin", outcome=outcome, values=values)


def _floors(evidence: Evidence, rules: GateRules, _: Accepted) -> Iterator[RuleResult]:
    scores = evidence.scores
    floors = {
        "min_accuracy": (rules.min_accuracy, scores.accuracy),
        "min_balanced_accuracy": (rules.min_balanced_accuracy, scores.balanced_accuracy),
        "min_macro_f1": (rules.min_macro_f1, scores.macro_f1),
        "min_species_accuracy": (rules.min_species_accuracy, scores.species_accuracy),
    }
    for name, (limit, found) in floors.items():
        if limit is not None:
            yield _floor(name, limit, found)


def _recalls(evidence: Evidence, rules: GateRules, _: Accepted) -> Iterator[RuleResult]:
    """A class without images is inconclusive: its floor was not looked at."""
    recalls = {row.name: row for row in evidence.scores.per_class}
    for name, limit in rules.min_recall.items():
        row = recalls[name]
        result = _floor("min_recall", limit, row.recall)
        outcome: RuleOutcome = "inconclusive" if not row.n else result.outcome
        yield RuleResult(name=f"min_recall {name}", outcome=outcome, values={**result.values, "row": row})


def _worse_classes(evidence: Evidence, rules: GateRules, _: Accepted) -> Iterator[RuleResult]:
    if not rules.no_worse_classes:
        return
    against = evidence.comparable
    if against is None:
        yield _nothing_to_compare("no_worse_classes", evidence)
        return
    worse = [one for one in against.classes if one.change.verdict == "worse"]
    n_weak = sum(one.change.verdict == "underpowered" for one in against.classes)
    values = {"worse": worse, "n_tested": len(against.classes) - n_weak, "n_underpowered": n_weak}
    values["across"] = against.differences
    yield RuleResult(name="no_worse_classes", outcome="fail" if worse else "pass", values=values)


def _worse_pairs(evidence: Evidence, rules: GateRules, accepted: Accepted) -> Iterator[RuleResult]:
    if not rules.no_worse_pairs:
        return
    against, classes = evidence.comparable, evidence.predictions.facts.classes
    if against is None:
        yield _nothing_to_compare("no_worse_pairs", evidence)
        return
    known = [one for one in against.pairs if frozenset((classes[one.a], classes[one.b])) in accepted]
    judged = [one for one in against.pairs if one not in known]
    worse = [one for one in judged if one.change.verdict == "worse"]
    n_weak = sum(one.change.verdict == "underpowered" for one in judged)
    values = {"worse": worse, "n_tested": len(judged) - n_weak, "n_underpowered": n_weak, "n_accepted": len(known)}
    values["across"] = against.differences
    yield RuleResult(name="no_worse_pairs", outcome="fail" if worse else "pass", values=values)


def _pair_rate(evidence: Evidence, rules: GateRules, accepted: Accepted) -> Iterator[RuleResult]:
    """Of the pairs that stand out: one error of three images is no reason to stop a model."""
    if rules.max_pair_rate is None:
        return
    classes = evidence.predictions.facts.classes
    over = [pair for pair in evidence.pairs if pair.significant and pair.rate > rules.max_pair_rate + SAME]
    known = [pair for pair in over if frozenset((classes[pair.a], classes[pair.b])) in accepted]
    over = [pair for pair in over if pair not in known]
    values = {"limit": rules.max_pair_rate, "over": over, "n_accepted": len(known)}
    yield RuleResult(name="max_pair_rate", outcome="fail" if over else "pass", values=values)


def _new_cross_species(evidence: Evidence, rules: GateRules, _: Accepted) -> Iterator[RuleResult]:
    if not rules.no_new_cross_species:
        return
    against, name = evidence.comparable, "no_new_cross_species"
    if not evidence.predictions.facts.taxonomy.species:
        yield RuleResult(name=name, outcome="invalid", values={"lacking": "species"})
    elif against is None:
        yield _nothing_to_compare(name, evidence)
    else:
        new = [evidence.predictions.sample_ids[idx] for idx in against.new_cross_species]
        yield RuleResult(
            name=name, outcome="fail" if new else "pass", values={"new": new, "across": against.differences}
        )


def _ceilings(evidence: Evidence, rules: GateRules, _: Accepted) -> Iterator[RuleResult]:
    if rules.max_cross_species is not None:
        known = bool(evidence.predictions.facts.taxonomy.species)
        found = len(evidence.cross_species) if known else None
        yield _ceiling("max_cross_species", rules.max_cross_species, found)
    if rules.max_ece is not None:
        yield _ceiling("max_ece", rules.max_ece, evidence.calibration_error)


def _floor(name: str, limit: float, found: float | None) -> RuleResult:
    """Without a figure (no species given) the rule is invalid: it was asked for and could not be worked out.

    What is told apart is what is judged apart: see `language.SAME`.
    """
    outcome: RuleOutcome = "invalid" if found is None else "pass" if found >= limit - SAME else "fail"
    return RuleResult(name=name, outcome=outcome, values={"limit": limit, "found": found})


def _ceiling(name: str, limit: float, found: float | None) -> RuleResult:
    outcome: RuleOutcome = "invalid" if found is None else "pass" if found <= limit + SAME else "fail"
    return RuleResult(name=name, outcome=outcome, values={"limit": limit, "found": found})


def _nothing_to_compare(name: str, evidence: Evidence) -> RuleResult:
    """No earlier run, or none that is comparable."""
    return RuleResult(name=name, outcome="inconclusive", values={"comparison": evidence.comparison})


_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        "max_unreadable": _unreadable,
        "class_order": _class_order,
        "accuracy_margin": _accuracy_margin,
        "floors": _floors,
        "min_recall": _recalls,
        "no_worse_classes": _worse_classes,
        "no_worse_pairs": _worse_pairs,
        "max_pair_rate": _pair_rate,
        "no_new_cross_species": _new_cross_species,
        "ceilings": _ceilings,
    }
)
