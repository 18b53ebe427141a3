"""The logo of [theme], refused before device time is spent unless it can stand in a page.

It is a picture that runs nothing, fetches nothing and has an end; pages and PDF take it as it is.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from reportgen.errors import ConfigError, in_one_line

LARGEST = 300_000  # bytes; it stands in every HTML report
_ENDINGS: dict[str | None, Literal["png", "jpg"]] = {"PNG": "png", "JPEG": "jpg"}
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = ("href", "{http://www.w3.org/1999/xlink}href")
_DEEPEST, _MOST_PIXELS, _MOST_DRAWN = 100, 40_000_000, 50_000  # shapes, each use of one counted
_FORBIDDEN = ("script", "foreignObject", "iframe", "object", "embed", "audio", "video", "animate", "set", "handler")
_LOCAL = re.compile(r"url\(\s*['\"]?#([^'\")\s]+)")
_ELSEWHERE = re.compile(r"url\(\s*['\"]?(?!#)|@import|image-set|expression\(|javascript:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture for the head of the page. alt: what it says to those who do not see it."""

    content: bytes
    ending: Literal["png", "jpg", "svg"]
    alt: str

    @property
    def asset(self) -> str:
        """Its file name among the pictures of the report."""
        return f"logo.{self.ending}"


def read_logo(path: Path, alt: str) -> Logo:
    """The logo. Raises ConfigError for what is no file, and what `logo_of` does."""
    thing = f"[theme] logo {path}"
    try:
        if not path.is_file():
            raise refused_logo(thing, "no such file" if not path.exists() else "no file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise refused_logo(thing, in_one_line(error)) from error
    if len(content) > LARGEST:
        raise refused_logo(thing, f"{path.stat().st_size:,} bytes")
    return logo_of(content, alt, thing)


def logo_of(content: bytes, alt: str, thing: str) -> Logo:
    """The logo. Raises ConfigError for what is no PNG, JPEG or SVG, is too large, runs, fetches or never ends.

    thing: what to call it in the error.
    """
    if len(content) > LARGEST:
        raise refused_logo(thing, f"{len(content):,} bytes")
    ending = _raster(thing, content)
    if ending is None:
        _refuse_bad_svg(thing, content)
    return Logo(content=content, ending=ending or "svg", alt=alt)


def _raster(thing: str, content: bytes) -> Literal["png", "jpg"] | None:
    """The kind by the content, whatever the file is called; None for what is no raster picture."""
    from PIL import Image, UnidentifiedImageError  # not for commands that only know what a logo is

    from reportgen.inputs.images.raster import whole_files_only

    try:
        with whole_files_only(), Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise refused_logo(thing, f"{picture.width:,} by {picture.height:,} pixels")
            picture.load()
            return _ENDINGS[picture.format]
    except UnidentifiedImageError:
        return None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise refused_logo(thing, in_one_line(error)) from error


def _refuse_bad_svg(thing: str, content: bytes) -> None:
    try:
        root = ET.fromstring(content)  # noqa: S314  # expat bounds what entities grow to, and fetches none
    except (ET.ParseError, ValueError, LookupError) as error:
        raise refused_logo(thing, "no image of these kinds") from error
    if root.tag != f"{_SVG}svg":
        raise refused_logo(thing, "no image of these kinds")
    elements = list(_walked(thing, root))
    for element in elements:
        _refuse_active(thing, element)
    named = {element.get("id", ""): element for element in elements if element.get("id")}
    try:
        _drawn(thing, root, named, {})
    except RecursionError as error:
        raise refused_logo(thing, "uses of uses of uses, hundreds deep") from error


def _walked(thing: str, root: ET.Element) -> Iterator[ET.Element]:
    """Every element, without recursion. Raises ConfigError where they nest too deeply for what draws them."""
    waiting = [(root, 0)]
    while waiting:
        element, depth = waiting.pop()
        if depth > _DEEPEST:
            raise refused_logo(thing, f"elements nested more than {_DEEPEST} deep")
        yield element
        waiting += [(child, depth + 1) for child in element]


def _refuse_active(thing: str, element: ET.Element) -> None:
    """Raises ConfigError for what would run, or be fetched from elsewhere; pictures may stand inside as PNG or JPEG."""
    name = str(element.tag).rpartition("}")[2]
    if name in _FORBIDDEN or name.startswith("animate"):
        raise refused_logo(thing, f"an element <{name}>")
    for key, value in element.attrib.items():
        if key.lower().startswith("on"):
            raise refused_logo(thing, f"an attribute {key}")
        inside = value.startswith("#") or (name == "image" and re.match(r"data:image/(png|jpeg);base64,", value))
        if key in _HREF and name != "a" and not inside:
            raise refused_logo(thing, f"a link to {value[:60]}")
        if key == "style" or key not in _HREF:
            _refuse_elsewhere(thing, value)
    if name == "style":
        _refuse_elsewhere(thing, "".join(element.itertext()))


def _refuse_elsewhere(thing: str, css: str) -> None:
    found = _ELSEWHERE.search(css)
    if found:
        raise refused_logo(thing, f"{css[found.start() : found.start() + 40]!r}")


def _drawn(thing: str, element: ET.Element, named: dict[str, ET.Element], known: dict[int, int]) -> int:
    """How many shapes are drawn for the element, what it refers to included; `known` holds 0 while one is counted."""
    if id(element) in known:
        if not known[id(element)]:
            raise refused_logo(thing, f"an element <{element.tag.rpartition('}')[2]}> that holds itself")
        return known[id(element)]
    known[id(element)] = 0
    texts = (*element.attrib.values(), element.text or "" if str(element.tag).endswith("}style") else "")
    targets = [element.get(key, "")[1:] for key in _HREF] + [name for text in texts for name in _LOCAL.findall(text)]
    parts = [*element, *(named[name] for name in targets if name in named)]
    total = 1 + sum(_drawn(thing, part, named, known) for part in parts)
    if total > _MOST_DRAWN:
        raise refused_logo(thing, f"more than {_MOST_DRAWN:,} shapes, each use of one counted")
    known[id(element)] = total
    return total


def refused_logo(thing: str, found: str) -> ConfigError:
    """The error that says what a logo may be."""
    return ConfigError(
        thing,
        found=found,
        expected=f"a PNG, JPEG or SVG of at most {LARGEST:,} bytes, that runs nothing, fetches nothing and has an end",
        todo="correct logo, or save the image plainer or smaller",
    )
