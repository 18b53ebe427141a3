"""Every field of findings.json, and what is made of it, against a document that was worked out outside the package.

A key without a value there fails, and so does one that docs/json-contract.md does not name.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from sklearn import metrics

from reportgen.compose.report import compose
from reportgen.render.rendered import render
from reportgen.runs.predictions_table import predictions_table
from tests import known_run, outside
from tests.known_changes import InEachLanguage, gate
from tests.known_document import document, pairs, scores
from tests.known_run import CLASSES, IDS, PREDS, TARGETS, N, probs
from tests.synthetic import attributions_of, findings_of

DOC = Path(__file__).resolve().parents[2] / "docs" / "json-contract.md"


def differences(found, expected, path="$"):
    """Where the two documents differ, one line each."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in sorted({*found, *expected}):
            if key not in found or key not in expected:
                yield f"{path}.{key} is {'missing' if key in expected else 'not expected: ' + repr(found[key])}"
            else:
                yield from differences(found[key], expected[key], f"{path}.{key}")
    elif isinstance(expected, Sequence) and not isinstance(expected, str) and isinstance(found, list):
        if len(found) != len(expected):
            yield f"{path} has {len(found)} entries, not {len(expected)}"
        for at, (one, other) in enumerate(zip(found, expected, strict=False)):
            yield from differences(one, other, f"{path}[{at}]")
    elif isinstance(expected, float) and type(found) in (float, int):
        if found != pytest.approx(expected, rel=1e-6, abs=1e-15):
            yield f"{path} is {found}, not {expected}"
    elif found != expected or (isinstance(expected, (bool, int)) and type(found) is not type(expected)):
        yield f"{path} is {found!r}, not {expected!r}"


@pytest.fixture(scope="module")
def files():
    return render(known_run.report(), formats=()).files


def test_every_field_has_the_value_that_was_worked_out_outside(files):
    found = json.loads(files["findings.json"])
    timing = found.pop("timing")
    assert timing.pop("render") > 0
    assert timing == {"inputs": 1.25, "evaluate": 7.5}
    assert list(differences(found, document())) == []


def test_no_two_numbers_that_could_be_taken_for_one_another_are_alike():
    """Else a field that is swapped with its neighbour would show nothing."""
    found = [float(value) for name, value in scores().items() if type(value) is float]
    assert len({round(value, 3) for value in found}) == len(found)
    for row in (pairs()[0], scores()["per_class"][2]):
        older_name = {"p_scatter"}  # of p_value
        numbers = [value for name, value in row.items() if type(value) in (int, float) and name not in older_name]
        assert len(set(numbers)) == len(numbers)
    assert all(0 < value < 1 and value != 0.5 for value in found)


KEYS_OF_DATA = {*CLASSES, "en", "ja", "macos", "hidden", "inputs", "evaluate", "render", "mean", "std", "smooth_grad"}


def keys(value):
    if isinstance(value, Mapping):
        yield from (key for key in value if key not in KEYS_OF_DATA)
        for one in value.values():
            yield from keys(one)
    elif isinstance(value, list):
        for one in value:
            yield from keys(one)


def test_each_key_is_named_in_the_contract(files):
    """All but the options and settings of the methods, which are the user's own words."""
    found = json.loads(files["findings.json"])
    found["explanation"]["options"] = {}
    for use in found["explanation"]["methods"]:
        use["settings"] = {}
    for part in ("software", "arithmetic"):
        found["compute"][part] = {}
    text = DOC.read_text(encoding="utf-8")
    named = {key for key in keys(found) if re.search(rf"\b{key}\b", text)}
    assert set(keys(found)) - named == set()


def test_the_best_order_of_the_classes_is_not_the_accuracy():
    """3 of 12 and 2 of 8 right as it is; 9 and 6 if the two were swapped."""
    found = findings_of(np.array([[3, 9], [6, 2]]))
    report = compose(found, attributions_of(found), notes=known_run.report().notes, stamp=known_run.STAMP)
    order = json.loads(render(report, formats=()).files["findings.json"])["class_order"]
    assert order == {"accuracy": 0.25, "best_accuracy": 0.75, "suspicious": True}


