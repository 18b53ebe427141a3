"""A stored run comes back as it was, with the nights it was compared with and the rules it was judged by."""

import io
import json
from dataclasses import fields, replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.analyse.gate_rules import AcceptedConfusion, GateRules
from reportgen.analyse.previous_runs import History
from reportgen.compose.sections.registry import SECTIONS
from reportgen.deliver.archive.bundle import write_bundle
from reportgen.errors import InputError
from reportgen.evaluate.predictions import ArgmaxCheck
from reportgen.runs.stamp import RunStamp
from reportgen.runs.stored_evaluation import read_evaluation, stored_evaluation
from reportgen.runs.stored_run import StoredRun, read_stored_run, stored_run
from tests.synthetic import attributions_of, findings_of, past_run_of, predictions_of

STAMP = RunStamp(
    run_id="20261123T080000000Z-1a2b3c4d",
    created_at="2026-11-23T08:00:00+00:00",
    languages=("en",),
    timing={"evaluate": 1.25},
)
RULES = GateRules(
    strict=True,
    accuracy_margin=0.01,
    min_recall={"class_000": 0.5},
    accepted=(
        AcceptedConfusion(pair=("class_000", "class_001"), owner="Aoi", reason="alike", expires=date(2027, 1, 31)),
    ),
)
OPTIONS = {"species": ("a", "a", "b"), "unreadable": 1, "notice": "note"}


def small_jpeg(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def a_run():
    counts = np.diag([12, 12, 12])
    counts[0, 1] = 5
    predictions = predictions_of(counts, **OPTIONS)
    nights = tuple(
        past_run_of(predictions, np.roll(predictions.preds(), k), run_id=f"2026112{k}T080000000Z-00000000")
        for k in (1, 2)
    )
    given = past_run_of(
        predictions, run_id="20260101T080000000Z-99999999", classes=("x", "y", "z"), fingerprint="e" * 64
    )
    findings = findings_of(counts, history=History(runs=nights, given=given), rules=RULES, **OPTIONS)
    return StoredRun(
        predictions=replace(predictions, argmax=ArgmaxCheck(n=3, n_differ=1)),
        attributions=attributions_of(findings),
        thumbnails={13: small_jpeg("red"), 12: small_jpeg("blue")},
        rule=ExampleRule(n_confident=3),
        run_context=findings.run_context,
        stamp=STAMP,
        sections=tuple(SECTIONS)[:3],
    )


@pytest.fixture
def stored(tmp_path):
    run = a_run()
    return write_bundle(tmp_path / "run", stored_run(run)), run


def assert_equal_values(one, other):
    """Field by field; arrays by content."""
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        assert np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b, field.name


def test_it_comes_back_as_it_was(stored):
    run_dir, run = stored
    back = read_stored_run(run_dir)
    assert_equal_values(run.predictions, back.predictions)
    assert (back.rule, back.stamp, back.sections) == (run.rule, run.stamp, run.sections)
    assert back.thumbnails == run.thumbnails
    for name in ("options", "methods", "refusals", "randomization_tests", "focus", "precision"):
        assert getattr(back.attributions, name) == getattr(run.attributions, name)
    for one, other in zip(back.attributions.examples, run.attributions.examples, strict=True):
        assert one.example == other.example
        assert np.array_equal(one.crop, other.crop)
        for heat, original in zip(one.maps, other.maps, strict=True):
            heights, expected = heat.values, original.values  # noqa: PD011  # no data frames
            assert heights == pytest.approx(expected, abs=original.peak * 2**-11)
            assert heat.peak == pytest.approx(original.peak, rel=1e-6)
            for name in ("method", "class_idx", "rival_idx", "layer", "faithfulness", "focus"):
                assert getattr(heat, name) == getattr(original, name)


def test_the_nights_and_the_rules_come_back_so_that_the_findings_are_the_same(stored):
    run_dir, run = stored
    back = read_stored_run(run_dir)
    assert back.run_context.rules == RULES
    assert back.run_context.today == run.run_context.today
    for one, other in zip(back.run_context.history.runs, run.run_context.history.runs, strict=True):
        assert_equal_values(one, other)
    assert_equal_values(back.run_context.history.given, run.run_context.history.given)
    first, again = (analyse(one.predictions, one.rule, one.run_context) for one in (run, back))
    outcomes = [[(rule.name, rule.outcome) for rule in one.gate.rules] for one in (first, again)]
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]) == 4
    assert first.comparison.overall == again.comparison.overall
    assert first.examples == again.examples


def test_without_history_it_comes_back_too(tmp_path):
    run = replace(a_run(), run_context=replace(a_run().run_context, history=History(compare=False)))
    back = read_stored_run(write_bundle(tmp_path / "run", stored_run(run)))
    assert back.run_context.history == History(compare=False)


def test_an_evaluation_alone_comes_back(tmp_path):
    predictions = a_run().predictions
    assert_equal_values(predictions, read_evaluation(write_bundle(tmp_path / "e", stored_evaluation(predictions))))


def test_a_run_without_an_error_comes_back_without_thumbnails(tmp_path):
    run = replace(a_run(), thumbnails={})
    assert read_stored_run(write_bundle(tmp_path / "run", stored_run(run))).thumbnails == {}


def test_a_bundle_from_before_there_were_thumbnails_comes_back_without_them(tmp_path):
    run = a_run()
    files = {name: content for name, content in stored_run(run).items() if name != "thumbnails.parquet"}
    back = read_stored_run(write_bundle(tmp_path / "run", files))
    assert back.thumbnails == {}
    assert back.stamp == run.stamp


def test_a_thumbnail_of_an_image_that_is_not_in_the_run_is_damage(stored):
    run_dir, _ = stored
    pd.DataFrame({"sample_id": ["stranger"], "jpeg": [b"x"]}).to_parquet(run_dir / "thumbnails.parquet")
    with pytest.raises(InputError, match="damaged"):
        read_stored_run(run_dir)


def test_a_folder_that_is_no_bundle_is_exit_3(tmp_path):
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(InputError, match="reports/<model name>/<run_id>") as caught:
            read_stored_run(folder)
        assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "name",
    ["run.json", "evaluation.json", "logits.npz", "attributions.npz", "history.parquet", "thumbnails.parquet"],
)
def test_a_damaged_bundle_is_named(stored, name):
    (stored[0] / name).write_bytes(b"PK damaged")
    with pytest.raises(InputError, match="damaged"):
        read_stored_run(stored[0])


def test_a_run_whose_nights_were_cut_off_is_damaged(stored):
    run_dir, _ = stored
    record = json.loads((run_dir / "run.json").read_text())
    record["history"]["nights"][0]["run_id"] = "another"
    (run_dir / "run.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match="damaged"):
        read_stored_run(run_dir)
