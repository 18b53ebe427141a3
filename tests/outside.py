"""What the analyses work out, worked out another way: from definitions, not from the formulas that the package has."""

import math

import numpy as np
from scipy import optimize, stats

Z = 1.959964


def wilson(k, n):
    """(low, high): the shares p with (k/n - p)^2 = z^2 p (1 - p) / n, by the roots of that equation."""
    return tuple(np.sort(np.roots([1 + Z**2 / n, -(2 * k / n + Z**2 / n), (k / n) ** 2]).real))


def paired_ends(lost, won, n):
    """(low, high): the differences that the score test of paired proportions does not refute (Tango 1998).

    The nuisance share is found by maximising the likelihood numerically.
    """

    def surplus(delta):
        def loss(share):
            rest = 1 - 2 * share - delta
            return -sum(
                k * math.log(max(p, 1e-300)) for k, p in ((lost, share), (won, share + delta), (n - lost - won, rest))
            )

        least, most = max(0.0, -delta), (1 - delta) / 2
        share = optimize.minimize_scalar(loss, bounds=(least, most), method="bounded", options={"xatol": 1e-13}).x
        return (won - lost - n * delta) ** 2 - Z**2 * n * (2 * share + delta - delta**2)

    middle = (won - lost) / n
    return optimize.brentq(surplus, -0.9, middle), optimize.brentq(surplus, middle, 0.9)


def mcnemar(lost, won):
    """The exact two-sided p value: twice the smaller tail of fair coins, at most 1."""
    n = lost + won
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(min(lost, won) + 1)) / 2**n)


def at_least(k, n, rate):
    """The chance of k or more of n, each at `rate`."""
    return math.fsum(math.comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k, n + 1))


def calibration_error(confidence, correct, n_bins):
    """Guo et al. 2017, equation 3, bin by bin."""
    total = 0.0
    for edge in range(n_bins):
        inside = (confidence > edge / n_bins) & (confidence <= (edge + 1) / n_bins)
        if inside.any():
            total += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    return total


def mean_ends(values):
    """(low, high): the 95% interval of the mean, by scipy."""
    return stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))


def one_more(values):
    """(low, high): where one more value of a normal distribution would lie 95 times in 100."""
    spread = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) * math.sqrt(1 + 1 / len(values))
    return np.mean(values) - spread, np.mean(values) + spread
