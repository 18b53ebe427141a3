"""Confidence intervals: Wilson, Newcombe, Tango (paired), Student's t."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

Z_95 = 1.959964
ConfidenceInterval = tuple[float, float]


def wilson(k: int, n: int, z: float = Z_95) -> ConfidenceInterval:
    """The Wilson score interval of k successes in n trials, both ends in [0, 1]; (0, 1) when n is 0.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no proportion")
    if n == 0:
        return 0.0, 1.0
    share, z2 = k / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # The ends are exact at 0 and n; rounding would leave them a hair inside.
    return (0.0 if k == 0 else max(0.0, centre - half)), (1.0 if k == n else min(1.0, centre + half))


def newcombe_interval(first: tuple[int, int], second: tuple[int, int]) -> ConfidenceInterval:
    """The 95% interval of k1 / n1 - k2 / n2 for independent proportions (k, n), in [-1, 1].

    R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
    1998, method 10: from the two Wilson intervals. With n = 0 on a side nothing is known of that side.
    """
    (k1, n1), (k2, n2) = first, second
    p1, p2 = (k / n if n else 0.5 for k, n in (first, second))
    (low1, high1), (low2, high2) = wilson(k1, n1), wilson(k2, n2)
    low = (p1 - p2) - math.hypot(p1 - low1, high2 - p2)
    return low, (p1 - p2) + math.hypot(high1 - p1, p2 - low2)


def t_interval(values: Sequence[float]) -> ConfidenceInterval | None:
    """The 95% interval of the mean of `values` by Student's t; None for fewer than two."""
    if len(values) < 2:
        return None
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values))
    margin = float(stats.t.ppf(0.975, len(values) - 1)) * error
    return mean - margin, mean + margin


def tango_interval(n_broken: int, n_fixed: int, n: int, *, z: float = Z_95) -> ConfidenceInterval:
    """The 95% score interval of (n_fixed - n_broken) / n, in [-1, 1], over n paired answers.

    T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
    Statistics in Medicine 1998. Unlike Wald's it is no single point when nothing changed. With n = 0: (-1, 1).
    """
    if min(n_broken, n_fixed) < 0 or n_broken + n_fixed > n:
        raise ValueError(f"{n_broken} and {n_fixed} of {n} are no paired counts")
    if n == 0:
        return -1.0, 1.0
    estimate = (n_fixed - n_broken) / n

    def outside(delta: float) -> bool:
        """Whether the score test refutes the difference `delta`; monotone on either side of the estimate."""
        b = -n_fixed - n_broken + (2 * n - n_fixed + n_broken) * delta
        q = (math.sqrt(max(b * b + 8 * n * n_broken * delta * (1 - delta), 0.0)) - b) / (4 * n)
        variance = n * (2 * q + delta * (1 - delta))
        return (n_fixed - n_broken - n * delta) ** 2 > z * z * max(variance, 0.0)

    return _edge(estimate, -1.0, outside), _edge(estimate, 1.0, outside)


def _edge(inside: float, limit: float, outside: Callable[[float], bool]) -> float:
    """Where `outside` begins between `inside` and `limit`, by halving; `limit` where it never does."""
    if not outside(limit):
        return limit
    for _ in range(60):
        middle = (inside + limit) / 2
        inside, limit = (inside, middle) if outside(middle) else (middle, limit)
    return inside
