"""What the next step of a CI job reads: verdict.json (one line), junit.xml and summary.md, all from the contract."""

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from reportgen.inputs.notes import Notes
from reportgen.plain_text import for_markdown
from reportgen.render.data.no_report import xml_file
from reportgen.render.environment import environment, rendered
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance

_IN_VERDICT = (
    *("baseline_run_id", "comparable", "reason", "reasons", "verdict", "fixed", "broken", "n_paired", "p_value"),
    *("differences", "across", "acrosses"),
    *("accuracy_difference", "accuracy_difference_ci"),
)
_N_TOP_PAIRS = 3


def ci_files(
    contract: Mapping[str, Any], notes: Notes, appearance: Appearance = DEFAULT_APPEARANCE
) -> dict[str, bytes]:
    """The three files by name; `notes` name the classes in summary.md, which speaks their language."""
    line = json.dumps(verdict(contract), ensure_ascii=False, allow_nan=False)
    return {
        "verdict.json": (line + "\n").encode(),
        "junit.xml": junit(contract),
        "summary.md": summary_markdown(contract, notes, appearance).encode(),
    }


def verdict(contract: Mapping[str, Any]) -> dict[str, Any]:
    """The run in one line: what a CI step and the archive's index need."""
    scores, gate, against = contract["scores"], contract["gate"], contract["comparison"]
    known = scores["species_accuracy"] is not None
    return {
        "schema_version": contract["schema_version"],
        "run_id": contract["run_id"],
        "created_at": contract["created_at"],
        "model": contract["model"]["name"],
        "language": contract["language"],
        "languages": contract["languages"],
        "outcome": gate["outcome"],
        "passed": gate["passed"],
        **{key: gate[key] for key in ("strict", "n_data_checks", "detail", "details")},
        **{key: scores[key] for key in ("accuracy", "accuracy_ci", "n", "correct", "species_accuracy")},
        "n_cross_species": len(contract["cross_species"]) if known else None,
        "top_pairs": [
            {key: pair[key] for key in ("a", "b", "a_as_b", "b_as_a", "n_a", "n_b")}
            for pair in contract["pairs"][:_N_TOP_PAIRS]
        ],
        "comparison": {key: against[key] for key in _IN_VERDICT} if against else None,
        "fingerprint": contract["data"]["fingerprint"],
        "class_order_suspicious": contract["class_order"]["suspicious"],
        "notice": contract["data"]["notice"],
        "rules": [rule for rule in gate["rules"] if rule["outcome"] != "pass"],
    }


def junit(contract: Mapping[str, Any]) -> bytes:
    """The gate as a JUnit test suite, one case a rule: fail is a failure, invalid an error.

    Inconclusive is skipped, or a failure where the gate is strict; quality that was not judged is a skipped case.
    The format has no standard; these are the elements that GitHub's, GitLab's and Jenkins' readers share.
    """
    gate = contract["gate"]
    strict = {"inconclusive": "failure"} if gate["strict"] else {}
    kinds = {"fail": "failure", "invalid": "error", "inconclusive": "skipped"} | strict
    cases = [(rule, kinds.get(rule["outcome"])) for rule in gate["rules"]]
    if gate["outcome"] == "not_judged":  # else a reader of the suite sees nothing but passes
        cases.append(({"name": "quality", "outcome": "not_judged", "detail": gate["detail"]}, "skipped"))
    counts = {f"{kind}s": str(sum(one == kind for _, one in cases)) for kind in ("failure", "error")}
    name = f"reportgen.{contract['model']['name']}"
    attributes = {"name": name, "tests": str(len(cases)), **counts}
    skipped = str(sum(kind == "skipped" for _, kind in cases))
    suites = ET.Element("testsuites", attributes)
    suite = ET.SubElement(suites, "testsuite", {**attributes, "skipped": skipped, "timestamp": contract["created_at"]})
    for rule, kind in cases:
        case = ET.SubElement(suite, "testcase", {"classname": name, "name": rule["name"], "time": "0"})
        if kind:
            ET.SubElement(case, kind, {"message": rule["detail"], "type": rule["outcome"]})
    return xml_file(suites)


def summary_markdown(contract: Mapping[str, Any], notes: Notes, appearance: Appearance) -> str:
    """The run in Markdown, for the summary page of a GitHub or GitLab job."""
    made = environment(notes.name, notes.language, appearance=appearance, autoescape=False)
    made.filters["cell"] = lambda text: for_markdown(str(text))
    return rendered(made, "summary.md.j2", found=contract)
