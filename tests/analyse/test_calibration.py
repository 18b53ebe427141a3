"""Expected calibration error, by hand."""

import numpy as np
import pytest

from reportgen.analyse.calibration import expected_calibration_error


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [
        ([1.0, 1.0], [True, True], 0.0),
        ([1.0, 1.0], [True, False], 0.5),  # 1 belongs to the last bin
        ([0.0, 0.0], [False, True], 0.5),  # 0 to the first
        ([0.8, 0.8, 0.8, 0.8, 0.8], [True, True, True, True, False], 0.0),  # right four times of five
        ([0.95, 0.35], [False, True], (0.95 + 0.65) / 2),  # two bins: gaps do not cancel
        ([0.61, 0.66], [True, False], abs(1.27 - 1) / 2),  # one bin (9/15, 10/15]: they do
        ([2 / 3, 0.65], [True, False], abs(2 / 3 + 0.65 - 1) / 2),  # the upper edge belongs to the bin below it
    ],
)
def test_against_the_definition(confidence, correct, expected):
    found = expected_calibration_error(np.array(confidence), np.array(correct))
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("k", range(1, 15))
def test_each_of_the_fifteen_edges_belongs_to_the_bin_below_it(k):
    """A right one on the edge and a wrong one just above: gaps of 1 - edge and edge. Both below it: they cancel."""
    edge, correct = k / 15, np.array([True, False])
    apart = expected_calibration_error(np.array([edge, edge + 1e-9]), correct)
    assert apart == pytest.approx(1 / 2, abs=1e-8)
    together = expected_calibration_error(np.array([edge, edge - 1e-9]), correct)
    assert together == pytest.approx(abs(2 * edge - 1) / 2, abs=1e-8)


def test_a_model_that_is_right_as_often_as_it_says_has_no_error():
    """Twenty images at every confidence j / 20, of which j are right."""
    confidence = np.repeat(np.arange(21) / 20, 20)
    correct = np.tile(np.arange(20), 21) < np.repeat(np.arange(21), 20)
    assert expected_calibration_error(confidence, correct) == pytest.approx(0, abs=1e-12)
