"""What the sections choose to show."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from reportgen.analyse.findings import analyse
from reportgen.analyse.gate_outcome import RuleResult
from reportgen.analyse.previous_runs import History
from reportgen.compose.report import compose
from reportgen.compose.sections.matrix import with_other
from reportgen.compose.sections.registry import SECTIONS
from reportgen.compose.size_reduction import SIZE_REDUCTIONS, recompressed
from reportgen.errors import ConfigError, RenderingError
from reportgen.inputs.notes import read_notes
from reportgen.runs.stamp import RunStamp
from tests.pets import BREEDS, EXPECTED_CONFUSION
from tests.synthetic import attributions_of, findings_of, past_run_of, predictions_of

STAMP = RunStamp(run_id="r1", created_at="2026-11-23T08:00:00+00:00", languages=("en",), timing={"evaluate": 1.0})


def composed(findings, **options):
    return compose(findings, attributions_of(findings), notes=read_notes(), stamp=STAMP, **options)


def section(report, name):
    return next(one for one in report.sections if one.id == name)


def test_other_keeps_every_image():
    counts = np.arange(25).reshape(5, 5)
    found = with_other(counts, (3, 1))
    assert found.sum() == counts.sum()
    assert found[0].tolist() == [counts[3, 3], counts[3, 1], counts[3, 0] + counts[3, 2] + counts[3, 4]]
    assert found[2, 2] == counts[np.ix_([0, 2, 4], [0, 2, 4])].sum()


@pytest.mark.parametrize("n_classes", [2, 3, 37, 120, 1000])
def test_the_matrix_shows_all_classes_or_the_confused_part_with_other(n_classes):
    counts = np.diag(np.full(n_classes, 20))
    counts[0, 1], counts[1, 0] = 7, 4
    shown = section(composed(findings_of(counts)), "matrix").data
    assert shown["whole"] == (n_classes <= 38)
    assert sum(row.n for row in shown["rows"]) == counts.sum()
    assert sum(cell.count for row in shown["rows"] for cell in row.cells) == counts.sum()
    assert {"class_000", "class_001"} <= set(shown["names"])
    assert shown["worked"] == {"true": "class_000", "pred": "class_001", "count": 7, "n": 27}


def test_classes_stand_by_species_and_group():
    counts = np.diag(np.full(6, 30))
    counts[1, 5], counts[5, 1] = 9, 9
    findings = findings_of(counts, species=("dog", "cat", "dog", "cat", "dog", "cat"))
    assert section(composed(findings), "matrix").data["names"] == [f"class_00{k}" for k in (1, 5, 3, 0, 2, 4)]


def test_three_things_to_know_put_a_wrong_class_order_first():
    findings = findings_of(np.roll(np.diag(np.full(6, 10)), 1, axis=1))
    points = section(composed(findings), "summary").data["points"]
    assert points[0].kind == "class_order"
    assert len(points) == 3


def test_a_perfect_model_has_nothing_to_tell_but_how_coarse_the_figures_are():
    points = section(composed(findings_of(np.diag([10, 10, 10]))), "summary").data["points"]
    assert [point.kind for point in points] == ["interval"]
    points = section(composed(findings_of(np.diag([900, 900, 900]))), "summary").data["points"]
    assert [point.kind for point in points] == ["none"]


def test_sections_can_be_chosen_ordered_and_added():
    names = ("matrix", "summary", "tests.contracts.own_plugins:own_section")
    found = composed(findings_of(np.diag([5, 5])), section_names=names)
    assert [one.id for one in found.sections] == ["matrix", "summary", "own"]


@pytest.mark.parametrize("name", ["matrx", "tests.contracts.own_plugins:not_callable", "no.such.module:thing"])
def test_a_wrong_section_is_a_usage_error(name):
    with pytest.raises(ConfigError) as caught:
        composed(findings_of(np.diag([5, 5])), section_names=(name,))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("tests.contracts.own_plugins:broken_section",), "ZeroDivisionError: division by zero"),
        (("tests.contracts.own_plugins:no_section",), "a str"),
        (("tests.contracts.own_plugins:own_section", "tests.contracts.own_plugins:same_id"), "the id 'own'"),
    ],
)
def test_a_section_of_the_users_that_fails_is_named(names, told):
    """As a fault of rendering, so that what was worked out is kept."""
    with pytest.raises(RenderingError, match=told) as caught:
        composed(findings_of(np.diag([5, 5])), section_names=names)
    assert names[-1] in str(caught.value)


@pytest.mark.parametrize("name", SECTIONS)
def test_every_built_in_section_can_stand_alone(name):
    counts = np.diag(np.full(4, 30))
    counts[0, 1], counts[2, 1] = 9, 1
    species = ("a", "b", "b", "a")
    history = History(runs=(past_run_of(predictions_of(counts, species=species)),))
    findings = findings_of(counts, species=species, history=history)
    found = composed(findings, section_names=(name,), thumbnails=dict.fromkeys(findings.gallery.rows, b"jpeg"))
    assert len(found.sections) == 1
    assert set(found.sections[0].assets) <= set(found.assets)


def test_where_the_evidence_lies_is_counted_apart_for_errors_and_correct_answers():
    """Every fourth of the first 40 rows is off the object; rows 20 to 26 are the errors: 20 and 24 of them."""
    shown = section(composed(findings_of(np.array([[20, 7], [0, 20]]))), "evidence").data
    errors, hits = shown["errors"], shown["hits"]
    assert (errors.n_rows, errors.n, errors.n_off) == (7, 7, 2)
    assert (hits.n_rows, hits.n, hits.n_off) == (33, 33, 8)
    assert (errors.energy, errors.area) == pytest.approx((0.7, 0.4))
    assert shown["difference"][0] < 2 / 7 - 8 / 33 < shown["difference"][1]


def test_what_is_known_of_each_method_is_counted_over_its_maps():
    """Every second example's maps are as random ones; the true class of an error has a blank map."""
    findings = findings_of(np.array([[20, 7], [0, 20]]))
    shown = {one["name"]: one for one in section(composed(findings), "evidence").data["methods"]}
    n_errors = sum(example.reason != "group_correct" for example in findings.examples)
    n = len(findings.examples)
    assert (shown["grad_cam"]["n"], shown["grad_cam"]["n_none"]) == (n + n_errors, n_errors)
    verdicts = [
        shown["grad_cam"][f"n_{name}"] for name in ("judged", "supported", "not_distinguishable", "contradicted")
    ]
    assert verdicts == [n, n // 2, n - n // 2, 0]
    assert (shown["grad_cam"]["insertion"], shown["smooth_grad"]["n"]) == (pytest.approx(0.5), n)
    assert shown["smooth_grad"]["randomization_test"].outcome == "fail"
    assert shown["contrast"]["randomization_test"].outcome == "unknown"
    assert shown["grad_cam"]["enrichment"] == pytest.approx(2.0)
    assert shown["grad_cam"]["enrichment_ci"] == pytest.approx((2.0, 2.0))


def flipped(counts, before, **options):
    """Findings against one earlier night; `before` maps rows to what was predicted then."""
    predictions = predictions_of(counts, **options)
    preds = predictions.preds().copy()
    for row, k in before.items():
        preds[row] = k
    return findings_of(counts, history=History(runs=(past_run_of(predictions, preds),)), **options)


def test_changes_list_what_broke_and_what_was_fixed_and_panels_stand_once():
    """20 of class 0 (rows 0 to 19) and 3 called 1 (20 to 22), 20 of class 1. Rows 20 and 21 were right, row 5 wrong."""
    findings = flipped(np.array([[20, 3], [0, 20]]), {20: 0, 21: 0, 5: 1})
    shown = section(composed(findings), "changes").data
    assert [(row["idx"], row["before"], row["strip"]) for row in shown["broken"]] == [
        (20, "class_000", (True, False)),
        (21, "class_000", (True, False)),
    ]
    assert [(row["idx"], row["state"]) for row in shown["fixed"]] == [(5, "fixed")]
    reasons = {example.idx: example.reason for example in findings.examples}
    assert {reasons[20], reasons[21]} <= {"group_error", "newly_wrong"}
    assert [panel.idx for panel in shown["newly_right"]] == [5]
    assert len(reasons) == len(findings.examples)


def test_without_an_earlier_night_there_is_no_section_of_changes():
    assert "changes" not in [one.id for one in composed(findings_of(np.diag([5, 5]))).sections]


def test_page_one_puts_a_failed_gate_and_a_worse_class_before_the_groups():
    counts = np.diag(np.full(4, 40))
    counts[0, 1] = 12
    findings = flipped(counts, dict.fromkeys(range(40, 52), 0))
    findings = replace(findings, gate=replace(findings.gate, rules=(RuleResult(name="x", outcome="fail", values={}),)))
    assert [point.kind for point in section(composed(findings), "summary").data["points"]] == ["gate", "worse", "group"]


def test_a_smaller_report_shows_a_part_of_the_stored_maps():
    """Whatever the smaller rule chooses has been explained for the larger one."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        counts = np.diag(np.full(6, 20)) + rng.integers(0, 5, (6, 6))
        findings = flipped(counts, {int(row): 0 for row in rng.integers(0, 100, 15)}, species=("a", "b") * 3)
        smaller = analyse(findings.predictions, SIZE_REDUCTIONS[1].rule, findings.run_context)
        assert {one.idx for one in smaller.examples} < {one.idx for one in findings.examples}


def test_recompressed_pictures_are_the_same_pictures_in_fewer_bytes():
    found = composed(findings_of(np.array([[20, 7], [0, 20]])))
    pictures = {name: content for name, content in found.assets.items() if name.endswith(".jpg")}
    light = recompressed(found.assets, 45)
    assert set(light) == set(found.assets)
    assert sum(len(light[name]) for name in pictures) < 0.8 * sum(map(len, pictures.values()))
    for name, content in pictures.items():
        before, after = (np.asarray(Image.open(io.BytesIO(one)), dtype=float) for one in (content, light[name]))
        assert before.shape == after.shape
    assert all(light[name] == found.assets[name] for name in set(found.assets) - set(pictures))


def test_every_error_of_the_five_breeds_stands_once_among_the_images_and_no_right_answer_does():
    """By construction: Bengal 1 to 3 as Maus, a Mau as Bengal, an Abyssinian as boxer."""
    findings = findings_of(EXPECTED_CONFUSION, classes=BREEDS)
    thumbnails = {idx: f"jpeg {idx}".encode() for idx in findings.gallery.rows}
    report = composed(findings, thumbnails=thumbnails)
    shown = section(report, "images")
    predictions = findings.predictions
    told = [(BREEDS[cell.target], BREEDS[cell.pred], len(cell.shots)) for cell in shown.data["gallery"].cells]
    assert told == [("Bengal", "Egyptian_Mau", 3), ("Abyssinian", "boxer", 1), ("Egyptian_Mau", "Bengal", 1)]
    rows = [shot.idx for cell in shown.data["gallery"].cells for shot in cell.shots]
    assert sorted(rows) == np.flatnonzero(predictions.preds() != predictions.targets).tolist()
    assert shown.title == "All misclassified images"
    assert shown.assets == {f"thumb-{idx}.jpg": f"jpeg {idx}".encode() for idx in rows}


def test_thumbnails_are_for_the_screen_and_the_pdf_is_not_given_them():
    findings = findings_of(np.array([[20, 7], [0, 20]]))
    bare, report = composed(findings), composed(findings, thumbnails=dict.fromkeys(findings.gallery.rows, b"jpeg"))
    assert set(report.assets) - set(bare.assets) == {f"thumb-{idx}.jpg" for idx in range(20, 27)}
    assert report.print_assets == bare.assets == bare.print_assets


def test_an_error_whose_picture_is_gone_is_listed_without_it():
    shown = section(composed(findings_of(np.array([[20, 3], [0, 20]])), thumbnails={21: b"jpeg"}), "images")
    assert [shot.idx for shot in shown.data["gallery"].cells[0].shots] == [20, 21, 22]
    assert shown.data["pictures"] == {21: "thumb-21.jpg"}


def test_without_thumbnails_there_is_no_section_of_images():
    assert "images" not in [one.id for one in composed(findings_of(np.array([[20, 3], [0, 20]]))).sections]


def test_a_title_that_says_all_is_for_all():
    findings = findings_of(np.array([[20, 1001], [0, 20]]))
    found = composed(findings, section_names=("images",), thumbnails=dict.fromkeys(findings.gallery.rows, b"jpeg"))
    assert found.sections[0].title == "Misclassified images"
    assert found.sections[0].data["n_shown"] == len(found.assets.keys() - found.print_assets.keys()) == 1000


def test_a_picture_with_maps_names_the_section_where_they_stand():
    findings = findings_of(np.array([[20, 1, 0], [0, 20, 0], [0, 0, 20]]), species=("cat", "dog", "dog"))
    found = composed(findings, section_names=("images",), thumbnails={20: b"jpeg"})
    assert found.sections[0].data["panel_in"] == {20: "cross-species"}
