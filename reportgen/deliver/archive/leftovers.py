"""What lies in an archive beside the bundles: unfinished work, of living processes and of dead ones."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reportgen.deliver.archive.contents import INDEX_PAGE, LATEST, bundle_dirs, model_dirs
from reportgen.deliver.archive.locks import alone_in, in_use
from reportgen.deliver.mail.folder import MAIL
from reportgen.deliver.writing import HIDDEN_NAME, translate_os_errors
from reportgen.inputs.plain_files import entry_kind, held_below, held_folder, names_in
from reportgen.runs.bundle_files import AUDIT_FAILED, EVALUATED, MANIFEST, UNRENDERED

LeftoverKind = Literal["partial", "old", "removed", "evaluated", "unrendered", "audit-failed", "temporary"]

_TOLD: dict[LeftoverKind, tuple[str, str]] = {  # what happened, what to do
    "partial": ("a run died while it wrote this bundle", "reportgen prune removes it"),
    "old": ("a process died while it exchanged this bundle", "reportgen prune puts it back where it is missing"),
    "removed": ("a process died while it deleted this bundle", "reportgen prune removes the rest"),
    "evaluated": (
        "a run died after its evaluation",
        "reportgen run --resume takes it over, reportgen prune removes it when it is 14 days old",
    ),
    "unrendered": ("no report could be made of these results", "reportgen render on this folder tries again"),
    "audit-failed": ("the report of these results was faulty", "reportgen render on this folder makes it anew"),
    "temporary": ("a process died while it wrote a file", "reportgen prune removes it"),
}
_BUSY = "nothing, a process is working on it; where the file system has no locks: remove it when none is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One thing. `alive`: a living process has it, or that cannot be told; it must stay then."""

    path: Path
    kind: LeftoverKind
    alive: bool

    @property
    def cause(self) -> str:
        """What happened, in words, if it is not alive."""
        return _TOLD[self.kind][0]

    @property
    def todo(self) -> str:
        """What to do about it, in words."""
        return _BUSY if self.alive else _TOLD[self.kind][1]


def leftovers(archive: Path) -> tuple[Leftover, ...]:
    """All of them, by path. Raises InputError when `archive` is no directory, DeliveryError."""
    folders = model_dirs(archive)
    with translate_os_errors(f"archive {archive}"):
        found = [*_at_the_top(archive), *(one for folder in folders for one in _beside_bundles(folder))]
        found += [one for bundle in bundle_dirs(archive) for one in _in_mail(bundle)]
    return tuple(sorted(found, key=lambda one: one.path))


def _at_the_top(archive: Path) -> Iterator[Leftover]:
    """Of the page and the links: who writes them has its turn in `archive`, so what is seen in ours is dead."""
    with alone_in(archive) as sure:
        for entry in list(os.scandir(archive)):
            hidden = HIDDEN_NAME.fullmatch(entry.name)
            ours = hidden and (hidden["name"] == LATEST or INDEX_PAGE.fullmatch(hidden["name"]))
            if ours and not entry.is_dir(follow_symlinks=False):
                yield Leftover(path=Path(entry.path), kind="temporary", alive=not sure)


def _beside_bundles(folder: Path) -> Iterator[Leftover]:
    with alone_in(folder) as sure:
        for entry in list(os.scandir(folder)):
            path = Path(entry.path)
            with suppress(FileNotFoundError):  # its process has just deleted it
                if kind := _kind(entry):
                    alive = not sure if kind == "old" else in_use(path)
                    yield Leftover(path=path, kind=kind, alive=alive)


def _kind(entry: os.DirEntry[str]) -> LeftoverKind | None:
    if not entry.is_dir(follow_symlinks=False):
        return None
    if hidden := HIDDEN_NAME.fullmatch(entry.name):
        kinds: dict[str, LeftoverKind] = {"partial": "partial", "old": "old", "removed": "removed"}
        return kinds[hidden["state"]]
    with held_folder(Path(entry.path)) as at:
        if entry_kind(at, MANIFEST) is None:  # a folder of somebody else
            return None
    if entry.name.startswith(EVALUATED):
        return "evaluated"
    if entry.name.endswith(UNRENDERED):
        return "unrendered"
    return "audit-failed" if entry.name.endswith(AUDIT_FAILED) else None


def _in_mail(bundle: Path) -> Iterator[Leftover]:
    """Files of receipts: who writes them has the bundle."""
    with suppress(FileNotFoundError), held_folder(bundle) as at:  # or it was pruned just now
        if entry_kind(at, MAIL) != "a folder":
            return
        with held_below(at, MAIL) as mail:
            for name in names_in(mail):
                if HIDDEN_NAME.fullmatch(name) and entry_kind(mail, name) == "a file":
                    yield Leftover(path=bundle / MAIL / name, kind="temporary", alive=in_use(bundle))
