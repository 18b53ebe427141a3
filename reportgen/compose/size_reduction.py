"""Size reduction: what is left out, in a stated order, where the report must be small enough for a mail."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reportgen.analyse.examples import ExampleRule


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeReduction:
    """One step. jpeg_quality: of the pictures, 1 to 95; kind: what is left out, a key for the templates."""

    kind: Literal["pictures", "panels", "pages"]
    jpeg_quality: int
    rule: ExampleRule | None = None
    sections: tuple[str, ...] | None = None


_FEW = ExampleRule(
    n_groups=3,
    n_errors_per_direction=1,
    n_errors_per_group=2,
    n_correct_per_class=0,
    n_cross_species=6,
    n_newly_wrong=4,
    n_newly_right=0,
    n_confident=0,
)
SIZE_REDUCTIONS: tuple[SizeReduction, ...] = (
    SizeReduction(kind="pictures", jpeg_quality=45),
    SizeReduction(kind="panels", jpeg_quality=45, rule=_FEW),
    SizeReduction(kind="pages", jpeg_quality=45, rule=_FEW, sections=("summary", "gate")),
)


def recompressed(assets: Mapping[str, bytes], quality: int) -> dict[str, bytes]:
    """The same pictures with every JPEG encoded anew at `quality` (1 to 95)."""
    return {name: _encoded(content, quality) if name.endswith(".jpg") else content for name, content in assets.items()}


def _encoded(content: bytes, quality: int) -> bytes:
    from PIL import Image  # not for commands that only name a size reduction

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        picture.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()
