"""The archive: which bundles it holds, its front page index.html, and the links named latest."""

import errno
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from reportgen.deliver.archive.locks import alone_in
from reportgen.deliver.archive.model_folders import model_in
from reportgen.deliver.writing import HIDDEN_NAME, hidden_name, translate_os_errors, write_files
from reportgen.errors import DeliveryError, InputError
from reportgen.inputs.plain_files import NotPlainError, entry_kind, folders_in, held_folder, names_in, open_plain
from reportgen.inputs.stored_fields import refuse_other_run
from reportgen.render.data.gate_texts import as_judged
from reportgen.render.index_page import Entry, Verdict, index_pages
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance
from reportgen.runs.bounded_files import typed_json
from reportgen.runs.bundle_files import AUDIT_FAILED, MANIFEST, UNRENDERED, bundle_read
from reportgen.runs.stored_appearance import restored_appearance

INDEX, LATEST = "index.html", "latest"
INDEX_PAGE = re.compile(r"index(\.[a-z]{2,3})?\.html")  # the front page in each language
_DEEPEST = 4  # folders below the archive's
_LARGEST = 2**26  # bytes of a file that every index reads of every run
_OURS = b'<meta name="generator" content="reportgen">'
# What file systems without links answer, and the rename into a model's folder that lies on another one.
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedRun:
    """A whole bundle, <archive>/<model's folder>/<run_id>; `place`: that folder, relative to the archive."""

    path: Path
    place: str
    verdict: Verdict
    documents: tuple[str, ...]

    @property
    def model(self) -> str:
        """The model's name, where the folder is the model's; else the folder's."""
        return model_in(self.place, self.verdict.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableBundle:
    """A bundle that does not tell what it is, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundles:
    """`runs` by model, time and run_id; `unreadable` by path."""

    runs: tuple[ArchivedRun, ...]
    unreadable: tuple[UnreadableBundle, ...]


def bundles(archive: Path) -> Bundles:
    """Every bundle of `archive`, from its verdict.json. Raises InputError when that is no directory, DeliveryError."""
    runs, unreadable = [], []
    for path in bundle_dirs(archive):
        try:
            runs.append(archived_run(path, archive))
        except InputError as error:
            if path.is_dir():  # else it was pruned just now
                unreadable.append(UnreadableBundle(path=path, reason=error.found.removeprefix("damaged: ")))
    runs.sort(key=lambda run: (run.model, run.verdict.created_at, run.verdict.run_id))
    return Bundles(runs=tuple(runs), unreadable=tuple(unreadable))


def archived_run(path: Path, archive: Path) -> ArchivedRun:
    """The bundle in `path`, in `archive`. Raises InputError for one that is damaged."""
    with bundle_read(path, (MANIFEST, "verdict.json"), most_bytes=_LARGEST) as files:
        found: Verdict = typed_json(files, "verdict.json", Verdict)  # a changed digit would be a figure of the run
    hidden = HIDDEN_NAME.fullmatch(path.name)  # it stepped aside for a moment
    refuse_other_run(path, found.run_id, name=hidden["name"] if hidden else path.name)
    verdict = _judged(path, found)
    documents = tuple(name for _, name, _ in verdict.reports if _has(path, name, "a file"))
    return ArchivedRun(path=path, place=_place(path, archive), verdict=verdict, documents=documents)


def _place(path: Path, archive: Path) -> str:
    return path.parent.relative_to(archive).as_posix()


def _judged(path: Path, verdict: Verdict) -> Verdict:
    """Older versions said "pass" also where no rule was set; their junit.xml lists what was looked at."""
    if verdict.outcome != "pass" or verdict.n_data_checks is not None:
        return verdict
    try:
        with bundle_read(path, ("junit.xml",), most_bytes=_LARGEST) as files:
            cases = ET.fromstring(files["junit.xml"]).iter("testcase")  # noqa: S314  # expat bounds what entities grow to
    except InputError:
        return verdict
    rules = [{"name": case.get("name"), "outcome": "pass"} for case in cases]
    found = as_judged({"outcome": "pass", "strict": verdict.strict, "rules": rules})
    return replace(verdict, **{key: found[key] for key in ("outcome", "n_data_checks", "details")})


def bundle_dirs(archive: Path) -> tuple[Path, ...]:
    """The directories of bundles, also of damaged ones, by path.

    Hidden folders, links, `.unrendered`, `.audit-failed` and folders of others are none. Raises InputError,
    DeliveryError.
    """
    with translate_os_errors(f"archive {archive}"):
        found = (path for folder in model_dirs(archive) for path in _visible_dirs(folder) if is_bundle(path))
        return tuple(sorted(found))


def is_bundle(path: Path) -> bool:
    """Whether the directory `path` is a bundle, maybe a damaged one. Raises OSError."""
    return path.suffix not in (UNRENDERED, AUDIT_FAILED) and _is_ours(path)


def _is_ours(path: Path) -> bool:
    return any(_has(path, name) for name in (MANIFEST, "findings.json"))


def _has(path: Path, name: str, kind: str | None = None) -> bool:
    """Whether the folder has something of that name and kind, of any kind for None. Raises OSError."""
    try:
        with held_folder(path) as at:
            found = entry_kind(at, name)
    except FileNotFoundError:  # pruned just now
        return False
    return found is not None and kind in (None, found)


def model_dirs(archive: Path) -> tuple[Path, ...]:
    """The folders that may hold bundles, by path; also those in folders, where older versions put timm/resnet10t.

    Raises InputError when `archive` is no directory, DeliveryError.
    """
    if not archive.is_dir():
        raise InputError(
            f"archive {archive}",
            found="no such directory" if not archive.exists() else "no directory",
            expected="the folder of the models' folders, as in reports/<model name>/<run_id>",
            todo="correct the path",
        )
    with translate_os_errors(f"archive {archive}"):
        return tuple(folder for top in _visible_dirs(archive) for folder in (top, *_nested(top, 1)))


def _nested(folder: Path, depth: int) -> Iterator[Path]:
    """Folders in `folder` that hold something of ours; a bundle holds no other."""
    for path in _visible_dirs(folder):
        if not _is_ours(path) and depth < _DEEPEST:
            if any(list(map(_is_left_by_us, os.scandir(path)))):
                yield path
            yield from _nested(path, depth + 1)


def _is_left_by_us(entry: os.DirEntry[str]) -> bool:
    hidden = bool(HIDDEN_NAME.fullmatch(entry.name))
    return entry.is_dir(follow_symlinks=False) and (hidden or _is_ours(Path(entry.path)))


def refresh(archive: Path) -> Path:
    """Brings index.html, in each language of a run, and the links named latest up to date; the page.

    Always made from the bundles and from nothing else (no clock, no older page), so what every run brings up to date is
    byte for byte what a rebuild makes. Raises InputError when `archive` is no directory, DeliveryError.
    """
    with translate_os_errors(f"archive {archive}"):
        folders = model_dirs(archive)
        with alone_in(archive):
            found = bundles(archive)
            entries = tuple(
                Entry(
                    model=run.model, folder=f"{run.place}/{run.path.name}", verdict=run.verdict, documents=run.documents
                )
                for run in found.runs
            )
            unreadable = tuple((one.path.relative_to(archive).as_posix(), one.reason) for one in found.unreadable)
            pages = index_pages(entries, unreadable, tokens=_newest_appearance(found.runs).tokens)
            older = _older_pages(archive, pages)
            write_files(archive, {name: page.encode(errors="replace") for name, page in pages.items()})
            for page in older:
                page.unlink()
            _link_latest(archive, folders, found.runs)
    return archive / INDEX


def _newest_appearance(runs: tuple[ArchivedRun, ...]) -> Appearance:
    """That of the newest run of all models, whose languages the page has too; ours where it cannot be read."""
    newest = max(runs, key=_age, default=None)
    if newest is None:
        return DEFAULT_APPEARANCE
    try:
        with bundle_read(newest.path, ("run.json",), most_bytes=_LARGEST) as files:
            return restored_appearance(typed_json(files, "run.json", dict[str, Any]))
    except InputError:  # damaged: verify says so, and the page does without
        return DEFAULT_APPEARANCE


def _age(run: ArchivedRun) -> tuple[datetime, str]:
    return run.verdict.created_at, run.verdict.run_id


def _link_latest(archive: Path, folders: tuple[Path, ...], runs: tuple[ArchivedRun, ...]) -> None:
    newest = {run.path.parent: run for run in runs}  # the last of each folder stays
    for folder in folders:
        _link(folder / LATEST, newest[folder].path.name if folder in newest else None, archive)
    of_all = max(newest.values(), key=_age, default=None)
    _link(archive / LATEST, f"{of_all.place}/{of_all.path.name}" if of_all else None, archive)


def _link(link: Path, to: str | None, archive: Path) -> None:
    """Points `link` to `to`, at once. Nothing is done where something else has its name, or links are not known."""
    if link.exists() and not link.is_symlink():
        return
    if to is None:
        if not link.exists():  # a link of ours whose bundle is gone
            link.unlink(missing_ok=True)
        return
    temporary = hidden_name(archive / link.name, "partial")
    try:
        temporary.symlink_to(to)
        temporary.replace(link)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    finally:
        temporary.unlink(missing_ok=True)


def _visible_dirs(folder: Path) -> Iterator[Path]:
    yield from (path for path in folders_in(folder) if not path.name.startswith("."))


def _older_pages(archive: Path, pages: Mapping[str, str]) -> list[Path]:
    """Our front pages in languages that no run has any more. Raises DeliveryError where one of `pages` is not ours."""
    with held_folder(archive) as at:
        there = [name for name in names_in(at) if INDEX_PAGE.fullmatch(name)]
        ours = {name for name in there if _is_our_page(at, name)}
    for page in pages:
        if page in there and page not in ours:
            raise DeliveryError(
                str(archive / page),
                found="a page that reportgen did not write",
                expected=f"no {page}, or the archive's own",
                todo="name the archive root, or move that page away",
            )
    return [archive / name for name in sorted(ours) if name not in pages]


def _is_our_page(at: int, name: str) -> bool:
    try:
        with open_plain(at, name) as file:
            return _OURS in file.read(1000)
    except NotPlainError:
        return False
