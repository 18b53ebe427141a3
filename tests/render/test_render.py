"""Documents: whole, self-contained, readable, and a failure when they are not."""

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from pypdf import PdfReader

from reportgen.compose.report import RunStamp, compose
from reportgen.compose.thrift import LADDER
from reportgen.errors import RenderingError
from reportgen.explain.focus import Focus
from reportgen.explain.run_focus import FocusRow
from reportgen.inputs.history import History
from reportgen.inputs.notes import read_notes
from reportgen.render import filters
from reportgen.render.html import html
from reportgen.render.pdf import PdfLimits, pdf
from reportgen.render.rendered import render
from tests.synthetic import attributions_of, findings_of, past_run_of, predictions_of

STAMP = RunStamp(run_id="r1", created_at="2026-11-23T08:00:00+00:00", language="en", timing={"evaluate": 1.0})


def report_of(counts, **options):
    findings = findings_of(counts, **options)
    return compose(findings, attributions_of(findings), notes=read_notes(), stamp=STAMP)


def confused(n_classes, size=20):
    counts = np.diag(np.full(n_classes, size))
    counts[0, 1], counts[1, 0] = 7, 4
    return counts


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.767, "76.7 %"), (1.0, "100.0 %"), (0.99999, "> 99.9 %"), (0.0001, "< 0.1 %"), (0.0, "0.0 %"), (None, "n/a")],
)
def test_percentages_never_round_to_certainty(value, expected):
    assert filters.percent(value).replace("\u00a0", " ") == expected


def test_other_filters():
    assert filters.listed(["A", "B", "C"]) == "A, B and C"
    assert filters.count(1, "class", "classes") == "1 class"
    assert filters.count(1200, "image") == "1,200 images"
    assert filters.day("2026-11-23T08:05:00+00:00") == "23 November 2026, 08:05 UTC"
    assert filters.interval((0.7166, 0.8111)) == "71.7 to 81.1\u00a0%"
    assert [filters.seconds(s) for s in (0.44, 63, 125)] == ["0.4 s", "63 s", "2 min 05 s"]
    assert filters.evidence(0.26414) == "0.264"


def test_html_needs_nothing_from_outside_and_every_picture_has_a_text():
    page = html(report_of(confused(4), species=("cat", "cat", "dog", "dog")), "screen")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "<script" not in page
    assert "url(" not in page
    images = re.findall(r"<img [^>]*>", page)
    assert images
    assert all(re.search(r'alt="[^"]+"', image) for image in images)
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page))


def test_html_says_in_words_that_a_map_is_empty():
    assert "no positive evidence" in html(report_of(confused(4)), "screen")


def test_html_marks_what_cannot_be_trusted_and_says_what_was_not_drawn():
    page = html(report_of(confused(4)), "screen")
    assert page.count("✗ fails the randomisation test") == page.count("SmoothGrad: <b>")
    assert page.count("✗ no better than random") > 0
    assert "stays alike: FAILS" in page
    assert re.search(r"<b>DeepLIFT</b>: the model has activations for which the method has no rule \(GELU\)", page)


def test_the_panel_of_an_error_reads_as_a_sentence():
    """By the construction of the attributions: hottest at the lower right, 60 % on 30 % of the picture, peak off it."""
    names = ["Bengal", "Egyptian_Mau", "boxer"]
    page = html(report_of(confused(3), classes=names, species=("cat", "cat", "dog")), "screen")
    panel = re.search(r'<article class="panel".*?called.*?</article>', page, flags=re.DOTALL).group()
    text = " ".join(re.sub(r"<[^>]+>", "", panel).replace("\u00a0", " ").split())
    assert "Bengal called Egyptian Mau with" in text
    assert (
        "The evidence for Egyptian Mau peaks at the lower right, 60 % of it on the animal, which fills 30 % of the "
        "picture (the hottest spot is background); for Bengal there is none." in text
    )
    assert "uncovered in" in text
    assert "To tell them apart: Bengal: large two-toned rosettes" in text


@pytest.mark.parametrize(
    ("counts", "masks", "told"),
    [
        (np.array([[20, 7], [0, 20]]), True, "The difference is within noise"),
        (np.array([[20, 7], [0, 20]]), False, "was not measured"),
        (np.diag([20, 20]), True, "cannot be told here"),
    ],
)
def test_the_background_verdict_is_not_more_than_the_figures_bear(counts, masks, told):
    findings = findings_of(counts)
    attributions = attributions_of(findings, masks=masks)
    assert told in html(compose(findings, attributions, notes=read_notes(), stamp=STAMP), "screen")


@pytest.mark.parametrize(
    ("thrift", "told"),
    [
        (LADDER[0], "pictures at JPEG quality 45"),
        (LADDER[1], "fewer panels, pictures at JPEG quality 45"),
        (LADDER[2], "the summary pages alone"),
    ],
)
def test_a_report_made_small_for_mail_says_on_page_one_what_was_left_out(thrift, told):
    page = html(replace(report_of(confused(3)), thrift=thrift), "print")
    assert f"Shortened for mail: {told}" in page.split("<main>")[0]


