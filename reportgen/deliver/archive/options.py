"""Options of the archive: where bundles go, and which of them stay."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from annotated_types import Interval

from reportgen.option import Group, Option


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveOptions:
    """Where the bundle goes, and what CI systems read of it."""

    GROUP: ClassVar = Group("Archive")

    out: Annotated[Path, Option("Root of the archive; the bundle goes to `OUT/<model name>/<run_id>/`.")] = Path(
        "reports"
    )
    ci_dir: Annotated[
        Path | None,
        Option("Folder for `verdict.json`, `junit.xml` and `summary.md` of this run.", example='"report-ci"'),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionOptions:
    """Which runs are kept: all where neither is given; with both limits a run goes only when both allow it."""

    GROUP: ClassVar = Group(
        "Retention",
        table="archive",
        about="what a run removes at its end; with both limits a run goes only when both allow it",
    )

    keep: Annotated[
        int | None,
        Interval(ge=1, le=1_000_000),
        Option("Keep the newest runs of each model, so many.", flag="--keep", example="60"),
    ] = None
    keep_days: Annotated[
        float | None,
        Interval(gt=0, le=36_500),
        Option("Keep runs younger than this many days.", flag="--keep-days", example="90"),
    ] = None
