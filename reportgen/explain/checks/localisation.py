"""Localisation of a map: energy-based pointing game and pointing game, by the mask of the object.

Energy-based pointing game: Wang et al., Score-CAM, 2020. Pointing game: Zhang et al., Excitation Backprop, 2016, here
without its tolerance of 15 px around the object, and on the model's crop.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

OBJECT, BACKGROUND = 1, 2  # codes of a mask; anything else is neither


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """Where a map lies, in fractions of [0, 1]. Pixels of the mask that are neither object nor background do not count.

    `energy`: share of the map's sum that lies on the object. `area`: share of the pixels that are object; a uniform map
    has energy = area. `hit`: whether the hottest pixel is on the object; None where it is neither.
    """

    energy: float
    area: float
    hit: bool | None

    @property
    def enrichment(self) -> float:
        """Energy over area: 1 for a map that does not care, above 1 for one that prefers the object."""
        return self.energy / self.area


def focus(values: NDArray[np.float32], mask: NDArray[np.uint8]) -> Focus | None:
    """The focus of a map (H, W) >= 0 at the size of its mask (H, W).

    None when it says nothing: the map is blank, has no heat on counted pixels, or the mask shows no object, or nothing
    else. Of equal maxima the pixel nearest to their centroid is the hottest.
    """
    on_object, counted = mask == OBJECT, (mask == OBJECT) | (mask == BACKGROUND)
    total = float(values[counted].sum(dtype=np.float64))
    area = float(on_object.sum() / max(int(counted.sum()), 1))
    if total <= 0 or area in (0.0, 1.0):
        return None
    row, column = _hottest(values)
    hit = bool(on_object[row, column]) if counted[row, column] else None
    energy = float(values[on_object].sum(dtype=np.float64)) / total
    return Focus(energy=min(energy, 1.0), area=area, hit=hit)  # two sums of the same numbers end in other last digits


def _hottest(values: NDArray[np.float32]) -> tuple[int, int]:
    rows, columns = np.nonzero(values == values.max())
    away = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
    nearest = int(away.argmin())
    return int(rows[nearest]), int(columns[nearest])


def enlarged(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """`values` (h, w) at `size` (H, W), bilinear."""
    if values.shape == size:
        return values
    small = torch.from_numpy(values.copy())[None, None]
    large: NDArray[np.float32] = functional.interpolate(small, size, mode="bilinear")[0, 0].numpy()
    return large
