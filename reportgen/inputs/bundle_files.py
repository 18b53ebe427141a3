"""Reading files of a bundle: what is missing or damaged is named before, or instead of, what a reader makes of it."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reportgen.errors import InputError, ReportgenError, in_one_line

MANIFEST = "manifest.json"


@contextmanager
def bundle_read(run_dir: Path, names: Iterable[str], *, optional: Iterable[str] = ()) -> Iterator[None]:
    """For reading the files `names` of a bundle, and those of `optional` that it has.

    Raises InputError when one is missing or is not, by its SHA-256, as manifest.json has it; also for whatever is
    raised inside: a file may be of another version, or have been damaged before the manifest was written.
    """
    required = tuple(names)
    missing = [name for name in required if not (run_dir / name).is_file()]
    if missing:
        raise InputError(
            f"run directory {run_dir}",
            found=f"no {', '.join(missing)}" if run_dir.is_dir() else "no such directory",
            expected="a bundle that `reportgen run` left",
            todo="name the run's own directory, such as reports/<model name>/<run_id>",
        )
    hashes = _hashes(run_dir)
    there = [name for name in optional if name in hashes or (run_dir / name).exists()]
    for name in (*required, *there):
        if name != MANIFEST:
            _refuse_changed(run_dir, name, hashes.get(name))
    try:
        yield
    except ReportgenError:
        raise
    except Exception as error:  # parsers of JSON, zip, npy and Parquet raise some twenty kinds for bytes that are wrong
        raise _damaged(run_dir, f"{', '.join((*required, *there))}: {in_one_line(error)}") from error


def _hashes(run_dir: Path) -> Mapping[str, str]:
    """SHA-256 by file name, from the manifest. Raises InputError."""
    try:
        listed = json.loads((run_dir / MANIFEST).read_bytes())["files"]
        return {name: str(entry["sha256"]) for name, entry in listed.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(run_dir, f"{MANIFEST}: {in_one_line(error)}") from error


def _refuse_changed(run_dir: Path, name: str, sha256: str | None) -> None:
    try:
        with (run_dir / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _damaged(run_dir, f"{name}: {in_one_line(error)}") from error
    if sha256 is None:
        raise _damaged(run_dir, f"{MANIFEST} does not list {name}")
    if found != sha256:
        raise _damaged(run_dir, f"{name} is not as {MANIFEST} has it (its SHA-256 is another)")


def _damaged(run_dir: Path, what: str) -> InputError:
    return InputError(
        f"run directory {run_dir}",
        found=f"damaged: {what}",
        expected="the files as `reportgen run` left them",
        todo="restore the bundle (`reportgen verify` lists what is damaged), name another one, or run again",
    )
