"""The templates and their environment: the same template for the screen and for print."""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from reportgen.compose.report import Report
from reportgen.errors import RenderingError
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
    environment = _environment(report, medium)
    try:
        return environment.get_template("report.html.j2").render(report=report, medium=medium)
    except TemplateError as error:
        where = f"{getattr(error, 'filename', None) or 'template'}, line {getattr(error, 'lineno', '?')}"
        raise RenderingError(
            where,
            found=f"{type(error).__name__}: {error.message}",
            expected="a valid template",
            todo="mend the template",
        ) from error


def _environment(report: Report, medium: Medium) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    named: dict[str, Callable[..., object]] = {
        name: getattr(filters, name)
        for name in (
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
    }
    environment.filters |= named
    environment.filters["breed"] = report.notes.name
    classes = report.findings.predictions.facts.classes
    environment.globals |= {
        "asset": _data_uris(report.assets) if medium == "screen" else _asset_names(report.assets),
        "class_name": lambda k: report.notes.name(classes[k]),
        "tell_apart": lambda a, b: report.notes.tell_apart(a, b, report.stamp.language),
        "css": lambda name: Markup((templates_dir() / "css" / name).read_text(encoding="utf-8")),  # noqa: S704  # ours
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
