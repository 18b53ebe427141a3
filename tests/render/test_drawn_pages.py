"""What a page draws without a chart, read back: the shades of the matrix, the little pictures, the trend of the index."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter

from reportgen.compose.report import compose
from reportgen.render.html.page import html
from reportgen.render.index_page import Entry, Verdict, index_page
from tests import known_run
from tests.archives import run_id_of, verdict_of
from tests.known_run import CLASSES, COUNTS, SIZES
from tests.pages import pictures, rows, section, words
from tests.synthetic import attributions_of, findings_of

ORDER = (2, 3, 0, 1, 4, 5)  # cats before dogs, the group with the most errors first


def test_the_matrix_has_every_count_at_its_place_in_the_shade_of_its_share():
    """Shade s from (s - 1) tenths of the row's images on, the darkest from 40% on."""
    (head, *body, foot) = rows(section(html(known_run.report(), "screen"), "matrix"))
    names = [CLASSES[k] for k in ORDER]
    assert [name.lower() for _, name in head[1:-1]] == [name.lower() for name in names]
    assert len(body) == 6
    for true, cells in zip(ORDER, body, strict=True):
        assert cells[0][1].lower() == CLASSES[true].lower()
        assert cells[-1][1] == str(SIZES[true])
        for pred, (attributes, text) in zip(ORDER, cells[1:-1], strict=True):
            count = COUNTS[true, pred]
            assert text == (str(count) if count else "")
            if not count:
                assert attributes == ""
                continue
            shade = min(5, 1 + int(10 * count / SIZES[true]))
            kind = "right" if true == pred else "wrong"
            assert re.search(rf'class="{kind} s{shade}"', attributes), (true, pred, attributes)
    assert [text for _, text in foot[1:]] == [str(COUNTS[:, k].sum()) for k in ORDER] + ["223"]


@pytest.mark.parametrize(
    ("wrong", "shade"), [(1, 1), (9, 1), (10, 2), (11, 2), (19, 2), (20, 3), (30, 4), (39, 4), (40, 5), (41, 5)]
)
def test_a_shade_begins_at_its_tenth(wrong, shade):
    """Of 100 images; at 10, 20, 30 and 40 the next shade begins."""
    findings = findings_of(np.array([[100 - wrong, wrong], [0, 100]]))
    report = compose(findings, attributions_of(findings), notes=known_run.report().notes, stamp=known_run.STAMP)
    (_, first, *_) = rows(section(html(report, "screen"), "matrix"))
    assert f"wrong s{shade}" in first[2][0]


def test_the_little_pictures_of_the_errors_are_those_of_their_images():
    """Each a picture of its own grey, by the number of its row."""
    findings = known_run.findings()
    shown = {idx: _grey(idx) for idx in findings.gallery.rows}
    report = compose(
        findings, known_run.attributions(), notes=known_run.report().notes, stamp=known_run.STAMP, thumbnails=shown
    )
    markup = html(report, "screen").partition('id="images"')[2]
    markup = markup[: markup.index('id="evidence"')]
    found = pictures(markup)
    assert len(found) == 38
    names = [words(one).split()[0] for one in re.findall(r'class="name"[^>]*>(.*?)</', markup, re.DOTALL)]
    assert len(names) == 38
    for name, (_, content) in zip(names, found, strict=True):
        assert content == shown[int(name.removeprefix("image_"))]


def _grey(idx):
    file = io.BytesIO()
    Image.new("L", (8, 8), idx).save(file, "PNG")
    return file.getvalue()


NIGHTS = ((0, 0.71, (0.61, 0.79)), (1, 0.64, (0.6, 0.7)), (2, 0.83, (0.75, 0.9)))


@pytest.fixture(scope="module")
def plot():
    entries = [
        Entry(
            model="m",
            folder=f"m/{run_id_of(day)}",
            verdict=TypeAdapter(Verdict).validate_python(verdict_of(day, accuracy=accuracy, accuracy_ci=list(ends))),
            documents=("report.html",),
        )
        for day, accuracy, ends in NIGHTS
    ]
    page = index_page(tuple(entries), ())
    return re.search(r"<svg viewBox.*?</svg>", page, re.DOTALL)[0]


def test_the_trend_of_the_index_has_a_mark_for_each_run_where_the_grid_says(plot):
    """The scale is read from the lines of the grid and what is written beside them."""
    lines = [float(y) for y in re.findall(r'class="line" d="M[\d.]+ ([\d.]+)H', plot)]
    labels = [float(text) / 100 for text in re.findall(r'class="scale"[^>]*>([\d.]+)%<', plot)]
    assert len(lines) == len(labels) > 2
    slope, start = np.polyfit(lines, labels, 1)
    assert np.polyval((slope, start), lines) == pytest.approx(labels, abs=1e-4)
    marks = re.findall(
        r'<title>([^<]*)</title>\s*<path class="whisker" d="M([\d.]+) ([\d.]+)V([\d.]+)"/>(.*?)</g>', plot
    )
    assert len(marks) == len(NIGHTS)
    places = []
    for (title, x, low, high, sign), (day, accuracy, ends) in zip(marks, NIGHTS, strict=True):
        assert title.startswith(f"2026-11-0{day + 1}")
        assert f"{100 * accuracy:.1f}%" in words(title)
        cx, cy = re.search(r'cx="([\d.]+)" cy="([\d.]+)"', sign).groups()
        assert cx == x
        assert start + slope * float(cy) == pytest.approx(accuracy, abs=0.0006)  # the places have one digit
        assert [start + slope * float(end) for end in (low, high)] == pytest.approx(ends, abs=0.0006)
        places.append(float(x))
    assert places == sorted(places)
    days = [(float(x), text) for x, text in re.findall(r'class="day" x="([\d.]+)"[^>]*>([^<]+)<', plot)]
    assert days == [(x, f"2026-11-0{day + 1}") for x, (day, _, _) in zip(places, NIGHTS, strict=True)]


def test_a_run_alone_has_no_trend_on_page_one_and_two_have():
    report = known_run.report()
    assert "trend.svg" in report.assets
    alone = replace(report.findings, comparison=None)
    first = compose(alone, known_run.attributions(), notes=report.notes, stamp=known_run.STAMP)
    assert "trend.svg" not in first.assets
