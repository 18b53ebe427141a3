"""Console-script entry point: exit codes, signals, a broken stdout, and a verdict for CI however a run ends."""

import sys
from contextlib import suppress
from pathlib import Path

from reportgen.cli.app import main as commands
from reportgen.cli.ci_verdict import begin_verdict, leave_verdict, named_ci_dir
from reportgen.cli.streams import Outlet, own_streams
from reportgen.errors import DeliveryError, in_one_line
from reportgen.stopping import Stopped, deferred_signals, stoppable


def main() -> None:
    """Runs the command of sys.argv and exits with its code; with 6 where that is 0 and what it printed was lost."""
    stdout, ci_dir = own_streams(), named_ci_dir(sys.argv[1:])
    with stoppable():
        code, cause = _ended(ci_dir)
        with suppress(Stopped), deferred_signals(left=""):  # how it ended is known: no signal changes that
            if ci_dir and code and sys.platform != "win32":
                _leave(ci_dir, code, cause)
    lost = _lost(stdout)
    sys.exit(code or lost)


def _ended(ci_dir: Path | None) -> tuple[int, BaseException | None]:
    """The exit code, and what was caught when it was decided."""
    try:
        if ci_dir and sys.platform != "win32":
            begin_verdict(ci_dir)
        commands()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        return code, end.__context__
    except DeliveryError as error:  # nothing was begun
        sys.stderr.write(f"reportgen: {error}\n")
        return error.exit_code, error
    except Stopped as stopped:  # before or after the command itself
        sys.stderr.write(f"reportgen: {stopped}\n")
        return stopped.exit_code, stopped
    return 0, None


def _leave(ci_dir: Path, code: int, cause: BaseException | None) -> None:
    try:
        leave_verdict(ci_dir, code, cause)
    except DeliveryError as error:  # the exit code says what matters
        sys.stderr.write(f"reportgen: no verdict in {ci_dir}: {in_one_line(error)}\n")


def _lost(stdout: Outlet | None) -> int:
    sys.stdout.flush()
    if stdout is None or stdout.lost is None:
        return 0
    sys.stderr.write(f"reportgen: standard output is not whole: {in_one_line(stdout.lost)}\n")
    return DeliveryError.exit_code
