"""How a decoded picture becomes the model's input: resize, crop, mean and std; and who said so, field by field."""

import math
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Annotated, Any, Literal

import torch
from PIL import Image
from pydantic import BeforeValidator
from torchvision.transforms.v2 import functional as transforms

from reportgen.inputs.images.windows import is_costly, is_large, mask_window, window
from reportgen.plain_text import named

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
GREY_MEAN, GREY_STD = (0.449,), (0.226,)  # the averages of ImageNet's three
LARGEST_PX = 4096
_INTERPOLATIONS = {
    "bilinear": transforms.InterpolationMode.BILINEAR,
    "bicubic": transforms.InterpolationMode.BICUBIC,
    "nearest": transforms.InterpolationMode.NEAREST,
}
_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "fit": ("shorter_side", "squash"),
    "interpolation": tuple(_INTERPOLATIONS),
    "exif": ("ignore", "apply"),
    "channels": (1, 3),
}
_OLDER: Mapping[str, Any] = {"exif": "apply"}  # what versions did that stored no word of it
Size = int | tuple[int, int]
Said = Mapping[str, Any]  # some fields of Preprocessing by name, their values checked


class OtherScaleError(ValueError):
    """A mean or std for pixels of another scale than [0, 1]; `meant` is what was probably meant, as TOML lines."""

    def __init__(self, found: str, *, meant: str) -> None:
        super().__init__(found)
        self.meant = meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """Resize to `resize_px`, centre crop of `crop_px`, then (x - mean) / std on pixels in [0, 1].

    resize_px: the shorter side; a pair (h, w), or `fit` "squash", gives both sides, whatever the picture's shape.
    crop_px: a square's side, or (h, w). mean, std: one number a channel. exif: "ignore" takes the pixels as the file
    holds them, as torchvision's and timm's loaders do; "apply" turns them upright first. channels: 3 for RGB, 1 for
    grey (ITU-R 601, Pillow's "L").
    """

    resize_px: Size = 256
    crop_px: Size = 224
    fit: Literal["shorter_side", "squash"] = "shorter_side"
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    interpolation: Literal["bilinear", "bicubic", "nearest"] = "bilinear"
    exif: Literal["ignore", "apply"] = "ignore"
    channels: Literal[1, 3] = 3

    def __post_init__(self) -> None:
        for name in ("resize_px", "crop_px"):
            _size(name, getattr(self, name))
        for name in _CHOICES:
            _choice(name, getattr(self, name))
        if not all(math.isfinite(value) for value in (*self.mean, *self.std)):
            raise ValueError(f"mean and std must be finite, found {self.mean} and {self.std}")
        if any(not value > 0 for value in self.std):
            raise ValueError(f"every std must be over 0, found {self.std}")
        if not len(self.mean) == len(self.std) == self.channels:
            numbers = "three numbers each" if self.channels == 3 else "one number each for a model of grey pictures"
            raise ValueError(f"mean and std must be {numbers}, found {self.mean} and {self.std}")

    @property
    def crop_size(self) -> tuple[int, int]:
        """(h, w) of what the model sees, in px."""
        return self.crop_px if isinstance(self.crop_px, tuple) else (self.crop_px, self.crop_px)

    @property
    def squashed_size(self) -> tuple[int, int] | None:
        """(h, w) to which every picture is squashed, in px; None where its shape is kept."""
        if isinstance(self.resize_px, tuple):
            return self.resize_px
        return (self.resize_px, self.resize_px) if self.fit == "squash" else None

    def identity(self, *, any_turned: bool) -> str:
        """Equal for settings that give equal pixels, and as older versions wrote it for what they could do.

        They turned every picture upright; where none is turned (`any_turned`) both ways give the same.
        """
        text = (
            f"Preprocessing(resize_px={self.squashed_size or self.resize_px!r}, crop_px={self.crop_px!r}, "
            f"mean={self.mean!r}, std={self.std!r}, interpolation={self.interpolation!r})"
        )
        as_stored = any_turned and self.exif == "ignore"
        return text + " of grey" * (self.channels == 1) + " as stored" * as_stored

    def resized_size(self, height: int, width: int) -> tuple[int, int]:
        """(h, w) of a picture of `height` x `width` px after the resize, rounded as torchvision rounds."""
        if self.squashed_size:
            return self.squashed_size
        side = int(self.resize_px)  # type: ignore[arg-type]  # no pair where nothing is squashed
        long = int(side * max(height, width) / min(height, width))
        return (side, long) if height <= width else (long, side)

    def cropped(self, image: torch.Tensor) -> torch.Tensor:
        """The model's view of `image` (3, H, W) uint8: (3, *crop_size) uint8. Small images are scaled up."""
        height, width = image.shape[1:]
        resized_size = self.resized_size(height, width)
        if is_large(resized_size) or is_costly((height, width), resized_size):
            return self.window(Image.fromarray(image.permute(1, 2, 0).numpy()), lambda strip: strip)
        mode = _INTERPOLATIONS[self.interpolation]
        # A batch of one in channels_last takes the fast uint8 path: 0.35 ms against 0.48 ms for a 500 x 375 picture.
        batch = image.unsqueeze(0).contiguous(memory_format=torch.channels_last)
        resized = transforms.resize(batch, self._sides(), interpolation=mode, antialias=True)
        crop: torch.Tensor = transforms.center_crop(resized, list(self.crop_size))[0]
        return crop

    def window(self, picture: Image.Image, plain: Callable[[Image.Image], Image.Image]) -> torch.Tensor:
        """As `cropped`, of a picture that is thin or huge, and of which `plain` makes RGB, some rows at a time."""
        resized = self.resized_size(picture.height, picture.width)
        return window(picture, plain, resized=resized, crop=self.crop_size, interpolation=self.interpolation)

    def cropped_mask(self, mask: torch.Tensor) -> torch.Tensor:
        """The same view of `mask` (1, H, W) uint8 codes: (*crop_size) uint8; no code is mixed with another."""
        size = self.resized_size(*mask.shape[1:])
        if is_large(size):
            return torch.from_numpy(mask_window(mask[0].numpy(), resized=size, crop=self.crop_size))
        nearest = transforms.InterpolationMode.NEAREST_EXACT
        resized = transforms.resize(mask, self._sides(), interpolation=nearest, antialias=False)
        view: torch.Tensor = transforms.center_crop(resized, list(self.crop_size))[0]
        return view

    def _sides(self) -> list[int]:
        return list(self.squashed_size or (self.resize_px,))  # type: ignore[arg-type]  # no pair where it is None

    def normalised(self, crops: torch.Tensor) -> torch.Tensor:
        """`crops` (N, 3, h, w) uint8 as the model's input (N, channels, h, w) float32, on the device of `crops`.

        The crops of a model of grey pictures hold the same in all three channels.
        """
        pixels = crops[:, : self.channels].to(torch.float32, copy=True).div_(255)
        mean = torch.tensor(self.mean, device=crops.device).view(1, -1, 1, 1)
        std = torch.tensor(self.std, device=crops.device).view(1, -1, 1, 1)
        return pixels.sub_(mean).div_(std).contiguous()


