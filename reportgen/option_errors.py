"""Wrong, missing and unknown options in words: the option of the command line where there is one, else the key."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from reportgen.declared import Declared
from reportgen.errors import ConfigError
from reportgen.nearest import nearest

Source = Literal["command line", "configuration file", "environment"]


def checked(option: Declared, value: Any, source: Source, *, path: Path | None) -> Any:
    """The value as the option takes it. Raises ConfigError. path: of the configuration file."""
    from pydantic import ValidationError

    try:
        return option.checked(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join((option.key, *map(str, first["loc"])))
        if first["type"] == "missing":
            raise _missing(key, "", path) from error
        if first["type"] == "extra_forbidden":
            raise unknown(key, str(first["loc"][-1]), _inner_keys(option)) from error
        expected = str(first["msg"]).removeprefix("Value error, ")
        raise _refused(option, key, first["input"], expected, source, path) from error
    except ValueError as error:
        raise _refused(option, option.key, value, str(error), source, path) from error


def missing(option: Declared, path: Path | None) -> ConfigError:
    """For an option that must be given."""
    return _missing(option.key, option.flag, path)


def unknown(thing: str, key: str, known: Sequence[str], *, start: str = "") -> ConfigError:
    """For a key that is none of `known`."""
    near = nearest(key, known)
    expected = f"{near[0]} (the nearest key)" if near else start + ", ".join(known)
    return ConfigError(thing, found="an unknown key", expected=expected, todo="correct or remove the key")


def cut_repr(value: object) -> str:
    """The value as Python writes it, in 200 letters at most."""
    try:
        words = repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        words = "a number of thousands of digits"
    return words if len(words) <= 200 else words[:199] + "…"


def _missing(key: str, flag: str, path: Path | None) -> ConfigError:
    ways = [*filter(None, [flag]), _in_file(key, path)]
    return ConfigError(flag or key, found="nothing", expected="a value", todo=f"give {', or '.join(ways)}")


def _refused(  # what an error has to say
    option: Declared, key: str, value: Any, expected: str, source: Source, path: Path | None
) -> ConfigError:
    in_file = source == "configuration file" or not option.flag
    thing = option.option.environment or (_in_file(key, path) if in_file else option.flag)
    found = "a value that is not shown" if option.option.environment else cut_repr(value)
    todo = f"correct {key if in_file and key else thing}"
    return ConfigError(thing, found=found, expected=expected, todo=todo)


def _in_file(key: str, path: Path | None) -> str:
    return f"{key} in {path or 'the file named by --config'}"


def _inner_keys(option: Declared) -> list[str]:
    """Of the dataclass in a list."""
    kinds = [kind for arm in option.kinds for kind in get_args(arm) if is_dataclass(kind)]
    return [each.name for kind in kinds for each in fields(kind)]
