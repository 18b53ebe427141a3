"""Two runs, image by image: alignment, what is comparable, and what is said of it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reportgen.analyse.comparison import comparison
from reportgen.analyse.previous_runs import N_STRIP_RUNS, History
from reportgen.inputs.images.preprocessing import Preprocessing
from tests.synthetic import past_run_of, predictions_of

# 3 classes of 20, 10 and 10; tonight 4 of the first are called the second and 1 the third.
COUNTS = np.array([[15, 4, 1], [0, 10, 0], [0, 0, 10]])


def night(predictions, preds=None, *, day=22, **changed):
    return past_run_of(predictions, preds, run_id=f"202611{day}T080000000Z-00000000", **changed)


def compared(*nights, predictions=None, **options):
    return comparison(predictions or predictions_of(COUNTS), History(runs=nights, **options))


def logits_of(preds, n_classes):
    return np.eye(n_classes, dtype=np.float32)[preds]


def test_the_last_comparable_night_is_the_baseline():
    predictions = predictions_of(COUNTS)
    other = night(predictions, day=22, fingerprint="e" * 64)
    found = compared(night(predictions, day=20), night(predictions, day=21), other)
    assert found.baseline.run_id.startswith("20261121")
    assert found.passed_over == (other.run_id,)
    assert [one.run_id[:8] for one in found.runs] == ["20261120", "20261121"]


def test_a_night_in_the_wrong_class_order_is_never_the_baseline_nor_a_night():
    predictions = predictions_of(COUNTS)
    rolled = night(predictions, (predictions.targets + 1) % 3, day=22)
    found = compared(night(predictions, day=21), rolled)
    assert found.baseline.run_id.startswith("20261121")
    assert [one.run_id for one in found.runs] == [found.baseline.run_id]


def test_with_passed_a_night_whose_gate_failed_is_no_baseline_but_still_a_night():
    predictions = predictions_of(COUNTS)
    failed = night(predictions, day=22, passed=False)
    found = compared(night(predictions, day=21), failed, only_passed=True)
    assert found.baseline.run_id.startswith("20261121")
    assert len(found.runs) == 2
    assert compared(failed, only_passed=True) is None
    assert compared(failed).baseline is failed


def test_a_named_run_wins_and_nothing_is_compared_unasked():
    predictions = predictions_of(COUNTS)
    named = night(predictions, day=10)
    assert compared(night(predictions, day=21), given=named).baseline is named
    assert compared(night(predictions), compare=False) is None
    assert compared() is None


def test_a_named_run_from_elsewhere_joins_the_strips_and_passes_nothing_over():
    predictions = predictions_of(COUNTS)
    wrong = (predictions.targets + 1) % 3  # a wrong class order: named all the same
    found = compared(
        night(predictions, day=20),
        night(predictions, day=21),
        given=night(predictions, wrong, day=10),
        only_passed=True,
    )
    assert [one.run_id[6:8] for one in found.runs] == ["10", "20", "21"]
    assert found.churn.usual == (0.0,)
    assert found.passed_over == ()
    assert {len(flip.strip) for flip in found.flips} == {4}


def test_a_regression_that_stays_keeps_its_baseline():
    """The night that passed is older than the nights in the strips: it is the baseline, and stands before them."""
    predictions = predictions_of(COUNTS)
    failed = [night(predictions, day=day, passed=False) for day in range(10, 10 + N_STRIP_RUNS)]
    found = compared(night(predictions, predictions.targets, day="01"), *failed, only_passed=True)
    assert found.baseline.run_id[6:8] == "01"
    assert len(found.runs) == N_STRIP_RUNS + 1
    assert found.churn.usual == (0.0,) * (N_STRIP_RUNS - 1)
    assert found.churn.this_run == 5 / 40
    assert len(found.passed_over) == N_STRIP_RUNS


def test_classes_are_aligned_by_name():
    """The same answers, saved with the classes in another order: nothing changed."""
    predictions = predictions_of(COUNTS)
    order = [2, 0, 1]  # the past run's classes are those numbers of tonight's
    back = np.argsort(order)
    past = night(
        predictions,
        back[predictions.preds()],
        classes=tuple(predictions.facts.classes[k] for k in order),
        targets=back[predictions.targets],
    )
    found = compared(past)
    assert (found.overall.n_broken, found.overall.n_fixed, found.flips, found.pairs) == (0, 0, (), ())


def test_what_is_counted_for_the_whole_a_class_and_a_pair():
    """Then: all of the first class right but one called the third; three of the second class called the first."""
    predictions = predictions_of(COUNTS)
    before = predictions.targets.copy()
    before[0] = 2  # fixed tonight
    before[20:23] = 0  # fixed tonight
    found = compared(night(predictions, before))
    assert (found.overall.n_broken, found.overall.n_fixed, found.overall.n) == (5, 4, 40)
    assert found.overall.verdict == "no_evidence"
    classes = {one.k: (one.change.n, one.change.n_broken, one.change.n_fixed) for one in found.classes}
    assert classes == {0: (20, 5, 1), 1: (10, 0, 3)}
    assert [one.k for one in found.classes] == [0, 1]  # most lost on balance first
    pairs = {(one.a, one.b): (one.change.n, one.change.n_broken, one.change.n_fixed) for one in found.pairs}
    assert pairs == {(0, 1): (30, 4, 3), (0, 2): (30, 1, 1)}
    assert {flip.idx for flip in found.flips} == {15, 16, 17, 18, 19, 0, 20, 21, 22}


def test_classes_and_pairs_come_worst_first():
    """Of 10 images each, class 0 loses one (to 1), class 2 three (to 3), and class 1 wins one (from 0)."""
    predictions = predictions_of(np.array([[9, 1, 0, 0], [0, 10, 0, 0], [0, 0, 7, 3], [0, 0, 0, 10]]))
    before = predictions.targets.copy()
    before[10] = 0
    found = compared(night(predictions, before), predictions=predictions)
    assert [one.k for one in found.classes] == [2, 0, 1]
    assert [(one.a, one.b) for one in found.pairs] == [(2, 3), (0, 1)]


def test_a_pair_is_asked_for_the_other_class_not_for_being_right():
    """An image of the first class moves from the second to the third: the pair (0, 1) won one, (0, 2) lost one."""
    predictions = predictions_of(COUNTS)
    before = predictions.preds().copy()
    before[19] = 1
    found = compared(night(predictions, before))
    pairs = {(one.a, one.b): (one.change.n_broken, one.change.n_fixed) for one in found.pairs}
    assert pairs == {(0, 1): (0, 1), (0, 2): (1, 0)}
    assert found.overall.n_broken == found.overall.n_fixed == 0


def test_a_planted_regression_of_one_class_is_found_and_no_other():
    rng = np.random.default_rng(5)
    counts = np.diag(np.full(10, 40))
    predictions = predictions_of(counts)
    targets = predictions.targets
    before, tonight = targets.copy(), targets.copy()
    for answers in (before, tonight):  # 5% noise on either night
        noisy = rng.random(400) < 0.05
        answers[noisy] = rng.integers(0, 10, noisy.sum())
    tonight[rng.choice(np.flatnonzero(targets == 3), 14, replace=False)] = 4
    found = compared(night(predictions, before), predictions=replace(predictions, logits=logits_of(tonight, 10)))
    assert [one.k for one in found.classes if one.change.verdict == "worse"] == [3]
    assert [(one.a, one.b) for one in found.pairs if one.change.verdict == "worse"] == [(3, 4)]
    assert found.overall.verdict == "worse"


def test_null_retrains_are_seldom_called_a_change():
    """200 pairs of retrains of 5 classes that differ by chance alone; every image has its own chance of error.

    A twentieth for the whole, a tenth for any class or any pair, and what a sample of 200 may exceed that by.
    """
    rng = np.random.default_rng(11)
    predictions = predictions_of(np.diag(np.full(5, 60)))
    targets, n = predictions.targets, 300
    called = {"overall": 0, "classes": 0, "pairs": 0}
    for _ in range(200):
        chance = np.where(rng.random(n) < 0.15, 0.5, 0.02)
        rivals = (targets + np.where(rng.random(n) < 0.8, 1, 2)) % 5
        before, tonight = (np.where(rng.random(n) < chance, rivals, targets) for _ in range(2))
        found = compared(night(predictions, before), predictions=replace(predictions, logits=logits_of(tonight, 5)))
        called["overall"] += found.overall.verdict in ("better", "worse")
        called["classes"] += any(one.change.verdict in ("better", "worse") for one in found.classes)
        called["pairs"] += any(one.change.verdict in ("better", "worse") for one in found.pairs)
    assert called["overall"] <= stats.binom.ppf(0.999, 200, 0.05)
    assert called["classes"] <= 20
    assert called["pairs"] <= 20


@pytest.mark.parametrize(
    ("swapped", "entered", "left"),
    [
        (((0, 11), (1, 10)), {(0, 1), (2, 3)}, {(20, 21), (22, 23)}),  # the first two come from the end
        (((9, 10),), {(18, 19)}, {(20, 21)}),  # the tenth and the eleventh change places
        (((8, 9),), set(), set()),  # within the ten
    ],
)
def test_pairs_enter_and_leave_the_first_ten(swapped, entered, left):
    """12 pairs, the k-th with 24 - 2 k errors tonight; then some of them had each other's."""
    order = list(range(12))
    for one, other in swapped:
        order[one], order[other] = order[other], order[one]
    counts, then = np.diag(np.full(24, 40)), np.diag(np.full(24, 40))
    for place in range(12):
        counts[2 * place, 2 * place + 1] = 24 - 2 * place
        then[2 * place, 2 * place + 1] = 24 - 2 * order[place]
    predictions = predictions_of(counts)
    preds = predictions.targets.copy()
    for k in range(0, 24, 2):
        rows = np.flatnonzero(predictions.targets == k)
        preds[rows[: then[k, k + 1]]] = k + 1
    found = compared(night(predictions, preds), predictions=predictions)
    assert {(one.a, one.b) for one in found.entered} == entered
    assert {(one.a, one.b) for one in found.left} == left
    for one in (*found.entered, *found.left):
        place = one.a // 2
        assert (one.errors, one.errors_before) == (24 - 2 * place, 24 - 2 * order[place])


