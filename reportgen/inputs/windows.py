"""The centre crop of a resized picture, without resizing the rest: what thin and huge pictures cost is bounded.

A line of 8000 x 1 px at a shorter side of 256 px would be 2,048,000 x 256 px before its crop, 1.6 GB. Pillow resamples
a box of a picture to the same pixels as the crop of the whole (its filters look beyond the box), torchvision cannot.
"""

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
    """The centre `crop` of `picture` (RGB or L) resized to `resized`: (3, h, w) uint8, within 1 of torchvision's.

    Where the crop is larger than the resized picture it is black, as torchvision's center_crop has it.
    """
    (top, height), (left, width) = (_span(*sides) for sides in zip(resized, crop, strict=True))
    scale_y, scale_x = picture.height / resized[0], picture.width / resized[1]
    box = (left * scale_x, top * scale_y, (left + width) * scale_x, (top + height) * scale_y)
    inside = (min(box[2], picture.width), min(box[3], picture.height))
    seen = picture.resize((width, height), _FILTERS[interpolation], box=(*box[:2], *inside)).convert("RGB")
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
