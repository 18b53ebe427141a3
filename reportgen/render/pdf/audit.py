"""What a PDF must hold to be whole, looked for in the bytes that were written and in the pages that were laid out.

WeasyPrint calls a PDF written that lacks a picture, shows boxes for letters or has a table cut off at the page's edge;
of the table it does not even say so.
"""

import io
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

_Area = tuple[float, float, float, float]  # left, top, right, bottom, in px
_Painted = tuple[tuple[Any, bytes], ...]  # (resources, content)

_TEXT_OPERATOR = re.compile(rb"/(\S+)\s+\S+\s+Tf\b|(\[[^\]]*\]|<[^<>]*>)\s*T[Jj]\b")
_HEX_STRING = re.compile(rb"<([^<>]*)>")
_GLYPH_OF_CODE = re.compile(rb"<([0-9a-f]{4})> (\d+)")
_FONT_FILES = {"/FontFile", "/FontFile2", "/FontFile3"}
_MM_PER_PX = 25.4 / 96
_TOLERANCE_PX = 1.0


def audit(content: bytes, *, n_pictures: int, attachments: Collection[str]) -> tuple[str, ...]:
    """What is wrong with a PDF, in words; empty when it is whole.

    Looked for: a page, `n_pictures` raster pictures (one shown twice counts once), a file for every font, a glyph for
    every letter of the composite fonts (WeasyPrint writes no others), tags, language, title, the attachments by name.
    """
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    painted = tuple(_painted(reader))
    found = sum(item["/Subtype"] == "/Image" for item in _distinct(painted, "/XObject"))
    bare = [font for font in _distinct(painted, "/Font") if not _is_embedded(font)]
    return (
        *(() if reader.pages else ("no page",)),
        *(() if found == n_pictures else (f"{found} images in the PDF, {n_pictures} expected",)),
        *(f"font {font['/BaseFont'][1:]} is not embedded" for font in bare),
        *(f"a letter without a glyph in font {name}" for name in _fonts_lacking_a_letter(painted)),
        *_missing_structure(reader),
        *(f"{name} is not attached" for name in sorted(set(attachments) - set(reader.attachments))),
    )


def overflows(document: Any) -> tuple[str, ...]:
    """What of a laid-out `weasyprint.Document` is cut off or in the margin: the page, the box, by how many mm.

    A table or picture may not reach out of the page's content area, text not out of the page. Of boxes inside each
    other only the outermost is named.
    """
    return tuple(
        f"page {number}: {kind} {' '.join(words.split())[:40]!r} reaches {outside_px * _MM_PER_PX:.1f} mm "
        f"{'off the page' if kind == 'text' else 'into the margin'}"
        for number, page in enumerate(document.pages, start=1)
        for kind, words, outside_px in _outside(page)
    )


def _outside(page: Any) -> Iterator[tuple[str, str, float]]:
    """The boxes of a page that leave their area: (kind, words, px).

    The one place that knows WeasyPrint's inside, for there is no public way to the boxes: `Page._page_box`, the box
    classes, positions in px from the page's upper left corner, and the matrix that a CSS transform leaves on its box.
    """
    from weasyprint.anchors import rectangle_aabb
    from weasyprint.formatting_structure import boxes

    kinds = {"text": boxes.TextBox, "picture": boxes.ReplacedBox, "table": boxes.TableBox}
    frame = page._page_box  # noqa: SLF001
    left, top = frame.content_box_x(), frame.content_box_y()
    paper = (0.0, 0.0, page.width, page.height)
    inner = (left, top, left + frame.width, top + frame.height)

    def visit(box: Any, area: _Area, matrix: Any) -> Iterator[tuple[str, str, float]]:
        box = getattr(box, "_box", box)  # what is positioned absolutely stands behind a placeholder
        if box.transformation_matrix:
            matrix = box.transformation_matrix @ matrix if matrix else box.transformation_matrix
        kind = next((name for name, types in kinds.items() if isinstance(box, types)), None)
        limit = paper if kind == "text" else area
        if kind and (outside_px := _beyond(limit, rectangle_aabb(matrix, *box.hit_area()))) > _TOLERANCE_PX:
            yield kind, _words(box, kind), outside_px
        else:
            for child in box.children:
                yield from visit(child, area, matrix)

    for child in frame.children:
        yield from visit(child, paper if isinstance(child, boxes.MarginBox) else inner, None)


