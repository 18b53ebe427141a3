"""Options of the report: languages, formats, sections, and its appearance."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from reportgen.compose.sections.registry import SECTIONS
from reportgen.option import Checked, Group, Option, listed


def _known_formats(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or set(value) - set(ALL_FORMATS):
        raise ValueError("html, pdf or both")
    return value


def _known_languages(value: tuple[str, ...]) -> tuple[str, ...]:
    from reportgen.language import LANGUAGES  # Babel: not for --help

    if not value or set(value) - set(LANGUAGES):
        raise ValueError(f"some of {', '.join(LANGUAGES)}; the first is report.html and the mail")
    return tuple(dict.fromkeys(value))


def _all_sections(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(SECTIONS) if value == ("all",) else value


ALL_FORMATS = ("html", "pdf")
Formats = Annotated[
    tuple[str, ...], Checked(listed, "before"), Checked(_known_formats), Option("`html`, `pdf` or both.", key="format")
]
Languages = Annotated[
    tuple[str, ...],
    Checked(listed, "before"),
    Checked(_known_languages),
    Option("Languages of the report, such as `ja` or `en,ja`; the first is that of `report.html` and of the mail."),
]
Sections = Annotated[
    tuple[str, ...],
    Checked(listed, "before"),
    Checked(_all_sections),
    Option(
        "Sections and their order, such as `summary,pairs`, or `all`; also your own, `package.module:callable`.",
        unset="all",
        more="See the [example](docs/own-section).",
    ),
]
Templates = Annotated[
    Path,
    Option(
        "Folder whose templates and style sheets override ours by name; `none`: ours alone.",
        more="See the [example](docs/own-look).",
        example='"our-templates"',
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What the report holds and in which forms. See `pipeline.read_appearance` for templates and theme."""

    GROUP: ClassVar = Group("Report")

    lang: Languages = ("en",)
    formats: Formats = ALL_FORMATS
    sections: Sections = tuple(SECTIONS)
    templates: Templates | None = None
