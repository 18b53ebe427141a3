"""What every refusal must say, checked at one place."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reportgen.errors import ConfigError, InputError, ReportgenError

EXIT_CODES = {ConfigError: 2, InputError: 3}  # the table of the command line, DESIGN §6


@contextmanager
def refused(kind: type[ReportgenError], *told: str) -> Iterator[None]:
    """The block raises `kind` with its exit code; the text has all four parts and holds each of `told`."""
    with pytest.raises(kind) as caught:
        yield
    assert type(caught.value) is kind
    assert caught.value.exit_code == EXIT_CODES[kind]
    text = str(caught.value)
    assert text.splitlines()[0].strip()
    for part in ("  found:    ", "  expected: ", "  to do:    "):
        assert text.partition(part)[2].splitlines()[0].strip(), f"{part!r} is missing or empty in:\n{text}"
    for words in told:
        assert words in text, f"{words!r} is not in:\n{text}"
