"""Opening files that others may have put there: plain files of a folder, and no symbolic link, named pipe or device.

A plain file lies in its folder itself and holds bytes. The folder is held by its descriptor, so that nobody can put
another in its place between two looks. Nothing here waits: a named pipe is never opened.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path

MAX_FILE_BYTES = 4 * 2**30  # of one file: the largest that a run of a million images leaves, and some room
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFREG: "a file",
}
_TO_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class NotPlainError(OSError):
    """What has the name is something else; the words say what."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(errno.EINVAL, words, name)


class TooLargeError(NotPlainError):
    """It is a file, of more bytes than are wanted."""

    def __init__(self, name: str, n_bytes: int, most_bytes: int) -> None:
        super().__init__(name, f"{n_bytes:,} bytes, more than {most_bytes:,}")
        self.n_bytes = n_bytes


@contextmanager
def held_folder(path: Path, *inside: str) -> Iterator[int]:
    """The descriptor of the folder `path`, or of the one that `inside` names below it, step by step.

    Links are followed on the way to `path`, which is the caller's word, and not below it. Raises NotPlainError where a
    step is no folder, OSError.
    """
    at = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with held_below(at, *inside) as below:
            yield below
    finally:
        os.close(at)


@contextmanager
def held_below(at: int, *inside: str) -> Iterator[int]:
    """The same below the folder that is held as `at`."""
    with ExitStack() as at_end:
        for name in inside:
            at = _step(at, name)
            at_end.callback(os.close, at)
        yield at


def entry_kind(at: int, name: str) -> str | None:
    """What the folder `at` has under `name`, in words: a file, a folder, a link and so on; None for nothing."""
    try:
        mode = os.stat(plain_name(name), dir_fd=at, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None
    return _KINDS.get(stat.S_IFMT(mode), "no file")


def names_in(at: int) -> tuple[str, ...]:
    """Every name in the folder `at`, sorted."""
    return tuple(sorted(os.listdir(at)))  # pathlib knows no descriptors


def folders_in(path: Path) -> tuple[Path, ...]:
    """The folders in the folder `path`, sorted; a link to one is none. Raises OSError."""
    with held_folder(path) as at:
        return tuple(path / name for name in names_in(at) if entry_kind(at, name) == "a folder")


def open_plain(at: int, name: str) -> BufferedReader:
    """The plain file `name` of the folder `at`, for reading. Raises FileNotFoundError, NotPlainError, OSError."""
    kind = entry_kind(at, name)
    if kind is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    if kind != "a file":
        raise NotPlainError(name, f"{kind}, not a file")
    descriptor = os.open(name, _TO_READ, dir_fd=at)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # it was exchanged between the two looks
        os.close(descriptor)
        raise NotPlainError(name, "not a file")
    return os.fdopen(descriptor, "rb")


def read_plain(at: int, name: str, *, most_bytes: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of the plain file `name` of the folder `at`. Raises as `open_plain`; NotPlainError for too many."""
    with open_plain(at, name) as file:
        n_bytes = os.fstat(file.fileno()).st_size
        content = (
            b"" if n_bytes > most_bytes else file.read(n_bytes + 1)
        )  # Python takes the memory that it is asked for
    if max(n_bytes, len(content)) > most_bytes:
        raise TooLargeError(name, n_bytes, most_bytes)
    return content


def read_regular(path: Path, *, most_bytes: int) -> bytes:
    """The bytes of the file that `path` leads to, links followed: as many as it says that it has.

    Of a file of the system's own (/proc) that is none, where reading might never end. Raises FileNotFoundError,
    NotPlainError for a folder, pipe, socket or device, TooLargeError, OSError, and ValueError for a NUL in the name.
    """
    refuse_other(path, path.stat().st_mode)  # before it is opened, which does things to some devices
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as file:
        facts = os.fstat(file.fileno())
        refuse_other(path, facts.st_mode)
        if facts.st_size > most_bytes:
            raise TooLargeError(str(path), facts.st_size, most_bytes)
        return file.read(facts.st_size) if facts.st_size else b""


def refuse_other(path: Path, mode: int) -> None:
    """Raises NotPlainError when `mode` is not that of a file."""
    if not stat.S_ISREG(mode):
        raise NotPlainError(str(path), f"{_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file")


def _step(at: int, name: str) -> int:
    kind = entry_kind(at, name)
    if kind is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    if kind != "a folder":
        raise NotPlainError(name, f"{kind}, not a folder")
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)


def plain_name(name: str) -> str:
    """The name itself. Raises NotPlainError for a name that leads elsewhere."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise NotPlainError(name, "not a name of a file in a folder")
    return name
