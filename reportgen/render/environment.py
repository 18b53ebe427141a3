"""Where the templates lie, and what every template may use and do."""

import types
from collections.abc import Callable, Mapping
from functools import cache
from traceback import extract_tb
from types import MappingProxyType
from typing import Any

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    FunctionLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateSyntaxError,
)
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from reportgen.errors import RenderingError, ReportgenError
from reportgen.language import language
from reportgen.package_files import templates_dir
from reportgen.render.filters import FILTERS, Filters
from reportgen.render.limits import within_limits
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance

# Of single pages.
OTHER_FILTERS = (
    "cell",
    "differences_text",
    "gate_text",
    "method_description",
    "method_name",
    "mismatch_text",
    "omitted_text",
    "rule_text",
)
OPEN_TO = frozenset({"builtins", "collections", "datetime", "jinja2", "markupsafe", "reportgen"})  # packages


class Sandbox(ImmutableSandboxedEnvironment):
    """Templates read values and change none; they call functions and methods of OPEN_TO alone, and no class.

    Arrays, tables, paths, modules and whatever else a value leads to have methods that write files or change numbers.
    """

    of_others = False  # whether templates of others are among its own
    open_to: frozenset[str] = OPEN_TO

    def is_safe_callable(self, obj: object) -> bool:
        """Asked by Jinja before every call."""
        if isinstance(obj, type):
            return any(obj is known for known in self.globals.values())
        owner = getattr(obj, "__self__", obj)
        of = {type(owner).__module__, getattr(obj, "__module__", None) or "builtins"}
        known = all(module.partition(".")[0] in self.open_to for module in of)
        return known and not isinstance(owner, types.ModuleType) and super().is_safe_callable(obj)


class CompiledTemplates(BytecodeCache):
    """Templates that this process has compiled, by name and checksum of the text.

    One run asks forty times for fifteen templates, each time in an environment of its own, and compiling them again
    took three quarters of its rendering.
    """

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], types.CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Asked by Jinja before it compiles."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Told by Jinja what it compiled."""
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


Finalize = Callable[[Any], Any]


@cache
def compiled_templates(code: str, *, autoescape: bool, finalize: Finalize | None) -> CompiledTemplates:
    """One for each setting that Jinja compiles into a template: constants are escaped, formatted and finalised then."""
    del code, autoescape, finalize  # they are the key
    return CompiledTemplates()


def environment(
    breed: Callable[[str], str],
    code: str = "en",
    *,
    appearance: Appearance = DEFAULT_APPEARANCE,
    autoescape: bool = True,
    finalize: Finalize | None = None,
) -> Sandbox:
    """A sandbox that speaks the language `code`; `breed` turns a class name into the name for its readers.

    The templates of `appearance` come before those of the package, which "reportgen/NAME" always reaches. What a
    template prints passes `finalize` first, a function of a module: it is part of what is compiled once a process.
    """
    spoken = language(code)
    made = Sandbox(
        loader=_loader(appearance),
        autoescape=autoescape,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.of_others = bool(appearance.templates)
    if not made.of_others:  # those may give a class name as a constant, whose name for readers is another for each run
        made.bytecode_cache = compiled_templates(code, autoescape=autoescape, finalize=finalize)
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
    """The template's text. Raises RenderingError with its file and line.

    Where there are templates of others, it is made in a process of its own that has limits.
    """
    if isinstance(environment, Sandbox) and environment.of_others:
        return within_limits(lambda: _rendered(environment, template, values), template)
    return _rendered(environment, template, values)


def _rendered(environment: Environment, template: str, values: Mapping[str, object]) -> str:
    try:
        return environment.get_template(template).render(**values)
    except (ReportgenError, MemoryError):
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


def _loader(appearance: Appearance) -> BaseLoader:
    ours = FileSystemLoader(templates_dir())
    theirs = MappingProxyType({**appearance.pages, **appearance.scripts})

    def own(name: str) -> tuple[str, str, None] | None:
        return (theirs[name], f"{appearance.folder}/{name}", None) if name in theirs else None

    return ChoiceLoader([FunctionLoader(own), ours, PrefixLoader({"reportgen": ours})])


def _refused(where: str, error: Exception) -> RenderingError:
    found = f"{type(error).__name__}: {error}".splitlines()[0]
    return RenderingError(where, found=found, expected="a valid template", todo="mend the template at this line")
