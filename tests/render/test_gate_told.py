"""The gate's outcome in every place that a person or a program reads it: the same everywhere, in every language."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reportgen.analyse.gate_rules import AcceptedConfusion, GateRules
from reportgen.analyse.previous_runs import History
from reportgen.compose.report import compose
from reportgen.deliver.archive.contents import archived_run
from reportgen.inputs.notes import read_notes
from reportgen.render.data.ci_files import ci_files
from reportgen.render.data.findings_json import findings_json
from reportgen.render.html.page import html
from reportgen.render.index_page import Entry, index_page
from reportgen.render.message import mail_text
from reportgen.render.words import rule_text
from reportgen.runs.stamp import RunStamp
from tests.archives import archived, bundle_files
from tests.synthetic import TODAY, attributions_of, findings_of, past_run_of, predictions_of

RIGHT = np.diag([20, 20, 20])
ROLLED = np.roll(np.diag(np.full(6, 10)), 1, axis=1)  # another order of the outputs would be right
ACCEPTED = AcceptedConfusion(pair=("class_000", "class_001"), owner="o", reason="r", expires=TODAY)

# What is set, the confusion, images unreadable of so many: the outcome, whether it passes.
GATES = {
    "no rule": (GateRules(), RIGHT, 0, "not_judged", True),
    "no rule, strict": (GateRules(strict=True), RIGHT, 0, "not_judged", True),
    "another limit of the data check": (GateRules(max_unreadable=0.5), RIGHT, 20, "not_judged", True),
    "an accepted confusion is no rule": (GateRules(accepted=(ACCEPTED,)), RIGHT, 0, "not_judged", True),
    "a data check fails": (GateRules(), RIGHT, 20, "fail", False),
    "a data check is inconclusive": (GateRules(), ROLLED, 0, "inconclusive", True),
    "a data check is inconclusive, strict": (GateRules(strict=True), ROLLED, 0, "inconclusive", False),
    "a floor of 0 is a rule": (GateRules(min_accuracy=0.0), RIGHT, 0, "pass", True),
    "a ceiling of 0 is a rule": (GateRules(max_ece=1.0), RIGHT, 0, "pass", True),
    "nothing to compare with": (GateRules(no_worse_pairs=True), RIGHT, 0, "inconclusive", True),
    "nothing to compare with, strict": (GateRules(no_worse_pairs=True, strict=True), RIGHT, 0, "inconclusive", False),
    "a rule fails": (GateRules(max_pair_rate=0.5, min_accuracy=1.0), np.diag([20, 20, 20]) + 1, 0, "fail", False),
}
STRICT = "(inconclusive, and the gate is strict)"
NOTHING = "quality not judged: no rule is set; 2 data checks passed"
TOLD = {  # by outcome and whether it passes: the page, the subject, the summary, the index
    ("not_judged", True): (NOTHING, "NOT JUDGED", "Not judged", "not judged"),
    ("pass", True): ("pass", "PASS", "Pass", "pass"),
    ("inconclusive", True): ("inconclusive", "INCONCLUSIVE", "Inconclusive", "inconclusive"),
    ("inconclusive", False): (f"fail {STRICT}", f"FAIL {STRICT}", f"Fail {STRICT}", f"fail {STRICT}"),
    ("fail", False): ("fail", "FAIL", "Fail", "fail"),
}


def report_of(rules, counts, unreadable, code="en"):
    findings = findings_of(counts, rules=rules, unreadable=unreadable)
    stamp = RunStamp(
        run_id="20261102T020000000Z-1a2b3c4d", created_at="2026-11-23T08:00:00+00:00", languages=(code,), timing={}
    )
    notes = replace(read_notes(), language=code)
    return compose(findings, attributions_of(findings), notes=notes, stamp=stamp)


def standing(page):
    """The paragraph of page one that names the gate, without its tags."""
    text = page.split('<p class="standing">')[1].split("</p>")[0]
    return " ".join("".join(part.partition(">")[2] or part for part in text.split("<")).split())


def night_of(tmp_path, files):
    run = archived_run(archived(tmp_path, 1, files={**bundle_files(1), **files}), tmp_path)
    return index_page((Entry(model="m", folder="f", verdict=run.verdict, documents=()),), ())


@pytest.mark.parametrize("name", GATES)
def test_the_outcome_is_the_same_wherever_it_is_read(name, tmp_path):
    rules, counts, unreadable, outcome, passed = GATES[name]
    report = report_of(rules, counts, unreadable)
    contract = findings_json(report)
    assert (contract["gate"]["outcome"], contract["gate"]["passed"]) == (outcome, passed)
    files = ci_files(contract, report.notes)
    line = json.loads(files["verdict.json"])
    assert (line["outcome"], line["passed"]) == (outcome, passed)
    page, subject, summary, index = TOLD[outcome, passed]
    told = html(report, "screen")
    assert page in standing(told)
    assert ("The gate fails:" in told) == (not passed)
    assert f"] {subject}" in mail_text(contract, link="", omitted="", notes=report.notes).subject
    assert summary in files["summary.md"].decode().splitlines()[0]
    assert index in night_of(tmp_path, {"verdict.json": replaced(line), "junit.xml": files["junit.xml"]})
    assert junit_passes(files["junit.xml"]) == (passed, outcome == "pass")


def replaced(line):
    return json.dumps({**line, "model": "m"}).encode()


def junit_passes(content):
    """Whether no case fails, and whether none is skipped either."""
    suite = ET.fromstring(content).find("testsuite")
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    return failed == 0, failed == 0 and suite.get("skipped") == "0"


@pytest.mark.parametrize(
    ("code", "words"), [("en", "quality not judged: no rule is set"), ("ja", "品質は判定していません")]
)
def test_that_nothing_was_judged_is_said_in_every_document_and_language(code, words, tmp_path):
    report = report_of(GateRules(), RIGHT, 0, code)
    contract = findings_json(report)
    mail = mail_text(contract, link="", omitted="", notes=report.notes)
    files = ci_files(contract, report.notes)
    run = archived_run(archived(tmp_path, 1, files={**bundle_files(1), **files}), tmp_path)
    index = index_page((Entry(model="m", folder="f", verdict=run.verdict, documents=()),), (), code)
    for text in (html(report, "screen"), mail.text, mail.html, files["summary.md"].decode(), index, json.dumps(contract["gate"], ensure_ascii=False)):  # fmt: skip
        assert words in text.replace("\n", "")
    assert words in json.loads(files["verdict.json"])["detail"]


def older(contract):
    """The key `gate` as versions before `not_judged` wrote it."""
    gate = {key: contract["gate"][key] for key in ("passed", "strict", "rules", "accepted")}
    return {**contract, "gate": {"outcome": "pass", **gate}}


@pytest.mark.parametrize(("rules", "subject"), [(GateRules(), "NOT JUDGED"), (GateRules(min_accuracy=0.5), "PASS")])
def test_a_pass_without_a_rule_in_an_older_bundle_is_read_as_not_judged(rules, subject, tmp_path):
    """verdict.json did not say whether there were rules; junit.xml lists them, findings.json too."""
    report = report_of(rules, RIGHT, 0)
    old = older(findings_json(report))
    assert f"] {subject} " in mail_text(old, link="", omitted="", notes=report.notes).subject
    suites = ET.Element("testsuites")
    for rule in old["gate"]["rules"]:
        ET.SubElement(ET.SubElement(suites, "testsuite"), "testcase", {"name": rule["name"]})
    page = night_of(tmp_path, {"junit.xml": ET.tostring(suites)})
    assert ("not judged: no rule is set; 2 data checks passed" in page) == (subject == "NOT JUDGED")


@pytest.mark.parametrize("content", [b"", b"cut <testsuites", b"<testsuites/>"])
def test_an_older_bundle_whose_junit_tells_nothing_keeps_its_outcome(content, tmp_path):
    files = {**bundle_files(1), "junit.xml": content}
    assert archived_run(archived(tmp_path, 1, files=files), tmp_path).verdict.outcome == "pass"


@pytest.mark.parametrize(
    ("rules", "unreadable", "words"),
    [  # 68 of 75 are right (90.67%), 28 of 35 of the first class; 4 of 79 are unreadable (5.06%)
        (GateRules(max_unreadable=0.0506), 4, ("4 of 79 images unreadable", "at most 5.060% allowed")),
        (GateRules(max_unreadable=0.01), 4, ("4 of 79 images unreadable", "at most 1.0% allowed")),
        (GateRules(min_accuracy=0.9067), 0, ("90.667%, at least 90.670% required",)),
        (GateRules(min_accuracy=0.95), 0, ("90.7%, at least 95.0% required",)),
        (GateRules(min_recall={"class_000": 0.8001}), 0, ("(80.00%, 95% interval", "at least 80.01% required")),
    ],
)
def test_a_figure_and_its_limit_never_look_alike(rules, unreadable, words):
    counts = np.array([[28, 7, 0], [0, 20, 0], [0, 0, 20]])
    found = findings_of(counts, rules=rules, unreadable=unreadable)
    told = [rule_text(rule, found.predictions.facts.classes) for rule in found.gate.rules]
    text = " | ".join(told).replace("\u00a0", " ")
    assert all(word in text for word in words), text


def test_the_end_of_an_interval_and_the_margin_never_look_alike():
    """1,000 images, 20 broken and 10 fixed: the lower end of the interval, about -2.1 points, beside itself."""
    counts = np.array([[500, 20], [0, 480]])
    predictions = predictions_of(counts)
    before = predictions.targets.copy()
    before[-10:] = 0
    history = History(runs=(past_run_of(predictions, before),))
    low = findings_of(counts, history=history).comparison.overall.difference_ci[0]
    for margin in (-low + 0.00001, -low - 0.00001):
        found = findings_of(counts, history=history, rules=GateRules(accuracy_margin=margin))
        rule = next(rule for rule in found.gate.rules if rule.name == "accuracy_margin")
        text = rule_text(rule, found.predictions.facts.classes).replace("\u00a0", " ")
        end = re.search(r"interval \u2212([\d.]+) to", text)[1]
        limit = re.search(r"more than ([\d.]+) points", text)[1]
        assert end != limit
        assert (float(end) < float(limit)) == (rule.outcome == "pass")
