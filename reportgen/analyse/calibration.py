"""Expected calibration error (ECE) over equal-width bins."""

import numpy as np
from numpy.typing import NDArray

N_BINS = 15


def expected_calibration_error(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Mean gap, in [0, 1], between confidence and accuracy over N_BINS bins (l, u] of equal width, weighted by images.

    (N,) largest probabilities and (N,) whether the prediction is right, N >= 1. A confidence of 1 is in the last bin.
    Never 0 for few images, however well calibrated. C. Guo et al., "On calibration of modern neural networks", ICML
    2017, equation 3.
    """
    bins = np.clip(np.ceil(confidence * N_BINS).astype(np.int64) - 1, 0, N_BINS - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=N_BINS)
    return float(np.abs(gaps).sum() / len(confidence))
