"""The rules of the gate as the user sets them: limits, floors, and confusions that are accepted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedConfusion:
    """A pair of classes that is known to look alike: its rules are not applied up to and including `expires`."""

    pair: tuple[str, str]
    owner: str
    reason: str
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """The rules in force; None or False leaves a rule out. Fractions in [0, 1].

    accuracy_margin: how much accuracy may be lost to the baseline. min_recall: by class name. max_pair_rate: of a pair
    that stands out. strict: inconclusive counts as failed.
    """

    strict: bool = False
    max_unreadable: float = 0.01
    accuracy_margin: float | None = None
    min_accuracy: float | None = None
    min_balanced_accuracy: float | None = None
    min_macro_f1: float | None = None
    min_species_accuracy: float | None = None
    min_recall: Mapping[str, float] = field(default_factory=dict)
    no_worse_classes: bool = False
    no_worse_pairs: bool = False
    max_pair_rate: float | None = None
    no_new_cross_species: bool = False
    max_cross_species: int | None = None
    max_ece: float | None = None
    accepted: tuple[AcceptedConfusion, ...] = ()

    @property
    def judge(self) -> bool:
        """Whether any rule is set that judges the model; the data checks do not."""
        floors = (self.min_accuracy, self.min_balanced_accuracy, self.min_macro_f1, self.min_species_accuracy)
        limits = (*floors, self.accuracy_margin, self.max_pair_rate, self.max_cross_species, self.max_ece)
        compared = self.no_worse_classes or self.no_worse_pairs or self.no_new_cross_species
        return compared or bool(self.min_recall) or any(limit is not None for limit in limits)
