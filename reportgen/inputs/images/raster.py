"""Bytes to Pillow's image: raster formats alone, and no more memory and time than a picture may take.

Pillow goes by content and knows 40 formats; one of them (PostScript) starts a program, some are decoded in Python, and
a few hundred bytes of most can ask for gigabytes. So formats are listed here, and what decoding would take is worked
out from the header and refused before any pixel is decoded.
"""

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from PIL import ExifTags, Image, ImageFile

from reportgen.errors import in_one_line
from reportgen.inputs.images import file_kinds as kinds
from reportgen.inputs.images.file_kinds import file_kind

MAX_PX = 178_956_970  # Pillow's own limit against decompression bombs
MAX_SIDE_PX = 2**20
MAX_DECODING_BYTES = 2**30  # for one picture; each decoding process has one at a time
MAX_SCANS = 500  # of a JPEG, where programs write about ten: each goes over all pixels
# Bytes a pixel while a picture of the format is decoded, measured with Pillow 13 (libjpeg-turbo, libwebp, libavif,
# OpenJPEG, libtiff), rounded up: what the library holds, and Pillow's image with 4. A format that is not here is not
# opened.
FORMATS: Mapping[str, int] = {
    **dict.fromkeys(("BMP", "DIB", "GIF", "ICO", "JPEG", "MPO", "PCX", "PNG", "PPM", "PSD", "TGA"), 4),
    **dict.fromkeys(("SGI", "TIFF"), 8),
    "AVIF": 12,
    "WEBP": 16,
    **dict.fromkeys(("ICNS", "JPEG2000"), 20),
    **dict.fromkeys(("DDS", "QOI"), 64),  # decoded in Python: for the time that it takes
}
# The starts of icons: they hold a PNG or JPEG 2000, whose own size their header need not tell, and are decoded as soon
# as they are opened.
_ICONS = (b"\0\0\1\0", b"icns")
_BYTES_A_PX_OF_SCANS = 12  # of a JPEG of several: libjpeg keeps the coefficients of the whole picture
_UPRIGHT = {  # EXIF orientation: what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TILE_SIDES = (322, 323)  # TIFF's tags TileWidth and TileLength
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")  # in coded pixels: no stuffed byte, no restart


class UnreadableImageError(Exception):
    """A file that cannot be used as an image; the text says why and what to do, for the list in the report."""


@contextmanager
def whole_files_only() -> Iterator[None]:
    """Pillow's switch for cut files is one for the whole process, and WeasyPrint turns it on when it is imported."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


@contextmanager
def errors_of_the_file(content: bytes) -> Iterator[None]:
    """Whatever a decoder raises (Pillow's raise struct.error, TypeError, OverflowError and more) is one bad file."""
    try:
        with whole_files_only(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd tags and of large pictures, whose size is looked at here
            yield
    except UnreadableImageError:
        raise
    except Exception as error:
        raise UnreadableImageError(_cause(error, content[: kinds.N_BYTES])) from error


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


def header(content: bytes) -> Image.Image:
    """The picture before its pixels, which `decoded` or `load` bring. Raises UnreadableImageError and what Pillow does.

    Refused are what is no raster format of the list, and what would take more than the bounds above.
    """
    if not content:
        raise UnreadableImageError(str(kinds.EMPTY))
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]
    with _within_pillows_limit(content):
        image: Image.Image = Image.open(io.BytesIO(content), formats=formats)
    n_px, n_bytes = image.width * image.height, _bytes_a_px(image, content)
    if n_px > MAX_PX or max(image.size) > MAX_SIDE_PX:
        raise Image.DecompressionBombError(
            f"{image.width} x {image.height} px, more than {MAX_PX:,} px or {MAX_SIDE_PX:,} px a side"
        )
    if n_px * n_bytes > MAX_DECODING_BYTES:
        raise Image.DecompressionBombError(
            f"{image.width} x {image.height} px of {image.format}, which take {n_px * n_bytes / 2**30:.1f} GB of"
            f" memory, more than {MAX_DECODING_BYTES / 2**30:.0f} GB"
        )
    return image


def _bytes_a_px(image: Image.Image, content: bytes) -> int:
    """While it is decoded. Raises DecompressionBombError for a TIFF of huge tiles and a JPEG of countless scans."""
    if image.format == "TIFF":
        tile = [int(image.tag_v2.get(side, 0)) for side in _TILE_SIDES]  # type: ignore[attr-defined]  # TiffImageFile
        if 4 * tile[0] * tile[1] > MAX_DECODING_BYTES // 4:
            raise Image.DecompressionBombError(f"tiles of {tile[0]} x {tile[1]} px")
    if image.format in ("JPEG", "MPO"):
        n_scans = _n_scans(content, image)
        if n_scans > MAX_SCANS:
            raise Image.DecompressionBombError(f"more than {MAX_SCANS} scans of all pixels")
        if n_scans > 1:
            return _BYTES_A_PX_OF_SCANS
    return FORMATS[str(image.format)]


def _n_scans(content: bytes, image: Image.Image) -> int:
    """Of a JPEG up to its end, at most MAX_SCANS + 1; previews in its segments are not looked at.

    1, without a look at the coded pixels, where the first scan has every component in full.
    """
    n_scans, at = 0, 2
    while n_scans <= MAX_SCANS and (found := _MARKER.search(content, at)) and found[1] != b"\xd9":
        if found[1] == b"\xda":
            n_scans += 1
            in_it = content[found.end() + 2 : found.end() + 3]
            if not image.info.get("progressive") and in_it == bytes([image.layers]):  # type: ignore[attr-defined]
                return 1
        at = found.end() + int.from_bytes(content[found.end() : found.end() + 2])
    return n_scans


def loaded(content: bytes, *, upright: bool) -> tuple[Image.Image, int]:
    """The picture with its pixels, and its orientation as the file gives it. Raises as `header`."""
    image = header(content)
    with _within_pillows_limit(content):
        image.load()
    orientation = orientation_of(image)
    return (image.transpose(_UPRIGHT[orientation]) if upright and orientation > 1 else image), orientation


@contextmanager
def _within_pillows_limit(content: bytes) -> Iterator[None]:
    """Pillow's limit is one for the whole process, and it refuses what has twice as many pixels."""
    most = MAX_DECODING_BYTES // FORMATS["JPEG2000"] if content.startswith(_ICONS) else MAX_PX
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, most // 2
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def orientation_of(image: Image.Image) -> int:
    """1 where there is no tag, or none that can be read: the picture itself may still be whole."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  # struct.error, TypeError, AttributeError, SyntaxError and more
        return 1
    return value if type(value) is int and value in _UPRIGHT else 1


def size_of(content: bytes, *, upright: bool) -> tuple[int, int]:
    """(h, w) as `loaded` would have it; of TIFF only the whole file tells (Pillow turns it). Raises as `header`."""
    image = header(content)
    if image.format == "TIFF":
        image.load()
    turned = upright and orientation_of(image) >= 5
    return (image.width, image.height) if turned else (image.height, image.width)
