"""The templates and their environment: the same template for the screen and for print."""

import base64
from collections.abc import Callable, Mapping
from typing import Literal

from jinja2 import Environment
from markupsafe import Markup

from reportgen.compose.panels import METHOD_TITLES
from reportgen.compose.report import Report
from reportgen.compose.sheet import Sheet
from reportgen.inputs.notes import Notes
from reportgen.inputs.run_inputs import RunFacts
from reportgen.render.environment import environment, rendered, templates_dir
from reportgen.render.words import mismatch_text, omitted_text, rule_text

Medium = Literal["screen", "print"]
_TYPES = {"jpg": "image/jpeg", "svg": "image/svg+xml", "png": "image/png"}


def html(report: Report, medium: Medium) -> str:
    """The whole document. On screen every picture is a data URI; in print it is `asset:NAME`, for the PDF's fetcher.

    Raises RenderingError with the template's file and line.
    """
    facts = report.findings.predictions.facts
    made = _environment(facts, report.notes, report.stamp.language)
    made.globals["asset"] = _data_uris(report.assets) if medium == "screen" else _asset_names(report.assets)
    return rendered(made, "report.html.j2", report=report, medium=medium)


def sheet_html(sheet: Sheet) -> str:
    """The comparison sheet of one picture, with its pictures inside. Raises RenderingError."""
    made = _environment(sheet.facts, sheet.notes, "en")
    made.globals["asset"] = _data_uris(sheet.assets)
    return rendered(made, "sheet.html.j2", sheet=sheet)


def _environment(facts: RunFacts, notes: Notes, language: str) -> Environment:
    made = environment(notes.name)
    made.filters |= {
        "method_name": lambda name: METHOD_TITLES.get(name, name),
        "rule_text": lambda rule: rule_text(rule, facts.classes, notes.name),
        "mismatch_text": mismatch_text,
        "omitted_text": omitted_text,
    }
    made.globals |= {
        "class_name": lambda k: notes.name(facts.classes[k]),
        "css": lambda name: Markup((templates_dir() / "css" / name).read_text(encoding="utf-8")),  # noqa: S704  # ours
        "tell_apart": lambda a, b: notes.tell_apart(a, b, language),
        "thing": "animal" if facts.taxonomy.species and set(facts.taxonomy.species) <= {"cat", "dog"} else "object",
    }
    return made


def _data_uris(assets: Mapping[str, bytes]) -> Callable[[str], str]:
    def data_uri(name: str) -> str:
        return f"data:{_TYPES[name.rpartition('.')[2]]};base64,{base64.b64encode(assets[name]).decode()}"

    return data_uri


def _asset_names(assets: Mapping[str, bytes]) -> Callable[[str], str]:
    def asset_name(name: str) -> str:
        return f"asset:{name}" if name in assets else f"asset:missing/{name}"

    return asset_name
