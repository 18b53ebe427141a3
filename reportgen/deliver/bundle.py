"""A bundle appears whole or not at all: written to a hidden sibling, then renamed; deleted the other way round.

Hidden siblings are named .NAME.STATE-TOKEN. States:
partial   being written; after an exchange, the bundle that was exchanged
old       a bundle that stepped aside for a moment, where the system cannot exchange two names at once
removed   being deleted
Who writes one, or goes on with it, has it locked; that it is made or renamed and locked is one step for the others,
because all take turns in the parent directory.
"""

import ctypes
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from reportgen.deliver.locks import UNSUPPORTED, alone_in, locked
from reportgen.errors import DeliveryError

MANIFEST = "manifest.json"
MAIL = "mail"  # the folder of a bundle whose files come later, and are not in the manifest
EVALUATED = ".evaluated-"  # + run_id: evaluations kept for --resume
UNRENDERED, AUDIT_FAILED = ".unrendered", ".audit-failed"  # run_id + : results kept without a faultless report
HIDDEN = re.compile(r"\.(?P<name>.+)\.(?P<state>partial|old|removed)-[0-9a-f]+", re.DOTALL)
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_OF_OTHERS = 0o077


def write_bundle(target: Path, files: Mapping[str, bytes], *, replace: bool = False) -> Path:
    """Writes `files` and manifest.json (SHA-256 and size of each, written last) as the directory `target`.

    With `replace` an existing bundle is exchanged for the new one, which takes over its mail/; otherwise it is left
    alone. Raises DeliveryError when that fails, and leaves no half bundle behind.
    """
    partial = hidden_name(target, "partial")
    with errors_told(f"bundle {target}"), ExitStack() as at_end:
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(target.parent):
            put_back(target.parent)
            replaces = replace and target.exists()
            _refuse_existing(target, unless=replaces)
            if replaces:  # until it is deleted: nobody mails it, nobody prunes it
                at_end.enter_context(locked(target))
            partial.mkdir()
            rights = stat.S_IMODE(partial.stat().st_mode)  # what the umask gives
            with suppress(OSError):  # some file systems have no rights to change
                partial.chmod(rights & ~_OF_OTHERS)
            at_end.enter_context(locked(partial))
        at_end.callback(shutil.rmtree, partial, ignore_errors=True)
        for name, content in files.items():
            _write(partial / name, content)
        if replaces and (target / MAIL).is_dir():
            shutil.copytree(target / MAIL, partial / MAIL, copy_function=_copy)
        _write(partial / MANIFEST, manifest(files))
        with suppress(OSError):
            partial.chmod(rights)
        _settle(partial)
        with alone_in(target.parent):
            _refuse_existing(target, unless=replaces)
            if replaces:
                _exchange(partial, target)
            else:
                partial.rename(target)
        _settle(target.parent)
    return target


def write_files(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Writes each file whole, in place of an older one of its name. Raises DeliveryError."""
    written = []
    with errors_told(f"folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            partial = hidden_name(folder / name, "partial")
            try:
                _write(partial, content)
                written.append(partial.replace(folder / name))
            finally:
                partial.unlink(missing_ok=True)
        _settle(folder)
    return tuple(written)


def remove_bundle(target: Path) -> bool:
    """Removes a bundle, or what a dead process left of one. False when a living process has it: then it stays.

    It is whole under its name, or it is not there under its name. What is gone already counts as removed; a hidden
    "old" whose bundle is missing is put back. Raises DeliveryError.
    """
    with errors_told(f"bundle {target}"), ExitStack() as at_end:
        going = target if HIDDEN.fullmatch(target.name) else hidden_name(target, "removed")
        with alone_in(target.parent):
            put_back(target.parent)
            if not target.exists():
                return True
            try:
                at_end.enter_context(locked(target))
            except BlockingIOError:
                return False
            target.rename(going)
        shutil.rmtree(going)
    return True


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Marks a kept folder as in use, so that it is not pruned. One that is gone is nothing to hold.

    Raises DeliveryError when another process has it.
    """
    with ExitStack() as at_end:
        with errors_told(f"folder {directory}"), alone_in(directory.parent):
            at_end.enter_context(locked(directory) if directory.exists() else nullcontext())
        yield


def put_back(folder: Path) -> None:
    """Ends what died between the two renames of an exchange: the old bundle gets its name again.

    To be called in one's turn in `folder`. Raises OSError.
    """
    for entry in list(os.scandir(folder)):
        found = HIDDEN.fullmatch(entry.name)
        if not found or found["state"] != "old":
            continue
        if (folder / found["name"]).exists():  # it died after the second rename
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            Path(entry.path).rename(folder / found["name"])


def hidden_name(target: Path, state: str) -> Path:
    """A name beside `target` that no other process takes, today or later."""
    return target.with_name(f".{target.name}.{state}-{secrets.token_hex(8)}")


def manifest(files: Mapping[str, bytes]) -> bytes:
    """The list of files with SHA-256 and size, by name in sorted order."""
    listed = {
        name: {"sha256": hashlib.sha256(files[name]).hexdigest(), "n_bytes": len(files[name])} for name in sorted(files)
    }
    return (json.dumps({"schema_version": 1, "files": listed}, indent=1) + "\n").encode()


@contextmanager
def errors_told(thing: str) -> Iterator[None]:
    """Turns what the file system refuses into DeliveryError."""
    try:
        yield
    except BlockingIOError as error:
        raise DeliveryError(
            thing,
            found="another process is working on it",
            expected="to have it alone",
            todo="wait until that process is done, then run again",
        ) from error
    except OSError as error:
        raise DeliveryError(
            thing,
            found=f"{type(error).__name__}: {error.strerror or error}",
            expected="a directory that can be written",
            todo="free the disk, make the directory writable or correct --out, then run again",
        ) from error


def _refuse_existing(target: Path, *, unless: bool) -> None:
    if target.exists() and not unless:
        raise FileExistsError(f"{target} is there already")


def _write(path: Path, content: bytes) -> None:
    """A new file, nobody else's until it is whole; then it has the rights that the umask gives."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        rights = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        with suppress(OSError):
            os.fchmod(file.fileno(), rights & ~_OF_OTHERS)
        file.write(content)
        file.flush()
        with suppress(OSError):
            os.fchmod(file.fileno(), rights)
        os.fsync(file.fileno())


def _copy(source: str, copy: str) -> None:
    _write(Path(copy), Path(source).read_bytes())


def _settle(folder: Path) -> None:
    """The names in `folder` are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
    finally:
        os.close(descriptor)


def _exchange(partial: Path, target: Path) -> None:
    """`target` becomes the new bundle, `partial` the old one; in one step where the system can do that."""
    if _exchanged(partial, target):
        return
    old = hidden_name(target, "old")
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    old.rename(partial)


def _exchanged(one: Path, other: Path) -> bool:
    """Whether the two names were exchanged at once: Linux alone has that, and not on every file system."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(other))
