"""Pairs, groups and examples, on matrices whose confusions are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.analyse.examples import ExampleRule, examples
from reportgen.analyse.flips import Flip
from reportgen.analyse.groups import ConfusedGroup, confused_groups
from reportgen.analyse.intervals import wilson
from reportgen.analyse.pairs import confused_pairs

CATS = "Abyssinian Bengal Birman Bombay British_Shorthair Egyptian_Mau Maine_Coon Persian Ragdoll Russian_Blue Siamese Sphynx"
DOGS = (
    "american_bulldog american_pit_bull_terrier basset_hound beagle boxer chihuahua english_cocker_spaniel english_setter"
    " german_shorthaired great_pyrenees havanese japanese_chin keeshond leonberger miniature_pinscher newfoundland"
    " pomeranian pug saint_bernard samoyed scottish_terrier shiba_inu staffordshire_bull_terrier wheaten_terrier"
    " yorkshire_terrier"
)
BREEDS = (*CATS.split(), *DOGS.split())
FIVE_GROUPS = [
    {"Bengal", "Egyptian_Mau"},
    {"Birman", "Ragdoll", "Siamese"},
    {"american_pit_bull_terrier", "staffordshire_bull_terrier"},
    {"British_Shorthair", "Russian_Blue"},
    {"english_cocker_spaniel", "english_setter"},
]
KNOWN = [  # the article's matrix where it is known, plausible counts for the other groups
    ("Abyssinian", "Russian_Blue", 1),
    ("Bengal", "Egyptian_Mau", 13),
    ("Egyptian_Mau", "Bengal", 5),
    ("Birman", "Ragdoll", 6),
    ("Ragdoll", "Birman", 5),
    ("Birman", "Siamese", 3),
    ("Siamese", "Birman", 2),
    ("Ragdoll", "Siamese", 1),
    ("american_pit_bull_terrier", "staffordshire_bull_terrier", 6),
    ("staffordshire_bull_terrier", "american_pit_bull_terrier", 7),
    ("British_Shorthair", "Russian_Blue", 4),
    ("Russian_Blue", "British_Shorthair", 4),
    ("english_cocker_spaniel", "english_setter", 2),
    ("english_setter", "english_cocker_spaniel", 3),
    ("Ragdoll", "samoyed", 1),
    ("shiba_inu", "Sphynx", 1),
    ("scottish_terrier", "Bombay", 1),
]


def article_matrix(seed):
    """50 images a class, 152 errors (accuracy 91.8%): the known ones, and scattered ones inside the species."""
    random = np.random.default_rng(seed)
    at = {name: k for k, name in enumerate(BREEDS)}
    counts = np.zeros((37, 37), dtype=np.int64)
    for true, pred, n in KNOWN:
        counts[at[true], at[pred]] = n
    scattered = {"Abyssinian": 2}
    while counts.sum() < 152:
        i, j = random.integers(0, 37, 2)
        same_species = (i < 12) == (j < 12)
        if i != j and same_species and not counts[i, j] and (BREEDS[i] != "Abyssinian" or scattered["Abyssinian"]):
            counts[i, j] = 1
            scattered["Abyssinian"] -= BREEDS[i] == "Abyssinian"
    np.fill_diagonal(counts, 50 - counts.sum(axis=1))
    return counts


@pytest.mark.parametrize("seed", range(40))
def test_the_articles_matrix_gives_exactly_its_five_groups_biggest_impact_first(seed):
    counts = article_matrix(seed)
    assert (counts.sum(axis=1) == 50).all()
    assert round(counts.trace() / counts.sum(), 3) == 0.918
    groups = confused_groups(counts, confused_pairs(counts))
    assert {frozenset(BREEDS[k] for k in group.classes) for group in groups} == {frozenset(g) for g in FIVE_GROUPS}
    assert {BREEDS[k] for k in groups[0].classes} == {"Bengal", "Egyptian_Mau"}
    assert groups[0].errors == 18
    assert groups[0].impact == 18 / 1850
    assert [group.errors for group in groups] == sorted((group.errors for group in groups), reverse=True)


def test_a_pair_has_both_directions_interval_and_impact():
    found = confused_pairs(article_matrix(0))[0]
    assert (BREEDS[found.a], BREEDS[found.b]) == ("Bengal", "Egyptian_Mau")
    assert (found.a_as_b, found.b_as_a, found.n_a, found.n_b) == (13, 5, 50, 50)
    assert found.rate == 0.18
    assert found.rate_ci == wilson(18, 100)
    assert found.direction == "mutual"
    assert found.rank == 1


def test_one_of_three_does_not_beat_eighteen_of_a_hundred():
    counts = np.diag([82, 100, 2, 3])
    counts[0, 1], counts[2, 3] = 18, 1
    assert [(pair.a, pair.b) for pair in confused_pairs(counts)] == [(0, 1), (2, 3)]


def test_one_way_confusion_is_shown_as_such():
    counts = np.diag([30, 50, 50, 50, 50])
    counts[0, 1] = 20
    found = confused_pairs(counts)[0]
    assert (found.a, found.b, found.direction, found.significant) == (0, 1, "one_way", True)


def test_the_direction_with_more_errors_comes_first():
    counts = np.diag([50, 40])
    counts[1, 0] = 10
    found = confused_pairs(counts)[0]
    assert (found.a, found.b, found.a_as_b, found.b_as_a) == (1, 0, 10, 0)


def test_evenly_scattered_errors_make_no_group():
    """Every class called every other one three times: many errors, none of them a pair's own."""
    counts = np.full((10, 10), 3) + np.diag(np.full(10, 50))
    pairs = confused_pairs(counts)
    assert len(pairs) == 45
    assert not any(pair.significant for pair in pairs)
    assert confused_groups(counts, pairs) == ()


