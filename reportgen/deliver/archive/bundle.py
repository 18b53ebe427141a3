"""Bundle directories, atomically written, replaced and deleted, with manifest.json (SHA-256).

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
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from reportgen.deliver.archive.locks import UNSUPPORTED, alone_in, locked
from reportgen.deliver.mail.folder import mail_files, write_mail_files
from reportgen.deliver.writing import (
    GROUP_AND_OTHERS,
    HIDDEN_NAME,
    fsync_folder,
    hidden_name,
    translate_os_errors,
    write_new,
)
from reportgen.inputs.plain_files import entry_kind, held_folder, names_in
from reportgen.runs.bundle_files import MANIFEST, damaged

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def write_bundle(target: Path, files: Mapping[str, bytes], *, replace: bool = False) -> Path:
    """Writes `files` and manifest.json (SHA-256 and size of each, written last) as the directory `target`.

    With `replace` an existing bundle is exchanged for the new one, which takes over its mail/; otherwise it is left
    alone. Raises DeliveryError when that fails, and leaves no half bundle behind.
    """
    partial = hidden_name(target, "partial")
    with translate_os_errors(f"bundle {target}"), ExitStack() as at_end:
        target.parent.mkdir(parents=True, exist_ok=True)
        parent = at_end.enter_context(held_folder(target.parent))
        with alone_in(target.parent):
            put_back(parent)
            replaces = replace and entry_kind(parent, target.name) is not None
            _refuse_existing(parent, target, unless=replaces)
            if replaces:  # until it is deleted: nobody mails it, nobody prunes it
                at_end.enter_context(locked(target))
            partial.mkdir()
            rights = stat.S_IMODE(partial.stat().st_mode)  # what the umask gives
            with suppress(OSError):  # some file systems have no rights to change
                partial.chmod(rights & ~GROUP_AND_OTHERS)
            at_end.enter_context(locked(partial))
        at_end.callback(shutil.rmtree, partial.name, dir_fd=parent, ignore_errors=True)
        at = at_end.enter_context(held_folder(partial))
        for name, content in files.items():
            write_new(at, name, content)
        if replaces and (mails := mail_files(target)):
            write_mail_files(partial, mails)
        write_new(at, MANIFEST, manifest_json(files))
        with suppress(OSError):
            partial.chmod(rights)
        fsync_folder(at)
        with alone_in(target.parent):
            _refuse_existing(parent, target, unless=replaces)
            if replaces:
                _exchange(partial, target)
            else:
                partial.rename(target)
        fsync_folder(parent)
    return target


def remove_bundle(target: Path, *, archive: Path | None = None) -> bool:
    """Removes a bundle, or what a dead process left of one. False when a living process has it: then it stays.

    It is whole under its name, or it is not there under its name. What is gone already counts as removed; a hidden
    "old" whose bundle is missing is put back. No link below `archive` is followed on the way to it. Raises
    DeliveryError.
    """
    top = archive or target.parent
    way = target.parent.relative_to(top).parts
    with translate_os_errors(f"bundle {target}"), held_folder(top, *way) as at, ExitStack() as at_end:
        going = target if HIDDEN_NAME.fullmatch(target.name) else hidden_name(target, "removed")
        with alone_in(target.parent):
            put_back(at)
            if entry_kind(at, target.name) is None:
                return True
            try:
                at_end.enter_context(locked(target))
            except BlockingIOError:
                return False
            _renamed(at, target.name, going.name)
        shutil.rmtree(going.name, dir_fd=at)
    return True


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Marks a kept folder as in use, so that it is not pruned. One that is gone is nothing to hold.

    Raises DeliveryError when another process has it.
    """
    with ExitStack() as at_end:
        with translate_os_errors(f"folder {directory}"), alone_in(directory.parent):
            at_end.enter_context(locked(directory) if directory.exists() else nullcontext())
        yield


def put_back(at: int) -> None:
    """Ends what died between the two renames of an exchange: the old bundle gets its name again.

    To be called in one's turn in the folder, which is held as `at`. Raises OSError.
    """
    for name in names_in(at):
        found = HIDDEN_NAME.fullmatch(name)
        if not found or found["state"] != "old" or entry_kind(at, name) != "a folder":
            continue
        if entry_kind(at, found["name"]) is None:
            _renamed(at, name, found["name"])
        else:  # it died after the second rename
            shutil.rmtree(name, dir_fd=at, ignore_errors=True)


def manifest_json(files: Mapping[str, bytes]) -> bytes:
    """The list of files with SHA-256 and size, by name in sorted order."""
    listed = {
        name: {"sha256": hashlib.sha256(files[name]).hexdigest(), "n_bytes": len(files[name])} for name in sorted(files)
    }
    return (json.dumps({"schema_version": 1, "files": listed}, indent=1) + "\n").encode()


def _refuse_existing(parent: int, target: Path, *, unless: bool) -> None:
    kind = entry_kind(parent, target.name)
    if kind is not None and not unless:
        raise FileExistsError(f"{target} is there already")
    if kind not in (None, "a folder"):
        raise damaged(target, f"{kind}, not a folder")


def _renamed(at: int, name: str, to: str) -> None:
    os.rename(name, to, src_dir_fd=at, dst_dir_fd=at)  # pathlib knows no descriptors


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
