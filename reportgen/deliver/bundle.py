"""A bundle appears whole or not at all: written to a hidden sibling, then renamed."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from reportgen.errors import DeliveryError, in_one_line

MANIFEST = "manifest.json"


def write_bundle(target: Path, files: Mapping[str, bytes], *, replace: bool = False) -> Path:
    """Writes `files` and manifest.json (SHA-256 and size of each, written last) as the directory `target`.

    With `replace` an existing bundle is exchanged for the new one, otherwise it is left alone. Raises DeliveryError
    when that fails, and leaves no half bundle behind.
    """
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    try:
        if target.exists() and not replace:
            raise FileExistsError(f"{target} is there already")  # noqa: TRY301  # one place words all of them
        partial.mkdir(parents=True)
        for name, content in files.items():
            _write(partial / name, content)
        _write(partial / MANIFEST, manifest(files))
        _exchange(partial, target)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise DeliveryError(
            f"bundle {target}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            expected="a directory that can be written",
            todo="free the disk or correct --out, then run again",
        ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return target


def write_files(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Writes each file whole, in place of an older one of its name. Raises DeliveryError."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            partial = folder / f".{name}.partial-{os.getpid()}"
            try:
                _write(partial, content)
                written.append(partial.replace(folder / name))
            finally:
                partial.unlink(missing_ok=True)
    except OSError as error:
        raise DeliveryError(
            f"folder {folder}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            expected="a directory that can be written",
            todo="free the disk or correct --out, then run again",
        ) from error
    return tuple(written)


def remove_bundle(target: Path) -> None:
    """Removes a bundle whose contents have moved on. Raises DeliveryError when that fails."""
    try:
        shutil.rmtree(target)
    except OSError as error:
        raise DeliveryError(
            f"bundle {target}",
            found=in_one_line(error),
            expected="to be removed, as its report now stands beside it",
            todo="remove it by hand",
        ) from error


def manifest(files: Mapping[str, bytes]) -> bytes:
    """The list of files with SHA-256 and size, by name in sorted order."""
    listed = {
        name: {"sha256": hashlib.sha256(files[name]).hexdigest(), "n_bytes": len(files[name])} for name in sorted(files)
    }
    return (json.dumps({"schema_version": 1, "files": listed}, indent=1) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _exchange(partial: Path, target: Path) -> None:
    """Moves `partial` to `target`. An old bundle steps aside, and comes back if the new one cannot take its place."""
    if not target.exists():
        partial.rename(target)
        return
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)
