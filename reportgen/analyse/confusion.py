"""The confusion matrix: rows true, columns predicted. Sparse: of 21,841 classes a data set of a few images has few."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

ConfusionCounts: TypeAlias = csr_array  # of int64; functions take a dense (K, K) array as well
MAX_WHOLE = 2000  # classes: with more of them no file holds the whole matrix


def confusion_counts(targets: NDArray[np.int64], preds: NDArray[np.int64], n_classes: int) -> ConfusionCounts:
    """(K, K) counts, [i, j] = images of true class i predicted as j. Row sums equal the class sizes.

    `targets` and `preds` are (N,) class numbers in [0, K). Raises ValueError otherwise.
    """
    if targets.shape != preds.shape or targets.ndim != 1:
        raise ValueError(f"targets {targets.shape} and preds {preds.shape} are not (N,) both")
    both = np.concatenate([targets, preds])
    if both.size and not (both.min() >= 0 and both.max() < n_classes):
        raise ValueError(f"class numbers {both.min()} to {both.max()} are outside 0 to {n_classes - 1}")
    counts: ConfusionCounts = csr_array(
        (np.ones(len(targets), dtype=np.int64), (targets, preds)), shape=(n_classes, n_classes)
    )
    counts.sum_duplicates()
    if not np.array_equal(counts.sum(axis=1), np.bincount(targets, minlength=n_classes)):
        raise AssertionError("row sums of the confusion matrix differ from the class sizes")
    return counts


def occurring(counts: ConfusionCounts) -> NDArray[np.int64]:
    """The numbers of the classes that have images or were called, rising."""
    entries = csr_array(counts).tocoo()
    numbers: NDArray[np.int64] = np.union1d(entries.row[entries.data > 0], entries.col[entries.data > 0]).astype(
        np.int64
    )
    return numbers
