"""The logo of [theme], read and refused before device time is spent: pages and PDF take it as it is."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from PIL import Image, UnidentifiedImageError

from reportgen.compose.look import Logo
from reportgen.errors import ConfigError, in_one_line
from reportgen.inputs.images import whole_files_only

_LARGEST = 300_000  # bytes; it stands in every HTML report
_ENDINGS: dict[str | None, Literal["png", "jpg"]] = {"PNG": "png", "JPEG": "jpg"}
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = ("href", "{http://www.w3.org/1999/xlink}href")
_DEEPEST, _MOST_PIXELS, _MOST_DRAWN = 100, 40_000_000, 50_000  # shapes, each use of one counted
_FORBIDDEN = ("script", "foreignObject", "iframe", "object", "embed", "audio", "video", "animate", "set", "handler")
_LOCAL = re.compile(r"url\(\s*['\"]?#([^'\")\s]+)")
_ELSEWHERE = re.compile(r"url\(\s*['\"]?(?!#)|@import|image-set|expression\(|javascript:", re.IGNORECASE)


def read_logo(path: Path, alt: str) -> Logo:
    """The logo. Raises ConfigError for what is no PNG, JPEG or SVG, is too large, runs, fetches or never ends."""
    try:
        if not path.is_file():
            raise _refused(path, "no such file" if not path.exists() else "no file")
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise _refused(path, in_one_line(error)) from error
    if len(content) > _LARGEST:
        raise _refused(path, f"{path.stat().st_size:,} bytes")
    ending = _raster(path, content)
    if ending is None:
        _refuse_bad_svg(path, content)
    return Logo(content=content, ending=ending or "svg", alt=alt)


def _raster(path: Path, content: bytes) -> Literal["png", "jpg"] | None:
    """The kind by the content, whatever the file is called; None for what is no raster picture."""
    try:
        with whole_files_only(), Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise _refused(path, f"{picture.width:,} by {picture.height:,} pixels")
            picture.load()
            return _ENDINGS[picture.format]
    except UnidentifiedImageError:
        return None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _refused(path, in_one_line(error)) from error


def _refuse_bad_svg(path: Path, content: bytes) -> None:
    try:
        root = ET.fromstring(content)  # noqa: S314  # expat bounds what entities grow to, and fetches none
    except (ET.ParseError, ValueError, LookupError) as error:
        raise _refused(path, "no picture of these kinds") from error
    if root.tag != f"{_SVG}svg":
        raise _refused(path, "no picture of these kinds")
    elements = list(_walked(path, root))
    for element in elements:
        _refuse_active(path, element)
    named = {element.get("id", ""): element for element in elements if element.get("id")}
    try:
        _drawn(path, root, named, {})
    except RecursionError as error:
        raise _refused(path, "uses of uses of uses, hundreds deep") from error


def _walked(path: Path, root: ET.Element) -> Iterator[ET.Element]:
    """Every element, without recursion. Raises ConfigError where they nest too deeply for what draws them."""
    waiting = [(root, 0)]
    while waiting:
        element, depth = waiting.pop()
        if depth > _DEEPEST:
            raise _refused(path, f"elements nested more than {_DEEPEST} deep")
        yield element
        waiting += [(child, depth + 1) for child in element]


def _refuse_active(path: Path, element: ET.Element) -> None:
    """Raises ConfigError for what would run, or be fetched from elsewhere; pictures may stand inside as PNG or JPEG."""
    name = str(element.tag).rpartition("}")[2]
    if name in _FORBIDDEN or name.startswith("animate"):
        raise _refused(path, f"an element <{name}>")
    for key, value in element.attrib.items():
        if key.lower().startswith("on"):
            raise _refused(path, f"an attribute {key}")
        inside = value.startswith("#") or (name == "image" and re.match(r"data:image/(png|jpeg);base64,", value))
        if key in _HREF and name != "a" and not inside:
            raise _refused(path, f"a link to {value[:60]}")
        if key == "style" or key not in _HREF:
            _refuse_elsewhere(path, value)
    if name == "style":
        _refuse_elsewhere(path, "".join(element.itertext()))


def _refuse_elsewhere(path: Path, css: str) -> None:
    found = _ELSEWHERE.search(css)
    if found:
        raise _refused(path, f"{css[found.start() : found.start() + 40]!r}")


def _drawn(path: Path, element: ET.Element, named: dict[str, ET.Element], known: dict[int, int]) -> int:
    """How many shapes are drawn for the element, what it refers to included; `known` holds 0 while one is counted."""
    if id(element) in known:
        if not known[id(element)]:
            raise _refused(path, f"an element <{element.tag.rpartition('}')[2]}> that holds itself")
        return known[id(element)]
    known[id(element)] = 0
    texts = (*element.attrib.values(), element.text or "" if str(element.tag).endswith("}style") else "")
    targets = [element.get(key, "")[1:] for key in _HREF] + [name for text in texts for name in _LOCAL.findall(text)]
    parts = [*element, *(named[name] for name in targets if name in named)]
    total = 1 + sum(_drawn(path, part, named, known) for part in parts)
    if total > _MOST_DRAWN:
        raise _refused(path, f"more than {_MOST_DRAWN:,} shapes, each use of one counted")
    known[id(element)] = total
    return total


def _refused(path: Path, found: str) -> ConfigError:
    return ConfigError(
        f"[theme] logo {path}",
        found=found,
        expected=f"a PNG, JPEG or SVG of at most {_LARGEST:,} bytes, that runs nothing, fetches nothing and has an end",
        todo="correct logo, or save the picture plainer or smaller",
    )
