"""What the next step of a CI job reads where there is no report: verdict.json, junit.xml and summary.md.

With the standard library alone: also where torch, or what draws a page, cannot be imported, CI is told.
"""

import json
from xml.etree import ElementTree as ET

from reportgen.errors import ReportgenError, in_one_line
from reportgen.plain_text import for_xml
from reportgen.redaction import without_secrets
from reportgen.stopping import Stopped

CI_FILE_NAMES = ("verdict.json", "junit.xml", "summary.md")


def unended_files() -> dict[str, bytes]:
    """The three files by name of a run that goes on, or was killed before it could say so: outcome stopped."""
    told = "the run has not ended: it goes on, or it was killed"
    return _files("stopped", None, "Stopped", told, told)


def ended_files(exit_code: int, cause: BaseException | None) -> dict[str, bytes]:
    """The same three of a run that has ended without a report: outcome stopped by a signal, error by anything else.

    `cause`: what ended it, None where nothing is known.
    """
    if isinstance(cause, Stopped):
        return _files("stopped", exit_code, "Stopped", str(cause), str(cause))
    kind = type(cause).__name__ if cause else "SystemExit"
    if isinstance(cause, ReportgenError):
        return _files("error", exit_code, kind, cause.found, str(cause))
    told = _told(cause)
    return _files("error", exit_code, kind, told, told)


def _told(cause: BaseException | None) -> str:
    if cause is None:
        return "the run ended without a report"
    message = getattr(cause, "format_message", None)  # of a wrong command line
    return without_secrets(str(message())) if callable(message) else in_one_line(cause)


def _files(outcome: str, exit_code: int | None, kind: str, found: str, told: str) -> dict[str, bytes]:
    line = {"outcome": outcome, "passed": False, "exit_code": exit_code, "error": told}
    attributes = {"name": "reportgen", "tests": "1", "failures": "0", "errors": "1"}
    suites = ET.Element("testsuites", attributes)
    suite = ET.SubElement(suites, "testsuite", attributes)
    case = ET.SubElement(suite, "testcase", {"classname": "reportgen", "name": "report"})
    ET.SubElement(case, "error", {"message": found, "type": kind})
    fence = "    "  # a code block that no text can end
    text = "".join(f"{fence}{row}\n" for row in told.splitlines())
    return {
        "verdict.json": (json.dumps(line, ensure_ascii=False) + "\n").encode(),
        "junit.xml": xml_file(suites),
        "summary.md": f"## ⛔ No report\n\n{text}".encode(),
    }


def xml_file(root: ET.Element) -> bytes:
    """The elements as a file. Texts are all in attributes; the elements' names are ours."""
    for element in root.iter():
        for key, value in element.attrib.items():
            element.set(key, for_xml(value))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"
