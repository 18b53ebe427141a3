"""Limits of the analysis, each tried just below it, at it and just above; the figures are counted or calculated by hand."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from reportgen.analyse.class_order import class_order
from reportgen.analyse.comparison import Mismatch
from reportgen.analyse.confusion import confusion_counts, occurring
from reportgen.analyse.examples import ExampleRule, examples
from reportgen.analyse.findings import analyse
from reportgen.analyse.flips import Flip
from reportgen.analyse.gate_rules import AcceptedConfusion, GateRules
from reportgen.analyse.groups import ConfusedGroup, confused_groups
from reportgen.analyse.pairs import confused_pairs
from reportgen.analyse.previous_runs import History
from reportgen.analyse.scores import n_top5_hits, scores
from tests.synthetic import FIRST_NIGHT, TODAY, findings_of, past_run_of, predictions_of

NOTHING = dict.fromkeys(ExampleRule.__dataclass_fields__, 0)


@pytest.mark.parametrize("there", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("n_cross_species", "cross_species"),
        ("n_newly_wrong", "newly_wrong"),
        ("n_newly_right", "newly_right"),
        ("n_confident", "confident_error"),
    ],
)
def test_of_each_kind_as_many_examples_as_the_rule_says_or_as_there_are(kind, reason, there):
    """Three of a kind asked for, `there` of them in the run, the surest first."""
    sure = np.linspace(0.6, 0.9, there)
    probs = np.column_stack([1 - sure, sure]).reshape(there, 2)
    flips, cross = (), ()
    if kind == "n_cross_species":
        cross = tuple(type("Error", (), {"idx": idx})() for idx in reversed(range(there)))
    elif kind.startswith("n_newly"):
        which = "broken" if kind == "n_newly_wrong" else "fixed"
        flips = tuple(Flip(idx=idx, kind=which, before=1, strip=()) for idx in reversed(range(there)))
    found = examples(
        probs,
        np.zeros(there, dtype=np.int64),
        groups=(),
        cross_species=cross,
        flips=flips,
        rule=ExampleRule(**{**NOTHING, kind: 3}),
    )
    assert [(example.idx, example.reason) for example in found] == [
        (idx, reason) for idx in reversed(range(max(there - 3, 0), there))
    ]


def group_examples(n_errors, *, n_right=3, **numbers):
    """Chosen rows and reasons of one group of two classes: so many errors of class 0 called 1, and of class 1 called 0.

    The later row of a kind is the surer one. Rows: the errors of 0, the errors of 1, then right ones of 0 and of 1.
    """
    kinds = [(0, 1, n_errors[0]), (1, 0, n_errors[1]), (0, 0, n_right), (1, 1, n_right)]
    targets = np.concatenate([np.full(n, true) for true, _, n in kinds])
    probs = np.zeros((len(targets), 2))
    row = 0
    for _, pred, n in kinds:
        for sure in np.linspace(0.6, 0.9, n):
            probs[row, pred], probs[row, 1 - pred] = sure, 1 - sure
            row += 1
    group = ConfusedGroup(classes=(0, 1), errors=sum(n_errors), impact=0.1)
    rule = ExampleRule(**NOTHING | {"n_groups": 1} | numbers)
    found = examples(probs, targets, groups=(group, group), cross_species=(), flips=(), rule=rule)
    assert {example.group for example in found} <= {0}
    return [(example.idx, example.reason) for example in found]


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        # Three errors of class 0 (rows 0 to 2) and two of class 1 (rows 3 and 4), in rounds: one of each direction.
        (0, []),
        (1, [2]),
        (2, [2, 4]),
        (3, [2, 4, 1]),
        (4, [2, 4, 1, 3]),
        (5, [2, 4, 1, 3, 0]),
        (6, [2, 4, 1, 3, 0]),
    ],
)
def test_a_groups_errors_are_capped(cap, expected):
    found = group_examples((3, 2), n_errors_per_direction=3, n_errors_per_group=cap)
    assert found == [(idx, "group_error") for idx in expected]


@pytest.mark.parametrize(("n", "expected"), [(0, []), (1, [2, 4]), (2, [2, 4, 1, 3]), (3, [2, 4, 1, 3, 0])])
def test_a_directions_errors_are_capped(n, expected):
    found = group_examples((3, 2), n_errors_per_direction=n, n_errors_per_group=9)
    assert found == [(idx, "group_error") for idx in expected]


@pytest.mark.parametrize(("n", "expected"), [(0, []), (1, [5, 8]), (2, [5, 4, 8, 7]), (9, [5, 4, 3, 8, 7, 6])])
def test_so_many_correct_images_of_each_class(n, expected):
    """Rows 3 to 5 are right ones of class 0, rows 6 to 8 of class 1."""
    assert group_examples((2, 1), n_correct_per_class=n) == [(idx, "group_correct") for idx in expected]


def test_exactly_one_example():
    assert group_examples((1, 0), n_right=0, n_errors_per_direction=2, n_errors_per_group=6) == [(0, "group_error")]


def noisy(b_as_a):
    """Ten classes of 50, one error between each two: 44 errors outside the first pair, in 500 * 9 - 100 trials: 1 %."""
    counts = np.triu(np.ones((10, 10), dtype=np.int64), k=1)
    counts[0, 1], counts[1, 0] = 20, b_as_a
    np.fill_diagonal(counts, 50 - counts.sum(axis=1))
    return counts


@pytest.mark.parametrize(("b_as_a", "direction"), [(0, "one_way"), (1, "one_way"), (2, "one_way"), (3, "mutual")])
def test_the_rarer_direction_is_scatter_until_three_of_fifty(b_as_a, direction):
    """At 1 % of 50 images, 2 or more have a chance of 0.089, 3 or more one of 0.014."""
    assert (stats.binom.sf(1, 50, 0.01) > 0.05) and (stats.binom.sf(2, 50, 0.01) < 0.05)
    found = confused_pairs(noisy(b_as_a))[0]
    assert (found.a, found.b, found.b_as_a, found.direction) == (0, 1, b_as_a, direction)


def test_a_pair_without_evidence_is_mutual_as_soon_as_both_directions_have_an_error():
    """Nothing is said of the direction of a pair that does not stand out: 2 errors are fewer than the 3 it takes."""
    counts = np.diag([50, 50])
    counts[0, 1] = counts[1, 0] = 1
    assert confused_pairs(counts)[0].direction == "mutual"


def test_classes_without_images_are_no_tests_but_may_be_called():
    """Of 40 classes 3 have 20 images: 3 pairs could be found, 15 have an error, so 15 tests and not 780.

    The first pair has 3 errors of 40; 14 others in 60 * 39 - 40 trials: p = 0.0019, between 0.05 / 780 and 0.05 / 15.
    """
    counts = np.zeros((40, 40), dtype=np.int64)
    counts[0, 1], counts[1, 0] = 2, 1
    counts[2, 3:17] = 1
    for k in range(3):
        counts[k, k] = 20 - counts[k].sum()
    p = stats.binom.sf(2, 40, 14 / (60 * 39 - 40))
    assert 0.05 / 780 < p < 0.05 / 15
    pairs = confused_pairs(counts)
    assert {(pair.a, pair.b) for pair in pairs if pair.significant} == {(0, 1)}
    found = next(pair for pair in pairs if pair.significant)
    assert found.p_value == pytest.approx(p)
    assert (found.rate, found.impact, found.rank) == (3 / 40, 3 / 60, 1)
    called = next(pair for pair in pairs if (pair.a, pair.b) == (2, 3))
    assert (called.n_a, called.n_b, called.rate) == (20, 0, 1 / 20)
    assert [group.classes for group in confused_groups(counts, pairs)] == [(0, 1)]


@pytest.mark.parametrize(("number", "known"), [(-1, False), (0, True), (2, True), (3, False), (4, False)])
@pytest.mark.parametrize("which", ["targets", "preds"])
def test_the_number_of_classes_is_no_class_number(which, number, known):
    rows = {"targets": np.array([0, 1]), "preds": np.array([1, 1])}
    rows[which][1] = number
    if known:
        assert confusion_counts(**rows, n_classes=3).sum() == 2
    else:
        with pytest.raises(ValueError, match=rf"class numbers {min(number, 0)} to {max(number, 1)} are outside 0 to 2"):
            confusion_counts(**rows, n_classes=3)


@pytest.mark.parametrize("shapes", [((3,), (2,)), ((2, 1), (2, 1))])
def test_targets_and_predictions_of_other_shapes_are_refused(shapes):
    arrays = [np.zeros(shape, dtype=np.int64) for shape in shapes]
    with pytest.raises(ValueError, match="are not"):
        confusion_counts(*arrays, n_classes=3)


@pytest.mark.parametrize(("swapped", "suspicious"), [(1, False), (2, False), (3, True)])
def test_the_alarm_for_the_class_order_is_raised_above_a_gain_of_a_fifth(swapped, suspicious):
    """Of ten images `swapped` more are right the other way round than are right: a gain of 0.1, 0.2 or 0.3."""
    right = {1: 4, 2: 3, 3: 3}[swapped]
    rest = 10 - 2 * right - swapped
    whole = np.zeros((3, 3), dtype=np.int64)
    whole[0, 0], whole[0, 1], whole[2, 2] = right, right + swapped, rest
    found = class_order(whole)
    assert found.accuracy == (right + rest) / 10
    assert found.best_accuracy == (right + swapped + rest) / 10
    assert found.suspicious is suspicious


@pytest.mark.parametrize(("n_classes", "expected"), [(5, None), (6, 3 / 4)])
def test_top_5_accuracy_is_given_from_six_classes_on(n_classes, expected):
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    counts[0, 0], counts[0, 1] = 2, 2
    found = scores(counts, 3, classes=tuple("abcdefgh"[:n_classes]), species=())
    assert found.top5_accuracy == expected


@pytest.mark.parametrize(("place", "hit"), [(1, 1), (4, 1), (5, 1), (6, 0), (7, 0)])
def test_the_fifth_place_counts_and_the_sixth_does_not(place, hit):
    logits = np.arange(7, 0, -1, dtype=np.float32)[None]
    assert n_top5_hits(logits, np.array([place - 1])) == hit
    tied = np.array([[5, 4, 3, 2, 1, 1, 0]], dtype=np.float32)
    assert n_top5_hits(tied, np.array([4])) == 0  # fifth and sixth are one value


# Rows true, columns predicted; the run before had no error. Seven images of class 0 broke, called 1; five of class 2, called 3.
WORSE = np.array([[33, 7, 0, 0], [0, 40, 0, 0], [0, 0, 35, 5], [0, 0, 0, 40]])


def values_of(name, **rules):
    before = past_run_of(predictions_of(WORSE), predictions_of(WORSE).targets)
    found = findings_of(WORSE, history=History(runs=(before,)), rules=GateRules(**rules)).gate
    return next(rule for rule in found.rules if rule.name == name)


def test_what_the_gate_counts_of_the_classes_it_judged():
    """Of the classes with a change one has 7, which is enough to judge (6), and one 5."""
    rule = values_of("no_worse_classes", no_worse_classes=True)
    assert rule.outcome == "fail"
    assert (rule.values["n_tested"], rule.values["n_underpowered"]) == (1, 1)
    assert [one.k for one in rule.values["worse"]] == [0]
    assert set(rule.values) == {"worse", "n_tested", "n_underpowered", "across"}
    assert rule.values["across"] == ()


@pytest.mark.parametrize("accepted", [False, True])
def test_what_the_gate_counts_of_the_pairs_it_judged(accepted):
    """Of two pairs one has 7 changes and one 5; an accepted one is not judged, whichever way round it is named."""
    confusion = AcceptedConfusion(pair=("class_001", "class_000"), owner="Aoi", reason="alike", expires=TODAY)
    rule = values_of("no_worse_pairs", no_worse_pairs=True, accepted=(confusion,) if accepted else ())
    counted = tuple(rule.values[name] for name in ("n_tested", "n_underpowered", "n_accepted"))
    assert (rule.outcome, counted) == (("pass", (0, 1, 1)) if accepted else ("fail", (1, 1, 0)))
    assert [(one.a, one.b) for one in rule.values["worse"]] == ([] if accepted else [(0, 1)])


def test_an_accepted_pair_is_counted_where_it_is_over_the_limit():
    confusion = AcceptedConfusion(
        pair=("class_000", "class_001"), owner="Aoi", reason="alike", expires=TODAY + timedelta(days=1)
    )
    rule = values_of("max_pair_rate", max_pair_rate=0.05, accepted=(confusion,))
    assert (rule.outcome, rule.values["n_accepted"], rule.values["limit"]) == ("fail", 1, 0.05)
    assert [(pair.a, pair.b) for pair in rule.values["over"]] == [(2, 3)]


@pytest.mark.parametrize(("others", "significant"), [(20, True), (25, False)])
def test_pairs_without_an_error_count_as_tests_too(others, significant):
    """Of 20 classes of 50, one pair has 3 errors of 100 and so many other pairs one each: 190 tests, p against 0.05 / 190.

    p is 0.0002 with 20 other errors and 0.0004 with 25; were only the pairs with an error tests, both would be significant.
    """
    p = stats.binom.sf(2, 100, others / (1000 * 19 - 100))
    assert bool(p < 0.05 / 190) is significant
    assert p < 0.05 / (others + 1)
    counts = np.zeros((20, 20), dtype=np.int64)
    places = [(i, j) for i in range(2, 20) for j in range(i + 1, 20)][:others]
    for i, j in places:
        counts[i, j] = 1
    counts[0, 1] = 3
    np.fill_diagonal(counts, 50 - counts.sum(axis=1))
    assert {(pair.a, pair.b) for pair in confused_pairs(counts) if pair.significant} == (
        {(0, 1)} if significant else set()
    )


def test_a_data_check_that_crashes_is_invalid_under_its_own_name():
    """A list of no images has no share of unreadable ones."""
    predictions = predictions_of(WORSE)
    none_listed = replace(predictions.facts, data=replace(predictions.facts.data, n_listed=0))
    found = analyse(replace(predictions, facts=none_listed), ExampleRule(), FIRST_NIGHT).gate
    assert [(rule.name, rule.outcome) for rule in found.rules] == [
        ("max_unreadable", "invalid"),
        ("class_order", "pass"),
    ]


@pytest.mark.parametrize("n_groups", [0, 1, 2, 3])
def test_so_many_groups_have_examples_the_first_ones(n_groups):
    """Two groups of two classes, one error in each: of classes 0 and 1 in row 0, of classes 2 and 3 in row 1."""
    probs = np.array([[0.1, 0.9, 0, 0], [0, 0, 0.2, 0.8]])
    groups = tuple(ConfusedGroup(classes=pair, errors=1, impact=0.5) for pair in ((0, 1), (2, 3)))
    rule = ExampleRule(**NOTHING | {"n_groups": n_groups, "n_errors_per_direction": 1, "n_errors_per_group": 1})
    found = examples(probs, np.array([0, 2]), groups=groups, cross_species=(), flips=(), rule=rule)
    assert [(one.idx, one.group) for one in found] == [(0, 0), (1, 1)][:n_groups]


def test_the_numbers_of_examples_unless_told_otherwise():
    """24 of 30 cross-species errors, 8 of 10 broken, 4 of 10 fixed and 6 of the 40 other errors."""
    targets = np.concatenate([np.zeros(80), np.ones(10)]).astype(np.int64)
    probs = np.tile([0.2, 0.8], (90, 1))
    cross = tuple(type("Error", (), {"idx": idx})() for idx in range(30))
    flips = tuple(Flip(idx=idx, kind="broken", before=0, strip=()) for idx in range(30, 40))
    flips += tuple(Flip(idx=idx, kind="fixed", before=0, strip=()) for idx in range(80, 90))
    found = examples(probs, targets, groups=(), cross_species=cross, flips=flips, rule=ExampleRule())
    reasons = [example.reason for example in found]
    assert {reason: reasons.count(reason) for reason in reasons} == {
        "cross_species": 24,
        "newly_wrong": 8,
        "newly_right": 4,
        "confident_error": 6,
    }


@pytest.mark.parametrize("n_classes", [12, 14, 16])
def test_the_numbers_of_examples_of_groups_unless_told_otherwise(n_classes):
    """Groups of two classes, four errors in each direction and two right images of each class: 4 and 2 of each of 6."""
    pairs = [(k, k + 1) for k in range(0, n_classes, 2)]
    rows = [row for a, b in pairs for row in [(a, b)] * 4 + [(b, a)] * 4 + [(a, a), (b, b)] * 2]
    targets = np.array([a for a, _ in rows])
    probs = np.zeros((len(rows), n_classes))
    probs[np.arange(len(rows)), [b for _, b in rows]] = 1
    groups = tuple(ConfusedGroup(classes=pair, errors=8, impact=0.1) for pair in pairs)
    found = examples(probs, targets, groups=groups, cross_species=(), flips=(), rule=ExampleRule())
    counted = [(one.group, one.reason) for one in found if one.group is not None]
    assert set(counted) == {(group, reason) for group in range(6) for reason in ("group_error", "group_correct")}
    assert {counted.count((group, "group_error")) for group in range(6)} == {4}
    assert {counted.count((group, "group_correct")) for group in range(6)} == {2}


def test_a_group_of_three_has_six_errors_unless_told_otherwise():
    """Six directions with two errors each: 12 there, 6 shown, one of each direction."""
    rows = [(a, b) for a in range(3) for b in range(3) if a != b] * 2
    probs = np.zeros((12, 3))
    probs[np.arange(12), [b for _, b in rows]] = 1
    group = ConfusedGroup(classes=(0, 1, 2), errors=12, impact=1.0)
    targets = np.array([a for a, _ in rows])
    found = examples(probs, targets, groups=(group,), cross_species=(), flips=(), rule=ExampleRule())
    assert [one.idx for one in found if one.reason == "group_error"] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("counts", "there"),
    [
        ([[0, 1, 0], [0, 0, 0], [0, 0, 0]], [0, 1]),  # one image of class 0, called 1
        ([[1, 0, 0], [0, 0, 0], [0, 0, 2]], [0, 2]),
        ([[0, 0, 0], [0, 0, 0], [2, 0, 0]], [0, 2]),
    ],
)
def test_a_class_occurs_as_soon_as_it_has_or_gets_one_image(counts, there):
    assert occurring(np.array(counts)).tolist() == there


def test_a_mismatch_of_classes_counts_no_images():
    found = Mismatch(kind="classes")
    assert (found.n_added, found.n_removed, found.n_changed, found.n_relabelled) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("rules", "n_rules"), [({}, 2), ({"min_accuracy": 0.5}, 3), ({"max_ece": 1, "min_macro_f1": 0}, 4)]
)
def test_two_of_the_rules_are_checks_of_the_data(rules, n_rules):
    found = findings_of(WORSE, rules=GateRules(**rules)).gate
    assert (len(found.rules), found.n_data_checks) == (n_rules, 2)
