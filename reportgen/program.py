"""The program around its commands: streams that nobody reads, and a verdict for CI however a run ends."""

import sys

from reportgen.cli import main as commands
from reportgen.errors import DeliveryError, in_one_line
from reportgen.streams import Outlet, own_streams


def main() -> None:
    """Runs the command of sys.argv and exits with its code; with 6 where that is 0 and what it printed was lost."""
    stdout = own_streams()
    try:
        commands()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    lost = _lost(stdout)
    sys.exit(code or lost)


def _lost(stdout: Outlet | None) -> int:
    sys.stdout.flush()
    if stdout is None or stdout.lost is None:
        return 0
    sys.stderr.write(f"reportgen: standard output is not whole: {in_one_line(stdout.lost)}\n")
    return DeliveryError.exit_code
