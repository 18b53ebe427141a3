"""Two yes-or-no answers about the same images: is the change more than chance?"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reportgen.analyse.discoveries import benjamini_hochberg
from reportgen.analyse.intervals import Interval, paired_difference

SIGNIFICANCE = 0.05
FALSE_DISCOVERY_RATE = 0.10  # over a family of changes: all pairs, or all classes
MIN_CHANGES = 6  # with fewer, no split of the changes reaches p < 0.05: (6, 0) has p = 0.03, (5, 0) p = 0.06
Verdict = Literal["better", "worse", "no_evidence", "underpowered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Paired counts over n images: `lost` went from good to bad, `won` from bad to good; difference = (won - lost) / n.

    p_value: exact McNemar test, two-sided. difference_ci: Tango's score interval. verdict: None when not judged.
    """

    n: int
    lost: int
    won: int
    p_value: float
    difference: float
    difference_ci: Interval
    verdict: Verdict | None


def judged(good_before: NDArray[np.bool_], good_now: NDArray[np.bool_]) -> Change:
    """(N,) and (N,), N >= 1: the change with its verdict at SIGNIFICANCE; underpowered below MIN_CHANGES changes."""
    change = paired_change(good_before, good_now)
    return _with_verdict(change, significant=change.p_value < SIGNIFICANCE)


def paired_change(good_before: NDArray[np.bool_], good_now: NDArray[np.bool_]) -> Change:
    """(N,) and (N,), N >= 1: the change without a verdict."""
    n, lost, won = len(good_now), int((good_before & ~good_now).sum()), int((~good_before & good_now).sum())
    return Change(
        n=n,
        lost=lost,
        won=won,
        p_value=float(stats.binomtest(won, won + lost).pvalue) if won + lost else 1.0,
        difference=(won - lost) / n,
        difference_ci=paired_difference(lost, won, n),
        verdict=None,
    )


def _with_verdict(change: Change, *, significant: bool) -> Change:
    if change.won + change.lost < MIN_CHANGES:
        verdict: Verdict = "underpowered"
    elif not significant:
        verdict = "no_evidence"
    else:
        verdict = "better" if change.won > change.lost else "worse"
    return replace(change, verdict=verdict)


def family(changes: list[Change]) -> list[Change]:
    """The same with verdicts: Benjamini-Hochberg over those with MIN_CHANGES changes or more."""
    tested = [change.won + change.lost >= MIN_CHANGES for change in changes]
    p = np.array([change.p_value for change, is_tested in zip(changes, tested, strict=True) if is_tested])
    found = iter(benjamini_hochberg(p, rate=FALSE_DISCOVERY_RATE))
    return [
        _with_verdict(change, significant=bool(next(found)) if is_tested else False)
        for change, is_tested in zip(changes, tested, strict=True)
    ]
