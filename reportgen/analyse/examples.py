"""Selection of the images to explain by attribution maps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from reportgen.analyse.cross_species import CrossSpeciesError
from reportgen.analyse.flips import Flip
from reportgen.analyse.groups import ConfusedGroup

ExampleReason = Literal[
    "cross_species", "newly_wrong", "newly_right", "group_error", "group_correct", "confident_error"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRule:
    """How many examples of each kind; the report prints these numbers."""

    n_groups: int = 6
    n_errors_per_direction: int = 2
    n_errors_per_group: int = 6
    n_correct_per_class: int = 1
    n_cross_species: int = 24
    n_newly_wrong: int = 8
    n_newly_right: int = 4
    n_confident: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Row `idx` of the predictions, why it was chosen, and the group (its place in the ranking) it stands for."""

    idx: int
    reason: ExampleReason
    group: int | None = None


def examples(
    probs: NDArray[np.float64],
    targets: NDArray[np.int64],
    *,
    groups: tuple[ConfusedGroup, ...],
    cross_species: tuple[CrossSpeciesError, ...],
    flips: tuple[Flip, ...],
    rule: ExampleRule,
) -> tuple[Example, ...]:
    """Each image at most once, for the first reason that names it.

    First the cross-species errors, most surprising first. Then, for each of the top groups, the most telling errors of
    each direction (largest lead of the predicted over the true class), directions with more errors first, and the most
    confident correct image of each class. Then the images newly wrong and newly right, in the order of `flips`, and
    last the most confident of the other errors. Ties go to the earlier row.
    """
    preds = probs.argmax(axis=1)
    chosen: dict[int, Example] = {}
    for error in cross_species[: rule.n_cross_species]:
        chosen[error.idx] = Example(idx=error.idx, reason="cross_species")
    for place, group in enumerate(groups[: rule.n_groups]):
        for idx in _group_errors(probs, targets, preds, group, rule):
            chosen.setdefault(idx, Example(idx=idx, reason="group_error", group=place))
        for k in group.classes:
            right = np.flatnonzero((targets == k) & (preds == k))
            for idx in _first(right, probs[right, k], rule.n_correct_per_class):
                chosen.setdefault(idx, Example(idx=idx, reason="group_correct", group=place))
    for kind, reason, n in (
        ("broken", "newly_wrong", rule.n_newly_wrong),
        ("fixed", "newly_right", rule.n_newly_right),
    ):
        for flip in [flip for flip in flips if flip.kind == kind][:n]:
            chosen.setdefault(flip.idx, Example(idx=flip.idx, reason=cast("ExampleReason", reason)))
    wrong = np.array([idx for idx in np.flatnonzero(preds != targets) if int(idx) not in chosen], dtype=np.int64)
    for idx in _first(wrong, probs[wrong, preds[wrong]], rule.n_confident):
        chosen[idx] = Example(idx=idx, reason="confident_error")
    return tuple(chosen.values())


def _group_errors(
    probs: NDArray[np.float64],
    targets: NDArray[np.int64],
    preds: NDArray[np.int64],
    group: ConfusedGroup,
    rule: ExampleRule,
) -> list[int]:
    """The telling errors of a group: in rounds, one of each direction a round, so that no direction crowds one out."""
    by_direction: list[list[int]] = []
    for a, b in _directions(targets, preds, group):
        wrong = np.flatnonzero((targets == a) & (preds == b))
        lead = probs[wrong, b] - probs[wrong, a]
        by_direction.append(_first(wrong, lead, rule.n_errors_per_direction))
    rounds = [ids[turn] for turn in range(rule.n_errors_per_direction) for ids in by_direction if turn < len(ids)]
    return rounds[: rule.n_errors_per_group]


def _directions(
    targets: NDArray[np.int64], preds: NDArray[np.int64], group: ConfusedGroup
) -> Iterator[tuple[int, int]]:
    counted = [
        (-int(((targets == a) & (preds == b)).sum()), a, b) for a in group.classes for b in group.classes if a != b
    ]
    for count, a, b in sorted(counted):
        if count:
            yield a, b


def _first(rows: NDArray[np.int64], value: NDArray[np.float64], n: int) -> list[int]:
    """The n of `rows` with the largest `value`; ties go to the earlier row."""
    return [int(idx) for idx in rows[np.argsort(-value, kind="stable")][:n]]
