"""Single images over the last nights: what flipped, what stays wrong, and how much flips anyway."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reportgen.evaluate.predictions import Predictions

FlipState = Literal["new", "chronic", "flaky", "fixed", "steady"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """Row `idx`: right for the baseline and wrong tonight (broken), or the other way round (fixed).

    before: the class that the baseline's model named. strip: right or wrong a night, oldest first, tonight last.
    """

    idx: int
    kind: Literal["broken", "fixed"]
    before: int
    strip: tuple[bool, ...]

    @property
    def state(self) -> FlipState:
        """What the strip says; see `state`."""
        return state(self.strip)


@dataclass(frozen=True, slots=True, kw_only=True)
class Churn:
    """The share of images, in [0, 1], whose correctness changed: from the baseline to tonight, and usually.

    usual: between each earlier night and the next, oldest first. n_states: tonight's errors by state.
    """

    tonight: float
    usual: tuple[float, ...]
    n_new: int
    n_chronic: int
    n_flaky: int


def state(strip: Sequence[bool]) -> FlipState:
    """Of a strip that ends with tonight.

    flaky: it changed twice or more. Otherwise, wrong tonight: new when last night was right, else chronic; right
    tonight: fixed when it was ever wrong, else steady.
    """
    if sum(one != other for one, other in pairwise(strip)) >= 2:
        return "flaky"
    if strip[-1]:
        return "steady" if all(strip) else "fixed"
    return "new" if len(strip) > 1 and strip[-2] else "chronic"


def flips(
    predictions: Predictions, before: NDArray[np.int64], nights: tuple[NDArray[np.bool_], ...]
) -> tuple[Flip, ...]:
    """Broken ones first, each kind by how sure the model is of its answer tonight; ties by row.

    before: (N,) the baseline's predictions. nights: (N,) correctness of each earlier night, oldest first.
    """
    targets, preds = predictions.targets, predictions.preds()
    right, confidence = preds == targets, predictions.probs().max(axis=1)
    strips = np.stack([*nights, right])
    flipped = np.flatnonzero(right != (before == targets))
    made = [
        Flip(
            idx=int(idx),
            kind="fixed" if right[idx] else "broken",
            before=int(before[idx]),
            strip=tuple(strips[:, idx].tolist()),
        )
        for idx in flipped
    ]
    return tuple(sorted(made, key=lambda flip: (flip.kind, -confidence[flip.idx], flip.idx)))


def churn(
    nights: tuple[NDArray[np.bool_], ...],
    right_before: NDArray[np.bool_],
    right: NDArray[np.bool_],
    *,
    consecutive: tuple[NDArray[np.bool_], ...],
) -> Churn:
    """From (N,) correctness of each earlier run in the strips, oldest first, of the baseline, and of tonight.

    consecutive: the same of the nights that came one after the other, without a baseline from elsewhere.
    """
    strips = np.stack([*nights, right])
    states = [state(strips[:, idx].tolist()) for idx in np.flatnonzero(~right)]
    return Churn(
        tonight=float((right_before != right).mean()),
        usual=tuple(float((one != other).mean()) for one, other in pairwise(consecutive)),
        n_new=states.count("new"),
        n_chronic=states.count("chronic"),
        n_flaky=states.count("flaky"),
    )
