"""`Section` and `SectionContext`: the interface of report sections, built in and of the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from reportgen.analyse.findings import Findings
from reportgen.compose.panels import Panel
from reportgen.explain.attributions import Attributions
from reportgen.inputs.notes import Notes
from reportgen.language import Language, language
from reportgen.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionContext:
    """Everything a section may use. `panels` by row of the predictions, `pictures` their files by name.

    thumbnails: JPEG files of errors by row; none of a picture that could not be read any more. tokens: for charts.
    """

    findings: Findings
    attributions: Attributions
    notes: Notes
    panels: Mapping[int, Panel]
    pictures: Mapping[str, bytes]
    thumbnails: Mapping[int, bytes]
    tokens: Tokens

    @property
    def language(self) -> Language:
        """The language of its words and notes."""
        return language(self.notes.language)

    @property
    def classes(self) -> tuple[str, ...]:
        """The K class names."""
        return self.findings.predictions.facts.classes


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the report. `template` is rendered with `data`; `assets` are its pictures, by unique file name.

    screen_only: the PDF leaves it out. source: the template's text, where it is not among the report's templates.
    """

    id: str
    title: str
    template: str
    data: Mapping[str, object]
    assets: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    landscape: bool = False
    screen_only: bool = False
    source: str = ""
