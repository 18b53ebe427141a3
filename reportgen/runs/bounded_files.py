"""JSON that others may have written: bounds on size and depth, looked at first.

A few kilobytes can unpack to what no machine has, and well-formed JSON can be nested without end. Each reader takes the
bytes of files by name and the name of one of them, and raises BadFileError for what is over a bound or not as expected.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias

from pydantic import ConfigDict, TypeAdapter, ValidationError

from reportgen.errors import in_one_line

MOST_JSON_BYTES = 2**29  # what two million images with long paths need
MOST_VALUES = 2**24  # in one JSON file, each of which takes some 60 bytes of memory
LONGEST_TEXT = 2**24  # letters of any text: the notes of 20,000 classes
FieldType: TypeAlias = Any  # a type: a dataclass, a union, a tuple of them
_LONGEST_WORDS = 400
_LONGEST_NUMBER = 18  # digits of a whole number: it fits into 64 bits
_SHOWN = 40  # letters of a key


class BadFileError(ValueError):
    """A file that is over a bound, or not as expected; the words begin with its name."""


@contextmanager
def about(name: str) -> Iterator[None]:
    """Makes whatever is raised inside a BadFileError of the file `name`: parsers raise some twenty kinds."""
    try:
        yield
    except Exception as error:
        words = str(error) if type(error) is ValueError else in_one_line(error)
        raise BadFileError(f"{name}: {words[:_LONGEST_WORDS]}") from error


def typed_json(files: Mapping[str, bytes], name: str, kind: FieldType) -> Any:
    """The value of the type `kind` in a JSON file in UTF-8; see `restored`.

    Refused are as well: a key given twice, NaN and infinity however they are written, and whole numbers beyond 64 bits.
    """
    with about(name):
        return restored(kind, _plain(files[name]))


def _plain(content: bytes) -> object:
    if len(content) > MOST_JSON_BYTES:
        raise ValueError(f"{len(content):,} bytes of JSON, more than {MOST_JSON_BYTES:,}")
    n_values = sum(content.count(sign) for sign in (b",", b"[", b"{"))
    if n_values > MOST_VALUES:
        raise ValueError(f"up to {n_values:,} values in JSON, more than {MOST_VALUES:,}")
    try:
        found: object = json.loads(
            content.decode(),
            object_pairs_hook=_each_key_once,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except RecursionError as error:
        raise ValueError("JSON that is nested too deep") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"Invalid JSON: {error}") from error
    return found


def restored(kind: FieldType, value: object) -> Any:
    """A value of the type `kind`, and of the types of its fields, from its plain form. Raises ValueError."""
    try:
        return _adapter(kind).validate_python((value,))[0]
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part)[:_SHOWN] for part in first["loc"][1:])
        words = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{where}: {words}" if where else words) from error


def json_bytes(value: Any) -> bytes:
    """The JSON file that `typed_json` reads as a value of the same type again: one declaration for both ways."""
    kind: FieldType = type(value)
    plain = _adapter(kind).dump_python((value,), mode="json", warnings="error")[0]
    return json.dumps(plain, ensure_ascii=False, indent=1).encode()


@cache
def _adapter(kind: FieldType) -> TypeAdapter[Any]:
    """In a tuple, because a dataclass takes its settings from what it lies in."""
    return TypeAdapter(tuple[kind], config=ConfigDict(allow_inf_nan=False, str_max_length=LONGEST_TEXT))


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key that is given twice")
    return found


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > _LONGEST_NUMBER:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]}, which is not finite")
    return number
