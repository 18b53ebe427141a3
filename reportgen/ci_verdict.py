"""A verdict for `--ci-dir` also of a run that ends before its configuration is known, or by a fault of ours."""

import json
import re
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reportgen.errors import ReportgenError, in_one_line

_NAMES = ("verdict.json", "junit.xml", "summary.md")
_LINE = re.compile(r"""^\s*ci_dir\s*=\s*(["'])(?P<folder>.+?)\1""", re.MULTILINE)


def named_ci_dir(arguments: Sequence[str]) -> Path | None:
    """The folder that the command line of `reportgen run` names, itself or in its TOML file, however wrong the rest is.

    None for other commands, for --help, and where no folder is named.
    """
    if arguments[:1] != ["run"] or "--help" in arguments:
        return None
    folder = _value(arguments, "--ci-dir") or _in_file(_value(arguments, "--config"))
    return Path(folder) if folder else None


def forget_last_night(ci_dir: Path) -> None:
    """Removes the files of an earlier run. Where that is refused, the run itself says so when it gets that far."""
    for name in _NAMES:
        with suppress(OSError):
            (ci_dir / name).unlink(missing_ok=True)


def leave_verdict(ci_dir: Path, exit_code: int, cause: BaseException | None) -> None:
    """Writes the three files with the outcome "error", unless this run has left its own. Raises ReportgenError."""
    if _is_told(ci_dir / "verdict.json"):
        return
    from reportgen.deliver.writing import write_files
    from reportgen.render.ci_files import failed_files

    kind = type(cause).__name__ if cause else "SystemExit"
    write_files(ci_dir, failed_files(exit_code, kind, _told(cause)))


def _is_told(verdict: Path) -> bool:
    """Whether there is a verdict that is final: not the one of a run that goes on."""
    try:
        found = json.loads(verdict.read_bytes())
    except (OSError, ValueError):
        return False
    return not (found.get("outcome") == "stopped" and found.get("exit_code") is None)


def _told(cause: BaseException | None) -> str:
    if isinstance(cause, ReportgenError) or cause is None:
        return str(cause or "the run ended without a report")
    message = getattr(cause, "format_message", None)  # of a wrong command line
    return str(message()) if callable(message) else in_one_line(cause)


def _value(arguments: Sequence[str], option: str) -> str:
    """The last value of the option, as `--option VALUE` or `--option=VALUE`; "" without one."""
    found = ""
    for at, argument in enumerate(arguments):
        if argument == option and at + 1 < len(arguments):
            found = arguments[at + 1]
        elif argument.startswith(f"{option}="):
            found = argument.removeprefix(f"{option}=")
    return found


def _in_file(path: str) -> str:
    """The key ci_dir of a TOML file, also of one that is not valid."""
    if not path:
        return ""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig", errors="replace")
    except OSError:
        return ""
    try:
        folder = tomllib.loads(text).get("ci_dir", "")
    except tomllib.TOMLDecodeError:
        line = _LINE.search(text.partition("\n[")[0])
        folder = line["folder"] if line else ""
    return folder if isinstance(folder, str) else ""
