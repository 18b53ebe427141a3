"""Checkpoint files: what they hold, read without running anything that they contain.

`.safetensors` through safetensors, everything else through `torch.load(weights_only=True)`. The weights may be bare or
lie under one of `WRAPPERS`; wrapper prefixes that every key carries are taken off.
"""

import hashlib
import json
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import torch

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.preprocessing import OtherScaleError, Said, said

WRAPPERS = ("state_dict", "model", "model_state_dict", "ema")
PREFIXES = ("module.", "_orig_mod.", "model.")
_RESAVE = (
    'save the weights alone: torch.save({"arch": "resnet50", "classes": [...], "state_dict": model.state_dict()}, '
    '"checkpoint.pt"), or use safetensors'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a checkpoint file holds. Everything beside `weights` is None or empty when the file does not carry it.

    `wrapper` is the key that the weights lay under ("" when bare). `classes` is in the order of the model's outputs.
    """

    path: Path
    sha256: str
    weights: Mapping[str, torch.Tensor]
    wrapper: str = ""
    arch: str | None = None
    classes: tuple[str, ...] | None = None
    species: Mapping[str, str] = field(default_factory=dict)
    preprocessing: Said | None = None
    target_layer: str | None = None
    epoch: int | None = None


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads `path`. Raises InputError: missing, no checkpoint, a pickle that wants to run code, no weights inside."""
    if not path.is_file():
        raise InputError(
            f"checkpoint {path}",
            found="a directory" if path.is_dir() else "no such file",
            expected="a .pt, .pth, .ckpt or .safetensors file",
            todo="check --checkpoint",
        )
    content = _safetensors(path) if path.suffix == ".safetensors" else _torch_file(path)
    weights, wrapper = _weights(content, path)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Checkpoint(
        path=path, sha256=sha256, weights=_without_prefixes(weights), wrapper=wrapper, **_carried(content, path)
    )


def _torch_file(path: Path) -> Mapping[str, Any]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = re.search(r"GLOBAL (\S+)", str(error))
        raise InputError(
            f"checkpoint {path}",
            found=f"a pickle that is not plain weights: {f'it wants {wanted[1]}' if wanted else in_one_line(error)}",
            expected="tensors and plain values only; running code from a checkpoint is refused",
            todo=_RESAVE,
        ) from error
    except Exception as error:  # a cut file makes torch raise struct.error, IndexError and more
        raise InputError(
            f"checkpoint {path}",
            found=f"not readable: {in_one_line(error)}",
            expected="a file written by torch.save, whole",
            todo="copy the file anew, or " + _RESAVE,
        ) from error
    if not isinstance(content, Mapping):
        raise InputError(
            f"checkpoint {path}", found=f"a {type(content).__name__}", expected="a dictionary of weights", todo=_RESAVE
        )
    return content


def _safetensors(path: Path) -> Mapping[str, Any]:
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
    return {**{key: _json_or_text(text) for key, text in metadata.items()}, "state_dict": weights}


def _json_or_text(text: str) -> Any:
    """Safetensors metadata holds text only: lists and tables are written into it as JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


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
        todo=_RESAVE,
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


def _carried(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    arch, layer, epoch = content.get("arch"), content.get("target_layer"), content.get("epoch")
    species = content.get("species")
    return {
        "arch": arch if isinstance(arch, str) else None,
        "classes": _classes(content, path),
        "species": {str(k): str(v) for k, v in species.items()} if isinstance(species, Mapping) else {},
        "preprocessing": _preprocessing(content.get("preprocessing"), path),
        "target_layer": layer if isinstance(layer, str) else None,
        "epoch": epoch if isinstance(epoch, int) else None,
    }


def _classes(content: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    names = content.get("classes")
    if isinstance(names, list | tuple):
        return tuple(str(name) for name in names)
    if names is not None:
        raise InputError(
            f"checkpoint {path}: classes",
            found=f"a {type(names).__name__}",
            expected="the list of class names in the order of the model's outputs",
            todo="save `classes` as a list",
        )
    by_name = content.get("class_to_idx")
    if not isinstance(by_name, Mapping):
        return None
    numbered = all(isinstance(number, int) for number in by_name.values())
    if not numbered or sorted(by_name.values()) != list(range(len(by_name))):
        raise InputError(
            f"checkpoint {path}: class_to_idx",
            found=f"output numbers {sorted(by_name.values(), key=str)[:8]}",
            expected=f"each of 0 to {len(by_name) - 1} once",
            todo="save `classes`, the list of names in output order, instead",
        )
    return tuple(str(name) for name in sorted(by_name, key=lambda name: int(by_name[name])))


def _preprocessing(carried: Any, path: Path) -> Said | None:
    """`{resize, crop, fit, mean, std, interpolation, exif, channels}`, each optional."""
    if not isinstance(carried, Mapping):
        return None
    try:
        return said(carried)
    except ValueError as error:
        meant = f"write {error.meant} " if isinstance(error, OtherScaleError) and error.meant else "correct it "
        raise InputError(
            f"checkpoint {path}: preprocessing",
            found=str(error),
            expected="resize and crop in px, mean and std for pixels in [0, 1], fit and interpolation by name",
            todo=meant + "in the checkpoint, or give [preprocessing] in the TOML file",
        ) from error