def test_random_scatter_seldom_makes_a_group():
    """False discoveries are controlled at 5%: of 200 matrices with 90% accuracy and even errors, at most 20 have one."""
    random = np.random.default_rng(0)
    chances = np.full((20, 20), 0.1 / 19)
    np.fill_diagonal(chances, 0.9)
    matrices = [np.array([random.multinomial(50, row) for row in chances]) for _ in range(200)]
    assert sum(any(pair.significant for pair in confused_pairs(counts)) for counts in matrices) <= 20


def test_two_classes_alone_are_a_pair_from_three_errors_on():
    assert not confused_pairs(np.array([[9, 1], [1, 9]]))[0].significant
    assert confused_pairs(np.array([[8, 2], [1, 9]]))[0].significant


def test_no_error_no_pair():
    assert confused_pairs(np.diag([5, 5])) == ()


def test_a_chain_does_not_grow_through_one_common_member():
    """0-1, 1-2 make a group of three; 2-3 alone does not bring 3 in, 3 having nothing to do with 0 and 1."""
    counts = np.diag(np.full(12, 80))
    for i, j, n in ((0, 1, 20), (1, 2, 16), (2, 3, 12)):
        counts[i, j] = counts[j, i] = n
    found = confused_groups(counts, confused_pairs(counts))
    assert [group.classes for group in found] == [(0, 1, 2)]


@given(st.permutations(range(6)))
@settings(max_examples=30)
def test_the_order_of_the_classes_changes_nothing_but_their_numbers(order):
    counts = np.diag(np.full(6, 40))
    counts[0, 1], counts[1, 0], counts[2, 3], counts[4, 5] = 9, 7, 5, 1
    moved = counts[np.ix_(order, order)]
    found = confused_groups(moved, confused_pairs(moved))
    assert [{order[k] for k in group.classes} for group in found] == [{0, 1}, {2, 3}]


def test_of_flipped_images_so_many_of_each_kind_are_examples_in_their_order():
    """Ten right images and ten wrong: six of each flipped, two of each kind asked for, and one other error."""
    targets = np.repeat([0, 1], 10)
    probs = np.tile([0.6, 0.4], (20, 1))
    broken = [Flip(idx=idx, kind="broken", before=1, strip=(True, False)) for idx in (15, 11, 19, 10, 12, 13)]
    fixed = [Flip(idx=idx, kind="fixed", before=1, strip=(False, True)) for idx in (7, 3, 5, 0, 1, 2)]
    rule = ExampleRule(n_newly_wrong=2, n_newly_right=3, n_confident=1)
    found = examples(probs, targets, groups=(), cross_species=(), flips=(*broken, *fixed), rule=rule)
    assert [(example.idx, example.reason) for example in found] == [
        (15, "newly_wrong"),
        (11, "newly_wrong"),
        (7, "newly_right"),
        (3, "newly_right"),
        (5, "newly_right"),
        (10, "confident_error"),
    ]


def test_examples_follow_the_stated_rule():
    probs = np.array(
        [
            [0.10, 0.90, 0.0],  # 0: true 0 called 1, lead 0.8
            [0.40, 0.60, 0.0],  # 1: true 0 called 1, lead 0.2
            [0.05, 0.95, 0.0],  # 2: true 0 called 1, lead 0.9
            [0.70, 0.30, 0.0],  # 3: true 1 called 0
            [0.80, 0.20, 0.0],  # 4: right
            [0.99, 0.01, 0.0],  # 5: right, most confident of class 0
            [0.20, 0.80, 0.0],  # 6: right, class 1
            [0.30, 0.30, 0.4],  # 7: true 0 called 2: a confident error, no group
            [0.00, 0.40, 0.6],  # 8: true 1 called 2: cross-species here
        ]
    )
    targets = np.array([0, 0, 0, 1, 0, 0, 1, 0, 1])
    group = ConfusedGroup(classes=(0, 1), errors=4, impact=4 / 9)
    strange = type("Error", (), {"idx": 8})()
    found = examples(probs, targets, groups=(group,), cross_species=(strange,), flips=(), rule=ExampleRule())
    assert [(example.idx, example.reason) for example in found] == [
        (8, "cross_species"),
        (2, "group_error"),  # the direction with more errors first, its largest lead first
        (3, "group_error"),
        (0, "group_error"),
        (5, "group_correct"),
        (6, "group_correct"),
        (1, "confident_error"),
        (7, "confident_error"),
    ]
