"""The verdict in `--ci-dir` from the first moment of a run to its end: this run's, never the previous run's.

Also of a run that ends before its configuration is known, by a fault of ours, or because torch cannot be imported.
"""

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from reportgen.errors import DeliveryError
from reportgen.render.data.no_report import ended_files, unended_files

_LINE = re.compile(r"""^\s*ci_dir\s*=\s*(["'])(?P<folder>.+?)\1""", re.MULTILINE)


def named_ci_dir(arguments: Sequence[str]) -> Path | None:
    """The folder that the command line of `reportgen run` names, itself or in its TOML file, however wrong the rest is.

    None for other commands, for --help, and where no folder is named.
    """
    if arguments[:1] != ["run"] or "--help" in arguments:
        return None
    folder = _value(arguments, "--ci-dir") or _in_file(_value(arguments, "--config"))
    return Path(folder) if folder else None


def begin_verdict(ci_dir: Path) -> None:
    """Replaces what an earlier run left: until the end, and for good where the run is killed, it has not ended.

    Raises DeliveryError.
    """
    from reportgen.deliver.writing import write_files  # of POSIX: Windows is told before

    try:
        write_files(ci_dir, unended_files())
    except DeliveryError as error:
        error.expected = "a folder whose verdict.json, junit.xml and summary.md can be replaced"
        error.todo = "correct --ci-dir, or remove the previous run's files"
        raise


def leave_verdict(ci_dir: Path, exit_code: int, cause: BaseException | None) -> None:
    """Says how the run ended, unless it has left the verdict of its report. Raises DeliveryError."""
    from reportgen.deliver.writing import write_files

    if not _is_told(ci_dir / "verdict.json"):
        write_files(ci_dir, ended_files(exit_code, cause))


def _is_told(verdict: Path) -> bool:
    """Whether there is a verdict that is final: not the one of a run that goes on."""
    try:
        found = json.loads(verdict.read_bytes())
    except (OSError, ValueError):
        return False
    return not (found.get("outcome") == "stopped" and found.get("exit_code") is None)


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
