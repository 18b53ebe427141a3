"""The program's commands, and how each ends: with an exit code, in words."""

import sys

import typer

from reportgen.cli.archive import app as archive_app
from reportgen.cli.installation import translate_import_errors
from reportgen.cli.outlet import say_fault, say_lines
from reportgen.cli.run import app as run_app
from reportgen.errors import ConfigError, ReportgenError
from reportgen.stopping import Stopped

app = typer.Typer(
    name="reportgen",
    help="Error reports for image classifiers: from a checkpoint and a labelled image set to HTML and PDF.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(run_app)
app.add_typer(archive_app)
CRASHED = 70  # sysexits.h, EX_SOFTWARE


def main() -> None:
    """The program. Exit codes: see `reportgen.errors`; a fault of ours is 70, a signal 128 and its number."""
    if sys.platform == "win32":  # no flock, no directory that can be opened, no signals of POSIX
        say_lines("reportgen: runs on Linux and macOS; on Windows, run it in WSL", err=True)
        sys.exit(ConfigError.exit_code)
    try:
        with translate_import_errors():
            app()
    except ReportgenError as error:
        say_lines(f"reportgen: {error}", err=True)
        sys.exit(error.exit_code)
    except Stopped as stopped:
        say_lines(f"reportgen: {stopped}", err=True)
        sys.exit(stopped.exit_code)
    except Exception as error:  # noqa: BLE001  # not 1, which would say that a report was made and its gate failed
        say_fault(error)
        say_lines("reportgen: a fault of reportgen itself; please report the lines above", err=True)
        sys.exit(CRASHED)
