"""The one way in which files of a bundle are read: plain files, held against the manifest first.

A bundle is data that others may have written. Its files are read whole, once, and what is made of them is made of the
very bytes whose SHA-256 was compared.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reportgen.errors import InputError, ReportgenError, in_one_line
from reportgen.inputs.plain_files import MAX_FILE_BYTES, NotPlainError, entry_kind, held_folder, read_plain
from reportgen.runs.bounded_files import BadFileError

MANIFEST = "manifest.json"
EVALUATED = ".evaluated-"  # + run_id: evaluations kept for --resume
UNRENDERED, AUDIT_FAILED = ".unrendered", ".audit-failed"  # run_id + : results kept without a faultless report
_LARGEST_MANIFEST = 2**24


@contextmanager
def bundle_read(
    run_dir: Path, names: Iterable[str], *, optional: Iterable[str] = (), most_bytes: int = MAX_FILE_BYTES
) -> Iterator[Mapping[str, bytes]]:
    """The files `names` of a bundle and those of `optional` that it has, by name.

    Raises InputError when one is missing, is no plain file (a link, a named pipe), has more than `most_bytes` or is
    not, by its SHA-256, as manifest.json has it; also for whatever is raised inside: a file may be of another version,
    or have been damaged before the manifest was written.
    """
    files = _read(run_dir, tuple(names), tuple(optional), most_bytes)
    try:
        yield files
    except ReportgenError:
        raise
    except BadFileError as error:
        raise damaged(run_dir, str(error)) from error
    except Exception as error:  # parsers of JSON, zip, npy and Parquet raise some twenty kinds for bytes that are wrong
        raise damaged(run_dir, f"{', '.join(files)}: {in_one_line(error)}") from error


def listed_sha256(at: int) -> Mapping[str, str]:
    """SHA-256 by file name, from the manifest of the bundle held as `at`. Raises OSError, ValueError."""
    content = read_plain(at, MANIFEST, most_bytes=_LARGEST_MANIFEST)
    try:
        return {name: str(entry["sha256"]) for name, entry in json.loads(content)["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(in_one_line(error)) from error


def damaged(run_dir: Path, what: str) -> InputError:
    """The error that names a bundle which is not as it was written."""
    return InputError(
        f"run directory {run_dir}",
        found=f"damaged: {what}",
        expected="the files as `reportgen run` left them",
        todo="restore the bundle (`reportgen verify` lists what is damaged), name another one, or run again",
    )


def error_reason(error: OSError | ValueError) -> str:
    """Why a file cannot be read, in a few words."""
    if isinstance(error, FileNotFoundError):
        return "missing"
    if isinstance(error, NotPlainError):
        return str(error.strerror)
    return f"cannot be read: {error.strerror or in_one_line(error)}" if isinstance(error, OSError) else str(error)


def _read(run_dir: Path, required: tuple[str, ...], optional: tuple[str, ...], most_bytes: int) -> Mapping[str, bytes]:
    try:
        with held_folder(run_dir) as at:
            missing = [name for name in required if entry_kind(at, name) is None]
            if missing:
                raise _no_bundle(run_dir, f"no {', '.join(missing)}")
            sha256 = _manifest(run_dir, at)
            there = [name for name in optional if name in sha256 or entry_kind(at, name)]
            wanted = [name for name in (*required, *there) if name != MANIFEST]
            return {name: _unchanged(run_dir, (at, name), sha256.get(name), most_bytes) for name in wanted}
    except OSError as error:
        lacking = isinstance(error, FileNotFoundError | NotADirectoryError)
        raise _no_bundle(run_dir, "no such directory" if lacking else error_reason(error)) from error


def _manifest(run_dir: Path, at: int) -> Mapping[str, str]:
    try:
        return listed_sha256(at)
    except (OSError, ValueError) as error:
        raise damaged(run_dir, f"{MANIFEST}: {error_reason(error)}") from error


def _unchanged(run_dir: Path, place: tuple[int, str], sha256: str | None, most_bytes: int) -> bytes:
    at, name = place
    try:
        content = read_plain(at, name, most_bytes=most_bytes)
    except OSError as error:
        raise damaged(run_dir, f"{name}: {error_reason(error)}") from error
    if sha256 is None:
        raise damaged(run_dir, f"{MANIFEST} does not list {name}")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise damaged(run_dir, f"{name} is not as {MANIFEST} has it (its SHA-256 is another)")
    return content


def _no_bundle(run_dir: Path, found: str) -> InputError:
    return InputError(
        f"run directory {run_dir}",
        found=found,
        expected="a bundle that `reportgen run` left",
        todo="name the run's own directory, such as reports/<model name>/<run_id>",
    )
