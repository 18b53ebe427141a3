"""Leaving things out where a report must be small, in a stated order."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from reportgen.analyse.examples import ExampleRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrift:
    """One rung. jpeg_quality: of the pictures, None for theirs; kind: what is left out, a key for the templates."""

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
LADDER: tuple[Thrift, ...] = (
    Thrift(kind="pictures", jpeg_quality=45),
    Thrift(kind="panels", jpeg_quality=45, rule=_FEW),
    Thrift(kind="pages", jpeg_quality=45, rule=_FEW, sections=("summary", "gate")),
)


def lighter(assets: Mapping[str, bytes], quality: int) -> dict[str, bytes]:
    """The same pictures with every JPEG encoded anew at `quality` (1 to 95)."""
    return {name: _encoded(content, quality) if name.endswith(".jpg") else content for name, content in assets.items()}


def _encoded(content: bytes, quality: int) -> bytes:
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        picture.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()
