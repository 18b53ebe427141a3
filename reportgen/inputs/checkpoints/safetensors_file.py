"""Files of safetensors: tensors, and texts in their metadata."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.json_text import json_value
from reportgen.plain_text import named


def read(path: Path) -> Mapping[str, Any]:
    """The metadata, and the tensors under "state_dict". Raises InputError when the file is damaged."""
    try:
        with safetensors.safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # safe_open is no mapping
    except (safetensors.SafetensorError, OSError) as error:
        raise InputError(
            f"checkpoint {path}",
            found=f"not readable: {error}",
            expected="a safetensors file, whole",
            todo="copy the file anew",
        ) from error
    return {**{key: _json_or_text(path, key, text) for key, text in metadata.items()}, "state_dict": weights}


def _json_or_text(path: Path, key: str, text: str) -> Any:
    """Safetensors metadata holds text only: lists and tables are written into it as JSON."""
    try:
        return json_value(text)
    except json.JSONDecodeError:
        return text
    except ValueError as error:  # it is JSON
        raise InputError(
            f"checkpoint {path}: metadata {named([key])}",
            found=in_one_line(error),
            expected="a text, or JSON of plain values",
            todo="save it without that entry",
        ) from error
