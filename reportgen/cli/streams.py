"""Standard output and error of the program when nobody takes them: the exit code stays the command's own.

A reader that went away (| head, | grep -q) has what it wanted. Output that a full disk loses is told.
"""

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any, TextIO

_GONE = {errno.EPIPE, errno.EIO, errno.ECONNRESET}  # a pipe, a terminal, a socket without a reader


class Outlet(io.FileIO):
    """A file descriptor to which writing never fails. `lost`: why text that somebody waits for went nowhere."""

    lost: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Writes; what nobody takes counts as written."""
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _GONE:
                self.lost = self.lost or error
            return memoryview(data).nbytes


def own_streams() -> Outlet | None:
    """Puts outlets in place of sys.stdout and sys.stderr; that of stdout, None where a caller captures it.

    A stream that the caller closed (>&-) becomes one that goes nowhere.
    """
    made = {}
    for name in ("stdout", "stderr"):
        before: TextIO | None = getattr(sys, name)
        if before is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # as long as the process
        elif before is getattr(sys, f"__{name}__"):
            before.flush()
            made[name] = Outlet(before.fileno(), "w", closefd=False)
            setattr(sys, name, _text(made[name], before))
    return made.get("stdout")


def _text(outlet: Outlet, before: TextIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(outlet),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=outlet.isatty() or before is sys.__stderr__,
    )
