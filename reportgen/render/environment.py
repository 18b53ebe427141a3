"""Where the templates lie, and what every template may use."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from reportgen.errors import RenderingError
from reportgen.render import filters

_FILTERS = (
    "percent",
    "points",
    "signed_points",
    "interval",
    "difference",
    "difference_fine",
    "probability",
    "score",
    "times",
    "correlation",
    "evidence",
    "count",
    "whole",
    "listed",
    "day",
    "date_only",
    "breakable",
    "shortened",
    "seconds",
)


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


def environment(breed: Callable[[str], str], *, autoescape: bool = True) -> Environment:
    """An environment with the filters; `breed` turns a class name into the name for readers."""
    made = Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=autoescape,  # noqa: S701  # off for plain text alone
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {name: getattr(filters, name) for name in _FILTERS}
    made.filters["breed"] = breed
    return made


def rendered(environment: Environment, template: str, **values: object) -> str:
    """The template's text. Raises RenderingError with its file and line."""
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
