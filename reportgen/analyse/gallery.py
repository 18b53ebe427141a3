"""Gallery of misclassified images, by cell of the confusion matrix."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_SHOTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One error: row `idx` of the predictions, the probability of the predicted class and that of the true one."""

    idx: int
    confidence: float
    prob_target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryCell:
    """The errors of one cell of the confusion matrix: n_all of them, of which `shots` are shown, surest first."""

    target: int
    pred: int
    n_all: int
    shots: tuple[Shot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """The cells with something to show, largest n_all first, ties by true and then by predicted class.

    n_all: all errors of the run, shown or not.
    """

    cells: tuple[GalleryCell, ...]
    n_all: int

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows of the predictions that are shown, in the order of the page."""
        return tuple(shot.idx for cell in self.cells for shot in cell.shots)

    @property
    def places(self) -> frozenset[tuple[int, int]]:
        """(true class, predicted class) of each cell."""
        return frozenset((cell.target, cell.pred) for cell in self.cells)


def gallery(
    probs: NDArray[np.float64], targets: NDArray[np.int64], preds: NDArray[np.int64], *, n_max: int = MAX_SHOTS
) -> Gallery:
    """Every error of `probs` (N, K), or the n_max most confident ones where there are more; ties to the earlier row."""
    wrong = np.flatnonzero(preds != targets)
    surest = wrong[np.argsort(-probs[wrong, preds[wrong]], kind="stable")][:n_max]
    shots: dict[tuple[int, int], list[Shot]] = {}
    for idx in surest.tolist():
        place = int(targets[idx]), int(preds[idx])
        shot = Shot(idx=idx, confidence=float(probs[idx, place[1]]), prob_target=float(probs[idx, place[0]]))
        shots.setdefault(place, []).append(shot)
    n_all = Counter(zip(targets[wrong].tolist(), preds[wrong].tolist(), strict=True))
    return Gallery(
        cells=tuple(
            GalleryCell(target=place[0], pred=place[1], n_all=n_all[place], shots=tuple(shots[place]))
            for place in sorted(shots, key=lambda place: (-n_all[place], place))
        ),
        n_all=len(wrong),
    )
