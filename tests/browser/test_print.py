"""The page as Chromium prints it, beside the PDF that WeasyPrint makes of the same report: two renderings of one style.

Both are turned to pixels by poppler and compared by where the ink lies, coarsely: letters differ, places do not.
"""

import io
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from reportgen.compose.report import compose
from reportgen.inputs.notes import read_notes
from reportgen.render.html.page import html
from reportgen.render.rendered import render
from tests.shapes import SHAPES, report_of_shape
from tests.synthetic import attributions_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("pdftoppm"), reason="NOT RUN: apt-get install poppler-utils"),
]
SHAPE = "3 classes"
ALIKE = 0.9  # correlation of the ink: 0.97 and 0.96 for the pages below; 0.36 for one page and the other


@pytest.fixture(scope="module")
def report():
    """Of methods that no randomisation test failed: the PDF leaves the maps of such a method out, the screen does not."""
    findings = SHAPES[SHAPE]()
    explained = attributions_of(findings)
    good = tuple(
        replace(one, correlation={"head": 0.0, "upper_half": 0.0, "all": 0.0}) for one in explained.randomization_tests
    )
    stamp = report_of_shape(SHAPE, "en", "ja").stamp
    return compose(findings, replace(explained, randomization_tests=good), notes=read_notes(), stamp=stamp)


@pytest.fixture(scope="module")
def ours(report):
    return render(report, formats=("pdf",)).files["report.pdf"]


@pytest.fixture
def chromiums(report, opened, tmp_path):
    """Printed from a dark screen with the script at work."""
    path = tmp_path / "report.html"
    path.write_text(html(report, "screen"))
    return opened(path, color_scheme="dark").pdf(prefer_css_page_size=True, outline=True, tagged=True)


def ink(document, page):
    """(12, 8): the darkness of each part of a page, 0 to 1. A finer grid would see where a line happens to break."""
    order = ["pdftoppm", "-r", "50", "-gray", "-f", str(page), "-l", str(page), "-png", "-", "-"]
    found = subprocess.run(order[:-1], input=document, capture_output=True, check=True).stdout
    small = Image.open(io.BytesIO(found)).convert("L").resize((8, 12), Image.Resampling.BOX)
    return 1 - np.asarray(small) / 255


def outline(document):
    return PdfReader(io.BytesIO(document)).outline


def bare(text):
    return re.sub(r"[\s\u200b]", "", text)


def flat(outline):
    for item in outline:
        yield from flat(item) if isinstance(item, list) else [item]


def test_the_ink_lies_in_the_same_places(ours, chromiums):
    for page in (1, 2):
        one, other = ink(ours, page), ink(chromiums, page)
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > ALIKE
        assert other.mean() == pytest.approx(one.mean(), rel=0.2)


def test_both_have_the_same_headings_and_no_control_is_printed(ours, chromiums):
    """Chromium bookmarks the title and the smallest headings too, and one that it moved to the next page twice."""
    there = [bare(item.title) for item in flat(outline(chromiums))]
    for item in flat(outline(ours)):
        assert any(title.startswith(bare(item.title)) for title in there), item.title
    sections = [bare(item.title) for item in outline(ours) if not isinstance(item, list)]
    assert len(sections) > 8
    assert [title for title in there if title in sections] == sections
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(chromiums)).pages)
    assert not [word for word in ("Dark", "Look closer", "Find in the table", "Show all") if word in text]
