"""Paired comparisons: the exact test, the interval, the verdicts, and how often chance alone is called a change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from reportgen.analyse.intervals import Z_95, tango_interval
from reportgen.analyse.multiple_testing import benjamini_hochberg
from reportgen.analyse.paired import adjusted_for_multiple_testing, mcnemar_test, paired_change


def answers(n, n_broken, n_fixed):
    """(good before, good now) of n images: the first `n_broken` broke, the next `n_fixed` were fixed, half of the rest good."""
    before, now = np.arange(n) % 2 == 0, np.arange(n) % 2 == 0
    before[:n_broken], now[:n_broken] = True, False
    before[n_broken : n_broken + n_fixed], now[n_broken : n_broken + n_fixed] = False, True
    return before, now


@pytest.mark.parametrize(
    ("n_broken", "n_fixed", "p_value"),  # a published table of the exact test; the last two are the shared checkpoints'
    [
        (5, 0, 0.0625),
        (6, 0, 0.03125),
        (7, 1, 0.0703),
        (8, 1, 0.0391),
        (9, 2, 0.0654),
        (10, 2, 0.0386),
        (12, 0, 4.9e-4),
        (15, 0, 6.10e-5),
        (40, 20, 0.01349),
        (125, 95, 0.0503),
        (4, 16, 0.0118),
        (9, 3, 0.146),
    ],
)
def test_the_exact_test_and_the_difference(n_broken, n_fixed, p_value):
    for a, b in ((n_broken, n_fixed), (n_fixed, n_broken)):
        before, now = answers(305, a, b)
        change = paired_change(before, now)
        assert change.p_value == pytest.approx(p_value, rel=0.005)
        assert (change.n, change.n_broken, change.n_fixed) == (305, a, b)
        assert change.difference == pytest.approx(now.mean() - before.mean(), abs=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_accuracy_changes_by_exactly_what_was_won_less_what_was_lost(answered):
    before, now = np.array(answered).T
    change = paired_change(before, now)
    assert change.n_fixed - change.n_broken == now.sum() - before.sum()
    assert change.difference == (now.sum() - before.sum()) / len(now)


def test_without_a_change_nothing_is_claimed():
    change = mcnemar_test(*answers(305, 0, 0))
    assert (change.p_value, change.difference, change.verdict) == (1.0, 0.0, "underpowered")


@pytest.mark.parametrize(
    ("n_broken", "n_fixed", "verdict"),
    [
        (4, 16, "better"),
        (16, 4, "worse"),
        (9, 3, "no_evidence"),
        (5, 0, "underpowered"),
        (6, 0, "worse"),
        (0, 6, "better"),
        (3, 3, "no_evidence"),
    ],
)
def test_the_verdicts(n_broken, n_fixed, verdict):
    assert mcnemar_test(*answers(305, n_broken, n_fixed)).verdict == verdict


def score_statistic(n_broken, n_fixed, n, delta):
    """|z| of the hypothesis "difference = delta": the trinomial likelihood is maximised numerically."""

    def unlikelihood(q):  # q: probability of "n_broken"; "n_fixed" has q + delta
        rest = 1 - 2 * q - delta
        return -sum(
            k * np.log(p) for k, p in ((n_broken, q), (n_fixed, q + delta), (n - n_broken - n_fixed, rest)) if k
        )

    low, high = max(0.0, -delta), (1 - delta) / 2
    q = optimize.minimize_scalar(unlikelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return abs(n_fixed - n_broken - n * delta) / np.sqrt(n * (2 * q + delta - delta**2))


@pytest.mark.parametrize(
    ("n_broken", "n_fixed", "n"),
    [(4, 16, 305), (9, 3, 305), (1, 2, 44), (12, 40, 60), (1, 1, 10), (0, 5, 40), (5, 0, 40), (0, 0, 305)],
)
def test_the_ends_of_the_interval_are_where_the_score_test_turns(n_broken, n_fixed, n):
    low, high = tango_interval(n_broken, n_fixed, n)
    assert score_statistic(n_broken, n_fixed, n, low) == pytest.approx(Z_95, abs=1e-3)
    assert score_statistic(n_broken, n_fixed, n, high) == pytest.approx(Z_95, abs=1e-3)


def test_where_nothing_changed_the_interval_is_known_by_hand():
    """With no change the test at delta is n delta / (1 - delta) <= z^2, so the end is z^2 / (n + z^2)."""
    end = Z_95**2 / (305 + Z_95**2)
    assert tango_interval(0, 0, 305) == pytest.approx((-end, end), abs=1e-9)
    assert tango_interval(0, 0, 0) == (-1.0, 1.0)
    with pytest.raises(ValueError, match="paired counts"):
        tango_interval(3, 3, 5)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))))
def test_the_interval_holds_the_difference_and_is_mirrored(drawn):
    n, n_broken, n_fixed = drawn[0], drawn[1], min(drawn[2], drawn[0] - drawn[1])
    low, high = tango_interval(n_broken, n_fixed, n)
    assert -1 <= low <= (n_fixed - n_broken) / n <= high <= 1
    assert tango_interval(n_fixed, n_broken, n) == pytest.approx((-high, -low), abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_discoveries_are_those_of_scipy(p):
    found = benjamini_hochberg(np.array(p), rate=0.1)
    adjusted = stats.false_discovery_control(p)
    clear = np.abs(adjusted - 0.1) > 1e-9
    assert np.array_equal(found[clear], (adjusted <= 0.1)[clear])


def test_tests_that_are_not_given_count_as_lost():
    """0.03 is a discovery at 0.1 among 3 tests (0.033), not among 4 (0.025)."""
    assert benjamini_hochberg(np.array([0.03]), rate=0.1, n_tests=3).tolist() == [True]
    assert benjamini_hochberg(np.array([0.03]), rate=0.1, n_tests=4).tolist() == [False]


def test_a_family_leaves_out_what_has_too_few_changes():
    """(6, 0) has p = 0.031: among 3 testable ones its limit is 0.1 / 3. The weak ones do not dilute it."""
    weak = [paired_change(*answers(40, 2, 1))] * 50
    tested = [paired_change(*answers(40, n_broken, n_fixed)) for n_broken, n_fixed in ((6, 0), (5, 4), (4, 4))]
    verdicts = [change.verdict for change in adjusted_for_multiple_testing([*weak, *tested])]
    assert verdicts == ["underpowered"] * 50 + ["worse", "no_evidence", "no_evidence"]
    assert adjusted_for_multiple_testing([]) == []


def test_a_family_is_held_to_a_tenth():
    """With four testable ones the first limit is 0.025, which (6, 0) misses."""
    tested = [paired_change(*answers(40, n_broken, n_fixed)) for n_broken, n_fixed in ((6, 0), (5, 4), (4, 4), (3, 3))]
    assert [change.verdict for change in adjusted_for_multiple_testing(tested)] == ["no_evidence"] * 4


@pytest.mark.parametrize("n_flips", [6, 7, 12, 20, 33, 60])
def test_chance_is_called_a_change_in_at_most_one_night_of_twenty(n_flips):
    """Not simulated: every split of the flips, with its chance when a flip is as likely one way as the other."""
    chance = stats.binom.pmf(np.arange(n_flips + 1), n_flips, 0.5)
    verdicts = [mcnemar_test(*answers(80, n_flips - n_fixed, n_fixed)).verdict for n_fixed in range(n_flips + 1)]
    called = sum(p for p, verdict in zip(chance, verdicts, strict=True) if verdict in ("better", "worse"))
    assert 0 < called <= 0.05
