"""Pictures that are gone, or are others, when they are to be explained: left out, said, and nothing else is lost."""

import pytest
from PIL import Image

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.compose.report import compose
from reportgen.deliver.archive.bundle import write_bundle
from reportgen.evaluate.device import compute
from reportgen.explain.attributions import explain
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.notes import read_notes
from reportgen.render.data.explanation_json import explanation_json
from reportgen.render.html.page import html
from reportgen.runs.stamp import RunStamp
from reportgen.runs.stored_run import StoredRun, read_stored_run, stored_run
from tests.synthetic import FIRST_NIGHT

STAMP = RunStamp(
    run_id="20261123T080000000Z-1a2b3c4d", created_at="2026-11-23T08:00:00+00:00", languages=("en",), timing={}
)
QUICK = ExplainOptions(methods=("grad_cam",), insertion_steps=0, certificate_pictures=1, focus_pictures=4)


def _other_picture(path):
    Image.new("RGB", (40, 40), "navy").save(path)


def _a_folder_instead(path):
    path.unlink()
    path.mkdir()


CASES = {  # what becomes of the file: how it is told, and in which words on the page
    "gone": (lambda path: path.unlink(), "unreadable", "no such file; restore it"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:60]), "unreadable", "an image whose end is missing"),
    "empty": (lambda path: path.write_bytes(b""), "unreadable", "0 bytes"),
    "a folder": (_a_folder_instead, "unreadable", "no file but a folder"),
    "another picture": (_other_picture, "changed", "the file has changed since the evaluation"),
    "saved again": (lambda path: path.write_bytes(path.read_bytes() + b"\n"), "changed", "has changed since the"),
}


@pytest.fixture
def findings(hand_predictions):
    found = analyse(hand_predictions, ExampleRule(n_confident=2), FIRST_NIGHT)
    assert len(found.examples) > 2
    return found


def explained(hand_inputs, findings):
    return explain(hand_inputs, findings, on=compute("cpu", "fp32"), options=QUICK)


def path_of(inputs, findings, example):
    sample_id = findings.predictions.sample_ids[example.idx]
    return next(sample.path for sample in inputs.samples if sample.sample_id == sample_id)


@pytest.mark.parametrize(("change", "reason", "words"), [pytest.param(*row, id=name) for name, row in CASES.items()])
def test_a_chosen_picture_that_is_not_there_any_more_is_left_out_and_said(
    change, reason, words, hand_inputs, findings, caplog
):
    lost, *others = findings.examples
    change(path_of(hand_inputs, findings, lost))
    found = explained(hand_inputs, findings)
    assert [one.example for one in found.examples] == others
    assert [(one.example, one.reason) for one in found.gone] == [(lost, reason)]
    assert "not explained, its panel is left out" in caplog.text
    report = compose(findings, found, notes=read_notes(), stamp=STAMP)
    page = html(report, "screen")
    name = findings.predictions.sample_ids[lost.idx]
    assert f'id="image-{lost.idx}"' not in page
    assert f'href="#image-{lost.idx}"' not in page
    assert all(f'id="image-{one.idx}"' in page for one in others)
    assert "1 image chosen to be explained went missing or changed after the evaluation" in " ".join(page.split())
    assert words in page.replace("&#8203;", "").replace("\u200b", "")
    (told,) = explanation_json(report)["gone"]
    assert (told["sample_id"], told["reason"]) == (name, reason)


def test_a_run_of_which_every_chosen_picture_is_gone_has_a_report_without_panels(hand_inputs, findings, tmp_path):
    for example in findings.examples:
        path_of(hand_inputs, findings, example).unlink()
    found = explained(hand_inputs, findings)
    assert found.examples == ()
    assert [one.example for one in found.gone] == list(findings.examples)
    page = html(compose(findings, found, notes=read_notes(), stamp=STAMP), "screen")
    assert 'class="panel"' not in page
    assert f"{len(found.gone)} images chosen to be explained went missing or changed" in " ".join(page.split())


def test_what_was_gone_is_stored_with_the_run(hand_inputs, findings, tmp_path):
    path_of(hand_inputs, findings, findings.examples[0]).unlink()
    found = explained(hand_inputs, findings)
    run = StoredRun(
        predictions=findings.predictions,
        attributions=found,
        thumbnails={},
        rule=findings.rule,
        run_context=findings.run_context,
        stamp=STAMP,
        sections=("summary", "evidence"),
    )
    folder = write_bundle(tmp_path / STAMP.run_id, stored_run(run))
    again = read_stored_run(folder).attributions
    assert again.gone == found.gone
    assert again.switched == found.switched
