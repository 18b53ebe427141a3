"""A checkpoint read into a `Checkpoint`, without running anything that it contains.

The content decides which format it is, not the file's name. The weights may be bare or lie under one of `WRAPPERS`.
Their names are left as they are: which prefix is too much is known when the model is.
"""

import hashlib
import reprlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.checkpoints import hub_folder, safetensors_file, torch_file
from reportgen.inputs.checkpoints.carried import carried
from reportgen.inputs.checkpoints.checkpoint import RESAVE, Checkpoint
from reportgen.inputs.checkpoints.claims import refuse_more_than_the_file
from reportgen.inputs.checkpoints.kinds import FileFormat, file_format_of
from reportgen.inputs.checkpoints.refusals import EXPECTED, unreadable_checkpoint
from reportgen.inputs.checkpoints.versions import versions_of, with_versions
from reportgen.inputs.plain_files import NotPlainError
from reportgen.plain_text import named

WRAPPERS = (  # the trained weights before their average, where both are there
    *("state_dict", "model", "model_state_dict", "model_state", "net", "network", "module", "weights", "params"),
    *("student", "ema", "model_ema", "state_dict_ema", "ema_state_dict", "params_ema", "teacher"),
)
_FORMATS: Mapping[FileFormat, Callable[[Path], Mapping[str, Any]]] = {
    "torch": torch_file.read,
    "torch_legacy": torch_file.read,
    "safetensors": safetensors_file.read,
    "timm": hub_folder.read,
    "hugging_face": hub_folder.read,
}
_DEEPEST = 6  # mappings within mappings; no training script nests deeper


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads `path`. Raises InputError: missing, no checkpoint, a pickle that wants to run code, no weights inside.

    Of a program (TorchScript, .pt2) nothing is read but the hash.
    """
    kind = _kind(path)
    if kind in ("torchscript", "exported_program"):
        return Checkpoint(path=path, sha256=_sha256(path), weights={}, program=kind)
    content = _content(path, kind)
    weights, wrapper = _weights(content, path)
    refuse_more_than_the_file(weights, path)
    return Checkpoint(path=path, sha256=_sha256(path), weights=weights, wrapper=wrapper, **carried(content, path))


def _sha256(path: Path) -> str:
    """Of the file; of the weights of a folder: of their one file, or of the list of the hashes of several."""
    files = hub_folder.weight_files(path) if path.is_dir() else (path,)
    digests = []
    for name in files:
        with name.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _kind(path: Path) -> FileFormat:
    try:
        return file_format_of(path)
    except OSError as error:
        raise InputError(
            f"checkpoint {path}",
            found="no such file" if isinstance(error, FileNotFoundError) else _words(error),
            expected=EXPECTED,
            todo="check --checkpoint",
        ) from error


def _words(error: OSError) -> str:
    return str(error.strerror) if isinstance(error, NotPlainError) else in_one_line(error)


def _content(path: Path, kind: FileFormat) -> Mapping[str, Any]:
    if kind == "pickle":
        raise torch_file.refused_pickle(path)
    if kind not in _FORMATS:
        raise unreadable_checkpoint(path, kind)
    content = _FORMATS[kind](path)
    return content if path.is_dir() else {**hub_folder.beside(path), **content}


def _weights(content: Mapping[str, Any], path: Path) -> tuple[Mapping[str, torch.Tensor], str]:
    for wrapper in WRAPPERS:
        inner = content.get(wrapper)
        if isinstance(inner, Mapping) and (tensors := _tensors(inner)):
            return tensors, wrapper
    if tensors := _tensors(content):
        return tensors, ""
    keys = (key if isinstance(key, str) else reprlib.repr(key) for key in content)
    raise InputError(
        f"checkpoint {path}",
        found=f"no weights; keys: {named(keys, most=12) or 'none'}",
        expected=f"a state_dict, bare or under one of {', '.join(WRAPPERS)}",
        todo=RESAVE,
    )


def _tensors(mapping: Mapping[Any, Any], depth: int = 0) -> OrderedDict[str, torch.Tensor]:
    """The tensors of `mapping`, or of the one mapping inside it that holds more (ema: {module: {...}, decay: ...}).

    torch's `_metadata` of a state_dict, the versions of its modules, come along.
    """
    found = OrderedDict(
        (str(key), tensor) for key, value in mapping.items() if (tensor := _tensor(key, value)) is not None
    )
    if depth < _DEEPEST:
        # By identity: a dictionary that holds itself, or one dictionary in a thousand places, is looked at once.
        within = {id(value): value for value in mapping.values() if isinstance(value, Mapping) and value is not mapping}
        inner = [tensors for value in within.values() if (tensors := _tensors(value, depth + 1))]
        if len(inner) == 1 and len(inner[0]) > len(found):
            return inner[0]
    return with_versions(found, versions_of(mapping))


def _tensor(key: Any, value: Any) -> Any:
    """A weight; what a module keeps as its extra state may be anything; None for what is neither."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return torch.from_numpy(np.array(value, dtype=value.dtype.newbyteorder("=")))
    return value if isinstance(value, torch.Tensor) or str(key).endswith("_extra_state") else None
