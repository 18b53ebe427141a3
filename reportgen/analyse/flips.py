"""Prediction flips by image, flakiness, and churn over the last runs."""

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
    """Row `idx`: right in the baseline and wrong in this run (broken), or the other way round (fixed).

    before: the class that the baseline's model named. strip: right or wrong a run, oldest first, this run last.
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
    """The share of images, in [0, 1], whose correctness changed: from the baseline to this run, and usually.

    usual: between each previous run and the next, oldest first. n_states: this run's errors by state.
    """

    this_run: float
    usual: tuple[float, ...]
    n_new: int
    n_chronic: int
    n_flaky: int


def state(strip: Sequence[bool]) -> FlipState:
    """Of a strip that ends with this run.

    flaky: it changed twice or more. Otherwise, wrong in this run: new when the previous run was right, else chronic;
    right in this run: fixed when it was ever wrong, else steady.
    """
    if sum(one != other for one, other in pairwise(strip)) >= 2:
        return "flaky"
    if strip[-1]:
        return "steady" if all(strip) else "fixed"
    return "new" if len(strip) > 1 and strip[-2] else "chronic"


def flips(predictions: Predictions, before: NDArray[np.int64], runs: tuple[NDArray[np.bool_], ...]) -> tuple[Flip, ...]:
    """Broken ones first, each kind by how sure the model is of its answer in this run; ties by row.

    before: (N,) the baseline's predictions. runs: (N,) correctness of each previous run, oldest first.
    """
    targets, preds = predictions.targets, predictions.preds()
    right, confidence = preds == targets, predictions.probs().max(axis=1)
    strips = np.stack([*runs, right])
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
    runs: tuple[NDArray[np.bool_], ...],
    right_before: NDArray[np.bool_],
    right: NDArray[np.bool_],
    *,
    consecutive: tuple[NDArray[np.bool_], ...],
) -> Churn:
    """From (N,) correctness of each earlier run in the strips, oldest first, of the baseline, and of this run.

    consecutive: the same of the runs that came one after the other, without a baseline from elsewhere.
    """
    strips = np.stack([*runs, right])
    states = [state(strips[:, idx].tolist()) for idx in np.flatnonzero(~right)]
    return Churn(
        this_run=float((right_before != right).mean()),
        usual=tuple(float((one != other).mean()) for one, other in pairwise(consecutive)),
        n_new=states.count("new"),
        n_chronic=states.count("chronic"),
        n_flaky=states.count("flaky"),
    )
