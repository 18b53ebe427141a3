"""Rules of the gate: each is one field with its limit, its documentation, and the function that judges by it.

A further rule is a further field here, with its sentence in templates/words.txt.j2. Floors and ceilings hold for the
figure itself. What is compared with the baseline is judged by interval or test, so that a difference within chance
fails nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, get_type_hints

from annotated_types import Interval, MinLen

from reportgen.analyse.gate_outcome import JudgedBy, RuleInForce, RuleOutcome, RuleResult
from reportgen.inputs.names import by_nfc, nfc
from reportgen.option import Checked, Group, Option
from reportgen.rounding import SAME

if TYPE_CHECKING:  # the rules are declared for the command line, too, which needs no predictions
    from reportgen.analyse.gate import Evidence

_FRACTION = Interval(ge=0, le=1)


def _pair(value: tuple[str, str]) -> tuple[str, str]:
    if value[0] == value[1]:
        raise ValueError("two different classes")
    return nfc(value[0]), nfc(value[1])


def _fractions(value: Mapping[str, float]) -> Mapping[str, float]:
    wrong = [f"{name} = {floor}" for name, floor in value.items() if not 0 <= floor <= 1]
    if wrong:
        raise ValueError(f"fractions from 0 to 1, found {wrong[0]}")
    return by_nfc(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedConfusion:
    """A pair of classes that is known to look alike: its rules are not applied up to and including `expires`."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    pair: Annotated[tuple[str, str], Checked(_pair)]
    owner: Annotated[str, MinLen(1)]
    reason: Annotated[str, MinLen(1)]
    expires: date


def _unreadable(rule: "RuleInForce", evidence: "Evidence") -> Iterator[RuleResult]:
    n, n_listed = len(evidence.predictions.unreadable), evidence.predictions.facts.data.n_listed
    outcome: RuleOutcome = "pass" if n / n_listed <= rule.limit + SAME else "fail"
    values = {"n": n, "n_listed": n_listed, "limit": rule.limit}
    yield RuleResult(name=rule.name, outcome=outcome, values=values)


def _accuracy_margin(rule: "RuleInForce", evidence: "Evidence") -> Iterator[RuleResult]:
    """Non-inferiority: pass when the lower end of the paired interval is above -margin.

    Else fail when the whole interval is below 0 (it is worse, and may be worse than the margin); else inconclusive.
    """
    against = evidence.comparable
    if against is None or against.overall is None:
        yield _nothing_to_compare(rule, evidence)
        return
    low, high = against.overall.difference_ci
    outcome: RuleOutcome = "pass" if low > -rule.limit + SAME else "fail" if high < 0 else "inconclusive"
    values = {"limit": rule.limit, "change": against.overall, "baseline": against.baseline.run_id}
    values["across"] = against.differences
    yield RuleResult(name=rule.name, outcome=outcome, values=values)


def _recalls(rule: "RuleInForce", evidence: "Evidence") -> Iterator[RuleResult]:
    """A class without images is inconclusive: its floor was not looked at."""
    recalls = {row.name: row for row in evidence.scores.per_class}
    for name, limit in rule.limit.items():
        row = recalls[name]
        result = _floor("min_recall", limit, row.recall)
        outcome: RuleOutcome = "inconclusive" if not row.n else result.outcome
        yield RuleResult(name=f"min_recall {name}", outcome=outcome, values={**result.values, "row": row})


def _worse_classes(rule: "RuleInForce", evidence: "Evidence") -> Iterator[RuleResult]:
    against = evidence.comparable
    if against is None:
        yield _nothing_to_compare(rule, evidence)
        return
    worse = [one for one in against.classes if one.change.verdict == "worse"]
    n_weak = sum(one.change.verdict == "underpowered" for one in against.classes)
    values = {"worse": worse, "n_tested": len(against.classes) - n_weak, "n_underpowered": n_weak}
    values["across"] = against.differences
    yield RuleResult(name=rule.name, outcome="fail" if worse else "pass", values=values)


