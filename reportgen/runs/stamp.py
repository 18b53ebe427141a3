"""Which run this is: its id, its time, its languages, the seconds of its stages."""

from collections.abc import Mapping
from dataclasses import dataclass

from reportgen.inputs.stored_fields import Moment, RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStamp:
    """Which run this is. created_at is UTC, ISO 8601; timing holds the seconds of each stage that is done.

    languages: codes; the first is that of report.html, of the mail and of the sentences in findings.json.
    """

    run_id: RunId
    created_at: Moment
    languages: tuple[str, ...]
    timing: Mapping[str, float]

    @property
    def language(self) -> str:
        """The first language."""
        return self.languages[0]
