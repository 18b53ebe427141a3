"""Names from outside, of classes, species and samples: what no file or page can hold is refused, or escaped."""

from collections.abc import Iterable

from reportgen.errors import InputError
from reportgen.plain_text import shown

MAX_LETTERS, MAX_PATH = 1000, 4096
_SHOWN = 60


def refuse_unusable(names: Iterable[str], thing: str, *, longest: int = MAX_LETTERS) -> None:
    """Raises InputError for a name that is no text in Unicode, or longer than `longest` letters."""
    for name in names:
        if not isinstance(name, str):
            raise _refused(thing, f"{type(name).__name__} {str(name)[:_SHOWN]}", "text")
        if len(name) > longest:
            raise _refused(thing, f"{len(name):,} letters: {name[:_SHOWN]}…", f"at most {longest:,} letters a name")
        if any("\ud800" <= letter <= "\udfff" for letter in name):
            raise _refused(thing, f"half a letter (a lone surrogate): {shown(name[:_SHOWN])}", "text in Unicode")


def _refused(thing: str, found: str, expected: str) -> InputError:
    return InputError(thing, found=found, expected=expected, todo="correct that name")