def test_every_field_of_the_verdict(files):
    whole = document()
    of_comparison = (
        *("baseline_run_id", "comparable", "reason", "reasons", "verdict", "fixed", "broken", "n_paired", "p_value"),
        *("differences", "across", "acrosses", "accuracy_difference", "accuracy_difference_ci"),
    )
    expected = {
        "schema_version": 1,
        "run_id": "20261123T081500000Z-1a2b3c4d",
        "created_at": "2026-11-23T08:15:00+00:00",
        "model": "pets",
        "language": "en",
        "languages": ["en", "ja"],
        "outcome": "fail",
        "passed": False,
        "strict": False,
        "n_data_checks": 2,
        "detail": None,
        "details": InEachLanguage(""),
        "accuracy": 185 / 223,
        "accuracy_ci": outside.wilson(185, 223),
        "n": 223,
        "correct": 185,
        "species_accuracy": 220 / 223,
        "n_cross_species": 3,
        "top_pairs": [
            {"a": "Birman", "b": "Siamese", "a_as_b": 11, "b_as_a": 6, "n_a": 40, "n_b": 53},
            {"a": "pug", "b": "beagle", "a_as_b": 7, "b_as_a": 4, "n_a": 28, "n_b": 27},
            {"a": "Bengal", "b": "Abyssinian", "a_as_b": 3, "b_as_a": 2, "n_a": 41, "n_b": 34},
        ],
        "comparison": {key: whole["comparison"][key] for key in of_comparison},
        "fingerprint": "f" * 64,
        "class_order_suspicious": False,
        "notice": "drawn for tests",
        "rules": [rule for rule in whole["gate"]["rules"] if rule["outcome"] == "fail"],
    }
    assert list(differences(json.loads(files["verdict.json"]), expected)) == []


def test_every_attribute_of_the_junit_file(files):
    suites = ET.fromstring(files["junit.xml"])
    (suite,) = suites
    counted = {"name": "reportgen.pets", "tests": "15", "failures": "6", "errors": "0"}
    assert suites.attrib == counted
    assert suite.attrib == {**counted, "skipped": "0", "timestamp": "2026-11-23T08:15:00+00:00"}
    for case, rule in zip(suite, gate()["rules"], strict=True):
        assert case.attrib == {"classname": "reportgen.pets", "name": rule["name"], "time": "0"}
        assert [child.tag for child in case] == (["failure"] if rule["outcome"] == "fail" else [])
        for child in case:
            assert child.attrib == {"message": rule["detail"], "type": "fail"}


def test_every_column_of_the_predictions():
    table = predictions_table(known_run.predictions())
    chance = probs()
    own = chance[np.arange(N), TARGETS]
    top = np.sort(chance, axis=1)
    expected = {
        "sample_id": IDS,
        "path": [f"data/{one}.jpg" for one in IDS],
        "target": [CLASSES[k] for k in TARGETS],
        "pred": [CLASSES[k] for k in PREDS],
        "confidence": top[:, -1],
        "prob_target": own,
        "margin": top[:, -1] - top[:, -2],
        "loss": [metrics.log_loss([k], [row], labels=range(6)) for k, row in zip(TARGETS, chance, strict=True)],
        "correct": PREDS == TARGETS,
        "sha256": [f"{known_run.SAME_FILE.get(row, row):064x}" for row in range(N)],
    }
    assert list(table.columns) == list(expected)
    for name, values in expected.items():
        if name in ("confidence", "prob_target", "margin", "loss"):
            assert table[name].to_numpy() == pytest.approx(np.array(values), rel=1e-9), name
        else:
            assert table[name].tolist() == list(values), name
    columns = DOC.read_text(encoding="utf-8").partition("## predictions.parquet")[2].partition("##")[0]
    assert all(re.search(rf"\b{name}\b", columns) for name in expected)
