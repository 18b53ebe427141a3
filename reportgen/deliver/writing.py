"""Files that appear whole or not at all: written under a hidden name, then renamed, in a folder that is held."""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from reportgen.deliver.archive.locks import UNSUPPORTED
from reportgen.errors import DeliveryError
from reportgen.inputs.plain_files import NotPlainError, held_folder, plain_name

HIDDEN_NAME = re.compile(r"\.(?P<name>.+)\.(?P<state>partial|old|removed)-[0-9a-f]+", re.DOTALL)
GROUP_AND_OTHERS = 0o077
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_files(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Writes each file whole, in place of an older one of its name. Raises DeliveryError."""
    with translate_os_errors(f"folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        with held_folder(folder) as at:
            put_files(at, files)
    return tuple(folder / name for name in files)


def put_files(at: int, files: Mapping[str, bytes]) -> None:
    """The same in the folder held as `at`; a link of a file's name is replaced. Raises OSError."""
    for name, content in files.items():
        partial = hidden_name(Path(name), "partial").name
        try:
            write_new(at, partial, content)
            os.replace(partial, name, src_dir_fd=at, dst_dir_fd=at)  # pathlib knows no descriptors
        finally:
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=at)
    fsync_folder(at)


def write_new(at: int, name: str, content: bytes) -> None:
    """A new file, nobody else's until it is whole; then it has the rights that the umask gives. Raises OSError."""
    with os.fdopen(os.open(plain_name(name), _NEW, 0o666, dir_fd=at), "wb") as file:
        rights = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        with suppress(OSError):
            os.fchmod(file.fileno(), rights & ~GROUP_AND_OTHERS)
        file.write(content)
        file.flush()
        with suppress(OSError):
            os.fchmod(file.fileno(), rights)
        os.fsync(file.fileno())


def fsync_folder(at: int) -> None:
    """The names in the folder are on the disk. Raises OSError."""
    try:
        os.fsync(at)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def hidden_name(target: Path, state: str) -> Path:
    """A name beside `target` that no other process takes, today or later."""
    return target.with_name(f".{target.name}.{state}-{secrets.token_hex(8)}")


@contextmanager
def translate_os_errors(thing: str) -> Iterator[None]:
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
    except NotPlainError as error:
        raise DeliveryError(
            thing,
            found=f"{error.filename}: {error.strerror}",
            expected="files and folders of the archive's own",
            todo="look who put it there, move it away, then run again",
        ) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise DeliveryError(
            thing,
            found=f"{type(error).__name__}: {error.strerror or error}",
            expected="room for the report's files" if full else "a directory that can be written",
            todo="free some disk space or name another --out, then run again"
            if full
            else "make the directory writable or name another --out, then run again",
        ) from error