def said(given: Mapping[str, Any]) -> Said:
    """The fields that a TOML table or a checkpoint gives, its keys being resize, crop, and the other fields' names.

    Raises ValueError for an unknown key and for a value that cannot be right.
    """
    unknown = sorted(str(key) for key in given if key not in KEYS)
    if unknown:
        raise ValueError(f"unknown keys: {named(unknown)}")
    values = {KEYS[key]: checked(key, value) for key, value in given.items()}
    _refuse_other_scales(values)
    return values


def checked(key: str, value: Any) -> Any:
    """The value of one key as its field takes it. Raises ValueError."""
    if getattr(value, "size", 0) and hasattr(value, "tolist"):  # arrays and tensors of a checkpoint
        n = value.numel() if isinstance(value, torch.Tensor) else value.size
        if n > 3:
            raise ValueError(f"{key} must be at most three numbers, found {n:,}")
        value = value.tolist()
    kept = _CHECKS[key](key, value)
    if KEYS[key] in ("resize_px", "crop_px") and max(kept if isinstance(kept, tuple) else (kept,)) > LARGEST_PX:
        raise ValueError(f"{key} must be at most {LARGEST_PX} px, found {_brief(value)}")
    return kept


def merged(sources: Mapping[str, Said]) -> tuple[Preprocessing, dict[str, str]]:
    """Field by field what the first of `sources` says that says it, else the default; and by field who said it.

    A field that nobody names is "assumed". One number of mean or std serves every channel. Raises ValueError where
    what one says does not go with what another says.
    """
    values: dict[str, Any] = {}
    speakers: dict[str, str] = {}
    for field in fields(Preprocessing):
        speaker = next((name for name, it in sources.items() if field.name in it), "assumed")
        speakers[field.name] = speaker
        if speaker != "assumed":
            values[field.name] = sources[speaker][field.name]
    if isinstance(values.get("resize_px"), tuple) and values.get("fit") == "shorter_side":
        raise ValueError(f"resize gives two sides, {values['resize_px']}, and fit = 'shorter_side' wants one number")
    channels = values.get("channels", 3)
    for name, grey in (("mean", GREY_MEAN), ("std", GREY_STD)):
        if name in values and len(set(values[name])) == 1:
            values[name] = values[name][:1] * channels
        elif name not in values and channels == 1:
            values[name] = grey
    return Preprocessing(**values), speakers


