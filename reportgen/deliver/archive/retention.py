"""Which bundles may go, and what dead processes left: planned first, then removed."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from reportgen.deliver.archive.bundle import remove_bundle
from reportgen.deliver.archive.contents import ArchivedRun, archived_run, bundles, refresh
from reportgen.deliver.archive.leftovers import Leftover, leftovers
from reportgen.deliver.writing import translate_os_errors
from reportgen.errors import InputError
from reportgen.inputs.plain_files import held_folder
from reportgen.runs.bundle_files import EVALUATED

KEPT_RESULTS = timedelta(days=14)  # evaluations to resume, results to render: time enough to do so


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One thing of `archive` that goes, and why."""

    archive: Path
    path: Path
    reason: str
    n_bytes: int
    is_folder: bool


def retention(
    archive: Path,
    *,
    keep: int | None,
    keep_days: float | None,
    now: datetime,
    of: tuple[Path, ...] | None = None,
) -> tuple[Removal, ...]:
    """What may go, by path; nothing is changed.

    Bundles: not among the newest `keep` of their model and older than `keep_days`, where both are given; by neither,
    none. Never the newest of a model, never the baseline of one that these limits let stay (but a baseline does not
    save its own baseline, or the chain from run to run would keep all), never one that cannot be read.
    Leftovers: those of dead processes; evaluations to resume and results without a report after KEPT_RESULTS. `of`: the
    folders of the one model that is looked after, as at the end of its run; None for all models.
    Raises InputError when `archive` is no directory, DeliveryError.
    """
    found = leftovers(archive)
    runs = bundles(archive).runs
    with translate_os_errors(f"archive {archive}"):
        going = _past_limits(runs, keep, now - timedelta(days=keep_days) if keep_days is not None else None)
        stay = [run for run in runs if run.path not in going]
        in_use = {
            run.verdict.comparison.baseline_run_id
            for run in (*stay, *_missing(archive, found))
            if run.verdict.comparison
        }
        removals = [
            _removal(archive, run.path, _why(keep, keep_days))
            for run in runs
            if run.path in going and run.verdict.run_id not in in_use
        ]
        removals += [_removal(archive, one.path, one.cause) for one in found if _is_over(one, now)]
    mine = (one for one in removals if of is None or any(one.path.is_relative_to(folder) for folder in of))
    return tuple(sorted(mine, key=lambda removal: removal.path))


def remove(removals: tuple[Removal, ...]) -> tuple[Removal, ...]:
    """Removes them and brings the index up to date; those that are gone. What a process has taken up since stays.

    Raises DeliveryError at the first that cannot be removed; the index is up to date then too.
    """
    try:
        return tuple(removal for removal in removals if _removed(removal))
    finally:
        for archive in {removal.archive for removal in removals}:
            refresh(archive)


def _removed(removal: Removal) -> bool:
    """Whatever has come into its way since, nothing outside of the archive is touched."""
    if removal.is_folder:
        return remove_bundle(removal.path, archive=removal.archive)
    way = removal.path.parent.relative_to(removal.archive).parts
    gone = suppress(FileNotFoundError)
    with translate_os_errors(f"leftover {removal.path}"), gone, held_folder(removal.archive, *way) as at:
        os.unlink(removal.path.name, dir_fd=at)  # pathlib knows no descriptors
    return True


def _past_limits(runs: tuple[ArchivedRun, ...], keep: int | None, before: datetime | None) -> set[Path]:
    """What the limits alone let go; never the newest of a model."""
    if keep is None and before is None:
        return set()
    going: set[Path] = set()
    for _, group in groupby(runs, key=lambda run: run.model):
        newest_first = list(group)[::-1]
        going |= {run.path for run in newest_first[keep or 1 :] if before is None or run.verdict.created_at < before}
    return going


def _missing(archive: Path, found: tuple[Leftover, ...]) -> Iterator[ArchivedRun]:
    """Bundles that are not under their names at the moment, and will be put back."""
    for one in found:
        if one.kind == "old":
            with suppress(InputError):
                yield archived_run(one.path, archive)


def _is_over(one: Leftover, now: datetime) -> bool:
    if one.kind in ("evaluated", "unrendered", "audit-failed"):
        return not one.alive and now - _made_at(one.path) > KEPT_RESULTS
    return not one.alive


def _made_at(path: Path) -> datetime:
    """By its run id, which begins as 20261123T080000; else when it was last changed."""
    try:
        return datetime.strptime(path.name.removeprefix(EVALUATED)[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)


def _why(keep: int | None, keep_days: float | None) -> str:
    limits = (
        f"not among the newest {keep}" if keep is not None else "",
        f"older than {keep_days:g} days" if keep_days is not None else "",
    )
    return " and ".join(limit for limit in limits if limit)


def _removal(archive: Path, path: Path, reason: str) -> Removal:
    is_folder = path.is_dir() and not path.is_symlink()
    return Removal(archive=archive, path=path, reason=reason, n_bytes=_size(path, is_folder), is_folder=is_folder)


def _size(path: Path, is_folder: bool) -> int:
    """Of a file, or of all files in a folder; what another process deletes meanwhile counts nothing."""
    size = 0
    for file in (Path(at, name) for at, _, names in os.walk(path) for name in names) if is_folder else (path,):
        with suppress(FileNotFoundError):
            size += file.lstat().st_size
    return size
