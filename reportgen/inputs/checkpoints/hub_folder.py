"""Folders of the Hugging Face hub: config.json beside the weights, as timm (push_to_hub) and transformers save them.

The weights are one file or several, listed in an index. A file of weights that is named like the hub's is read with the
config.json beside it. Nothing is fetched, and no code of a folder is run.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.checkpoints import safetensors_file, torch_file
from reportgen.inputs.checkpoints.hub_config import hub_description
from reportgen.inputs.json_text import MAX_JSON_BYTES, json_value
from reportgen.inputs.plain_files import read_regular
from reportgen.plain_text import named

WEIGHTS = ("model.safetensors", "pytorch_model.bin", "open_clip_model.safetensors")
_INDICES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_SHARD = re.compile(r".+-\d{5}-of-(\d{5})\.(safetensors|bin)")
_OF_OTHERS = ("tf_model.h5", "flax_model.msgpack", "adapter_config.json", "onnx", "model.onnx")


def read(path: Path) -> Mapping[str, Any]:
    """Weights under "state_dict", and what config.json says. Raises InputError: damaged, not complete, no weights."""
    first, *others = [_weights(file) for file in weight_files(path)]
    # One file's weights as they are: torch keeps the versions of the modules at the mapping itself.
    weights = first if not others else {key: value for part in (first, *others) for key, value in part.items()}
    return {**hub_description(path), "state_dict": weights}


def _weights(file: Path) -> Mapping[str, Any]:
    found = safetensors_file.read(file) if file.suffix == ".safetensors" else torch_file.read(file)
    inner = found.get("state_dict")
    return inner if isinstance(inner, Mapping) else found


def beside(path: Path) -> Mapping[str, Any]:
    """What the config.json beside a file of weights says of it; nothing where its name is not one of the hub's."""
    if _SHARD.fullmatch(path.name):
        raise InputError(
            f"checkpoint {path}",
            found="one part of several of a model's weights",
            expected="the folder of all parts, with config.json and their index",
            todo=f"name the folder: --checkpoint {path.parent}",
        )
    there = path.name in WEIGHTS and (path.parent / "config.json").is_file()
    return hub_description(path.parent) if there else {}


def weight_files(path: Path) -> tuple[Path, ...]:
    """The files that hold the weights of a folder, in the order of their names. Raises InputError if one is missing."""
    for name in WEIGHTS:
        if (path / name).is_file():
            return (path / name,)
    for name in _INDICES:
        if (path / name).is_file():
            return _listed(path, name)
    others = [name for name in _OF_OTHERS if (path / name).exists()]
    raise InputError(
        f"checkpoint {path}",
        found="a folder with a config.json and without weights"
        + (f" that this program reads (it holds {', '.join(others)})" if others else ""),
        expected=f"{', '.join(WEIGHTS[:2])}, or their parts with an index",
        todo="merge the adapter into its model and save that"
        if "adapter_config.json" in others
        else "download the whole folder, or save the model with save_pretrained",
    )


def _listed(path: Path, name: str) -> tuple[Path, ...]:
    try:
        places = json_value(read_regular(path / name, most_bytes=MAX_JSON_BYTES).decode())["weight_map"].values()
        # A name and no path: an index that comes with a model must not point elsewhere.
        files = sorted({path / Path(str(place)).name for place in places})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"checkpoint {path / name}",
            found=in_one_line(error),
            expected='JSON with a "weight_map" of the parts',
            todo="download the folder anew",
        ) from error
    lacking = [file.name for file in files if not file.is_file()]
    if lacking or not files:
        raise InputError(
            f"checkpoint {path}",
            found=f"{len(lacking)} of {len(files)} parts of the weights are missing: {named(lacking, most=5)}",
            expected=f"all parts that {name} lists",
            todo="download the whole folder",
        )
    return tuple(files)