def _size(name: str, value: Any) -> Size:
    sides = value if isinstance(value, list | tuple) else (value,)
    whole = [int(side) for side in sides if isinstance(side, int | float) and side == side // 1 and side is not True]
    if len(whole) != len(sides) or len(sides) not in (1, 2) or min(whole) < 1:
        raise ValueError(f"{name} must be whole and 1 px or more, one number or [height, width], found {_brief(value)}")
    return (whole[0], whole[1]) if isinstance(value, list | tuple) and len(whole) == 2 else whole[0]


def _brief(value: Any) -> str:
    """A value that may be nested without end, or be of 5,000 digits, in a few letters."""
    return reprlib.repr(list(value) if isinstance(value, tuple) else value)


def _numbers(name: str, value: Any) -> tuple[float, ...]:
    numbers = value if isinstance(value, list | tuple) else (value,)
    if not all(isinstance(number, int | float) for number in numbers) or len(numbers) not in (1, 3):
        raise ValueError(f"{name} must be three numbers, or one for all channels, found {_brief(value)}")
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{name} must be finite, found {_brief(value)}")
    if name == "std" and min(numbers) <= 0:
        raise ValueError(f"every std must be over 0, found {_brief(value)}")
    return tuple(float(number) for number in numbers)


def _choice(name: str, value: Any) -> Any:
    if not isinstance(value, str | int) or value not in _CHOICES[name]:
        raise ValueError(f"{name} must be one of {', '.join(map(str, _CHOICES[name]))}, found {_brief(value)}")
    return value


def _with_older(stored: object) -> object:
    return {**_OLDER, **stored} if isinstance(stored, dict) else stored


StoredPreprocessing = Annotated[Preprocessing, BeforeValidator(_with_older)]  # as a run of any version stored it


def _refuse_other_scales(values: Said) -> None:
    """Pixels are in [0, 1] when mean and std are applied: a mean or std over 1 was made for another scale."""
    mean, std = values.get("mean", (0.0,)), values.get("std", (1.0,))
    found = ", ".join(f"{name} = {list(values[name])}" for name in ("mean", "std") if name in values)
    if min(mean) < 0:
        raise OtherScaleError(f"{found}: no mean of pixels in [0, 1] is negative", meant="")
    if max(*mean, *std) <= 1:
        return
    top = 255 if max(*mean, *std) <= 255 else 65535
    scales = {"mean": 1 if 0 < max(mean) <= 1 else top, "std": top}
    meant = [f"{name} = {_divided(values[name], scales[name])}" for name in scales if name in values]
    raise OtherScaleError(f"{found}: made for pixels of 0 to {top}, not in [0, 1]", meant=", ".join(meant))


def _divided(numbers: tuple[float, ...], top: int) -> list[float]:
    return [float(f"{number / top:.4g}") for number in numbers]


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "resize": _size,
        "crop": _size,
        "mean": _numbers,
        "std": _numbers,
        **dict.fromkeys(_CHOICES, _choice),
    }
)
KEYS: Mapping[str, str] = MappingProxyType(
    {key: f"{key}_px" if key in ("resize", "crop") else key for key in _CHECKS}  # key of TOML and checkpoint: field
)
