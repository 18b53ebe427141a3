"""The value that a checkpoint is read into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from reportgen.inputs.images.preprocessing_values import Said

RESAVE = (
    'save the weights alone: torch.save({"arch": "resnet50", "classes": [...], "state_dict": model.state_dict()}, '
    '"checkpoint.pt"), or use safetensors'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a checkpoint file holds. Everything beside `weights` is None or empty when the file does not carry it.

    `wrapper` is the key that the weights lay under ("" when bare). `classes` is in the order of the model's outputs.
    `program`: the file is no weights but a program that holds its own; `weights` is empty then.
    `arch_hints` are what its settings (args, hyper_parameters ...) call a model; only a known name is one.
    `config` is the config.json of a folder of the Hugging Face hub.
    """

    path: Path
    sha256: str
    weights: Mapping[str, torch.Tensor]
    wrapper: str = ""
    arch: str | None = None
    arch_hints: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None
    species: Mapping[str, str] = field(default_factory=dict)
    preprocessing: Said | None = None
    target_layer: str | None = None
    epoch: int | None = None
    program: Literal["torchscript", "exported_program"] | None = None
    config: Mapping[str, Any] | None = None
