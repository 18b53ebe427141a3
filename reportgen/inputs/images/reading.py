"""Image files to the crop that the model sees.

Decoding goes by content, never by file name: Oxford's own release holds a GIF and an RGBA PNG called .jpg. Pillow
decodes; torchvision's decoders give the same pixels about 0.4 ms an image sooner, but are deprecated since torchvision
0.29 and read neither BMP nor TIFF. Resizing works on uint8 with torchvision, which is where the time is won.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision.transforms.v2 import functional as transforms

from reportgen.errors import in_one_line
from reportgen.inputs.images import file_kinds as kinds
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.raster import UnreadableImageError, errors_of_the_file, loaded, size_of
from reportgen.inputs.images.windows import MAX_COPIED_PX, in_strips
from reportgen.inputs.plain_files import NotPlainError, TooLargeError, read_regular

__all__ = [
    "DecodedImage",
    "UnreadableImageError",
    "blurred",
    "decoded",
    "file_content",
    "read_crop",
    "read_mask",
    "read_picture",
]
MAX_BYTES = 2**30  # of a file


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedImage:
    """What the model sees of a file: `crop` (3, h, w) uint8, the SHA-256 of its bytes, its EXIF orientation 1 to 8.

    orientation: 1 where the file has none, or one that means nothing.
    """

    crop: torch.Tensor
    sha256: str
    orientation: int


def decoded(content: bytes, *, upright: bool = False, grey: bool = False) -> torch.Tensor:
    """The picture in `content` as (3, H, W) uint8 RGB; `upright`: turned by its EXIF orientation.

    16-bit and 32-bit grey are scaled to 8 bits, palettes and CMYK converted, transparency laid over white, the first
    frame taken from an animation. `grey`: the luminance (ITU-R 601), three times over. Raises UnreadableImageError with
    the reason.
    """
    with errors_of_the_file(content):
        image, _ = loaded(content, upright=upright)
        return _tensor(_as_luminance(image) if grey else _as_rgb(image))


def _tensor(rgb: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(rgb)).permute(2, 0, 1)


def _as_luminance(image: Image.Image) -> Image.Image:
    return _as_rgb(image).convert("L").convert("RGB")


def _as_rgb(image: Image.Image) -> Image.Image:
    """A strip at a time, since the steps in between take several times the memory of what comes out."""
    if image.mode in ("RGB", "L", "P", "1") and "transparency" not in image.info:
        return image.convert("RGB")
    rgb = Image.new("RGB", image.size)
    top_value = _top_value(image)
    for top, strip in in_strips(image):
        rgb.paste(_strip_as_rgb(strip, top_value), (0, top))
    return rgb


def _top_value(image: Image.Image) -> float:
    """What is white in a picture of numbers (modes I, I;16, F): by its largest value, as nothing else tells."""
    if not image.mode.startswith(("I", "F")):
        return 255.0
    largest = float(image.getextrema()[1])  # type: ignore[arg-type]  # one band: (least, largest)
    sixteen_bits = image.mode.startswith("I;16") or largest > 255
    return 65535.0 if sixteen_bits else 1.0 if image.mode == "F" and largest <= 1 else 255.0


def _strip_as_rgb(image: Image.Image, top_value: float) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # Pillow's own conversion clips these at 255 instead of scaling
        values = np.asarray(image, dtype=np.float64)
        return Image.fromarray((values / top_value * 255).round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        ground = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, rgba).convert("RGB")
    return image.convert("RGB")


def read_picture(path: Path, preprocessing: Preprocessing) -> DecodedImage:
    """The model's view of a file. Raises UnreadableImageError, whatever is wrong with it."""
    content = file_content(path)
    grey = preprocessing.channels == 1
    with errors_of_the_file(content):
        image, orientation = loaded(content, upright=preprocessing.exif == "apply")
        if image.width * image.height > MAX_COPIED_PX:
            top_value = _top_value(image)

            def plain(strip: Image.Image) -> Image.Image:
                rgb = _strip_as_rgb(strip, top_value)
                return rgb.convert("L").convert("RGB") if grey else rgb

            crop = preprocessing.window(image, plain)
        else:
            crop = preprocessing.cropped(_tensor(_as_luminance(image) if grey else _as_rgb(image)))
    return DecodedImage(crop=crop, sha256=hashlib.sha256(content).hexdigest(), orientation=orientation)


def read_crop(path: Path, preprocessing: Preprocessing) -> tuple[torch.Tensor, str]:
    """The model's view of the file, (3, h, w) uint8, and the SHA-256 of its bytes. Raises UnreadableImageError."""
    picture = read_picture(path, preprocessing)
    return picture.crop, picture.sha256


def file_content(path: Path) -> bytes:
    """The bytes of a file; a pipe or a device, whose reading might never end, is none. Raises UnreadableImageError."""
    try:
        return read_regular(path, most_bytes=MAX_BYTES)
    except FileNotFoundError as error:
        raise UnreadableImageError(str(kinds.dangling(path) if path.is_symlink() else kinds.gone(path))) from error
    except PermissionError as error:
        raise UnreadableImageError(str(kinds.FORBIDDEN)) from error
    except TooLargeError as error:
        raise UnreadableImageError(kinds.TOO_LARGE.told(f"{error.n_bytes / 1e9:.1f} GB")) from error
    except NotPlainError as error:
        raise UnreadableImageError(str(kinds.NO_FILE)) from error
    except (OSError, ValueError, MemoryError) as error:  # ValueError: a NUL in the name
        raise UnreadableImageError(kinds.UNREAD.told(in_one_line(error))) from error


def read_mask(path: Path, image_path: Path, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """The model's view of the mask of `image_path`: (h, w) uint8 codes, see `Sample`. Raises UnreadableImageError.

    Outside a small picture, where the crop has no pixels, the code is 0. A mask of another size is not decoded.
    """
    content, picture = file_content(path), file_content(image_path)
    with errors_of_the_file(picture):
        size = size_of(picture, upright=preprocessing.exif == "apply")
    with errors_of_the_file(content):
        found = size_of(content, upright=False)
        if found != size:
            raise UnreadableImageError(f"mask of shape {found} for an image of {size[1]} x {size[0]} px")
        codes = np.array(loaded(content, upright=False)[0])
    if codes.ndim != 2 or codes.shape != size:
        raise UnreadableImageError(f"mask of shape {codes.shape} for an image of {size[1]} x {size[0]} px")
    if codes.dtype.kind not in "ui" or codes.min() < 1 or codes.max() > 3:
        raise UnreadableImageError(f"mask with the codes {np.unique(codes)[:6].tolist()} instead of 1, 2 and 3")
    return preprocessing.cropped_mask(torch.from_numpy(codes.astype(np.uint8, copy=False))[None]).numpy()


def blurred(pixels: torch.Tensor) -> torch.Tensor:
    """`pixels` (N, C, H, W) under a Gaussian of sigma 5 px on 11 x 11 px: where insertion curves start (RISE, 2018).

    The kernel is smaller where it would reach over more than the picture mirrored at its edge.
    """
    sides = [
        min(11, 2 * side - 1) for side in (pixels.shape[-1], pixels.shape[-2])
    ]  # torchvision wants the width first
    blurry: torch.Tensor = transforms.gaussian_blur(pixels, kernel_size=sides, sigma=[5.0, 5.0])
    return blurry
