"""The rules of the gate as the user sets them: limits, floors, and confusions that are accepted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, ClassVar

from annotated_types import Interval, MinLen

from reportgen.inputs.names import by_nfc, nfc
from reportgen.option import Checked, Group, Option

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


_ACCEPTED = """pair = ["Bengal", "Egyptian_Mau"]
owner = "Aoi Tanaka"
reason = "spotted coats; more pictures are ordered"
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
        _FRACTION,
        Option(
            "Fraction of unreadable images to tolerate; above it the run stops with exit code 3.",
            key="max_unreadable",
            older="gate.max_unreadable",
        ),
    ] = 0.01
    accuracy_margin: Annotated[
        float | None,
        _FRACTION,
        Option("Fail when accuracy is worse than the baseline's, and may be worse by more than this.", example="0.01"),
    ] = None
    min_accuracy: Annotated[float | None, _FRACTION, Option("Fail when accuracy is lower.", example="0.75")] = None
    min_balanced_accuracy: Annotated[
        float | None, _FRACTION, Option("Fail when balanced accuracy is lower.", example="0.70")
    ] = None
    min_macro_f1: Annotated[float | None, _FRACTION, Option("Fail when macro F1 is lower.", example="0.70")] = None
    min_species_accuracy: Annotated[
        float | None, _FRACTION, Option("Fail when the accuracy by species is lower.", example="0.95")
    ] = None
    min_recall: Annotated[
        Mapping[str, float],
        Checked(_fractions),
        Option("Fail when the recall of one of these classes is lower.", example="Bengal = 0.5"),
    ] = field(default_factory=dict)
    no_worse_classes: Annotated[
        bool, Option("Fail when the recall of a class is significantly worse than the baseline's.")
    ] = False
    no_worse_pairs: Annotated[bool, Option("Fail when a pair is confused significantly more than in the baseline.")] = (
        False
    )
    max_pair_rate: Annotated[
        float | None, _FRACTION, Option("Fail when a significant pair is confused more often.", example="0.30")
    ] = None
    no_new_cross_species: Annotated[bool, Option("Fail on a cross-species error that the baseline did not make.")] = (
        False
    )
    max_cross_species: Annotated[
        int | None, Interval(ge=0, le=1_000_000_000), Option("Fail on more cross-species errors.", example="5")
    ] = None
    max_ece: Annotated[
        float | None, _FRACTION, Option("Fail when the expected calibration error is higher.", example="0.10")
    ] = None
    accepted: Annotated[
        tuple[AcceptedConfusion, ...],
        Option("Known pairs of look-alikes: ignored by the rules about pairs until they expire.", example=_ACCEPTED),
    ] = ()

    @property
    def judge(self) -> bool:
        """Whether any rule is set that judges the model; the data checks do not."""
        floors = (self.min_accuracy, self.min_balanced_accuracy, self.min_macro_f1, self.min_species_accuracy)
        limits = (*floors, self.accuracy_margin, self.max_pair_rate, self.max_cross_species, self.max_ece)
        compared = self.no_worse_classes or self.no_worse_pairs or self.no_new_cross_species
        return compared or bool(self.min_recall) or any(limit is not None for limit in limits)
