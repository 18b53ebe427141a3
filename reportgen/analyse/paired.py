"""Exact McNemar test and Tango's interval for the paired correctness of two runs."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reportgen.analyse.intervals import ConfidenceInterval, tango_interval
from reportgen.analyse.multiple_testing import benjamini_hochberg
from reportgen.analyse.significance import SIGNIFICANCE

CHANGE_FALSE_DISCOVERY_RATE = 0.10  # over a family of changes: all pairs, or all classes
MIN_CHANGES = 6  # with fewer, no split of the changes reaches p < 0.05: (6, 0) has p = 0.03, (5, 0) p = 0.06
ChangeVerdict = Literal["better", "worse", "no_evidence", "underpowered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedChange:
    """Paired counts over n images: `n_broken` went from good to bad, `n_fixed` from bad to good.

    difference = (n_fixed - n_broken) / n.

    p_value: exact McNemar test, two-sided. difference_ci: Tango's score interval. verdict: None when not judged.
    """

    n: int
    n_broken: int
    n_fixed: int
    p_value: float
    difference: float
    difference_ci: ConfidenceInterval
    verdict: ChangeVerdict | None


def mcnemar_test(good_before: NDArray[np.bool_], good_now: NDArray[np.bool_]) -> PairedChange:
    """(N,) and (N,), N >= 1: the change with its verdict at SIGNIFICANCE; underpowered below MIN_CHANGES changes."""
    change = paired_change(good_before, good_now)
    return _with_verdict(change, significant=change.p_value < SIGNIFICANCE)


def paired_change(good_before: NDArray[np.bool_], good_now: NDArray[np.bool_]) -> PairedChange:
    """(N,) and (N,), N >= 1: the change without a verdict."""
    n, n_broken, n_fixed = len(good_now), int((good_before & ~good_now).sum()), int((~good_before & good_now).sum())
    return PairedChange(
        n=n,
        n_broken=n_broken,
        n_fixed=n_fixed,
        p_value=float(stats.binomtest(n_fixed, n_fixed + n_broken).pvalue) if n_fixed + n_broken else 1.0,
        difference=(n_fixed - n_broken) / n,
        difference_ci=tango_interval(n_broken, n_fixed, n),
        verdict=None,
    )


def _with_verdict(change: PairedChange, *, significant: bool) -> PairedChange:
    if change.n_fixed + change.n_broken < MIN_CHANGES:
        verdict: ChangeVerdict = "underpowered"
    elif not significant:
        verdict = "no_evidence"
    else:
        verdict = "better" if change.n_fixed > change.n_broken else "worse"
    return replace(change, verdict=verdict)


def adjusted_for_multiple_testing(changes: list[PairedChange]) -> list[PairedChange]:
    """The same with verdicts: Benjamini-Hochberg over those with MIN_CHANGES changes or more."""
    tested = [change.n_fixed + change.n_broken >= MIN_CHANGES for change in changes]
    p = np.array([change.p_value for change, is_tested in zip(changes, tested, strict=True) if is_tested])
    found = iter(benjamini_hochberg(p, rate=CHANGE_FALSE_DISCOVERY_RATE))
    return [
        _with_verdict(change, significant=bool(next(found)) if is_tested else False)
        for change, is_tested in zip(changes, tested, strict=True)
    ]
