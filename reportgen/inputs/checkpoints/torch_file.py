"""Files of torch.save, read with `weights_only=True`: nothing that they contain is run."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.checkpoints.checkpoint import RESAVE


def read(path: Path) -> Mapping[str, Any]:
    """The dictionary in the file. Raises InputError: damaged, not a dictionary, or a pickle that wants to run code."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = re.search(r"GLOBAL (\S+)", str(error))
        raise InputError(
            f"checkpoint {path}",
            found=f"a pickle that is not plain weights: {f'it wants {wanted[1]}' if wanted else in_one_line(error)}",
            expected="tensors and plain values only; running code from a checkpoint is refused",
            todo=RESAVE,
        ) from error
    except Exception as error:  # a cut file makes torch raise struct.error, IndexError and more
        raise InputError(
            f"checkpoint {path}",
            found=f"not readable: {in_one_line(error)}",
            expected="a file written by torch.save, whole",
            todo="copy the file anew, or " + RESAVE,
        ) from error
    if not isinstance(content, Mapping):
        raise InputError(
            f"checkpoint {path}", found=f"a {type(content).__name__}", expected="a dictionary of weights", todo=RESAVE
        )
    return content
