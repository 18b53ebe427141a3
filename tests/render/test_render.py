"""Documents: whole, self-contained, readable, and a failure when they are not."""

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from pypdf import PdfReader

from reportgen.analyse.previous_runs import History
from reportgen.compose.report import compose
from reportgen.compose.size_reduction import SIZE_REDUCTIONS
from reportgen.errors import RenderingError
from reportgen.explain.checks.localisation import Focus
from reportgen.explain.checks.run_localisation import FocusRow
from reportgen.inputs.notes import read_notes
from reportgen.render.html.page import html
from reportgen.render.pdf.document import PdfLimits, pdf
from reportgen.render.rendered import render
from reportgen.runs.stamp import RunStamp
from tests.shapes import confused, pdf_of_shape
from tests.synthetic import attributions_of, findings_of, past_run_of, predictions_of

STAMP = RunStamp(run_id="r1", created_at="2026-11-23T08:00:00+00:00", languages=("en",), timing={"evaluate": 1.0})


def report_of(counts, **options):
    findings = findings_of(counts, **options)
    return compose(findings, attributions_of(findings), notes=read_notes(), stamp=STAMP)


def test_html_needs_nothing_from_outside_and_every_picture_has_a_text():
    page = html(report_of(confused(4), species=("cat", "cat", "dog", "dog")), "screen")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert page.count("<script") == 1  # our own, inline
    assert "url(" not in page
    images = re.findall(r"<img [^>]*>", page)
    assert images
    assert all(re.search(r'alt="[^"]+"', image) for image in images)
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page))


@pytest.mark.parametrize("medium", ["screen", "print"])
def test_no_blank_stands_before_the_end_of_a_paragraph(medium):
    """WeasyPrint 70 breaks a line that just fits after its first word ("The") where a blank follows the text."""
    page = html(report_of(confused(4), species=("cat", "cat", "dog", "dog")), medium)
    assert re.search(r"\S</p>", page)
    assert not re.findall(r"\s</(?:p|li|dd|dt|td|th|h[1-6]|figcaption)>", page)


def test_html_says_in_words_that_a_map_is_empty():
    assert "no positive evidence" in html(report_of(confused(4)), "screen")


def test_html_marks_what_cannot_be_trusted_and_says_what_was_not_drawn():
    page = html(report_of(confused(4)), "screen")
    assert page.count(">✗ fails the randomisation test") == page.count("SmoothGrad: <b>")
    assert page.count(">? not distinguishable from random") > 0
    assert "unchanged: fail" in page
    assert re.search(r"<b>DeepLIFT</b>: the model has activations for which the method has no rule \(GELU\)", page)


def test_the_panel_of_an_error_reads_as_a_sentence():
    """By the construction of the attributions: hottest at the lower right, 60% on 30% of the picture, peak off it."""
    names = ["Bengal", "Egyptian_Mau", "boxer"]
    page = html(report_of(confused(3), classes=names, species=("cat", "cat", "dog")), "screen")
    panels = re.findall(r'<article class="panel".*?</article>', page, flags=re.DOTALL)
    panel = next(one for one in panels if "predicted as" in one and "Check passed" in one)
    text = " ".join(re.sub(r"<[^>]+>", "", panel).replace("\u00a0", " ").split())
    assert "Egyptian Mau predicted as Bengal (" in text
    assert (
        "The evidence for Bengal peaks at the lower right; 60% of it is on the animal, which fills 30% of the "
        "image. The peak is on the background. Check passed: revealed in map order, the image is recognised as "
        "Bengal sooner than in a random order. For Egyptian Mau there is no positive evidence." in text
    )


@pytest.mark.parametrize(
    ("counts", "masks", "told"),
    [
        (np.array([[20, 7], [0, 20]]), True, "includes 0: these images do not show"),
        (np.array([[20, 7], [0, 20]]), False, "was not measured"),
        (np.diag([20, 20]), True, "cannot be determined here"),
    ],
)
def test_the_background_verdict_is_not_more_than_the_figures_bear(counts, masks, told):
    findings = findings_of(counts)
    attributions = attributions_of(findings, masks=masks)
    assert told in html(compose(findings, attributions, notes=read_notes(), stamp=STAMP), "screen")