def _worse_pairs(rule: "RuleInForce", evidence: "Evidence") -> Iterator[RuleResult]:
    against, classes = evidence.comparable, evidence.predictions.facts.classes
    if against is None:
        yield _nothing_to_compare(rule, evidence)
        return
    known = [one for one in against.pairs if frozenset((classes[one.a], classes[one.b])) in rule.accepted]
    judged = [one for one in against.pairs if one not in known]
    worse = [one for one in judged if one.change.verdict == "worse"]
    n_weak = sum(one.change.verdict == "underpowered" for one in judged)
    values = {"worse": worse, "n_tested": len(judged) - n_weak, "n_underpowered": n_weak, "n_accepted": len(known)}
    values["across"] = against.differences
    yield RuleResult(name=rule.name, outcome="fail" if worse else "pass", values=values)


def _pair_rate(rule: "RuleInForce", evidence: "Evidence") -> Iterator[RuleResult]:
    """Of the pairs that stand out: one error of three images is no reason to stop a model."""
    classes = evidence.predictions.facts.classes
    over = [pair for pair in evidence.pairs if pair.significant and pair.rate > rule.limit + SAME]
    known = [pair for pair in over if frozenset((classes[pair.a], classes[pair.b])) in rule.accepted]
    over = [pair for pair in over if pair not in known]
    values = {"limit": rule.limit, "over": over, "n_accepted": len(known)}
    yield RuleResult(name=rule.name, outcome="fail" if over else "pass", values=values)


def _new_cross_species(rule: "RuleInForce", evidence: "Evidence") -> Iterator[RuleResult]:
    against = evidence.comparable
    if not evidence.predictions.facts.taxonomy.species:
        yield RuleResult(name=rule.name, outcome="invalid", values={"lacking": "species"})
    elif against is None:
        yield _nothing_to_compare(rule, evidence)
    else:
        new = [evidence.predictions.sample_ids[idx] for idx in against.new_cross_species]
        yield RuleResult(
            name=rule.name, outcome="fail" if new else "pass", values={"new": new, "across": against.differences}
        )


def _floor(name: str, limit: float, found: float | None) -> RuleResult:
    """Without a figure (no species given) the rule is invalid: it was asked for and could not be worked out.

    What is told apart is what is judged apart: see `rounding.SAME`.
    """
    outcome: RuleOutcome = "invalid" if found is None else "pass" if found >= limit - SAME else "fail"
    return RuleResult(name=name, outcome=outcome, values={"limit": limit, "found": found})


def _ceiling(name: str, limit: float, found: float | None) -> RuleResult:
    outcome: RuleOutcome = "invalid" if found is None else "pass" if found <= limit + SAME else "fail"
    return RuleResult(name=name, outcome=outcome, values={"limit": limit, "found": found})


def _nothing_to_compare(rule: "RuleInForce", evidence: "Evidence") -> RuleResult:
    """No earlier run, or none that is comparable."""
    return RuleResult(name=rule.name, outcome="inconclusive", values={"comparison": evidence.comparison})


def _at_least(found: Callable[["Evidence"], float | None]) -> JudgedBy:
    """A floor of the figure itself."""
    return JudgedBy(lambda rule, evidence: [_floor(rule.name, rule.limit, found(evidence))])


def _at_most(found: Callable[["Evidence"], float | None]) -> JudgedBy:
    """A ceiling of the figure itself."""
    return JudgedBy(lambda rule, evidence: [_ceiling(rule.name, rule.limit, found(evidence))])


def _is_set(value: object) -> bool:
    return value is not None and value is not False and value != {}  # 0 is a limit


def _n_cross_species(evidence: "Evidence") -> int | None:
    return len(evidence.cross_species) if evidence.predictions.facts.taxonomy.species else None


