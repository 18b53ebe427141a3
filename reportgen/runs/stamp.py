"""`RunStamp`: run id, time, languages, seconds by stage, and who gave each option."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from reportgen.inputs.stored_fields import Moment, RunId
from reportgen.language import LANGUAGES
from reportgen.option import Checked
from reportgen.runs.bounded_files import typed_json
from reportgen.runs.bundle_files import bundle_read


def _known(languages: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [code for code in languages if code not in LANGUAGES]
    if unknown or not languages:
        raise ValueError(f"the languages {languages}, of which {', '.join(LANGUAGES)} are known")
    return languages


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStamp:
    """Which run this is. created_at is UTC, ISO 8601; timing holds the seconds of each stage that is done.

    languages: codes; the first is that of report.html, of the mail and of the sentences in findings.json.
    option_sources: by key of the TOML file who gave each option that is not at its default; {} in older versions.
    """

    run_id: RunId
    created_at: Moment
    languages: Annotated[tuple[str, ...], Checked(_known)]
    timing: Mapping[str, float]
    option_sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """The first language."""
        return self.languages[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamped:
    stamp: RunStamp


def read_stamp(run_dir: Path) -> RunStamp:
    """The stamp of the run in `run_dir`, of run.json alone. Raises InputError when it is no bundle or damaged."""
    with bundle_read(run_dir, ("run.json",)) as files:
        found: _Stamped = typed_json(files, "run.json", _Stamped)
        return found.stamp
