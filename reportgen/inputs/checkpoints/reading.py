"""A checkpoint file read into a `Checkpoint`, without running anything that it contains.

`.safetensors` through safetensors, everything else through torch.load. The weights may be bare or lie under one of
`WRAPPERS`; wrapper prefixes that every key carries are taken off.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from reportgen.errors import InputError
from reportgen.inputs.checkpoints import safetensors_file, torch_file
from reportgen.inputs.checkpoints.carried import carried
from reportgen.inputs.checkpoints.checkpoint import RESAVE, Checkpoint

WRAPPERS = ("state_dict", "model", "model_state_dict", "ema")
PREFIXES = ("module.", "_orig_mod.", "model.")


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads `path`. Raises InputError: missing, no checkpoint, a pickle that wants to run code, no weights inside."""
    if not path.is_file():
        raise InputError(
            f"checkpoint {path}",
            found="a directory" if path.is_dir() else "no such file",
            expected="a .pt, .pth, .ckpt or .safetensors file",
            todo="check --checkpoint",
        )
    content = safetensors_file.read(path) if path.suffix == ".safetensors" else torch_file.read(path)
    weights, wrapper = _weights(content, path)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Checkpoint(
        path=path, sha256=sha256, weights=_without_prefixes(weights), wrapper=wrapper, **carried(content, path)
    )


def _weights(content: Mapping[str, Any], path: Path) -> tuple[dict[str, torch.Tensor], str]:
    for wrapper in WRAPPERS:
        inner = content.get(wrapper)
        if isinstance(inner, Mapping) and (tensors := _tensors(inner)):
            return tensors, wrapper
    if tensors := _tensors(content):
        return tensors, ""
    raise InputError(
        f"checkpoint {path}",
        found=f"no weights; keys: {', '.join(map(str, list(content)[:12])) or 'none'}",
        expected=f"a state_dict, bare or under one of {', '.join(WRAPPERS)}",
        todo=RESAVE,
    )


def _tensors(mapping: Mapping[Any, Any]) -> dict[str, torch.Tensor]:
    """The tensors of `mapping`, or of the one mapping inside it that holds more (ema: {module: {...}, decay: ...})."""
    found = {str(key): value for key, value in mapping.items() if isinstance(value, torch.Tensor)}
    found.pop("n_averaged", None)  # the counter of torch.optim.swa_utils.AveragedModel, no weight
    inner = [tensors for value in mapping.values() if isinstance(value, Mapping) and (tensors := _tensors(value))]
    return inner[0] if len(inner) == 1 and len(inner[0]) > len(found) else found


def _without_prefixes(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    while prefix := next((p for p in PREFIXES if all(key.startswith(p) for key in weights)), None):
        weights = {key.removeprefix(prefix): value for key, value in weights.items()}
    return weights
