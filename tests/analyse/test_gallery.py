"""Which errors are shown, in which order, from probabilities written down by hand."""

import numpy as np
import pytest

from reportgen.analyse.gallery import MAX_SHOTS, gallery
from tests.pets import BREEDS, EXPECTED_CONFUSION
from tests.synthetic import findings_of


def gallery_of(probs, targets, **options):
    probs = np.array(probs, dtype=np.float64)
    return gallery(probs, np.array(targets), probs.argmax(axis=1), **options)


def test_every_error_is_in_its_cell_surest_first_and_no_right_answer_is():
    found = gallery_of(
        [
            [0.2, 0.7, 0.1],  # 0 as 1
            [0.9, 0.1, 0.0],  # right
            [0.1, 0.9, 0.0],  # 0 as 1, surer
            [0.6, 0.3, 0.1],  # 1 as 0
            [0.0, 0.2, 0.8],  # 1 as 2
            [0.0, 0.0, 1.0],  # right
        ],
        [0, 0, 0, 1, 1, 2],
    )
    assert [(cell.target, cell.pred, cell.n_all) for cell in found.cells] == [(0, 1, 2), (1, 0, 1), (1, 2, 1)]
    assert [[shot.idx for shot in cell.shots] for cell in found.cells] == [[2, 0], [3], [4]]
    assert [(shot.confidence, shot.prob_target) for shot in found.cells[0].shots] == [(0.9, 0.1), (0.7, 0.2)]
    assert (found.rows, found.n_all) == ((2, 0, 3, 4), 4)
    assert found.places == {(0, 1), (1, 0), (1, 2)}


def test_the_largest_cell_comes_first_and_ties_go_by_class():
    probs = [[0, 0, 1], [0, 0, 1], [1, 0, 0], [0, 1, 0]]
    found = gallery_of(probs, [1, 1, 2, 0])
    assert [(cell.target, cell.pred) for cell in found.cells] == [(1, 2), (0, 1), (2, 0)]


def test_beyond_the_limit_the_most_confident_are_kept_and_the_counts_stay_whole():
    """Class 0 called 1 with 0.9, 0.6 and 0.8, and called 2 with 0.7 and 0.5: the three surest are rows 0, 2 and 3."""
    probs = [[0.1, 0.9, 0], [0.4, 0.6, 0], [0.2, 0.8, 0], [0.3, 0, 0.7], [0.45, 0.05, 0.5]]
    found = gallery_of(probs, [0] * 5, n_max=3)
    assert found.rows == (0, 2, 3)
    assert [(cell.n_all, len(cell.shots)) for cell in found.cells] == [(3, 2), (2, 1)]
    assert found.n_all == 5


def test_a_cell_with_nothing_to_show_is_no_place_to_go():
    found = gallery_of([[0.1, 0.9, 0], [0.4, 0, 0.6]], [0, 0], n_max=1)
    assert found.places == {(0, 1)}
    assert found.n_all == 2


def test_equal_confidence_goes_to_the_earlier_row():
    assert gallery_of([[0.3, 0.7]] * 5, [0] * 5, n_max=2).rows == (0, 1)


def test_of_1500_errors_the_1000_most_confident_are_shown():
    """Confidence 0.5 + step / 4000 in a shuffled order, and 100 right answers that are surer than all of them."""
    steps = np.random.default_rng(0).permutation(np.arange(1, 1501))
    confidence = 0.5 + steps / 4000
    wrong = np.column_stack([1 - confidence, confidence])
    found = gallery_of(np.vstack([wrong, np.tile([0.99, 0.01], (100, 1))]), [0] * 1600)
    assert MAX_SHOTS == len(found.rows) == 1000
    assert list(found.rows) == sorted(np.flatnonzero(steps > 500), key=lambda row: -steps[row])
    assert (found.n_all, found.cells[0].n_all) == (1500, 1500)


def test_the_findings_hold_the_gallery_of_the_five_breeds():
    cells = findings_of(EXPECTED_CONFUSION, classes=BREEDS).gallery.cells
    assert {(BREEDS[cell.target], BREEDS[cell.pred]): cell.n_all for cell in cells} == {
        ("Bengal", "Egyptian_Mau"): 3,
        ("Abyssinian", "boxer"): 1,
        ("Egyptian_Mau", "Bengal"): 1,
    }
    logit = {2.0: np.e**2, 1.0: np.e}  # of the predicted and the true class; the other three have 0
    total = sum(logit.values()) + 3
    shot = cells[0].shots[0]
    assert (shot.confidence, shot.prob_target) == pytest.approx((logit[2.0] / total, logit[1.0] / total))


def test_without_an_error_there_is_nothing():
    found = gallery_of([[0.9, 0.1]], [0])
    assert (found.cells, found.rows, found.places, found.n_all) == ((), (), frozenset(), 0)
