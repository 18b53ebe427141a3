"""Confused pairs of classes: binomial test with FDR correction, ranked by Wilson's lower bound.

The symmetric rate (a_as_b + b_as_a) / (n_a + n_b) is ranked by the lower end of its Wilson interval, so that 1 of 3
does not beat 18 of 100. A pair is *significant* when it has more errors than chance would give it.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse import csr_array, triu

from reportgen.analyse.confusion import ConfusionCounts
from reportgen.analyse.intervals import ConfidenceInterval, wilson
from reportgen.analyse.multiple_testing import benjamini_hochberg

PAIR_FALSE_DISCOVERY_RATE = 0.05
MIN_ERRORS = 3  # a pair with one or two errors is not worth a person's plan, however unlikely it is by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusedPair:
    """Classes a and b (numbers), unordered; a is the one that comes to the other more often, or first in order.

    impact: accuracy points (fraction) gained if the model never confused the pair. p_value: chance of as many errors
    or more if errors fell evenly on all other classes. direction: one_way when the rarer direction is within chance.
    """

    rank: int
    a: int
    b: int
    a_as_b: int
    b_as_a: int
    n_a: int
    n_b: int
    rate: float
    rate_ci: ConfidenceInterval
    impact: float
    p_value: float
    significant: bool
    direction: Literal["mutual", "one_way"]

    @property
    def errors(self) -> int:
        """Errors in both directions."""
        return self.a_as_b + self.b_as_a


def confused_pairs(counts: ConfusionCounts) -> tuple[ConfusedPair, ...]:
    """Every pair with an error in either direction, best evidence first.

    Order: lower end of the rate's 95% Wilson interval, falling; then errors, falling; then class numbers, rising.
    """
    counts = csr_array(counts)
    both = triu(counts + counts.T, k=1).tocsr().tocoo()
    if not both.nnz:
        return ()
    first, second = both.row.astype(np.int64), both.col.astype(np.int64)
    background = _background(counts, first, second)
    unranked = [
        _pair(counts, (int(i), int(j)), background=rate, p_value=p, significant=significant)
        for i, j, rate, p, significant in zip(first, second, *background, strict=True)
    ]
    unranked.sort(key=lambda pair: (-pair.rate_ci[0], -pair.errors, pair.a, pair.b))
    return tuple(replace(pair, rank=rank) for rank, pair in enumerate(unranked, start=1))


def _background(
    counts: ConfusionCounts, first: NDArray[np.int64], second: NDArray[np.int64]
) -> tuple[list[float], list[float], list[bool]]:
    """For each pair: rate of errors by chance per image and class, p-value, and whether it is significant.

    The rate for a pair comes from the errors outside that pair and outside the pairs already found significant, so it
    is found anew until no pair joins (the set only grows). Significant: Benjamini-Hochberg over all pairs of classes
    with images, at PAIR_FALSE_DISCOVERY_RATE, and MIN_ERRORS or more. The test is binomial: n_a + n_b images, each at
    that rate.
    """
    sizes = counts.sum(axis=1)
    errors = triu(counts + counts.T, k=1).tocsr().tocoo().data  # in the order of `first` and `second`
    trials = sizes[first] + sizes[second]
    n_classes = int((sizes > 0).sum())
    n_tests = max(n_classes * (n_classes - 1) // 2, len(first))
    all_errors = int(counts.sum() - counts.trace())
    all_trials = int(sizes.sum()) * (counts.shape[0] - 1)
    significant = np.zeros(len(first), dtype=bool)
    while True:
        others_errors = all_errors - errors[significant].sum() - np.where(significant, 0, errors)
        others_trials = all_trials - trials[significant].sum() - np.where(significant, 0, trials)
        rate = np.where(others_trials > 0, others_errors / np.maximum(others_trials, 1), 0.0).clip(0, 1)
        p = stats.binom.sf(errors - 1, trials, rate)
        found = significant | (
            benjamini_hochberg(p, rate=PAIR_FALSE_DISCOVERY_RATE, n_tests=n_tests) & (errors >= MIN_ERRORS)
        )
        if np.array_equal(found, significant):
            return rate.tolist(), p.tolist(), significant.tolist()
        significant = found


def _pair(
    counts: ConfusionCounts, classes: tuple[int, int], *, background: float, p_value: float, significant: bool
) -> ConfusedPair:
    a, b = classes
    if counts[b, a] > counts[a, b]:
        a, b = b, a
    a_as_b, b_as_a, n_a, n_b = (int(x) for x in (counts[a, b], counts[b, a], counts[[a]].sum(), counts[[b]].sum()))
    errors, n = a_as_b + b_as_a, n_a + n_b
    rarer_is_scatter = b_as_a == 0 or (significant and stats.binom.sf(b_as_a - 1, n_b, background) >= 0.05)
    return ConfusedPair(
        rank=0,
        a=a,
        b=b,
        a_as_b=a_as_b,
        b_as_a=b_as_a,
        n_a=n_a,
        n_b=n_b,
        rate=errors / n,
        rate_ci=wilson(errors, n),
        impact=errors / int(counts.sum()),
        p_value=p_value,
        significant=significant,
        direction="one_way" if rarer_is_scatter else "mutual",
    )