def test_new_errors_across_species_are_those_that_were_in_the_species_then():
    predictions = predictions_of(COUNTS, species=("cat", "cat", "dog"))
    before = predictions.preds().copy()
    assert compared(night(predictions, before), predictions=predictions).new_cross_species == ()
    before[19] = 1  # the one called the dog tonight was called the other cat
    assert compared(night(predictions, before), predictions=predictions).new_cross_species == (19,)


@pytest.mark.parametrize(
    ("changed", "kinds"),
    [
        ({"classes": ("class_000", "class_001", "other")}, {"classes", "images"}),
        ({"preprocessing": Preprocessing(resize_px=232)}, {"preprocessing"}),
        ({}, {"images"}),  # the fingerprint differs and nothing that is stored: an image was unreadable then
    ],
)
def test_what_differs_is_named(changed, kinds):
    predictions = predictions_of(COUNTS)
    found = compared(night(predictions, fingerprint="e" * 64, **changed))
    assert not found.comparable
    assert {one.kind for one in found.mismatches} == kinds
    assert found.overall.verdict is None


def test_another_order_of_the_classes_is_no_difference():
    """The crop differs; the same classes in another order are not told as another class list, nor as other labels."""
    predictions = predictions_of(COUNTS)
    past = night(
        predictions,
        2 - predictions.preds(),
        fingerprint="e" * 64,
        classes=predictions.facts.classes[::-1],
        targets=2 - predictions.targets,
        preprocessing=Preprocessing(resize_px=232),
    )
    found = compared(past)
    assert [one.kind for one in found.mismatches] == ["preprocessing"]
    assert (found.overall.n, found.overall.n_broken, found.overall.n_fixed) == (40, 0, 0)


