"""`reportgen verify`: whether the bundles are as they were written."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reportgen.deliver.archive.contents import bundle_dirs, is_bundle
from reportgen.deliver.mail.folder import MAIL
from reportgen.deliver.writing import translate_os_errors
from reportgen.errors import InputError
from reportgen.inputs.plain_files import MAX_FILE_BYTES, entry_kind, held_below, held_folder, names_in, open_plain
from reportgen.runs.bundle_files import MANIFEST, error_reason, listed_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A bundle, and what is wrong with it in words, by file name; empty when every file is as it was written."""

    path: Path
    problems: tuple[str, ...]


def verify(path: Path) -> tuple[Verified, ...]:
    """The bundle `path`, or every bundle of the archive `path`, in order of paths.

    Each file is read and its SHA-256 compared with manifest.json; a link, a named pipe and the like is never opened,
    and is a problem. mail/ receives files later: that they are plain files is all that is asked of them.
    Raises InputError when there is nothing to check, DeliveryError.
    """
    with translate_os_errors(f"bundle {path}"):
        folders = (path,) if path.is_dir() and is_bundle(path) else bundle_dirs(path)
    if not folders:
        raise InputError(
            f"archive {path}",
            found="no bundle in it",
            expected="bundles, as in reports/<model name>/<run_id>",
            todo="name the archive root, or one bundle",
        )
    return tuple(_verified(folders))


def _verified(folders: tuple[Path, ...]) -> Iterator[Verified]:
    for folder in folders:
        problems = tuple(_problems(folder)) and tuple(_problems(folder))  # or it was exchanged during the first look
        if folder.is_dir():  # or it was pruned
            yield Verified(path=folder, problems=problems)


def _problems(bundle: Path) -> Iterator[str]:
    try:
        with held_folder(bundle) as at:
            yield from _problems_in(at)
    except OSError as error:
        yield error_reason(error)


def _problems_in(at: int) -> Iterator[str]:
    try:
        sha256 = listed_sha256(at)
    except (OSError, ValueError) as error:
        yield f"{MANIFEST}: {error_reason(error)}"
        return
    for name in sorted({*sha256, *names_in(at)} - {MANIFEST, MAIL}):
        problem = _problem(at, name, sha256.get(name))
        if problem:
            yield f"{name}: {problem}"
    yield from _odd_mail(at)


def _problem(at: int, name: str, sha256: str | None) -> str:
    try:
        with open_plain(at, name) as file:
            if sha256 is None:
                return "not in the manifest"
            if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
                return f"more than {MAX_FILE_BYTES:,} bytes"
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return error_reason(error)
    return "" if found == sha256 else "changed: its SHA-256 is another"


def _odd_mail(at: int) -> Iterator[str]:
    kind = entry_kind(at, MAIL)
    if kind not in (None, "a folder"):
        yield f"{MAIL}: {kind}, not a folder"
    if kind == "a folder":
        with held_below(at, MAIL) as mail:
            for name in names_in(mail):
                if (what := entry_kind(mail, name)) not in (None, "a file"):
                    yield f"{MAIL}/{name}: {what}, not a file"
