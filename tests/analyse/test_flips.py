"""Strips, states and churn, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from reportgen.analyse.flips import churn, flips, state
from tests.synthetic import predictions_of


@pytest.mark.parametrize(
    ("strip", "expected"),
    [
        ("rrrw", "new"),
        ("rw", "new"),
        ("rwww", "chronic"),
        ("wwww", "chronic"),
        ("w", "chronic"),
        ("rwrw", "flaky"),
        ("wrrw", "flaky"),
        ("wwwr", "fixed"),
        ("wr", "fixed"),
        ("wrrr", "fixed"),
        ("rwwr", "flaky"),
        ("rrrr", "steady"),
    ],
)
def test_the_state_of_a_strip(strip, expected):
    assert state([letter == "r" for letter in strip]) == expected


def test_flips_are_broken_first_and_the_surest_first():
    """Rows: 0 to 3 of class 0 right, 4 and 5 of class 0 called 1, 6 of class 1 right. Then: 4 right, 5 wrong, 6 wrong."""
    predictions = predictions_of(np.array([[4, 2], [0, 1]]))
    before = np.array([0, 0, 0, 1, 0, 1, 0])
    earlier = np.array([True, True, True, False, True, False, True])
    last = before == predictions.targets
    found = flips(predictions, before, (earlier, last))
    assert [(flip.idx, flip.kind, flip.before) for flip in found] == [
        (4, "broken", 0),
        (3, "fixed", 1),
        (6, "fixed", 0),
    ]
    assert [flip.strip for flip in found] == [(True, True, False), (False, False, True), (True, False, True)]
    assert [flip.state for flip in found] == ["new", "fixed", "flaky"]


def test_of_flips_of_a_kind_the_surest_comes_first_and_equal_ones_by_row():
    """Three of class 0, right tonight, with logits 1, 3 and 1 and wrong then."""
    predictions = predictions_of(np.array([[3, 0], [0, 1]]))
    logits = np.array([[1, 0], [3, 0], [1, 0], [0, 1]], dtype=np.float32)
    found = flips(replace(predictions, logits=logits), np.array([1, 1, 1, 1]), ())
    assert [flip.idx for flip in found] == [1, 0, 2]


def test_a_baseline_from_elsewhere_is_in_the_strips_but_not_in_what_usually_changes():
    elsewhere, *nights = (np.array([letter == "r" for letter in night]) for night in ("wwwr", "rrrr", "rrrw"))
    tonight = np.array([True, True, False, False])
    found = churn((elsewhere, *nights), elsewhere, tonight, consecutive=tuple(nights))
    assert found.usual == (1 / 4,)
    assert found.this_run == 3 / 4
    assert (found.n_new, found.n_chronic, found.n_flaky) == (0, 1, 1)  # wrrw is flaky, rrww chronic


def test_churn_is_the_share_that_changes_sides():
    nights = tuple(np.array([letter == "r" for letter in night]) for night in ("rrrrr", "rrrrw", "rrwww"))
    tonight = np.array([True, False, False, False, True])
    found = churn(nights, nights[-1], tonight, consecutive=nights)
    assert found.usual == pytest.approx((1 / 5, 2 / 5))
    assert found.this_run == pytest.approx(2 / 5)
    assert (found.n_new, found.n_chronic, found.n_flaky) == (1, 2, 0)


def test_of_two_broken_images_the_surer_comes_first():
    """Rows 4 and 5 are both called class 1; the answer for row 5 is the surer one."""
    predictions = predictions_of(np.array([[4, 2], [0, 1]]))
    logits = predictions.logits.copy()
    logits[5] *= 3
    found = flips(replace(predictions, logits=logits), predictions.targets, (predictions.targets >= 0,))
    assert [flip.idx for flip in found] == [5, 4]
