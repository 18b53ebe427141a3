"""The centre crop of a resized picture, without resizing the rest: what thin and huge pictures cost is bounded.

A line of 8000 x 1 px at a shorter side of 256 px would be 2,048,000 x 256 px before its crop, 1.6 GB. Pillow resamples
a part of a side to the same pixels as the crop of the whole (its filters look beyond the part), torchvision cannot.
"""

from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

MAX_RESIZED_PX = 2**25  # 100 MB in RGB: a shape of 1 to 512 at 256 px
MAX_COPIED_PX = 2**26  # larger pictures are not copied into tensors: 0.4 GB each time
Size = tuple[int, int]  # (height, width), px

_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
}


def is_large(size: Size) -> bool:
    """Whether a resized picture is too large to be made for the sake of its centre."""
    return size[0] * size[1] > MAX_RESIZED_PX


def window(picture: Image.Image, *, resized: Size, crop: Size, interpolation: str) -> torch.Tensor:
    """The centre `crop` of `picture` (RGB or L) resized to `resized` by Pillow: (3, h, w) uint8.

    Where the crop is larger than the resized picture it is black, as torchvision's center_crop has it.
    """
    (top, height), (left, width) = (_span(*sides) for sides in zip(resized, crop, strict=True))
    scale_y, scale_x = picture.height / resized[0], picture.width / resized[1]
    reach = ceil(3 * max(1.0, scale_y))  # a filter looks at most 2 pixels far, of the larger of both pictures
    first, last = max(0, int(top * scale_y) - reach), min(picture.height, ceil((top + height) * scale_y) + reach)
    if 4 * (last - first) > picture.height:  # no second picture nearly as large
        first, last = 0, picture.height
    rows = picture if last - first == picture.height else picture.crop((0, first, picture.width, last))
    how = _FILTERS[interpolation]
    # One direction after the other: with a box that cuts both Pillow 13 gives other values (up to 12 of 255).
    ends = (left * scale_x, min((left + width) * scale_x, picture.width))
    rows = rows.resize((width, rows.height), how, box=(ends[0], 0, ends[1], rows.height))
    ends = (top * scale_y - first, min((top + height) * scale_y - first, rows.height))
    seen = rows.resize((width, height), how, box=(0, ends[0], width, ends[1])).convert("RGB")
    view = Image.new("RGB", (crop[1], crop[0]))
    view.paste(seen, ((crop[1] - width) // 2, (crop[0] - height) // 2))
    return torch.from_numpy(np.array(view)).permute(2, 0, 1)


def mask_window(codes: NDArray[np.uint8], *, resized: Size, crop: Size) -> NDArray[np.uint8]:
    """The same of a mask (H, W) by its nearest pixels: (h, w) uint8, 0 outside of the mask."""
    (top, height), (left, width) = (_span(*sides) for sides in zip(resized, crop, strict=True))
    rows = _nearest(top, height, codes.shape[0] / resized[0])
    columns = _nearest(left, width, codes.shape[1] / resized[1])
    view = np.zeros(crop, dtype=np.uint8)
    y, x = (crop[0] - height) // 2, (crop[1] - width) // 2
    view[y : y + height, x : x + width] = codes[np.ix_(rows, columns)]
    return view


def _span(resized: int, crop: int) -> tuple[int, int]:
    """Where the crop begins in the resized side and how much of it lies inside; torchvision's rounding."""
    return (0, resized) if crop >= resized else (round((resized - crop) / 2.0), crop)


def _nearest(start: int, n: int, scale: float) -> NDArray[np.int64]:
    indices: NDArray[np.int64] = np.floor((np.arange(start, start + n) + 0.5) * scale).astype(np.int64)
    return indices
