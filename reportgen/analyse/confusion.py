"""The confusion matrix: rows true, columns predicted."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def confusion_counts(targets: NDArray[np.int64], preds: NDArray[np.int64], n_classes: int) -> Counts:
    """(K, K) counts, [i, j] = images of true class i predicted as j; read-only. Row sums equal the class sizes.

    `targets` and `preds` are (N,) class numbers in [0, K). Raises ValueError otherwise.
    """
    if targets.shape != preds.shape or targets.ndim != 1:
        raise ValueError(f"targets {targets.shape} and preds {preds.shape} are not (N,) both")
    both = np.concatenate([targets, preds])
    if both.size and not (both.min() >= 0 and both.max() < n_classes):
        raise ValueError(f"class numbers {both.min()} to {both.max()} are outside 0 to {n_classes - 1}")
    counts = np.bincount(targets * n_classes + preds, minlength=n_classes**2).reshape(n_classes, n_classes)
    if not np.array_equal(counts.sum(axis=1), np.bincount(targets, minlength=n_classes)):
        raise AssertionError("row sums of the confusion matrix differ from the class sizes")
    counts = counts.astype(np.int64)
    counts.setflags(write=False)
    return counts
