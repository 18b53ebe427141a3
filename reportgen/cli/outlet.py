"""Where text leaves the program for terminal and log: no secret in it, no command, no control character."""

import copy
import logging
import sys
import traceback
from collections.abc import Mapping

import typer

from reportgen.errors import ReportgenError
from reportgen.plain_text import for_runner, shown
from reportgen.redaction import without_secrets


def say(line: object) -> None:
    """Writes one line to stdout, whatever the names in it hold."""
    say_lines(shown(str(line)))


def say_lines(text: str, *, err: bool = False) -> None:
    """Writes lines of ours to stdout or stderr; the names in them have passed `plain_text.shown`.

    Letters that the terminal's coding lacks are escaped.
    """
    coding = (sys.stderr if err else sys.stdout).encoding or "utf-8"
    typer.echo(leaving(text).encode(coding, "backslashreplace").decode(coding), err=err)


def say_fault(error: BaseException) -> None:
    """Writes the traceback of a fault of ours to stderr."""
    say_lines("".join(traceback.format_exception(error)).rstrip("\n"), err=True)


def leaving(text: str) -> str:
    """The text as it may go out. Its line ends are ours: names in it have passed `plain_text.shown`."""
    return for_runner(without_secrets(text))


class PlainLines(logging.Formatter):
    """Lines of the log. The message is ours; what is put into it may come from anywhere, and adds no line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, and a traceback where it has one."""
        own = copy.copy(record)
        if isinstance(record.args, Mapping):
            own.args = {key: _text(value) for key, value in record.args.items()}
        elif record.args:
            own.args = tuple(map(_text, record.args))
        return leaving(super().format(own))


def _text(value: object) -> object:
    """Numbers are formatted as such; our own errors have their lines already."""
    return value if value is None or isinstance(value, int | float | ReportgenError) else shown(str(value))
