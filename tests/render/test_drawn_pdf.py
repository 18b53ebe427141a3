"""The charts and pictures of the PDF, read back from what poppler finds drawn on its pages."""

import io
import re
import shutil
import subprocess
from itertools import permutations
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from reportgen.compose.panels import panels
from reportgen.render.rendered import render
from tests import known_run
from tests.drawn import Drawing

pytestmark = pytest.mark.skipif(not shutil.which("pdftocairo"), reason="NOT RUN: apt-get install poppler-utils")
CHARTS = {
    "pairs.svg": ("a-as-b", "b-as-a"),
    "recall.svg": ("interval", "recall"),
    "trend.svg": ("interval", "accuracy"),
}


@pytest.fixture(scope="module")
def document():
    return render(known_run.report(), formats=("pdf",)).files["report.pdf"]


@pytest.fixture(scope="module")
def pages(document):
    """By page: [(left, top, right, bottom)] in points of everything that is drawn and is no letter."""
    n = len(PdfReader(io.BytesIO(document)).pages)
    return [_boxes(document, page) for page in range(1, n + 1)]


def _boxes(document, page):
    order = ["pdftocairo", "-svg", "-f", str(page), "-l", str(page), "-", "-"]
    drawn = subprocess.run(order, input=document, capture_output=True, check=True).stdout
    root = ET.fromstring(drawn)
    letters = {id(part) for defs in root.iter("{http://www.w3.org/2000/svg}defs") for part in defs.iter()}
    found = []
    for path in root.iter("{http://www.w3.org/2000/svg}path"):
        corners = re.findall(r"-?\d+(?:\.\d+)?", path.get("d", ""))
        if id(path) in letters or len(corners) < 4:
            continue
        points = np.array(corners, dtype=float).reshape(-1, 2)
        a, b, c, d, e, f = (
            float(n) for n in re.findall(r"-?[\d.]+(?:e-?\d+)?", path.get("transform") or "1 0 0 1 0 0")
        )
        points = points @ np.array([[a, b], [c, d]]) + (e, f)
        found.append((*points.min(axis=0), *points.max(axis=0)))
    return np.array(found).reshape(-1, 4)


def middles(boxes):
    boxes = np.asarray(boxes)
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def is_drawn(page, marks):
    """Whether the page holds each of the marks, all moved and enlarged alike: by the middles and the widths."""
    if len(page) < len(marks):
        return False
    wanted, there = middles(marks), middles(page)
    ends = int(np.argmin(wanted.sum(axis=1))), int(np.argmax(wanted.sum(axis=1)))
    apart = wanted[ends[1]] - wanted[ends[0]]
    for first, last in permutations(range(len(page)), 2):
        way = there[last] - there[first]
        scale = np.linalg.norm(way) / np.linalg.norm(apart)
        if not 0.5 < scale < 2 or np.abs(way - scale * apart).max() > 0.2:
            continue
        moved = (wanted - wanted[ends[0]]) * scale + there[first]
        far = np.abs(moved[:, None] - there[None]).max(axis=2)
        widths = scale * (np.asarray(marks)[:, 2] - np.asarray(marks)[:, 0])
        wrong = np.abs(widths[:, None] - (page[:, 2] - page[:, 0])[None]) > 0.5
        if ((far + wrong * 99).min(axis=1) < 0.3).all():
            return True
    return False


def marks_of(name):
    """The boxes of a chart's marks; a dot is known by its middle alone and has no size in its box."""
    drawn = Drawing(known_run.report().assets[name])
    kinds = CHARTS[name] if name == "pairs.svg" else CHARTS[name][:1]
    return [drawn.box(one) for kind in kinds for one in drawn.numbered(kind)]


@pytest.mark.parametrize("name", CHARTS)
def test_each_chart_of_the_page_stands_in_the_pdf_with_all_of_its_marks(pages, name):
    marks = marks_of(name)
    assert sum(is_drawn(page, marks) for page in pages) == 1


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_with_one_mark_elsewhere_would_not_be_found(pages, name):
    marks = [list(mark) for mark in marks_of(name)]
    middle = len(marks) // 2
    marks[middle][0], marks[middle][2] = marks[middle][0] + 4, marks[middle][2] + 4
    assert not any(is_drawn(page, marks) for page in pages)


def test_the_pictures_of_the_pdf_are_those_of_the_report_but_for_methods_that_failed_the_test(document):
    """SmoothGrad fails the randomisation test in known_run: its maps are for the screen. Print is lossy, so by likeness.

    WeasyPrint names the pictures of the whole document on every page, so that the first page has all of them.
    """
    printed = np.array([_looks(image.image) for image in PdfReader(io.BytesIO(document)).pages[0].images])
    by_row, files = panels(known_run.findings(), known_run.attributions())
    tiles = [tile for panel in by_row.values() for tile in panel.tiles]
    likeness = {tile: (printed @ _looks(Image.open(io.BytesIO(files[tile.asset])))).max() for tile in tiles}
    for tile, found in likeness.items():
        assert found < 0.5 if tile.kind == "smooth_grad" else found > 0.95, tile.asset
    assert {tile.kind for tile in tiles} == {"crop", "grad_cam", "contrast", "smooth_grad"}


def _looks(image):
    """A vector of length 1 about 0, so that the product of two is their correlation."""
    values = np.asarray(image.convert("RGB").resize((64, 64)), dtype=float).ravel()
    values -= values.mean()
    return values / np.linalg.norm(values)
