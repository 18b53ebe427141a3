"""Where the templates lie, and what every template may use and do."""

import types
from collections.abc import Callable
from pathlib import Path
from traceback import extract_tb
from types import MappingProxyType

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    FunctionLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from reportgen.compose.look import PLAIN, Look
from reportgen.errors import RenderingError, ReportgenError
from reportgen.language import language
from reportgen.render.filters import FILTERS, Filters

# Of single pages.
OTHER_FILTERS = ("cell", "differences_text", "gate_text", "method_name", "mismatch_text", "omitted_text", "rule_text")
_CLOSED = {"gettext", "io", "numpy", "os", "pandas", "pathlib", "torch"}  # their objects have methods that write files


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


class _Sandbox(ImmutableSandboxedEnvironment):
    """Templates read values and change none; they call no class, and no method of a path, an array or a module."""

    def is_safe_callable(self, obj: object) -> bool:
        owner = getattr(obj, "__self__", obj)
        foreign = type(owner).__module__.partition(".")[0] in _CLOSED
        is_class = isinstance(obj, type) and obj not in self.globals.values()
        return not (foreign or is_class or isinstance(owner, types.ModuleType)) and super().is_safe_callable(obj)


def environment(
    breed: Callable[[str], str], code: str = "en", *, look: Look = PLAIN, autoescape: bool = True
) -> Environment:
    """A sandbox that speaks the language `code`; `breed` turns a class name into the name for its readers.

    The templates of `look` come before those of the package, which "reportgen/NAME" always reaches.
    """
    spoken = language(code)
    made = _Sandbox(
        loader=_loader(look),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(spoken.gettext, spoken.ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    made.filters |= {name: getattr(Filters(spoken), name) for name in FILTERS}
    made.filters["breed"] = breed
    made.globals["language"] = spoken
    return made


def text_of(made: Environment, name: str) -> Markup:
    """A style sheet or script as it is. Raises jinja2.TemplateNotFound."""
    return Markup(made.loader.get_source(made, name)[0]) if made.loader else Markup()  # noqa: S704  # ours or the user's


def rendered(environment: Environment, template: str, **values: object) -> str:
    """The template's text. Raises RenderingError with its file and line."""
    try:
        return environment.get_template(template).render(**values)
    except ReportgenError:
        raise
    except TemplateSyntaxError as error:
        raise _refused(f"{error.filename or error.name or template}, line {error.lineno}", error) from error
    except (
        Exception
    ) as error:  # whatever a template's expression may raise: a KeyError of a filter, a ZeroDivisionError
        frames = [
            frame for frame in extract_tb(error.__traceback__) if frame.filename.endswith((".j2", ".html", ".md"))
        ]
        where = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else template
        raise _refused(where, error) from error


def _loader(look: Look) -> BaseLoader:
    ours = FileSystemLoader(templates_dir())
    theirs = MappingProxyType(dict(look.templates))

    def own(name: str) -> tuple[str, str, None] | None:
        return (theirs[name], f"{look.folder}/{name}", None) if name in theirs else None

    return ChoiceLoader([FunctionLoader(own), ours, PrefixLoader({"reportgen": ours})])


def _refused(where: str, error: Exception) -> RenderingError:
    found = f"{type(error).__name__}: {error}".splitlines()[0]
    return RenderingError(where, found=found, expected="a valid template", todo="mend the template at this line")
