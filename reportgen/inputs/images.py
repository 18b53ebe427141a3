"""Image files to the crop that the model sees.

Decoding goes by content, never by file name: Oxford's own release holds a GIF and an RGBA PNG called .jpg. Pillow
decodes; torchvision's decoders give the same pixels about 0.4 ms an image sooner, but are deprecated since torchvision
0.29 and read neither BMP nor TIFF. Resizing works on uint8 with torchvision, which is where the time is won.
"""

import hashlib
import io
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile
from torchvision.transforms.v2 import functional as transforms

from reportgen.errors import in_one_line
from reportgen.inputs import file_kinds as kinds
from reportgen.inputs.file_kinds import file_kind
from reportgen.inputs.preprocessing import Preprocessing
from reportgen.inputs.windows import MAX_COPIED_PX

MAX_BYTES = 2**30
MAX_PX = 178_956_970  # Pillow's own limit against decompression bombs: 0.5 GB in RGB
_UPRIGHT = {  # EXIF orientation: what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UnreadableImageError(Exception):
    """A file that cannot be used as an image; the text says why and what to do, for the list in the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the model sees of a file: `crop` (3, h, w) uint8, the SHA-256 of its bytes, its EXIF orientation 1 to 8.

    orientation: 1 where the file has none, or one that means nothing.
    """

    crop: torch.Tensor
    sha256: str
    orientation: int


@contextmanager
def whole_files_only() -> Iterator[None]:
    """Pillow's switch for cut files is one for the whole process, and WeasyPrint turns it on when it is imported."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


@contextmanager
def _errors_of_the_file(head: bytes) -> Iterator[None]:
    """Whatever a decoder raises (Pillow's raise struct.error, TypeError, OverflowError and more) is one bad file."""
    try:
        with whole_files_only(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd tags and of large pictures, whose size is looked at here
            yield
    except UnreadableImageError:
        raise
    except Exception as error:
        raise UnreadableImageError(_cause(error, head)) from error


def _cause(error: Exception, head: bytes) -> str:
    known, words = file_kind(head), in_one_line(error)
    if isinstance(error, Image.DecompressionBombError | MemoryError):
        return kinds.TOO_LARGE.told(words)
    if known is None:
        return kinds.UNKNOWN.told(f"the first bytes are {head[:8].hex(' ')}")
    if not known.is_picture:
        return str(known)
    is_cut = isinstance(error, EOFError) or "truncat" in words.lower()
    return (kinds.CUT if is_cut else known).told(words)


def decoded(content: bytes, *, upright: bool = False, grey: bool = False) -> torch.Tensor:
    """The picture in `content` as (3, H, W) uint8 RGB; `upright`: turned by its EXIF orientation.

    16-bit and 32-bit grey are scaled to 8 bits, palettes and CMYK converted, transparency laid over white, the first
    frame taken from an animation. `grey`: the luminance (ITU-R 601), three times over. Raises UnreadableImageError with
    the reason.
    """
    with _errors_of_the_file(content[: kinds.N_BYTES]):
        image, _ = _opened(content, upright=upright)
        return _tensor(_as_luminance(image) if grey else _as_rgb(image))


def _opened(content: bytes, *, upright: bool) -> tuple[Image.Image, int]:
    """The picture with its pixels, and its orientation as the file gives it."""
    head = content[: kinds.N_BYTES]
    if not content or head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):  # PostScript: Pillow would run a program on it
        raise UnreadableImageError(str(file_kind(head)))
    image: Image.Image = Image.open(io.BytesIO(content))
    if image.width * image.height > MAX_PX:
        raise Image.DecompressionBombError(f"{image.width} x {image.height} px")
    image.load()
    orientation = _orientation(image)
    return (image.transpose(_UPRIGHT[orientation]) if upright and orientation > 1 else image), orientation


def _orientation(image: Image.Image) -> int:
    """1 where there is no tag, or none that can be read: the picture itself may still be whole."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  # struct.error, TypeError, AttributeError, SyntaxError and more
        return 1
    return value if type(value) is int and value in _UPRIGHT else 1


def _tensor(rgb: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(rgb)).permute(2, 0, 1)


def _as_luminance(image: Image.Image) -> Image.Image:
    return _as_rgb(image).convert("L").convert("RGB")


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


def read_picture(path: Path, preprocessing: Preprocessing) -> Picture:
    """The model's view of a file. Raises UnreadableImageError, whatever is wrong with it."""
    content = _content(path)
    grey = preprocessing.channels == 1
    with _errors_of_the_file(content[: kinds.N_BYTES]):
        image, orientation = _opened(content, upright=preprocessing.exif == "apply")
        if image.width * image.height > MAX_COPIED_PX:
            plain = image if image.mode == "L" else _as_rgb(image)
            crop = preprocessing.window(plain.convert("L") if grey else plain)
        else:
            crop = preprocessing.cropped(_tensor(_as_luminance(image) if grey else _as_rgb(image)))
    return Picture(crop=crop, sha256=hashlib.sha256(content).hexdigest(), orientation=orientation)


def read_crop(path: Path, preprocessing: Preprocessing) -> tuple[torch.Tensor, str]:
    """The model's view of the file, (3, h, w) uint8, and the SHA-256 of its bytes. Raises UnreadableImageError."""
    picture = read_picture(path, preprocessing)
    return picture.crop, picture.sha256


def _content(path: Path) -> bytes:
    """The bytes of a file; a pipe or a device, whose reading might never end, is none."""
    try:
        facts = path.stat()
        if stat.S_ISREG(facts.st_mode) and facts.st_size <= MAX_BYTES:
            return path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableImageError(str(kinds.dangling(path) if path.is_symlink() else kinds.gone(path))) from error
    except PermissionError as error:
        raise UnreadableImageError(str(kinds.FORBIDDEN)) from error
    except (OSError, ValueError, MemoryError) as error:  # ValueError: a NUL in the name
        raise UnreadableImageError(kinds.UNREAD.told(in_one_line(error))) from error
    if stat.S_ISREG(facts.st_mode):
        raise UnreadableImageError(kinds.TOO_LARGE.told(f"{facts.st_size / 1e9:.1f} GB"))
    raise UnreadableImageError(str(kinds.NO_FILE))


def read_mask(path: Path, image_path: Path, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """The model's view of the mask of `image_path`: (h, w) uint8 codes, see `Sample`. Raises UnreadableImageError.

    Outside a small picture, where the crop has no pixels, the code is 0.
    """
    content, picture = _content(path), _content(image_path)
    with _errors_of_the_file(content[: kinds.N_BYTES]):
        codes = np.array(_opened(content, upright=False)[0])
    with _errors_of_the_file(picture[: kinds.N_BYTES]):
        size = _size(picture, upright=preprocessing.exif == "apply")
    if codes.ndim != 2 or codes.shape != size:
        raise UnreadableImageError(f"mask of shape {codes.shape} for a picture of {size[1]} x {size[0]} px")
    if codes.dtype.kind not in "ui" or codes.min() < 1 or codes.max() > 3:
        raise UnreadableImageError(f"mask with the codes {np.unique(codes)[:6].tolist()} instead of 1, 2 and 3")
    return preprocessing.cropped_mask(torch.from_numpy(codes.astype(np.uint8, copy=False))[None]).numpy()


def _size(content: bytes, *, upright: bool) -> tuple[int, int]:
    """(h, w) of a picture as the model's view of it begins; of TIFF only the whole file tells (Pillow turns it)."""
    with Image.open(io.BytesIO(content)) as image:
        if image.format == "TIFF":
            image.load()
        turned = upright and _orientation(image) >= 5
        return (image.width, image.height) if turned else (image.height, image.width)


def blurred(pixels: torch.Tensor) -> torch.Tensor:
    """`pixels` (N, C, H, W) under a Gaussian of sigma 5 px on 11 x 11 px: where insertion curves start (RISE, 2018).

    The kernel is smaller where it would reach over more than the picture mirrored at its edge.
    """
    sides = [
        min(11, 2 * side - 1) for side in (pixels.shape[-1], pixels.shape[-2])
    ]  # torchvision wants the width first
    blurry: torch.Tensor = transforms.gaussian_blur(pixels, kernel_size=sides, sigma=[5.0, 5.0])
    return blurry