@pytest.mark.parametrize(
    ("reduction", "told"),
    [
        (SIZE_REDUCTIONS[0], "images at JPEG quality 45"),
        (SIZE_REDUCTIONS[1], "fewer panels, images at JPEG quality 45"),
        (SIZE_REDUCTIONS[2], "only the summary pages"),
    ],
)
def test_a_report_made_small_for_mail_says_on_page_one_what_was_left_out(reduction, told):
    page = html(replace(report_of(confused(3)), reduction=reduction), "print")
    assert f"Shortened for mail: {told}" in page.split("<main>")[0]


@pytest.mark.parametrize(
    ("off_errors", "off_hits", "told"),
    [
        (60, 5, "in errors the peak lies on the background more often"),
        (5, 60, "in correct predictions the peak lies on the background more often"),
    ],
)
def test_a_difference_beyond_noise_is_said(off_errors, off_hits, told):
    findings = findings_of(np.array([[100, 100], [0, 10]]))
    rows = [
        FocusRow(idx=idx, correct=right, focus=Focus(energy=0.5, area=0.5, hit=idx >= off))
        for right, off in ((False, off_errors), (True, off_hits))
        for idx in range(100)
    ]
    attributions = replace(attributions_of(findings), focus=tuple(rows))
    assert told in html(compose(findings, attributions, notes=read_notes(), stamp=STAMP), "screen")


def test_names_cannot_smuggle_markup_in():
    page = html(report_of(confused(2), classes=["<script>alert(1)</script>", "b&b"], notice="<b>x</b>"), "screen")
    assert page.count("<script") == 1  # our own
    assert "&lt;script&gt;" in page
    assert "<b>x</b>" not in page


@pytest.mark.parametrize(
    "names",
    [("summary",), ("groups",), ("summary", "matrix", "methods"), ("cross_species", "data"), ("changes", "gate")],
)
def test_a_report_of_some_sections_has_no_link_into_the_others(names):
    """WeasyPrint would say that the anchor is missing."""
    options = {"classes": [f"{'Breed' * 11}{k}" for k in range(4)], "species": ("cat", "dog", "cat", "dog")}
    predictions = predictions_of(confused(4), unreadable=1, **options)
    history = History(runs=(past_run_of(predictions, predictions.targets),))
    findings = findings_of(confused(4), history=history, unreadable=1, **options)
    report = compose(findings, attributions_of(findings), notes=read_notes(), stamp=STAMP, section_names=names)
    assert render(report).audit == ()


@pytest.fixture(scope="module")
def rendered():
    return pdf_of_shape("37 classes")


@pytest.fixture(scope="module")
def document(rendered):
    return PdfReader(io.BytesIO(rendered.files["report.pdf"]))


def test_pdf_carries_its_data(rendered, document):
    """The same bytes as beside it, and findings.json but for the times, which are never the same twice."""
    held = {name: content for name, (content,) in document.attachments.items()}
    within, beside = (json.loads(content) for content in (held.pop("findings.json"), rendered.files["findings.json"]))
    assert beside.pop("timing")["evaluate"] == 1.0
    assert within.pop("timing") == {}
    assert within == beside
    assert held == {name: content for name, content in rendered.files.items() if name.endswith(".csv")}
    assert held


def test_pdf_is_a4_tagged_titled_with_bookmarks_and_page_numbers(document):
    first = document.pages[0].mediabox
    assert (round(float(first.width)), round(float(first.height))) == (595, 842)
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en"
    assert document.metadata.title == f"Error report: {'M' * 60} on synthetic"
    titles = [item.title for item in document.outline if not isinstance(item, list)]
    assert {"Confused pairs", "Confused groups", "Confusion matrix", "Methods and provenance"} <= set(titles)
    n = len(document.pages)
    assert f"2 / {n}" in document.pages[1].extract_text()


