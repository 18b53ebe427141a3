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
