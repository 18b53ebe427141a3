"""Preprocessing applied to pixels: resize, centre crop, and normalisation, in torch."""

import torch
from PIL import Image
from torchvision.transforms.v2 import functional as transforms

from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.windows import is_costly, is_large, mask_window

_INTERPOLATIONS = {
    "bilinear": transforms.InterpolationMode.BILINEAR,
    "bicubic": transforms.InterpolationMode.BICUBIC,
    "nearest": transforms.InterpolationMode.NEAREST,
}


def cropped(preprocessing: Preprocessing, image: torch.Tensor) -> torch.Tensor:
    """See `Preprocessing.cropped`."""
    height, width = image.shape[1:]
    resized_size = preprocessing.resized_size(height, width)
    if is_large(resized_size) or is_costly((height, width), resized_size):
        return preprocessing.window(Image.fromarray(image.permute(1, 2, 0).numpy()), lambda strip: strip)
    mode = _INTERPOLATIONS[preprocessing.interpolation]
    # A batch of one in channels_last takes the fast uint8 path: 0.35 ms against 0.48 ms for a 500 x 375 picture.
    batch = image.unsqueeze(0).contiguous(memory_format=torch.channels_last)
    resized = transforms.resize(batch, _sides(preprocessing), interpolation=mode, antialias=True)
    crop: torch.Tensor = transforms.center_crop(resized, list(preprocessing.crop_size))[0]
    return crop


def cropped_mask(preprocessing: Preprocessing, mask: torch.Tensor) -> torch.Tensor:
    """See `Preprocessing.cropped_mask`."""
    size = preprocessing.resized_size(*mask.shape[1:])
    if is_large(size):
        return torch.from_numpy(mask_window(mask[0].numpy(), resized=size, crop=preprocessing.crop_size))
    nearest = transforms.InterpolationMode.NEAREST_EXACT
    resized = transforms.resize(mask, _sides(preprocessing), interpolation=nearest, antialias=False)
    view: torch.Tensor = transforms.center_crop(resized, list(preprocessing.crop_size))[0]
    return view


def normalised(preprocessing: Preprocessing, crops: torch.Tensor) -> torch.Tensor:
    """See `Preprocessing.normalised`."""
    pixels = crops[:, : preprocessing.channels].to(torch.float32, copy=True).div_(255)
    mean = torch.tensor(preprocessing.mean, device=crops.device).view(1, -1, 1, 1)
    std = torch.tensor(preprocessing.std, device=crops.device).view(1, -1, 1, 1)
    return pixels.sub_(mean).div_(std).contiguous()


def _sides(preprocessing: Preprocessing) -> list[int]:
    return list(preprocessing.squashed_size or (preprocessing.resize_px,))  # type: ignore[arg-type]  # no pair where it is None
