"""`compose()`: the report's sections and files put together, as `Report` (stage 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from traceback import extract_tb
from types import MappingProxyType

from reportgen.analyse.findings import Findings
from reportgen.compose.panels import panels
from reportgen.compose.section import Section, SectionContext
from reportgen.compose.sections.registry import SECTIONS
from reportgen.compose.size_reduction import SizeReduction
from reportgen.errors import ConfigError, RenderingError, in_one_line
from reportgen.explain.attributions import Attributions
from reportgen.inputs.notes import Notes
from reportgen.plugins import resolved
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance
from reportgen.runs.stamp import RunStamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the page will show, in one language. `assets` are the pictures of all sections by file name.

    appearance: the user's templates and theme. reduction: what was left out to make it small; None when nothing was.
    """

    stamp: RunStamp
    context: SectionContext
    section_names: tuple[str, ...]
    sections: tuple[Section, ...]
    assets: Mapping[str, bytes]
    appearance: Appearance = DEFAULT_APPEARANCE
    reduction: SizeReduction | None = None

    @property
    def findings(self) -> Findings:
        """What was found."""
        return self.context.findings

    @property
    def attributions(self) -> Attributions:
        """The maps and how far they can be trusted."""
        return self.context.attributions

    @property
    def notes(self) -> Notes:
        """Names and notes of the classes, in the report's language."""
        return self.context.notes

    @property
    def print_assets(self) -> Mapping[str, bytes]:
        """The pictures that the PDF may show."""
        left_out = {name for section in self.sections if section.screen_only for name in section.assets}
        return {name: content for name, content in self.assets.items() if name not in left_out}


def compose(
    findings: Findings,
    attributions: Attributions,
    *,
    notes: Notes,
    stamp: RunStamp,
    section_names: tuple[str, ...] = tuple(SECTIONS),
    thumbnails: Mapping[int, bytes] = MappingProxyType({}),
) -> Report:
    """The report in the first language of `stamp`, with the sections named, in that order.

    thumbnails: JPEG files of errors by row of the predictions. Raises ConfigError for a name that is no section,
    RenderingError where a section of the user's fails.
    """
    by_row, pictures = panels(findings, attributions)
    context = SectionContext(
        findings=replace(findings, examples=tuple(one for one in findings.examples if one.idx in by_row)),
        attributions=attributions,
        notes=replace(notes, language=stamp.language),
        panels=by_row,
        pictures=pictures,
        thumbnails=thumbnails,
        tokens=DEFAULT_APPEARANCE.tokens,
    )
    return _told(context, stamp, section_names)


def refuse_unknown_sections(names: tuple[str, ...]) -> None:
    """Raises ConfigError for a name that is no section, or stands twice: before anything is worked out."""
    for name in names:
        resolved(name, SECTIONS, kind="report section")
        if names.count(name) > 1:
            raise ConfigError("--sections", found=f"{name} twice", expected="each section once", todo="name it once")


def report_in_language(report: Report, code: str) -> Report:
    """The same report in another language."""
    context = replace(report.context, notes=replace(report.notes, language=code))
    told = replace(_told(context, report.stamp, report.section_names), reduction=report.reduction)
    return with_appearance(told, report.appearance)


def with_appearance(report: Report, appearance: Appearance) -> Report:
    """The same report with the user's templates and theme; where its colours or fonts are others, drawn again."""
    context = replace(report.context, tokens=appearance.tokens)
    if context.tokens != report.context.tokens:
        told = _told(context, report.stamp, report.section_names)
        report = replace(told, reduction=report.reduction)
    return replace(report, appearance=appearance, assets=MappingProxyType({**report.assets, **appearance.assets}))


def _told(context: SectionContext, stamp: RunStamp, section_names: tuple[str, ...]) -> Report:
    made = [(name, section) for name in section_names if (section := _section(name, context)) is not None]
    _refuse_same_id(made)
    sections = [section for _, section in made]
    assets = dict(context.pictures)
    for section in sections:
        assets |= section.assets
    return Report(
        stamp=stamp,
        context=context,
        section_names=section_names,
        sections=tuple(sections),
        assets=MappingProxyType(assets),
    )


def _refuse_same_id(made: list[tuple[str, Section]]) -> None:
    owners: dict[str, str] = {}
    for name, section in made:
        if section.id in owners:
            raise RenderingError(
                f"report section {name!r}",
                found=f"the id {section.id!r}, which {owners[section.id]!r} has too",
                expected="an id of its own for each section",
                todo="give yours another id",
            )
        owners[section.id] = name


def _section(name: str, context: SectionContext) -> Section | None:
    made = resolved(name, SECTIONS, kind="report section")
    if name in SECTIONS:
        return made(context)  # type: ignore[no-any-return]  # as the literal mapping says
    try:
        section = made(context)
    except Exception as error:  # whatever the user's own code raises; the results must not be lost by it
        last = extract_tb(error.__traceback__)[-1]
        raise _failed(name, f"{in_one_line(error)} ({last.filename}, line {last.lineno})") from error
    if section is not None and not isinstance(section, Section):
        raise _failed(name, f"a {type(section).__name__}")
    return section


def _failed(name: str, found: str) -> RenderingError:
    return RenderingError(
        f"report section {name!r}",
        found=found,
        expected="a reportgen.compose.section.Section, or None",
        todo="mend the callable",
    )
