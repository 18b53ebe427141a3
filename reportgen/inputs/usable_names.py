"""Names from outside, of classes, species and samples: what no file or page can hold is refused, or escaped."""

from collections.abc import Iterable

from reportgen.errors import InputError
from reportgen.plain_text import shown

MAX_LETTERS, MAX_PATH = 1000, 4096
MAX_CLASSES = 100_000  # ImageNet-21k has 21,841; each costs logits of every image, and lines in tables
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


def too_many_classes(thing: str, n: int) -> InputError:
    """The error for more than MAX_CLASSES outputs or names."""
    return InputError(
        thing,
        found=f"{n:,} classes",
        expected=f"at most {MAX_CLASSES:,}",
        todo="name the checkpoint of a classifier; a head of more outputs is no class list that a report can show",
    )


def _refused(thing: str, found: str, expected: str) -> InputError:
    return InputError(thing, found=found, expected=expected, todo="correct that name")
