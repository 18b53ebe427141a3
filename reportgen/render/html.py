"""The templates and their environment: the same template for the screen and for print."""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from reportgen.compose.panels import METHOD_TITLES
from reportgen.compose.report import Report
from reportgen.compose.sheet import Sheet
from reportgen.errors import RenderingError
from reportgen.inputs.notes import Notes
from reportgen.inputs.run_inputs import RunFacts
from reportgen.render import filters

Medium = Literal["screen", "print"]
_TYPES = {"jpg": "image/jpeg", "svg": "image/svg+xml", "png": "image/png"}


def templates_dir() -> Path:
    """The folder of templates: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "report.html.j2").is_file():
            return folder
    raise RenderingError(
        "templates",
        found=f"no report.html.j2 in {package / 'templates'} or {package.parent / 'templates'}",
        expected="the templates that come with reportgen",
        todo="install reportgen anew",
    )


def html(report: Report, medium: Medium) -> str:
    """The whole document. On screen every picture is a data URI; in print it is `asset:NAME`, for the PDF's fetcher.

    Raises RenderingError with the template's file and line.
    """
    facts = report.findings.predictions.facts
    environment = _environment(facts, report.notes, report.stamp.language)
    environment.globals["asset"] = _data_uris(report.assets) if medium == "screen" else _asset_names(report.assets)
    return _rendered(environment, "report.html.j2", report=report, medium=medium)


def sheet_html(sheet: Sheet) -> str:
    """The comparison sheet of one picture, with its pictures inside. Raises RenderingError."""
    environment = _environment(sheet.facts, sheet.notes, "en")
    environment.globals["asset"] = _data_uris(sheet.assets)
    return _rendered(environment, "sheet.html.j2", sheet=sheet)


def _rendered(environment: Environment, template: str, **values: object) -> str:
    try:
        return environment.get_template(template).render(**values)
    except TemplateError as error:
        where = f"{getattr(error, 'filename', None) or 'template'}, line {getattr(error, 'lineno', '?')}"
        raise RenderingError(
            where,
            found=f"{type(error).__name__}: {error.message}",
            expected="a valid template",
            todo="mend the template",
        ) from error


_FILTERS = (
    "percent",
    "points",
    "interval",
    "difference",
    "score",
    "times",
    "correlation",
    "evidence",
    "count",
    "whole",
    "listed",
    "day",
    "breakable",
    "shortened",
    "seconds",
)


def _environment(facts: RunFacts, notes: Notes, language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(filters, name) for name in _FILTERS}
    environment.filters |= {"breed": notes.name, "method_name": lambda name: METHOD_TITLES.get(name, name)}
    environment.globals |= {
        "class_name": lambda k: notes.name(facts.classes[k]),
        "css": lambda name: Markup((templates_dir() / "css" / name).read_text(encoding="utf-8")),  # noqa: S704  # ours
        "tell_apart": lambda a, b: notes.tell_apart(a, b, language),
        "thing": "animal" if facts.taxonomy.species and set(facts.taxonomy.species) <= {"cat", "dog"} else "object",
    }
    return environment


def _data_uris(assets: Mapping[str, bytes]) -> Callable[[str], str]:
    def data_uri(name: str) -> str:
        return f"data:{_TYPES[name.rpartition('.')[2]]};base64,{base64.b64encode(assets[name]).decode()}"

    return data_uri


def _asset_names(assets: Mapping[str, bytes]) -> Callable[[str], str]:
    def asset_name(name: str) -> str:
        return f"asset:{name}" if name in assets else f"asset:missing/{name}"

    return asset_name
