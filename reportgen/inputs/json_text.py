"""JSON that a stranger may have written: whatever is wrong with it, or is too much, is a ValueError."""

import json
from typing import Any

MAX_JSON_BYTES = 2**26
MAX_JSON_VALUES = 2_000_000  # each takes some 60 bytes of memory


def json_value(text: str) -> Any:
    """The value of a JSON text. Raises json.JSONDecodeError for what is no JSON.

    Raises another ValueError for JSON that is nested too deeply, has too many values, or numbers of 5,000 digits.
    """
    if sum(text.count(sign) for sign in ",[{") > MAX_JSON_VALUES:
        raise ValueError(f"JSON of more than {MAX_JSON_VALUES:,} values")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deeply") from error
