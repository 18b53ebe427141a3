"""TOML that a stranger may have written: whatever is wrong with it is a ValueError."""

import tomllib
from typing import Any


def toml_value(text: str) -> dict[str, Any]:
    """The content of a TOML file. Raises ValueError, also where it nests too deeply or a number has 5,000 digits."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("tables or lists nested too deeply") from error