def test_the_notice_is_on_every_page(document):
    assert all("Drawn data" in page.extract_text() for page in document.pages)


def test_the_matrix_is_one_landscape_page_with_every_number_at_5_pt_or_more(document):
    wide = [page for page in document.pages if page.mediabox.width > page.mediabox.height]
    assert len(wide) == 1
    sizes = []

    def visit(text, _cm, tm, _font, size):
        if text.strip().isdigit():
            sizes.append(abs(size * (tm[3] or tm[1])))

    wide[0].extract_text(visitor_text=visit)
    assert len(sizes) >= 37 + 2  # the diagonal and the two confusions
    assert min(sizes) * 0.75 >= 5 or min(sizes) >= 5


@pytest.mark.parametrize(
    ("n_paragraphs", "limits", "told"),
    [(20000, PdfLimits(time_s=1.0), "not done after 1 s"), (1, PdfLimits(memory_bytes=2**20), "memory")],
)
def test_a_render_over_its_limits_is_stopped(n_paragraphs, limits, told):
    with pytest.raises(RenderingError, match=told) as caught:
        pdf(f"<html><body>{'<p>text</p>' * n_paragraphs}</body></html>", {}, limits, created_at=STAMP.created_at)
    assert caught.value.exit_code == 5


def test_findings_json_is_the_contract():
    report = report_of(confused(37), species=("cat",) * 12 + ("dog",) * 25, unreadable=1)
    found = json.loads(render(report, formats=()).files["findings.json"])
    assert found["schema_version"] == 1
    assert list(found)[:4] == ["schema_version", "run_id", "created_at", "language"]
    keys = {
        "model": "name arch checkpoint_sha256 n_params target_layer",
        "data": "name split n_samples n_classes n_unreadable unreadable fingerprint",
        "scores": "n correct accuracy accuracy_ci balanced_accuracy macro_f1 top5_accuracy species_accuracy per_class",
        "confusion": "classes counts",
        "gate": "outcome rules",
    }
    for name, expected in keys.items():
        assert set(expected.split()) <= set(found[name]), name
    assert {"rank", "a", "b", "a_as_b", "b_as_a", "n_a", "n_b", "rate", "rate_ci", "impact"} <= set(found["pairs"][0])
    assert {"class", "species", "n", "correct", "precision", "recall", "f1"} == set(found["scores"]["per_class"][0])
    assert set(found["groups"][0]) == {"classes", "errors", "impact"}
    assert set(found["panels"][0]) == {"sample_id", "reason", "methods"}
    assert {"name", "class", "target_layer", "peak"} <= set(found["panels"][0]["methods"][0])
    assert found["comparison"] is None
    assert found["confusion"]["counts"][0][1] == 7  # rows true
    assert found["data"]["unreadable"] == [{"sample_id": "gone_0", "reason": "the file is empty (0 bytes)"}]
    assert found["gate"]["outcome"] == "not_judged"


def test_a_suspicious_class_order_is_never_a_pass():
    found = render(report_of(np.roll(np.diag(np.full(6, 10)), 1, axis=1)), formats=()).findings
    assert found["gate"]["outcome"] == "inconclusive"


def test_csv_tables_hold_everything():
    files = render(report_of(confused(120)), formats=()).files
    matrix = [line.split(",") for line in files["confusion.csv"].decode().splitlines()]
    assert len(matrix) == 121
    assert matrix[1][:4] == ["class_000", "20", "7", "0"]
    assert len(files["errors.csv"].decode().splitlines()) == 1 + 11
    assert len(files["classes.csv"].decode().splitlines()) == 121
    assert files["pairs.csv"].decode().splitlines()[1].startswith("1,class_000,class_001,7,4,27,24,")
