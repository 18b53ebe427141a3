"""Locks on directories themselves: no lock files are left, and the kernel drops them with the process, also by kill -9.

flock on a descriptor of the directory. Not every network file system has that; there every function goes on without.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What file systems answer that cannot do such a thing to a directory: flock, fsync, exchanging two names.
UNSUPPORTED = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextmanager
def alone_in(directory: Path) -> Iterator[bool]:
    """Waits its turn: one process at a time is in this block for `directory`. False where that cannot be had.

    Blocks are brief: names change in them, no bundle is written. Raises OSError.
    """
    with _flock(directory, fcntl.LOCK_EX) as sure:
        yield sure


@contextmanager
def locked(directory: Path) -> Iterator[bool]:
    """Marks `directory` as in use by a living process. False where that cannot be had.

    Raises BlockingIOError when another block, of this process or another, has it; OSError.
    """
    with _flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB) as sure:
        yield sure


def in_use(directory: Path) -> bool:
    """Whether a living process has marked `directory`, or that cannot be told. Raises OSError."""
    try:
        with locked(directory) as sure:
            return not sure
    except BlockingIOError:
        return True


@contextmanager
def _flock(directory: Path, operation: int) -> Iterator[bool]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _has_lock(descriptor, operation)
    finally:
        os.close(descriptor)


def _has_lock(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        return False
    return True
