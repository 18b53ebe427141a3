"""What the next step of a CI job reads: verdict.json (one line), junit.xml and summary.md, all from the contract."""

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from reportgen.inputs.notes import Notes
from reportgen.plain_text import for_markdown
from reportgen.render.data.no_report import xml_file
from reportgen.render.data.verdict_json import verdict
from reportgen.render.environment import environment, rendered
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance


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
