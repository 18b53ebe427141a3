"""What makes two runs comparable, and what is named although they are: device, precision, libraries."""

import json
from dataclasses import asdict, replace
from datetime import date

import numpy as np
import pytest

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import RunContext, analyse
from reportgen.analyse.gate_rules import GateRules
from reportgen.analyse.previous_runs import History, surroundings
from reportgen.compose.report import compose
from reportgen.evaluate.compute import Compute
from reportgen.evaluate.software import software
from reportgen.inputs.notes import read_notes
from reportgen.render.data.ci_files import ci_files
from reportgen.render.data.findings_json import findings_json
from reportgen.render.html.page import html
from reportgen.runs.bounded_files import restored
from reportgen.runs.history import StoredRunFacts, past_run
from reportgen.runs.predictions_table import predictions_table
from reportgen.runs.stamp import RunStamp
from tests.synthetic import TODAY, attributions_of, predictions_of

COUNTS = np.array([[28, 12], [1, 39]])
LIBRARIES = {"torchvision": "0.29.1", "Pillow": "13.0.0", "libjpeg-turbo": "3.1.0", "zlib": "1.3.1"}
TONIGHT = Compute(
    device="cpu", device_name="x86_64", precision="fp32", n_threads=2, deterministic=True, torch_version="2.14.1",
    software=LIBRARIES,
)  # fmt: skip
RULES = GateRules(accuracy_margin=0.1, no_worse_classes=True, no_worse_pairs=True)


def contract_of(predictions, history=None, code="en"):
    findings = analyse(predictions, ExampleRule(), RunContext(today=TODAY, history=history or History(), rules=RULES))
    stamp = RunStamp(
        run_id="20261122T080000000Z-1a2b3c4d", created_at="2026-11-22T08:00:00+00:00", languages=(code,), timing={}
    )
    notes = replace(read_notes(), language=code)
    report = compose(findings, attributions_of(findings), notes=notes, stamp=stamp)
    return findings_json(report), report


def night_on(**changed):
    """Last night as its files have it, on another machine; the keys that are None are lacking, as in older versions."""
    predictions = replace(predictions_of(COUNTS), compute=TONIGHT)
    contract = json.loads(json.dumps(contract_of(predictions)[0]))
    contract["compute"] |= changed
    contract["compute"] = {key: value for key, value in contract["compute"].items() if value is not None}
    return past_run(restored(StoredRunFacts, contract), predictions_table(predictions))


def tonight_against(past, *, code="en", **options):
    predictions = replace(predictions_of(COUNTS), compute=TONIGHT)
    return contract_of(predictions, History(runs=(past,), **options), code)


CHANGES = {  # last night's machine: what is named, or None
    "the same": ({}, None),
    "another number of threads": ({"n_threads": 64}, None),
    "another CPU of the same kind": ({"device_name": "aarch64"}, None),
    "torch": ({"torch_version": "2.13.0"}, "compared across torch 2.13.0 → 2.14.1"),
    "a device": ({"device": "cuda:1", "device_name": "NVIDIA H100"}, "compared across device cuda (NVIDIA H100) → cpu"),
    "Pillow": ({"software": {**LIBRARIES, "Pillow": "12.0.0"}}, "compared across Pillow 12.0.0 → 13.0.0"),
    "the decoder inside Pillow": (
        {"software": {**LIBRARIES, "libjpeg-turbo": "3.0.0"}},
        "compared across libjpeg-turbo 3.0.0 → 3.1.0",
    ),
    "two libraries": (
        {"torch_version": "2.13.0", "software": {**LIBRARIES, "torchvision": "0.28.0"}},
        "compared across torch 2.13.0 → 2.14.1, torchvision 0.28.0 → 0.29.1",
    ),
    "a library that tonight does not need": ({"software": {**LIBRARIES, "timm": "1.0.31"}}, None),
    "an older version of ours": (
        {"software": None},
        "the baseline does not record: torchvision, Pillow, libjpeg-turbo, zlib",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_run_on_another_machine_is_compared_and_page_verdict_and_gate_name_what_changed(name):
    changed, told = CHANGES[name]
    contract, report = tonight_against(night_on(**changed))
    against = contract["comparison"]
    assert against["comparable"]
    assert against["verdict"] == "underpowered"  # nothing moved
    assert against["across"] == told
    assert bool(against["differences"]) == (told is not None)
    verdict = json.loads(ci_files(contract, report.notes)["verdict.json"])
    assert verdict["comparison"]["across"] == told
    rules = {rule["name"]: rule["detail"] for rule in contract["gate"]["rules"]}
    page = " ".join(html(report, "screen").split())
    first = page.split('class="standing"')[1].split("</p>")[0]
    for text in (first, rules["accuracy_margin"], rules["no_worse_classes"], rules["no_worse_pairs"]):
        assert (told or "compared across") in text or told is None
        assert ("across" in text or "record" in text) == (told is not None)


@pytest.mark.parametrize(
    ("then", "across", "comparable"), [("fp32", False, True), ("bf16", False, False), ("bf16", True, True)]
)
def test_another_precision_is_comparable_only_where_asked_for(then, across, comparable):
    contract, _ = tonight_against(night_on(precision=then), across_precision=across)
    against = contract["comparison"]
    assert against["comparable"] == comparable
    assert against["reason"] == (
        None if comparable else "the precision differs (bf16 in the baseline, fp32 in this run)"
    )
    assert against["n_paired"] == 80
    named = [one["name"] for one in against["differences"]]
    assert named == (["precision"] if then == "bf16" and across else [])
    margin = next(rule for rule in contract["gate"]["rules"] if rule["name"] == "accuracy_margin")
    assert margin["outcome"] == ("pass" if comparable else "inconclusive")


def test_a_night_of_another_precision_is_passed_over_for_one_of_the_same():
    older = replace(night_on(), run_id="20261120T080000000Z-00000000")
    newer = replace(night_on(precision="bf16"), run_id="20261121T080000000Z-00000000")
    predictions = replace(predictions_of(COUNTS), compute=TONIGHT)
    night = RunContext(today=date(2026, 11, 22), history=History(runs=(older, newer)), rules=RULES)
    against = analyse(predictions, ExampleRule(), night).comparison
    assert (against.baseline.run_id, against.passed_over) == (older.run_id, (newer.run_id,))
    assert [one.run_id for one in against.runs] == [older.run_id]


def test_what_changed_is_said_in_japanese():
    contract, report = tonight_against(night_on(torch_version="2.13.0"), code="ja")
    assert "torch 2.13.0 → 2.14.1" in contract["comparison"]["across"]
    assert "異なる環境" in html(report, "screen")


def test_the_versions_are_those_of_the_libraries():
    import PIL
    import torchvision

    found = software()
    assert (found["Pillow"], found["torchvision"]) == (PIL.__version__, torchvision.__version__.partition("+")[0])
    assert any(name.startswith("libjpeg") for name in found)
    assert "zlib" in found
    assert surroundings(asdict(TONIGHT)) == {"device": "cpu", "torch": "2.14.1", **LIBRARIES}
