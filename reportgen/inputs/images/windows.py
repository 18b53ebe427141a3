"""The centre crop of a resized picture, without resizing the rest: what thin and huge pictures cost is bounded.

A line of 8000 x 1 px at a shorter side of 256 px would be 2,048,000 x 256 px before its crop, 1.6 GB. Pillow resamples
a part of a side to the same pixels as the crop of the whole (its filters look beyond the part), torchvision cannot.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

MAX_RESIZED_PX = 2**25  # 100 MB in RGB: a shape of 1 to 512 at 256 px
MAX_COPIED_PX = 2**26  # larger pictures are not copied into tensors: 0.4 GB each time
_STRIP_PX = 2**20
Size = tuple[int, int]  # (height, width), px

_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
}


def is_large(size: Size) -> bool:
    """Whether a resized picture is too large to be made for the sake of its centre."""
    return size[0] * size[1] > MAX_RESIZED_PX


def is_costly(picture: Size, resized: Size) -> bool:
    """Whether the picture between the two steps of a resize, as wide as `resized` and as high as `picture`, is."""
    return picture[0] * resized[1] > MAX_COPIED_PX


def in_strips(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """(first row, these rows) from top to bottom, some MB each; a picture of one strip is that picture."""
    return _strips(picture, (0, picture.height), rows=True)


def _strips(picture: Image.Image, span: tuple[int, int], *, rows: bool) -> Iterator[tuple[int, Image.Image]]:
    n = max(1, _STRIP_PX // (picture.width if rows else picture.height))
    if rows and span == (0, picture.height) and n >= picture.height:
        yield 0, picture
        return
    for start in range(*span, n):
        end = min(start + n, span[1])
        yield start, picture.crop((0, start, picture.width, end) if rows else (start, 0, end, picture.height))


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a resize and crop: `n` px are wanted of the source from `start` to `end`, which are no whole px.

    first, last: the px of the source that a filter may look at.
    """

    n: int
    start: float
    end: float
    first: int
    last: int


def _side(source: int, resized: int, crop: int) -> _Side:
    start, n = _span(resized, crop)
    scale = source / resized
    reach = ceil(3 * max(1.0, scale))  # a filter looks at most 2 pixels far, of the larger of both pictures
    first, last = max(0, int(start * scale) - reach), min(source, ceil((start + n) * scale) + reach)
    return _Side(n, start * scale, min((start + n) * scale, source), first, last)


def window(
    picture: Image.Image, plain: Callable[[Image.Image], Image.Image], *, resized: Size, crop: Size, interpolation: str
) -> torch.Tensor:
    """The centre `crop` of `picture` resized to `resized` by Pillow: (3, h, w) uint8.

    plain: makes RGB of a part of it. Nothing as large as the picture is made beside it. Where the crop is larger than
    the resized picture it is black, as torchvision's center_crop has it.
    """
    how = _FILTERS[interpolation]
    down, across = (_side(*sides) for sides in zip((picture.height, picture.width), resized, crop, strict=True))
    # One direction after the other: with a box that cuts both Pillow 13 gives other values (up to 12 of 255). Across
    # first, as Pillow does it, but for pictures so high that this would be larger than they are.
    if is_costly((down.last - down.first, 0), (0, across.n)) and down.last - down.first > across.last - across.first:
        columns = Image.new("RGB", (across.last - across.first, down.n))
        for at, strip in _strips(picture, (across.first, across.last), rows=False):
            shrunk = plain(strip).resize((strip.width, down.n), how, box=(0, down.start, strip.width, down.end))
            columns.paste(shrunk, (at - across.first, 0))
        ends = (across.start - across.first, across.end - across.first)
        seen = columns.resize((across.n, down.n), how, box=(ends[0], 0, ends[1], down.n))
    else:
        rows = Image.new("RGB", (across.n, down.last - down.first))
        for at, strip in _strips(picture, (down.first, down.last), rows=True):
            shrunk = plain(strip).resize((across.n, strip.height), how, box=(across.start, 0, across.end, strip.height))
            rows.paste(shrunk, (0, at - down.first))
        ends = (down.start - down.first, down.end - down.first)
        seen = rows.resize((across.n, down.n), how, box=(0, ends[0], across.n, ends[1]))
    view = Image.new("RGB", (crop[1], crop[0]))
    view.paste(seen, ((crop[1] - across.n) // 2, (crop[0] - down.n) // 2))
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
