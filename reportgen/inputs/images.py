"""Image files to the crop that the model sees.

Decoding goes by content, never by file name: Oxford's own release holds a GIF and an RGBA PNG called .jpg. Pillow
decodes; torchvision's decoders give the same pixels about 0.4 ms an image sooner, but are deprecated since torchvision
0.29 and read neither BMP nor TIFF. Resizing works on uint8 with torchvision, which is where the time is won.
"""

import hashlib
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError
from torchvision.transforms.v2 import functional as transforms

from reportgen.errors import in_one_line
from reportgen.inputs.preprocessing import Preprocessing


class UnreadableImageError(Exception):
    """A file that cannot be used as an image; the text says why, for the list in the report."""


@contextmanager
def _whole_files_only() -> Iterator[None]:
    """Pillow's switch for cut files is one for the whole process, and WeasyPrint turns it on when it is imported."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def decoded(content: bytes, *, upright: bool = False, grey: bool = False) -> torch.Tensor:
    """The picture in `content` as (3, H, W) uint8 RGB; `upright`: turned by its EXIF orientation.

    16-bit and 32-bit grey are scaled to 8 bits, palettes and CMYK converted, transparency laid over white, the first
    frame taken from an animation. `grey`: the luminance (ITU-R 601), three times over. Raises UnreadableImageError with
    the reason.
    """
    if not content:
        raise UnreadableImageError("the file is empty (0 bytes)")
    try:
        with _whole_files_only(), Image.open(io.BytesIO(content)) as opened:
            opened.load()
            rgb = _as_rgb(ImageOps.exif_transpose(opened) if upright else opened)
            pixels = np.array(rgb.convert("L").convert("RGB") if grey else rgb)
    except UnidentifiedImageError as error:
        raise UnreadableImageError(f"not an image: the first bytes are {content[:8].hex(' ')}") from error
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise UnreadableImageError(in_one_line(error)) from error
    return torch.from_numpy(pixels).permute(2, 0, 1)


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith(("I", "F")):  # Pillow's own conversion clips these at 255 instead of scaling
        values = np.asarray(image, dtype=np.float64)
        sixteen_bits = image.mode.startswith("I;16") or values.max() > 255
        unit = image.mode == "F" and values.max() <= 1
        top = 65535.0 if sixteen_bits else 1.0 if unit else 255.0
        return Image.fromarray((values / top * 255).round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        ground = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, rgba).convert("RGB")
    return image.convert("RGB")


def read_crop(path: Path, preprocessing: Preprocessing) -> tuple[torch.Tensor, str]:
    """The model's view of the file, (3, h, w) uint8, and the SHA-256 of its bytes. Raises UnreadableImageError."""
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a named pipe is waited for, a device read without end
            raise UnreadableImageError("no regular file")
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableImageError(f"{type(error).__name__}: {error.strerror or error}") from error
    picture = decoded(content, upright=preprocessing.exif == "apply", grey=preprocessing.channels == 1)
    return preprocessing.cropped(picture), hashlib.sha256(content).hexdigest()


def read_mask(path: Path, image_path: Path, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """The model's view of the mask of `image_path`: (h, w) uint8 codes, see `Sample`. Raises UnreadableImageError.

    Outside a small picture, where the crop has no pixels, the code is 0.
    """
    try:
        with _whole_files_only(), Image.open(path) as opened, Image.open(image_path) as image:
            codes = np.array(opened)
            turned = preprocessing.exif == "apply" and image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
            size = image.size[::-1] if turned else image.size
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise UnreadableImageError(in_one_line(error)) from error
    if codes.ndim != 2 or codes.shape != (size[1], size[0]):
        raise UnreadableImageError(f"mask of shape {codes.shape} for a picture of {size[1]} x {size[0]} px")
    if not np.isin(codes, (1, 2, 3)).all():
        raise UnreadableImageError(f"mask with the codes {np.unique(codes)[:6].tolist()} instead of 1, 2 and 3")
    return preprocessing.cropped_mask(torch.from_numpy(codes.astype(np.uint8))[None]).numpy()


def blurred(pixels: torch.Tensor) -> torch.Tensor:
    """`pixels` (N, 3, H, W) under a Gaussian of sigma 5 px on 11 x 11 px: where insertion curves start (RISE, 2018)."""
    blurry: torch.Tensor = transforms.gaussian_blur(pixels, kernel_size=[11, 11], sigma=[5.0, 5.0])
    return blurry
