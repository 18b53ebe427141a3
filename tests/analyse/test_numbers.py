"""Intervals, confusion matrix and scores against reference values and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import metrics

from reportgen.analyse.class_order import class_order
from reportgen.analyse.confusion import confusion_counts
from reportgen.analyse.cross_species import cross_species_errors
from reportgen.analyse.intervals import newcombe_interval, t_interval, tango_interval, wilson
from reportgen.analyse.scores import n_top5_hits, scores

N_CLASSES = 6
NAMES = tuple("abcdef")
SPECIES = ("cat", "cat", "dog", "dog", "dog", "fish")
labels = st.integers(0, N_CLASSES - 1)


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [  # reference values that were computed outside this project
        (3412, 3669, (0.9212, 0.9378)),
        (90, 100, (0.8256, 0.9448)),
        (10, 100, (0.0552, 0.1744)),
        (1, 100, (0.0018, 0.0545)),
        (0, 100, (0.0, 0.0370)),
        (0, 0, (0.0, 1.0)),
    ],
)
def test_wilson_gives_the_reference_values(k, n, expected):
    assert wilson(k, n) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
    ],
)
def test_the_interval_of_a_difference_gives_newcombes_figures(first, second, expected):
    assert newcombe_interval(first, second) == pytest.approx(expected, abs=5e-5)
    low, high = newcombe_interval(second, first)
    assert (-high, -low) == pytest.approx(expected, abs=5e-5)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors(k_n):
    k, n = k_n
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(
    ("values", "half"),
    [  # the two-sided 95 % points of Student's t from a printed table: 12.706, 4.303 and 3.182 for 1, 2 and 3 degrees
        ([1.0, 3.0], 12.706),  # standard deviation 1.414, divided by the root of 2
        ([1.0, 2.0, 3.0], 4.303 / 3**0.5),
        ([0.0, 2.0, 2.0, 4.0], 3.182 * (8 / 3) ** 0.5 / 2),
    ],
)
def test_the_interval_of_a_mean_is_students(values, half):
    assert t_interval(values) == pytest.approx((2 - half, 2 + half), abs=2e-3)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_values_have_no_interval(values):
    assert t_interval(values) is None


@pytest.mark.parametrize(("lost", "won", "n"), [(-1, 0, 5), (0, -1, 5), (3, 3, 5)])
def test_impossible_paired_counts_are_refused(lost, won, n):
    with pytest.raises(ValueError, match=f"{lost} and {won} of {n} are no paired counts"):
        tango_interval(lost, won, n)


def test_all_pairs_may_have_changed():
    low, high = tango_interval(2, 3, 5)
    assert -1 < low < 0.2 < high < 1
    assert tango_interval(0, 5, 5)[1] == 1.0
    assert tango_interval(5, 0, 5)[0] == -1.0


def test_wilson_refuses_what_is_no_proportion():
    with pytest.raises(ValueError, match="5 of 3"):
        wilson(5, 3)


@given(st.lists(st.tuples(labels, labels), min_size=1, max_size=80))
@settings(max_examples=60)
def test_matrix_and_scores_equal_scikit_learn(pairs):
    targets, preds = (np.array(column) for column in zip(*pairs, strict=True))
    counts = confusion_counts(targets, preds, N_CLASSES)
    assert np.array_equal(counts.toarray(), metrics.confusion_matrix(targets, preds, labels=range(N_CLASSES)))
    found = scores(counts, 0, classes=NAMES, species=SPECIES)
    present = sorted(set(targets.tolist()))
    assert found.accuracy == pytest.approx(metrics.accuracy_score(targets, preds))
    recall = metrics.recall_score(targets, preds, labels=present, average=None, zero_division=0)
    assert found.balanced_accuracy == pytest.approx(recall.mean())
    f1 = metrics.f1_score(targets, preds, labels=present, average="macro", zero_division=0)
    assert found.macro_f1 == pytest.approx(f1)
    precision = metrics.precision_score(targets, preds, labels=range(N_CLASSES), average=None, zero_division=np.nan)
    assert [np.nan if row.precision is None else row.precision for row in found.per_class] == pytest.approx(
        precision.tolist(), nan_ok=True
    )
    of = np.array(SPECIES)
    assert found.species_accuracy == pytest.approx(metrics.accuracy_score(of[targets], of[preds]))


def test_rows_are_true_and_columns_predicted():
    """Two images of class 0 called class 1, none the other way."""
    assert confusion_counts(np.array([0, 0]), np.array([1, 1]), 2).toarray().tolist() == [[0, 2], [0, 0]]


@pytest.mark.parametrize("preds", [np.array([0]), np.array([0, 7]), np.array([0, -1])])
def test_a_matrix_of_impossible_classes_is_refused(preds):
    with pytest.raises(ValueError, match=r"class|preds"):
        confusion_counts(np.array([0, 1]), preds, 2)


@given(arrays.arrays(np.float32, (12, 8), elements=st.floats(-9, 9, width=32), unique=True), st.data())
@settings(max_examples=40)
def test_top_5_equals_scikit_learn_where_no_logits_tie(logits, data):
    targets = np.array(data.draw(st.lists(st.integers(0, 7), min_size=12, max_size=12)))
    expected = metrics.top_k_accuracy_score(targets, logits, k=5, labels=range(8))
    assert n_top5_hits(logits, targets) / 12 == pytest.approx(expected)


def test_top_5_counts_a_tie_with_the_fifth_as_a_miss_and_needs_six_classes():
    assert n_top5_hits(np.zeros((1, 6), dtype=np.float32), np.array([3])) == 0
    counts = np.diag([1, 1, 1, 1, 1])
    assert scores(counts, 5, classes=tuple("abcde"), species=()).top5_accuracy is None
    assert scores(counts, 5, classes=tuple("abcde"), species=()).species_accuracy is None


def test_a_class_without_images_is_in_no_average():
    found = scores(np.array([[3, 1], [0, 0]]), 4, classes=("a", "b"), species=())
    assert found.balanced_accuracy == 0.75
    assert (found.per_class[1].recall, found.per_class[1].f1, found.per_class[1].precision) == (None, None, 0.0)


def test_a_rolled_class_order_is_suspicious_and_a_right_one_is_not():
    counts = np.diag([9, 9, 9, 9]) + 1
    assert not class_order(counts).suspicious
    rolled = class_order(np.roll(counts, 1, axis=1))
    assert rolled.suspicious
    assert (rolled.accuracy, rolled.best_accuracy) == (4 / 52, 40 / 52)


def test_the_alarm_needs_more_than_twenty_points():
    """0.4 as it is, 0.6 with columns exchanged: 20 points exactly, which is not more."""
    assert not class_order(np.array([[2, 3], [3, 2]])).suspicious
    assert class_order(np.array([[19, 31], [31, 19]])).suspicious


def test_cross_species_errors_come_most_surprising_first():
    probs = np.array(
        [
            [0.5, 0.1, 0.4, 0.0, 0.0, 0.0],  # cat called cat: right species
            [0.0, 0.3, 0.7, 0.0, 0.0, 0.0],  # cat called dog, 0.3 left for cats
            [0.6, 0.0, 0.1, 0.3, 0.0, 0.0],  # dog called cat, 0.4 left for dogs
            [0.1, 0.0, 0.9, 0.0, 0.0, 0.0],  # cat called dog, 0.1 left for cats
        ]
    )
    found = cross_species_errors(probs, np.array([1, 1, 3, 0]), probs.argmax(axis=1), species=SPECIES)
    assert [error.idx for error in found] == [3, 1, 2]
    assert [error.prob_species for error in found] == pytest.approx([0.1, 0.3, 0.4])
    assert (found[0].target_species, found[0].pred_species) == ("cat", "dog")
    assert cross_species_errors(probs, np.array([1, 1, 3, 0]), probs.argmax(axis=1), species=()) == ()
