"""How a decoded picture becomes the model's input: resize, crop, mean and std; and who said so, field by field."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from reportgen.inputs.images.preprocessing_values import CHOICES, Said, SizeSetting, choice, size
from reportgen.option import Checked

if TYPE_CHECKING:  # the value is read by commands that run no model
    import torch
    from PIL import Image

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
GREY_MEAN, GREY_STD = (0.449,), (0.226,)  # the averages of ImageNet's three
_OLDER: Mapping[str, Any] = {"exif": "apply"}  # what versions did that stored no word of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """Resize to `resize_px`, centre crop of `crop_px`, then (x - mean) / std on pixels in [0, 1].

    resize_px: the shorter side; a pair (h, w), or `fit` "squash", gives both sides, whatever the picture's shape.
    crop_px: a square's side, or (h, w). mean, std: one number a channel. exif: "ignore" takes the pixels as the file
    holds them, as torchvision's and timm's loaders do; "apply" turns them upright first. channels: 3 for RGB, 1 for
    grey (ITU-R 601, Pillow's "L").
    """

    resize_px: SizeSetting = 256
    crop_px: SizeSetting = 224
    fit: Literal["shorter_side", "squash"] = "shorter_side"
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    interpolation: Literal["bilinear", "bicubic", "nearest"] = "bilinear"
    exif: Literal["ignore", "apply"] = "ignore"
    channels: Literal[1, 3] = 3

    def __post_init__(self) -> None:
        for name in ("resize_px", "crop_px"):
            size(name, getattr(self, name))
        for name in CHOICES:
            choice(name, getattr(self, name))
        if not all(math.isfinite(value) for value in (*self.mean, *self.std)):
            raise ValueError(f"mean and std must be finite, found {self.mean} and {self.std}")
        if any(not value > 0 for value in self.std):
            raise ValueError(f"every std must be over 0, found {self.std}")
        if not len(self.mean) == len(self.std) == self.channels:
            numbers = "three numbers each" if self.channels == 3 else "one number each for a model of grey images"
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

    def cropped(self, image: "torch.Tensor") -> "torch.Tensor":
        """The model's view of `image` (3, H, W) uint8: (3, *crop_size) uint8. Small images are scaled up."""
        from reportgen.inputs.images.cropping import cropped

        return cropped(self, image)

    def window(self, picture: "Image.Image", plain: Callable[["Image.Image"], "Image.Image"]) -> "torch.Tensor":
        """As `cropped`, of a picture that is thin or huge, and of which `plain` makes RGB, some rows at a time."""
        from reportgen.inputs.images.windows import window

        resized = self.resized_size(picture.height, picture.width)
        return window(picture, plain, resized=resized, crop=self.crop_size, interpolation=self.interpolation)

    def cropped_mask(self, mask: "torch.Tensor") -> "torch.Tensor":
        """The same view of `mask` (1, H, W) uint8 codes: (*crop_size) uint8; no code is mixed with another."""
        from reportgen.inputs.images.cropping import cropped_mask

        return cropped_mask(self, mask)

    def normalised(self, crops: "torch.Tensor") -> "torch.Tensor":
        """`crops` (N, 3, h, w) uint8 as the model's input (N, channels, h, w) float32, on the device of `crops`.

        The crops of a model of grey pictures hold the same in all three channels.
        """
        from reportgen.inputs.images.cropping import normalised

        return normalised(self, crops)


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


def _with_older(stored: object) -> object:
    return {**_OLDER, **stored} if isinstance(stored, dict) else stored


StoredPreprocessing = Annotated[Preprocessing, Checked(_with_older, "before")]  # as a run of any version stored it
