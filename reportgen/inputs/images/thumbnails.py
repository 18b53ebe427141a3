"""Small pictures of what the model saw, for the page that shows every error."""

import io
from collections.abc import Mapping

import torch
from PIL import Image

from reportgen.inputs.images.reading import UnreadableImageError
from reportgen.inputs.run_inputs import RunInputs

SIDE_PX = 112
_JPEG_QUALITY = 80  # 3 to 4 KB for a photograph


def thumbnails(inputs: RunInputs, wanted: Mapping[int, tuple[str, str]]) -> Mapping[int, bytes]:
    """JPEG files by row, in the order of `wanted`, which holds by row the sample id and its file's SHA-256.

    A file that cannot be read any more, or holds other bytes, has no thumbnail.
    """
    samples = {sample.sample_id: sample for sample in inputs.samples}
    made: dict[int, bytes] = {}
    for idx, (sample_id, expected) in wanted.items():
        try:
            crop, sha256 = inputs.crop(samples[sample_id])
        except UnreadableImageError:
            continue
        if sha256 == expected:
            made[idx] = _jpeg(crop)
    return made


def _jpeg(crop: torch.Tensor) -> bytes:
    """`crop` (3, h, w) uint8 with its longest side at most SIDE_PX; a smaller one keeps its size. No metadata."""
    picture = Image.fromarray(crop.permute(1, 2, 0).numpy())
    picture.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return buffer.getvalue()


def is_thumbnail(content: bytes) -> bool:
    """Whether `content` is a JPEG file of at most SIDE_PX by its head; its pixels are not decoded."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as picture:
            return max(picture.size) <= SIDE_PX
    except (OSError, ValueError, SyntaxError):
        return False
