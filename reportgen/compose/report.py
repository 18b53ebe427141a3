"""The front door of stage 5: the sections of the report in their order."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reportgen.analyse.findings import Findings
from reportgen.compose.material import Material, Section
from reportgen.compose.panels import panels
from reportgen.compose.thrift import Thrift
from reportgen.errors import ConfigError
from reportgen.explain.attributions import Attributions
from reportgen.inputs.notes import Notes
from reportgen.plugins import resolved

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        name: f"reportgen.compose.sections.{name}:{name}"
        for name in (
            "summary",
            "changes",
            "pairs",
            "groups",
            "cross_species",
            "confident",
            "evidence",
            "matrix",
            "classes",
            "gate",
            "data",
            "methods",
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStamp:
    """Which run this is. created_at is UTC, ISO 8601; timing holds the seconds of each stage that is done."""

    run_id: str
    created_at: str
    language: str
    timing: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the page will show. `assets` are the pictures of all sections by file name.

    thrift: what was left out to make it small; None when nothing was.
    """

    stamp: RunStamp
    findings: Findings
    attributions: Attributions
    notes: Notes
    sections: tuple[Section, ...]
    assets: Mapping[str, bytes]
    thrift: Thrift | None = None


def compose(
    findings: Findings,
    attributions: Attributions,
    *,
    notes: Notes,
    stamp: RunStamp,
    section_names: tuple[str, ...] = tuple(SECTIONS),
) -> Report:
    """The report with the sections named, in that order. Raises ConfigError for a name that is no section."""
    by_row, assets = panels(findings, attributions)
    material = Material(findings=findings, attributions=attributions, notes=notes, panels=by_row)
    sections = [section for name in section_names if (section := _section(name, material)) is not None]
    for section in sections:
        assets = {**assets, **section.assets}
    return Report(
        stamp=stamp,
        findings=findings,
        attributions=attributions,
        notes=notes,
        sections=tuple(sections),
        assets=MappingProxyType(dict(assets)),
    )


def _section(name: str, material: Material) -> Section | None:
    section = resolved(name, SECTIONS, kind="report section")(material)
    if section is not None and not isinstance(section, Section):
        raise ConfigError(
            f"report section {name!r}",
            found=f"a {type(section).__name__}",
            expected="a reportgen.compose.material.Section, or None",
            todo="return a Section from the callable",
        )
    return section
