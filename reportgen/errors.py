"""What can go wrong, with its exit code.

ReportgenError
├── ConfigError       2  usage or configuration
├── InputError        3  data, checkpoint, labels, too many unreadable images
├── EvaluationError   4  evaluation or explanation (NaN logits, out of memory)
├── RenderingError    5  HTML or PDF could not be made
└── DeliveryError     6  the report was made, a delivery failed
"""

import re
from functools import partial
from typing import Any, ClassVar

from reportgen.plain_text import shown
from reportgen.redaction import without_secrets

_LONGEST_LINE = 4000


class ReportgenError(Exception):
    """An error a person can act on: it names the thing, what was found, what was expected and what to do.

    Each is one line, whatever the names in it hold; `found` may be given as several.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, thing: str, *, found: str | tuple[str, ...], expected: str, todo: str) -> None:
        lines = (found,) if isinstance(found, str) else found
        self.thing, self.expected, self.todo = _line(thing), _line(expected), _line(todo)
        self.found = "\n    ".join(map(_line, lines))
        super().__init__(self.thing, self.found, self.expected, self.todo)

    def __reduce__(self) -> tuple[Any, ...]:
        """Crosses from one process into another with its words."""
        words: dict[str, Any] = {
            "found": tuple(self.found.split("\n    ")),
            "expected": self.expected,
            "todo": self.todo,
        }
        return partial(type(self), **words), (self.thing,)

    def __str__(self) -> str:
        lines = (self.thing, f"  found:    {self.found}", f"  expected: {self.expected}", f"  to do:    {self.todo}")
        return "\n".join(lines)


class ConfigError(ReportgenError):
    """A wrong option, a wrong key in the TOML file, a plug-in that cannot be found."""

    exit_code = 2


class InputError(ReportgenError):
    """The checkpoint, the data set or the labels cannot be used as they are."""

    exit_code = 3


class EvaluationError(ReportgenError):
    """The model ran and what it gave, or what it needed, cannot be used."""

    exit_code = 4


class RenderingError(ReportgenError):
    """The analysis is done but the document could not be made whole."""

    exit_code = 5


class DeliveryError(ReportgenError):
    """The report is made but could not be put where it belongs."""

    exit_code = 6


def _line(text: str) -> str:
    line = shown(without_secrets(text))
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"


class WordedError(ValueError):
    """A foreign fault in words of ours, to which the name of an exception would add nothing."""


def in_one_line(error: BaseException) -> str:
    """What a foreign exception says, its name first, at most 200 characters; many say nothing or a page.

    What it says is stored and shown: it may hold anything of the process's environment.
    """
    if isinstance(error, WordedError):
        return str(error)
    text = without_secrets(str(error))
    text = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())  # torch colours some of its messages
    return f"{type(error).__name__}: {text}"[:200] if text else type(error).__name__