@pytest.mark.parametrize(
    ("off_errors", "off_hits", "told"),
    [(60, 5, "errors rest on the background more often"), (5, 60, "less often than correct answers")],
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


def test_numbers_of_the_maps():
    assert filters.difference((-0.016, 0.168)) == "\u22122 to +17 points"
    assert filters.score(0.714) == "0.71"
    assert filters.times(2.345) == "2.3\u00a0\u00d7"
    assert [filters.correlation(value) for value in (1.0, 0.997, -0.304, -0.001)] == [
        "1.00",
        "0.99",
        "\u22120.30",
        "0.00",
    ]


def test_names_cannot_smuggle_markup_in():
    page = html(report_of(confused(2), classes=["<script>alert(1)</script>", "b&b"], notice="<b>x</b>"), "screen")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>x</b>" not in page


@pytest.mark.parametrize(
    ("counts", "options"),
    [
        (np.array([[0, 1], [0, 0]]), {}),  # one image, wrong
        (np.diag([5, 5, 5]), {}),  # no error
        (np.roll(np.diag(np.full(6, 5)), 1, axis=1), {"species": ("a", "b", "a", "b", "a", "b")}),  # every image wrong
        (confused(3), {"unreadable": 2}),
        (np.array([[4]]), {}),  # one class
        (confused(120), {}),
        (
            confused(37),
            {"classes": [f"a_breed_with_a_very_long_name_that_goes_on_and_on_and_on_{k:02d}" for k in range(37)]},
        ),
        (  # nowhere to break a line
            confused(3),
            {"classes": [f"{'Breed' * 11}Name{k}" for k in range(3)], "species": ("a", "a", "b"), "stem": "x" * 120},
        ),
    ],
)
def test_every_shape_of_result_becomes_a_whole_pdf(counts, options):
    """With a model's name that has nowhere to break a line either."""
    report = report_of(counts, **options)
    predictions = report.findings.predictions
    model = replace(predictions.facts.model, name="M" * 60)
    named = replace(predictions, facts=replace(predictions.facts, model=model))
    report = replace(report, findings=replace(report.findings, predictions=named))
    rendered = render(report)
    assert rendered.audit == ()
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(rendered.files["report.pdf"])).pages)
    assert f"{int(counts.trace()):,} of {int(counts.sum()):,}" in text


def test_the_same_report_gives_the_same_bytes():
    findings = findings_of(confused(3), unreadable=2)
    names = ("summary", "pairs", "groups", "data")  # a table, a chart, panels, notes
    report = compose(findings, attributions_of(findings), notes=read_notes(), stamp=STAMP, section_names=names)
    assert render(report).files["report.pdf"] == render(report).files["report.pdf"]


@pytest.mark.parametrize(
    "names",
    [("summary",), ("groups",), ("summary", "matrix", "methods"), ("cross_species", "data"), ("changes", "gate")],
)
def test_a_report_of_some_sections_has_no_link_into_the_others(names):
    """WeasyPrint would say that the anchor is missing."""
    options = {"classes": [f"{'Breed' * 11}{k}" for k in range(4)], "species": ("cat", "dog", "cat", "dog")}
    predictions = predictions_of(confused(4), unreadable=1, **options)
    history = History(nights=(past_run_of(predictions, predictions.targets),))
    findings = findings_of(confused(4), history=history, unreadable=1, **options)
    report = compose(findings, attributions_of(findings), notes=read_notes(), stamp=STAMP, section_names=names)
    assert render(report).audit == ()


@pytest.fixture(scope="module")
def rendered():
    report = report_of(
        confused(37),
        species=("cat",) * 12 + ("dog",) * 25,
        classes=["Bengal", "Egyptian_Mau", *(f"c{k}" for k in range(35))],
        notice="Drawn data",
    )
    return render(report)


@pytest.fixture(scope="module")
def document(rendered):
    return PdfReader(io.BytesIO(rendered.files["report.pdf"]))


def test_pdf_carries_its_data(rendered, document):
    """The same bytes as beside it, and findings.json but for the time that the render took."""
    held = {name: content for name, (content,) in document.attachments.items()}
    within, beside = (json.loads(content) for content in (held.pop("findings.json"), rendered.files["findings.json"]))
    assert beside["timing"].pop("render") > 0
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
    assert document.metadata.title == "Error report: m on synthetic"
    titles = [item.title for item in document.outline if not isinstance(item, list)]
    assert {"Confused pairs", "Confused groups", "Confusion matrix", "Methods and provenance"} <= set(titles)
    n = len(document.pages)
    assert f"2 / {n}" in document.pages[1].extract_text()


def test_the_notice_is_on_every_page(document):
    assert all("Drawn data" in page.extract_text() for page in document.pages)


def test_pdf_fonts_are_embedded_and_japanese_is_text(document):
    text = "".join(page.extract_text() for page in document.pages)
    assert "ベンガル" in text
    for page in document.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            for part in font["/DescendantFonts"]:
                descriptor = part["/FontDescriptor"]
                assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor)


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
    assert found["gate"]["outcome"] == "pass"


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
