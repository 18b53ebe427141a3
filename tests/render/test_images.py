"""The gallery of errors on the page: each error once, with its numbers, its picture and a text that says what it shows."""

import base64
import re
from html.parser import HTMLParser

import numpy as np

from reportgen.compose.report import compose
from reportgen.inputs.notes import read_notes
from reportgen.render.html.page import html
from reportgen.runs.stamp import RunStamp
from tests.pets import BREEDS, EXPECTED_CONFUSION
from tests.synthetic import attributions_of, findings_of

STAMP = RunStamp(run_id="r1", created_at="2026-11-23T08:00:00+00:00", languages=("en",), timing={})


class Elements(HTMLParser):
    """All start tags with their attributes, in order."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def of(self, tag, kind=None):
        """Those of a tag, or of a tag and a class, its first if it has several."""
        return [
            given for name, given in self.found if name == tag and kind in (None, given.get("class", "").split(" ")[0])
        ]


def report_of(findings, *, gone=(), sections=("images",)):
    thumbnails = {idx: f"jpeg {idx}".encode() for idx in findings.gallery.rows if idx not in gone}
    return compose(
        findings,
        attributions_of(findings),
        notes=read_notes(),
        stamp=STAMP,
        section_names=sections,
        thumbnails=thumbnails,
    )


def five_breeds():
    return findings_of(EXPECTED_CONFUSION, classes=BREEDS)


def test_every_error_is_one_figure_with_its_numbers_and_its_picture():
    """Logits 2, 1, 0, 0, 0: e^2 / (e^2 + e + 3) = 0.5637 and e / (e^2 + e + 3) = 0.2074."""
    found = Elements(html(report_of(five_breeds()), "screen"))
    figures, images = found.of("figure", "shot"), found.of("img")
    rows = five_breeds().gallery.rows
    assert [figure["id"] for figure in figures] == [f"shot-{idx}" for idx in rows]
    assert {(figure["data-confidence"], figure["data-prob-true"]) for figure in figures} == {("0.5637", "0.2074")}
    assert [(figure["data-true"], figure["data-pred"]) for figure in figures] == [("1", "2")] * 3 + [
        ("0", "3"),
        ("2", "1"),
    ]
    assert [base64.b64decode(image["src"].partition(",")[2]).decode() for image in images] == [
        f"jpeg {idx}" for idx in rows
    ]
    assert {(image["loading"], image["decoding"], image["width"]) for image in images} == {("lazy", "async", "112")}
    assert images[3]["alt"] == f"Image image_{rows[3]:05d}: true class Abyssinian, predicted Boxer"


def test_every_cell_of_the_gallery_has_its_anchor_and_its_heading():
    findings = five_breeds()
    page = html(report_of(findings), "screen")
    anchors = [given["id"] for given in Elements(page).of("section", "cell")]
    assert set(anchors) == {f"cell-{i}-{j}" for i, j in findings.gallery.places}
    assert anchors[0] == "cell-1-2"
    assert "<h3>Bengal predicted as Egyptian Mau, 3 images</h3>" in page
    assert "Every misclassified image as the model saw it: 5 images." in page


def test_beyond_the_limit_the_page_says_which_are_shown_and_where_all_are():
    page = html(report_of(findings_of(np.array([[20, 1500], [0, 20]]))), "screen")
    assert "misclassified 1,500 images. Shown are the 1,000 errors with the highest confidence" in page
    assert "errors.csv lists all" in page
    assert "1,000 of 1,500 images</h3>" in page
    assert page.count("<figure") == 1000
    assert len(page) < 25e6


def test_a_picture_that_is_gone_says_so_in_its_place():
    findings = five_breeds()
    page = html(report_of(findings, gone=findings.gallery.rows[:1]), "screen")
    assert len(Elements(page).of("img")) == 4
    assert len(Elements(page).of("figure", "shot")) == 5
    assert page.count("could no longer be read") == 1


def test_a_picture_leads_to_its_maps_where_they_are_on_the_page():
    findings = findings_of(np.array([[20, 1, 0], [0, 20, 0], [0, 0, 20]]))
    alone = Elements(html(report_of(findings), "screen"))
    both = Elements(html(report_of(findings, sections=("confident", "images")), "screen"))
    link = {"href": "#image-20"}
    assert link in both.of("a")
    assert link not in alone.of("a")
    assert "image-20" in [given.get("id") for given in both.of("article")]


def test_names_are_text_and_not_markup():
    findings = findings_of(EXPECTED_CONFUSION, classes=BREEDS, stem='<b>"x"')
    found = Elements(html(report_of(findings), "screen"))
    assert found.of("figure", "shot")[0]["data-name"].startswith('<b>"x"_')
    assert found.of("img")[0]["alt"].startswith('Image <b>"x"_')


def test_print_shows_none_of_it():
    assert not re.findall("shot-|thumb-|cell-", html(report_of(five_breeds()), "print"))
