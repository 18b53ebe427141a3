"""What the next CI step reads: one line of JSON, JUnit XML, Markdown."""

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from markdown_it import MarkdownIt

from reportgen.analyse.gate_rules import GateRules
from reportgen.analyse.previous_runs import History
from reportgen.compose.report import compose
from reportgen.errors import InputError
from reportgen.inputs.notes import read_notes
from reportgen.render.data.ci_files import ci_files
from reportgen.render.data.findings_json import findings_json
from reportgen.render.data.no_report import CI_FILE_NAMES, ended_files
from reportgen.runs.stamp import RunStamp
from tests.synthetic import attributions_of, findings_of, past_run_of, predictions_of

STAMP = RunStamp(run_id="r1", created_at="2026-11-23T08:00:00+00:00", languages=("en",), timing={})
HOSTILE = ["a|b<script>", "[x](javascript:y)", "`c` & *d*"]


def contract_of(*, rules=None, before=None, classes=None):
    """20 of each of 3 classes right and 8 of the first called the second."""
    counts = np.diag([20, 20, 20])
    counts[0, 1] = 8
    options = {"classes": classes, "species": ("cat", "cat", "dog")}
    history = None
    if before is not None:
        predictions = predictions_of(counts, **options)
        preds = np.where(predictions.preds() == before[0], before[1], predictions.preds())
        history = History(runs=(past_run_of(predictions, preds),))
    findings = findings_of(counts, rules=rules, history=history, **options)
    report = compose(findings, attributions_of(findings), notes=read_notes(), stamp=STAMP)
    return findings_json(report)


def test_the_verdict_is_one_line_with_what_the_next_step_needs():
    files = ci_files(contract_of(rules=GateRules(min_accuracy=0.9), before=(1, 0)), read_notes())
    assert set(files) == set(CI_FILE_NAMES)
    text = files["verdict.json"].decode()
    assert text.count("\n") == 1
    found = json.loads(text)
    assert (found["outcome"], found["passed"], found["correct"], found["n"]) == ("fail", False, 60, 68)
    assert [rule["name"] for rule in found["rules"]] == ["min_accuracy"]
    assert found["top_pairs"] == [{"a": "class_000", "b": "class_001", "a_as_b": 8, "b_as_a": 0, "n_a": 28, "n_b": 20}]
    # then every image called the second class was called the first: its 20 wrong, the 8 errors right
    assert (found["comparison"]["fixed"], found["comparison"]["broken"]) == (20, 8)


@pytest.mark.parametrize("strict", [False, True])
def test_junit_counts_failures_errors_and_what_was_not_shown(strict):
    """min_accuracy fails, the margin has no baseline, and a recall floor of an unknown class crashes."""
    rules = GateRules(strict=strict, min_accuracy=0.99, accuracy_margin=0.01, min_recall={"nobody": 0.5})
    suites = ET.fromstring(ci_files(contract_of(rules=rules), read_notes())["junit.xml"])
    suite = suites.find("testsuite")
    kinds = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert kinds["min_accuracy"] == ["failure"]
    assert kinds["min_recall"] == ["error"]
    assert kinds["accuracy_margin"] == ["failure" if strict else "skipped"]
    assert kinds["class_order"] == []
    assert suite.get("tests") == str(len(kinds))
    assert (suite.get("failures"), suite.get("errors")) == (str(1 + strict), "1")
    assert suite.get("skipped") == str(1 - strict)


def test_the_summary_is_markdown_in_which_names_stay_names():
    """Parsed with a Markdown reader: as many tables and cells as were meant, and no link or tag from a class name."""
    contract = contract_of(classes=HOSTILE, before=(1, 0))
    page = MarkdownIt("gfm-like", {"linkify": False}).render(ci_files(contract, read_notes())["summary.md"].decode())
    assert page.count("<table>") == 3
    assert "<script" not in page
    assert "<a " not in page
    assert "a|b&lt;script&gt; / [x](javascript:y)" in page
    rows = [row.count("<td>") for row in page.split("<tr>")[1:] if "<td>" in row]
    assert set(rows) == {3}
    ET.fromstring(ci_files(contract, read_notes())["junit.xml"])


def test_a_run_without_a_report_says_so_in_all_three():
    files = ended_files(3, InputError("data set", found="no image | x", expected="images", todo="look"))
    assert json.loads(files["verdict.json"])["exit_code"] == 3
    assert ET.fromstring(files["junit.xml"]).find(".//error").get("message") == "no image | x"
    assert "no image | x" in files["summary.md"].decode()


def test_a_first_run_and_one_that_is_not_comparable_are_worded():
    assert "No previous run" in ci_files(contract_of(), read_notes())["summary.md"].decode()
    contract = contract_of(before=(1, 0))
    other = {**contract["comparison"], "comparable": False, "reason": "the class lists differ", "flips": []}
    assert "the class lists differ" in ci_files({**contract, "comparison": other}, read_notes())["summary.md"].decode()
