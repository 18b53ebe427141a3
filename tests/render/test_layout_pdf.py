"""Every shape of result as a PDF: whole, and nothing of its layout out of place.

Places are those of poppler (`pdftotext -bbox-layout`), which did not make the page: points from the upper left corner.
"""

import io
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader

from tests.shapes import SHAPES, pdf_of_shape

PAGES_EDGE_PT = 12  # 4 mm, which printers leave white
RUNNING_HEADS_PT = 37  # 13 mm, the least margin of print.css
XHTML = "{http://www.w3.org/1999/xhtml}"

pytestmark = pytest.mark.skipif(not shutil.which("pdftotext"), reason="NOT RUN: apt-get install poppler-utils")
every_shape = pytest.mark.parametrize("name", SHAPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def core(self):
        """The middle half of its height: a font's box is as high as its highest accent, and lines stand closer."""
        quarter = (self.bottom - self.top) / 4
        return self.left, self.top + quarter, self.right, self.bottom - quarter

    def covers(self, other):
        left, top, right, bottom = self.core()
        others_left, others_top, others_right, others_bottom = other.core()
        wide = min(right, others_right) - max(left, others_left)
        high = min(bottom, others_bottom) - max(top, others_top)
        return wide > 0.5 and high > 0.5


@cache
def pages_of(name):
    """(width, height, lines) of each page."""
    program = [shutil.which("pdftotext"), "-bbox-layout", "-", "-"]
    told = subprocess.run(program, input=pdf_of_shape(name).files["report.pdf"], capture_output=True, check=True)
    pages = ET.fromstring(re.sub(rb"<!DOCTYPE[^>]*>|[\x00-\x08]", b"", told.stdout)).iter(f"{XHTML}page")
    return [(float(page.get("width")), float(page.get("height")), lines_of(page)) for page in pages]


def lines_of(page):
    edges = {"left": "xMin", "top": "yMin", "right": "xMax", "bottom": "yMax"}
    return [
        Line(
            text=" ".join(word.text or "" for word in line.iter(f"{XHTML}word")),
            **{edge: float(line.get(key)) for edge, key in edges.items()},
        )
        for line in page.iter(f"{XHTML}line")
    ]


def body(page):
    """The lines that are no running heads."""
    _, height, lines = page
    return [line for line in lines if line.top > RUNNING_HEADS_PT - 2 and line.bottom < height - RUNNING_HEADS_PT + 8]


@cache
def document(name):
    return PdfReader(io.BytesIO(pdf_of_shape(name).files["report.pdf"]))


@every_shape
def test_the_document_is_whole(name):
    """The share of right answers, by the construction of the counts, is in it."""
    assert pdf_of_shape(name).audit == ()
    scores = SHAPES[name]().scores
    text = "".join(page.extract_text() for page in document(name).pages[:1])
    assert f"{scores.correct:,} of {scores.n:,}" in text


@every_shape
def test_no_line_is_off_the_page(name):
    for width, height, lines in pages_of(name):
        cores = [line.core() for line in lines]
        out = [core for core in cores if min(*core[:2], width - core[2], height - core[3]) < PAGES_EDGE_PT]
        assert out == []


@every_shape
def test_no_line_covers_another(name):
    for _, _, lines in pages_of(name):
        covered = [(a, b) for at, a in enumerate(lines) for b in lines[at + 1 :] if a.covers(b)]
        assert covered == []


@every_shape
def test_no_page_is_empty(name):
    assert [at for at, page in enumerate(pages_of(name), start=1) if not body(page)] == []


@every_shape
def test_no_heading_stands_at_the_foot_of_a_page(name):
    """The headings are the bookmarks, of both levels; more than the heading stands below its upper edge."""
    pages, reader = pages_of(name), document(name)
    for item in flat(reader.outline):
        page = pages[reader.get_destination_page_number(item)]
        top = page[1] - float(item.top)
        below = "".join(line.text for line in body(page) if line.bottom > top + 2)
        assert len(bare(below)) > len(bare(item.title)), item.title


def flat(outline):
    for item in outline:
        if isinstance(item, list):
            yield from flat(item)
        else:
            yield item


def bare(text):
    return re.sub(r"[\s\u200b]", "", text)


@every_shape
def test_nothing_is_set_below_6_pt_but_the_cells_of_the_matrix(name):
    """Sizes in the content stream are in CSS pixels of 0.75 pt. The matrix stands on a page of its own, 5 pt at least."""
    for page in document(name).pages:
        sizes = [0.75 * float(size) for size in re.findall(rb"/\w+ ([\d.]+) Tf", page.get_contents().get_data())]
        wide = page.mediabox.width > page.mediabox.height
        assert min(sizes) >= (5 if wide else 6) - 0.01
