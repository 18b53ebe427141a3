"""The gate's outcome in every place that a person or a program reads it: the same everywhere, in every language."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reportgen.analyse.gate_rules import AcceptedConfusion, GateRules
from reportgen.compose.report import RunStamp, compose
from reportgen.deliver.archive import archived_run
from reportgen.inputs.notes import read_notes
from reportgen.render.ci_files import ci_files
from reportgen.render.findings_json import findings_json
from reportgen.render.html import html
from reportgen.render.index_page import Entry, index_page
from reportgen.render.message import mail_text
from tests.archives import archived, bundle_files
from tests.synthetic import TODAY, attributions_of, findings_of

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
    stamp = RunStamp(run_id="r1", created_at="2026-11-23T08:00:00+00:00", languages=(code,), timing={})
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