def _words(box: Any, kind: str) -> str:
    """What a person finds the box by on the page; nothing for a picture that a style sheet puts into the margin."""
    if kind == "text":
        return str(box.text)
    if box.element is None:
        return ""
    return box.element.get("alt", "") if kind == "picture" else " ".join(box.element.itertext())


def _beyond(area: _Area, box: _Area) -> float:
    """How far `box` reaches out of `area` at its worst side; negative when it lies inside."""
    return max(area[0] - box[0], area[1] - box[1], box[2] - area[2], box[3] - area[3])


def _painted(reader: Any) -> Iterator[tuple[Any, bytes]]:
    """Every content stream after its resources: of each page, and once of each form and pattern that they use."""
    seen: set[int] = set()

    def inside(resources: Any) -> Iterator[tuple[Any, bytes]]:
        for stream in (*_entries(resources, "/XObject").values(), *_entries(resources, "/Pattern").values()):
            if "/Resources" in stream and id(stream) not in seen:
                seen.add(id(stream))
                yield stream["/Resources"], stream.get_data()
                yield from inside(stream["/Resources"])

    for page in reader.pages:
        contents = page.get_contents()
        yield page["/Resources"], b"" if contents is None else contents.get_data()
        yield from inside(page["/Resources"])


def _entries(resources: Any, kind: str) -> dict[str, Any]:
    """The objects of one kind, by the name that the content uses; pypdf gives the same object for a reference again."""
    group = resources[kind] if kind in resources else {}  # noqa: SIM401  # get() would not follow a reference
    return {name: group[name] for name in group}


def _distinct(painted: _Painted, kind: str) -> tuple[Any, ...]:
    """The objects of one kind in any resources, each once."""
    groups = {id(resources): resources for resources, _ in painted}.values()
    return tuple({id(item): item for group in groups for item in _entries(group, kind).values()}.values())


def _is_embedded(font: Any) -> bool:
    """Whether the glyphs are in the PDF; of a Type 3 font they are drawings."""
    carrier = font["/DescendantFonts"][0].get_object() if font["/Subtype"] == "/Type0" else font
    return font["/Subtype"] == "/Type3" or (
        "/FontDescriptor" in carrier and not _FONT_FILES.isdisjoint(carrier["/FontDescriptor"])
    )


def _fonts_lacking_a_letter(painted: _Painted) -> Iterator[str]:
    """Names of the composite fonts of which glyph 0, the box for a missing letter, is shown."""
    shown: dict[int, set[bytes]] = defaultdict(set)
    for resources, content in painted:
        fonts, current = _entries(resources, "/Font"), 0
        for operator in _TEXT_OPERATOR.finditer(content):
            if operator[1]:
                current = id(fonts[f"/{operator[1].decode()}"])
            else:
                for digits in _HEX_STRING.findall(operator[2]):
                    shown[current].update(digits[at : at + 4] for at in range(0, len(digits), 4))
    for font in _distinct(painted, "/Font"):
        if font["/Subtype"] == "/Type0" and _shows_glyph_0(font["/Encoding"], shown[id(font)]):
            yield font["/BaseFont"][1:]


def _shows_glyph_0(encoding: Any, codes: set[bytes]) -> bool:
    """WeasyPrint's codes are glyph numbers; a font that lacks a letter gets a map, from that letter's code to 0."""
    if encoding == "/Identity-H":
        return b"0000" in codes
    glyphs = dict(_GLYPH_OF_CODE.findall(encoding.get_data()))
    return any(glyphs.get(code, b"0") == b"0" for code in codes)


def _missing_structure(reader: Any) -> Iterator[str]:
    """What a screen reader needs and does not find."""
    root = reader.trailer["/Root"]
    if "/MarkInfo" not in root or not getattr(root["/MarkInfo"].get("/Marked"), "value", False):
        yield "not marked as tagged"
    if "/StructTreeRoot" not in root or not root["/StructTreeRoot"].get("/K"):
        yield "no tags"
    if not root.get("/Lang"):
        yield "no language"
    if not (reader.metadata and reader.metadata.title):
        yield "no title"
