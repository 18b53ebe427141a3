"""Locks on directories themselves: no lock files are left, and the kernel drops them with the process, also by kill -9.

flock on a descriptor of the directory. Not every network file system has that; there every function goes on without.
"""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)
# Others' turns are brief, or as long as an archive of thousands of bundles takes to read; a process that was stopped in
# its turn (SIGSTOP, a machine that sleeps) has it without end. One that died has it no more.
LONGEST_WAIT_S = 300.0
_SAID_AFTER_S, _STEP_S = 5.0, 0.05

# What file systems answer that cannot do such a thing to a directory: flock, fsync, exchanging two names.
UNSUPPORTED = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextmanager
def alone_in(directory: Path) -> Iterator[bool]:
    """Waits its turn: one process at a time is in this block for `directory`. False where that cannot be had.

    Blocks are brief: names change in them, no bundle is written. Raises OSError; BlockingIOError when the turn has not
    come after LONGEST_WAIT_S.
    """
    with _flock(directory, wait_s=LONGEST_WAIT_S) as sure:
        yield sure


@contextmanager
def locked(directory: Path) -> Iterator[bool]:
    """Marks `directory` as in use by a living process. False where that cannot be had.

    Raises BlockingIOError when another block, of this process or another, has it; OSError.
    """
    with _flock(directory, wait_s=0) as sure:
        yield sure


def in_use(directory: Path) -> bool:
    """Whether a living process has marked `directory`, or that cannot be told. Raises OSError."""
    try:
        with locked(directory) as sure:
            return not sure
    except BlockingIOError:
        return True


@contextmanager
def _flock(directory: Path, *, wait_s: float) -> Iterator[bool]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        waited_s = 0.0
        while (has_it := _has_lock(descriptor)) is None and waited_s < wait_s:
            if waited_s < _SAID_AFTER_S <= waited_s + _STEP_S:
                log.info("waiting for another process that works on %s, %.0f s at most", directory, wait_s)
            time.sleep(_STEP_S)
            waited_s += _STEP_S
        if has_it is None:
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK), str(directory))
        yield has_it
    finally:
        os.close(descriptor)


def _has_lock(descriptor: int) -> bool | None:
    """None: another has it. False: the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        return False
    return True