_ACCEPTED = """pair = ["Bengal", "Egyptian_Mau"]
owner = "Aoi Tanaka"
reason = "spotted coats; more images are ordered"
expires = 2027-03-31"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """The rules in force; None or False leaves a rule out. Fractions in [0, 1].

    accuracy_margin: how much accuracy may be lost to the baseline. min_recall: by class name. max_pair_rate: of a pair
    that stands out. strict: inconclusive counts as failed.
    """

    GROUP: ClassVar = Group(
        "Comparison and gate",
        table="gate",
        about="a rule without a value is not applied; without any rule quality is not judged",
    )

    strict: Annotated[
        bool,
        Option("An inconclusive rule fails the gate.", key="strict_gate", more="Without rules there is no gate."),
    ] = False
    max_unreadable: Annotated[
        float,
        JudgedBy(_unreadable),
        _FRACTION,
        Option(
            "Fraction of unreadable images to tolerate; above it the run stops with exit code 3.",
            key="max_unreadable",
            older="gate.max_unreadable",
        ),
    ] = 0.01
    accuracy_margin: Annotated[
        float | None,
        JudgedBy(_accuracy_margin),
        _FRACTION,
        Option("Fail when accuracy is worse than the baseline's, and may be worse by more than this.", example="0.01"),
    ] = None
    min_accuracy: Annotated[
        float | None,
        _at_least(lambda evidence: evidence.scores.accuracy),
        _FRACTION,
        Option("Fail when accuracy is lower.", example="0.75"),
    ] = None
    min_balanced_accuracy: Annotated[
        float | None,
        _at_least(lambda evidence: evidence.scores.balanced_accuracy),
        _FRACTION,
        Option("Fail when balanced accuracy is lower.", example="0.70"),
    ] = None
    min_macro_f1: Annotated[
        float | None,
        _at_least(lambda evidence: evidence.scores.macro_f1),
        _FRACTION,
        Option("Fail when macro F1 is lower.", example="0.70"),
    ] = None
    min_species_accuracy: Annotated[
        float | None,
        _at_least(lambda evidence: evidence.scores.species_accuracy),
        _FRACTION,
        Option("Fail when the accuracy by species is lower.", example="0.95"),
    ] = None
    min_recall: Annotated[
        Mapping[str, float],
        JudgedBy(_recalls),
        Checked(_fractions),
        Option("Fail when the recall of one of these classes is lower.", example="Bengal = 0.5"),
    ] = field(default_factory=dict)
    no_worse_classes: Annotated[
        bool,
        JudgedBy(_worse_classes),
        Option("Fail when the recall of a class is significantly worse than the baseline's."),
    ] = False
    no_worse_pairs: Annotated[
        bool, JudgedBy(_worse_pairs), Option("Fail when a pair is confused significantly more than in the baseline.")
    ] = False
    max_pair_rate: Annotated[
        float | None,
        JudgedBy(_pair_rate),
        _FRACTION,
        Option("Fail when a significant pair is confused more often.", example="0.30"),
    ] = None
    no_new_cross_species: Annotated[
        bool, JudgedBy(_new_cross_species), Option("Fail on a cross-species error that the baseline did not make.")
    ] = False
    max_cross_species: Annotated[
        int | None,
        _at_most(_n_cross_species),
        Interval(ge=0, le=1_000_000_000),
        Option("Fail on more cross-species errors.", example="5"),
    ] = None
    max_ece: Annotated[
        float | None,
        _at_most(lambda evidence: evidence.calibration_error),
        _FRACTION,
        Option("Fail when the expected calibration error is higher.", example="0.10"),
    ] = None
    accepted: Annotated[
        tuple[AcceptedConfusion, ...],
        Option("Known pairs of look-alikes: ignored by the rules about pairs until they expire.", example=_ACCEPTED),
    ] = ()

    @property
    def has_model_rules(self) -> bool:
        """Whether any rule is set that judges the model; the data checks do not."""
        return len(self.in_force()) > 1

    def in_force(self, accepted: frozenset[frozenset[str]] = frozenset()) -> tuple[RuleInForce, ...]:
        """The rules that are set, in the order of the fields: max_unreadable, which always is, first."""
        declared = get_type_hints(type(self), include_extras=True)
        return tuple(
            RuleInForce(name=one.name, limit=getattr(self, one.name), accepted=accepted, rule=rule)
            for one in fields(self)
            for rule in getattr(declared[one.name], "__metadata__", ())
            if isinstance(rule, JudgedBy) and _is_set(getattr(self, one.name))
        )
