"""The published JSON Schemas: every report and verdict of the tests' shapes is valid, and planted faults are refused."""

import json
from copy import deepcopy
from datetime import UTC, date, datetime

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from reportgen.analyse.gate_rules import AcceptedConfusion, GateRules
from reportgen.analyse.previous_runs import History
from reportgen.cli.archive import app
from reportgen.compose.report import compose
from reportgen.errors import InputError
from reportgen.inputs.notes import read_notes
from reportgen.render.data.ci_files import ci_files
from reportgen.render.data.findings_json import findings_json
from reportgen.render.data.no_report import ended_files, unended_files
from reportgen.render.data.schemas import NAMES, published_schema
from reportgen.runs.predictions_table import predictions_table
from reportgen.runs.stamp import RunStamp
from tests.shapes import SHAPES, report_of_shape
from tests.synthetic import attributions_of, findings_of, past_run_of, predictions_of
from tools import contract_docs

VALIDATORS = {
    name: Draft202012Validator(published_schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for name in NAMES
}
RUN_ID, EARLIER = "20261123T080000000Z-1a2b3c4d", "20261121T080000000Z-00000000"
PETS = {"classes": ["Abyssinian", "Bengal", "pug", "beagle"], "species": ("cat", "cat", "dog", "dog"), "unreadable": 1}


def faults(name, value):
    return [f"{error.json_path}: {error.message[:200]}" for error in VALIDATORS[name].iter_errors(value)]


def compared(**changed):
    """A run with every part: rules, an accepted confusion, a comparison with flips, masks, unreadable images."""
    counts = np.diag([9, 9, 9, 9])
    counts[0, 1], counts[1, 0], counts[2, 3], counts[0, 3] = 3, 2, 4, 1
    predictions = predictions_of(counts, **PETS)
    before = predictions.preds().copy()
    before[:12], before[20:34] = predictions.targets[:12], (predictions.targets[20:34] + 1) % 4
    accepted = AcceptedConfusion(pair=("pug", "beagle"), owner="o", reason="r", expires=date(2027, 1, 1))
    rules = GateRules(accuracy_margin=0.02, no_worse_pairs=True, max_ece=0.1, strict=True, accepted=(accepted,))
    past = tuple(past_run_of(predictions, before, run_id=run_id, **changed) for run_id in (EARLIER, EARLIER[:-1] + "1"))
    findings = findings_of(counts, history=History(runs=past), rules=rules, **PETS)
    created_at = datetime(2026, 11, 23, 8, tzinfo=UTC).isoformat()
    stamp = RunStamp(run_id=RUN_ID, created_at=created_at, languages=("en", "ja"), timing={"evaluate": 1.5})
    return compose(findings, attributions_of(findings), notes=read_notes(), stamp=stamp)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_describes_every_key(name):
    schema = published_schema(name)
    Draft202012Validator.check_schema(schema)
    waiting, n_keys = [schema], 0
    while waiting:
        part = waiting.pop()
        for key, found in part.get("properties", {}).items() if isinstance(part, dict) else ():
            described = found if "description" in found else schema["$defs"][found["$ref"].rpartition("/")[2]]
            assert described["description"], key
            n_keys += 1
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    assert n_keys >= 10


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_run_of_any_shape_writes_is_valid(shape):
    report = report_of_shape(shape, "en", "ja")
    contract = {**findings_json(report), "run_id": RUN_ID}
    assert faults("findings", contract) == []
    assert faults("verdict", json.loads(ci_files(contract, report.notes)["verdict.json"])) == []
    rows = json.loads(predictions_table(report.findings.predictions).to_json(orient="records"))
    assert [fault for row in rows for fault in faults("predictions", row)] == []


@pytest.mark.parametrize(
    "changed", [{}, {"precision": "bf16"}, {"fingerprint": "0" * 64}, {"classes": ("a", "b", "c", "d")}]
)
def test_a_comparison_is_valid_whether_it_can_be_judged_or_not(changed):
    report = compared(**changed)
    contract = findings_json(report)
    assert faults("findings", contract) == []
    assert faults("verdict", json.loads(ci_files(contract, report.notes)["verdict.json"])) == []


def test_verdicts_without_a_report_are_valid():
    for files in (unended_files(), ended_files(3, InputError("x", found="x", expected="y", todo="z"))):
        assert faults("verdict", json.loads(files["verdict.json"])) == []


WRONG = {  # place in findings.json: values that are none
    "schema_version": [2, "1"],
    "run_id": ["r1", 5],
    "created_at": ["yesterday", "2026-13-01T00:00:00Z"],
    "languages": [[], ["english"]],
    "model.checkpoint_sha256": ["abc", None],
    "model.n_params": [-1, 1.5],
    "data.n_samples": [0, "45"],
    "data.same_files": [[{"sample_ids": ["a"], "several_labels": False}]],
    "data.passed_over": [{"junk": 1}, {"macos": 0}],
    "scores.accuracy": [1.01, -0.01, None, "0.8"],
    "scores.accuracy_ci": [[0.1], [0.1, 0.2, 0.3], [0.1, 1.2]],
    "scores.top5_accuracy": [2],
    "scores.per_class.0.recall": [1.5],
    "scores.per_class.0.class": [None],
    "confusion.cells.0": [[0, 1], [0, 1, 0], [-1, 0, 3]],
    "confusion.counts.0.0": [-1, 0.5],
    "pairs.0.rank": [0],
    "pairs.0.rate": [1.2],
    "pairs.0.direction": ["both"],
    "pairs.0.evident": ["yes"],
    "cross_species.0.prob_species": [7],
    "panels.0.reason": ["because"],
    "panels.0.methods.0.standing": ["sure"],
    "panels.0.methods.0.peak": [-1],
    "panels.0.methods.0.insertion": [1.1],
    "comparison.verdict": ["equal"],
    "comparison.p_value": [1.1],
    "comparison.accuracy_difference": [-1.1],
    "comparison.flips.0.kind": ["lost"],
    "comparison.flips.0.strip": [[1, 0]],
    "gate.outcome": ["ok", None],
    "gate.rules": [[]],
    "gate.rules.0.outcome": ["not_judged"],
    "gate.accepted.0.expires": ["2027-13-01", "soon"],
    "timing": [{"evaluate": -1}],
    "preprocessing.fit": ["stretch"],
    "preprocessing.std": [[0.0]],
    "outputs.numbers": ["votes"],
    "calibration.ece": [1.5],
    "compute.precision": ["fp16"],
    "explanation.certificates.0.outcome": ["failed"],
    "explanation.certificates.0.correlation.head": [-1.5],
    "explanation.options.batch_size": ["many"],
    "explanation.peak_off_object.errors.share": [2],
}


@pytest.fixture(scope="module")
def contract():
    return findings_json(compared())


@pytest.mark.parametrize("place", WRONG)
def test_a_planted_fault_is_refused(contract, place):
    *way, last = (int(key) if key.isdigit() else key for key in place.split("."))
    for value in WRONG[place]:
        changed = deepcopy(contract)
        at = changed
        for key in way:
            at = at[key]
        at[last] = value
        assert faults("findings", changed), value


def test_a_missing_and_an_unknown_key_are_refused_in_every_object(contract):
    waiting, n_objects = [((), contract)], 0
    maps = {"details", "reasons", "acrosses", "timing", "species", "passed_over", "settings", "adjusted", "switched"}
    maps |= {"software", "arithmetic", "sources"}
    while waiting:
        way, found = waiting.pop()
        if isinstance(found, dict) and not (way and way[-1] in maps):
            n_objects += 1
            for change in ("unknown", next(iter(found))):
                changed = deepcopy(contract)
                at = changed
                for key in way:
                    at = at[key]
                at.pop(change) if change in at else at.update(unknown=1)
                assert faults("findings", changed), (way, change)
        if isinstance(found, dict):
            waiting += [((*way, key), value) for key, value in found.items()]
        elif isinstance(found, list):
            waiting += [((*way, number), value) for number, value in enumerate(found[:1])]
    assert n_objects > 25


def test_the_published_files_are_those_that_the_declarations_make():
    for path, text in contract_docs.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: python -m tools.contract_docs"


def test_the_command_prints_the_schema():
    for name in NAMES:
        printed = CliRunner().invoke(app, ["schema", name])
        assert json.loads(printed.output) == published_schema(name)
