"""Benjamini-Hochberg correction for multiple testing (false discovery rate)."""

import numpy as np
from numpy.typing import NDArray


def benjamini_hochberg(p: NDArray[np.float64], *, rate: float, n_tests: int | None = None) -> NDArray[np.bool_]:
    """(M,) which of the p values are discoveries at the false discovery rate `rate`.

    `n_tests` >= M counts tests whose p is not given; they count as p = 1. Y. Benjamini, Y. Hochberg, JRSS B 1995.
    """
    ordered = np.sort(p)
    passing = np.flatnonzero(ordered <= rate * np.arange(1, len(p) + 1) / (n_tests or max(len(p), 1)))
    if not passing.size:
        return np.zeros(len(p), dtype=bool)
    below: NDArray[np.bool_] = p <= ordered[passing[-1]]
    return below