def test_other_images_are_counted_and_the_common_ones_compared():
    """Then: two images fewer, one more, one with another file, one with another label, and row 5 wrong."""
    predictions = predictions_of(COUNTS)
    ids, sha256 = list(predictions.sample_ids), list(predictions.sha256)
    targets, preds = predictions.targets.copy(), predictions.preds().copy()
    preds[5] = 1
    ids[0] = "gone"
    sha256[1] = "1" * 64
    targets[2] = 1
    past = night(
        predictions,
        preds[:-1],
        fingerprint="e" * 64,
        sample_ids=tuple(ids[:-1]),
        sha256=tuple(sha256[:-1]),
        targets=targets[:-1],
    )
    found = compared(past)
    (mismatch,) = found.mismatches
    assert (mismatch.n_added, mismatch.n_removed) == (2, 1)
    assert (mismatch.n_changed, mismatch.n_relabelled) == (1, 1)
    # of 40: the new one, the changed one, the relabelled one and the last are left out
    assert (found.overall.n, found.overall.n_fixed, found.overall.n_broken) == (36, 1, 0)
    assert found.flips == found.pairs == found.classes == ()


def test_runs_without_a_common_image_have_nothing_to_compare():
    predictions = predictions_of(COUNTS)
    past = night(predictions, fingerprint="e" * 64, sample_ids=tuple(f"x{k}" for k in range(40)))
    assert compared(past).overall is None
