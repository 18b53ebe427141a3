"""Energy in the mask and the pointing game, by hand."""

import numpy as np
import pytest

from reportgen.explain.checks.localisation import focus

MASK = np.array([[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 2, 2]], dtype=np.uint8)  # 4 object, 6 background, 2 neither


def heat(*rows):
    return np.array(rows, dtype=np.float32)


def test_a_uniform_map_has_the_energy_of_the_area():
    """The identity E = A: 4 of the 10 counted pixels."""
    found = focus(np.full((3, 4), 0.3, dtype=np.float32), MASK)
    assert found.energy == pytest.approx(0.4)
    assert found.area == pytest.approx(0.4)
    assert found.enrichment == pytest.approx(1.0)


def test_energy_is_the_share_on_the_object_and_leaves_out_what_is_neither():
    """On the object 3, on the background 1, and 100 on the border, which does not count: 3 / 4."""
    found = focus(heat([2, 1, 0, 0], [0, 0, 1, 0], [100, 0, 0, 0]), MASK)
    assert found.energy == pytest.approx(0.75)
    assert found.enrichment == pytest.approx(0.75 / 0.4)
    assert found.hit is None  # the hottest pixel lies on the border


@pytest.mark.parametrize(("at", "hit"), [((0, 0), True), ((1, 3), False), ((2, 1), None)])
def test_the_pointing_game_asks_where_the_hottest_pixel_is(at, hit):
    values = np.full((3, 4), 0.1, dtype=np.float32)
    values[at] = 1
    assert focus(values, MASK).hit is hit


def test_of_equal_maxima_the_one_nearest_to_their_middle_counts():
    """Maxima at columns 0, 1 and 2 of the first row: the middle one is on the object."""
    assert focus(heat([1, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]), MASK).hit is True
    assert focus(heat([0, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]), MASK).hit is False


@pytest.mark.parametrize(
    ("values", "mask"),
    [
        (np.zeros((3, 4)), MASK),
        (np.where(MASK == 3, 1.0, 0.0), MASK),
        (np.ones((3, 4)), np.full((3, 4), 2)),
        (np.ones((3, 4)), np.full((3, 4), 1)),
        (np.ones((3, 4)), np.full((3, 4), 3)),
    ],
    ids=["blank map", "heat on the border alone", "no object", "nothing but object", "nothing counted"],
)
def test_a_map_that_says_nothing_has_no_focus(values, mask):
    assert focus(values.astype(np.float32), mask.astype(np.uint8)) is None


def test_all_the_heat_on_the_object_is_never_more_than_all_of_it():
    """The sums over object and over all are of the same numbers, in another order: up to 1.0000000000000002 of it."""
    drawn = np.random.default_rng(0)
    for _ in range(500):
        on_object = drawn.random((56, 56)) < 0.7
        values = np.where(on_object, drawn.random((56, 56)) ** 4, 0).astype(np.float32)
        found = focus(values, np.where(on_object, 1, 2).astype(np.uint8))
        assert 1 - 1e-12 < found.energy <= 1
