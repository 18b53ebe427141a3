"""Intervals for counts."""

import math

Z_95 = 1.959964
Interval = tuple[float, float]


def wilson(k: int, n: int, z: float = Z_95) -> Interval:
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


def difference(first: tuple[int, int], second: tuple[int, int]) -> Interval:
    """The 95 % interval of k1 / n1 - k2 / n2 for independent proportions (k, n), in [-1, 1].

    R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
    1998, method 10: from the two Wilson intervals. With n = 0 on a side nothing is known of that side.
    """
    (k1, n1), (k2, n2) = first, second
    p1, p2 = (k / n if n else 0.5 for k, n in (first, second))
    (low1, high1), (low2, high2) = wilson(k1, n1), wilson(k2, n2)
    low = (p1 - p2) - math.hypot(p1 - low1, high2 - p2)
    return low, (p1 - p2) + math.hypot(high1 - p1, p2 - low2)
