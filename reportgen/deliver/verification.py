"""`reportgen verify`: whether the bundles are as they were written."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reportgen.deliver.archive import bundle_dirs, is_bundle
from reportgen.deliver.bundle import MAIL, MANIFEST, errors_told
from reportgen.errors import InputError, in_one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A bundle, and what is wrong with it in words, by file name; empty when every file is as it was written."""

    path: Path
    problems: tuple[str, ...]


def verify(path: Path) -> tuple[Verified, ...]:
    """The bundle `path`, or every bundle of the archive `path`, in order of paths.

    Each file is read and its SHA-256 compared with manifest.json. mail/ receives files later and is not looked at.
    Raises InputError when there is nothing to check, DeliveryError.
    """
    with errors_told(f"bundle {path}"):
        folders = (path,) if (path / MANIFEST).exists() or is_bundle(path) else bundle_dirs(path)
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
        hashes = _hashes(bundle)
        names = {path.name for path in bundle.iterdir()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        yield f"{MANIFEST}: {'missing' if isinstance(error, FileNotFoundError) else in_one_line(error)}"
        return
    for name in sorted({*hashes, *names} - {MANIFEST, MAIL}):
        problem = _problem(bundle / name, hashes.get(name)) if name in names else "missing"
        if problem:
            yield f"{name}: {problem}"


def _hashes(bundle: Path) -> Mapping[str, str]:
    listed = json.loads((bundle / MANIFEST).read_bytes())["files"]
    return {name: entry["sha256"] for name, entry in listed.items()}


def _problem(path: Path, sha256: str | None) -> str:
    if path.is_symlink():
        return "a link, not a file"
    if sha256 is None:
        return "not in the manifest"
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if found == sha256 else "changed: its SHA-256 is another"
