"""From an architecture's name and a checkpoint to a model that can be run.

A name without a colon is a torchvision classification architecture, `timm/NAME` one of timm's, where that package is
installed; `package.module:function` is a factory, called with `num_classes=K` if it takes that argument. A factory is
only run when the user names it (`--arch`): a name inside a checkpoint could otherwise make the program import anything.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
import torchvision
from torch import nn

from reportgen.errors import ConfigError, InputError, in_one_line
from reportgen.inputs.checkpoints import Checkpoint, Fitted, fitted
from reportgen.inputs.checkpoints.claims import refuse_larger
from reportgen.inputs.checkpoints.fitting import TwoFitError
from reportgen.inputs.images.preprocessing_values import Said
from reportgen.inputs.models.factories import factory_model
from reportgen.inputs.models.hub_models import TRANSFORMERS, is_of_timm, library, timm_arguments, transformers_model
from reportgen.inputs.models.loading import load_weights
from reportgen.inputs.models.output_reading import NOT_YET_READ, Program, Reading
from reportgen.inputs.models.programs import program_model
from reportgen.inputs.models.timm_config import timm_preprocessing
from reportgen.inputs.usable_names import MAX_CLASSES, too_many_classes
from reportgen.nearest import nearest

log = logging.getLogger(__name__)


def architectures() -> list[str]:
    """The names of torchvision's classification architectures, sorted."""
    return list(torchvision.models.list_models(module=torchvision.models))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModel:
    """A model as it was made, with its weights (CPU, eval mode), its architecture's name and how the weights fitted.

    reading, said: what the file of a program, or the folder of a model, tells of its inputs.
    """

    model: nn.Module
    arch: str
    fit: Fitted
    reading: Reading = NOT_YET_READ
    said: Said = field(default_factory=dict)


def read_model(checkpoint: Checkpoint, arch: str | None) -> ReadModel:
    """The model of a checkpoint. `arch` wins over the name in the checkpoint; a program needs none.

    Raises InputError when no architecture is known or the weights do not fit it, ConfigError when the name means
    nothing.
    """
    if checkpoint.program is not None:
        return _program(checkpoint, checkpoint.program, arch)
    name = _architecture(checkpoint, arch)
    if name.startswith(TRANSFORMERS):
        model, fit = transformers_model(name, checkpoint)
        return ReadModel(model=model.eval(), arch=name, fit=fit)
    if ":" in name:
        model = factory_model(name, checkpoint)
    elif name.startswith("timm/"):
        model = _timm_model(name, checkpoint)
    else:
        model = _torchvision_model(name, checkpoint.weights)
    fit = load_weights(model, checkpoint, name)
    reading = Reading(n_columns=0, program="torchscript" if isinstance(model, torch.jit.ScriptModule) else None)
    # timm's folder has its data configuration in config.json: then it is the checkpoint that says it.
    said = timm_preprocessing(model) if checkpoint.config and name == checkpoint.arch else {}
    return ReadModel(model=model.eval(), arch=name, fit=fit, reading=reading, said=said)


def _program(checkpoint: Checkpoint, kind: Program, arch: str | None) -> ReadModel:
    if arch:
        log.info("--arch %s is not used: the checkpoint is a program and brings its own architecture", arch)
    model, reading, said = program_model(checkpoint.path, kind)
    return ReadModel(
        model=model, arch=kind, fit=Fitted(weights=OrderedDict(), prefix="", left_out=()), reading=reading, said=said
    )


def _architecture(checkpoint: Checkpoint, arch: str | None) -> str:
    if arch:
        return arch
    carried = checkpoint.arch or next((name for name in map(_known, checkpoint.arch_hints) if name), None)
    if carried is None:
        raise InputError(
            f"checkpoint {checkpoint.path}",
            found="weights without the name of an architecture",
            expected="`arch` in the checkpoint, a folder of timm or Hugging Face with its config.json, or --arch",
            todo="name it: --arch mobilenet_v2 (a torchvision classification model), --arch timm/NAME or "
            "--arch package.module:function; or name the folder that holds config.json and the weights",
        )
    if ":" in carried:
        raise InputError(
            f"checkpoint {checkpoint.path}",
            found=f"the factory {carried!r} named inside the checkpoint",
            expected="a factory to be named by you: what a checkpoint names is not run unasked",
            todo=f"if you trust it, add --arch {carried}",
        )
    return _known(carried) or carried


def _known(name: str) -> str | None:
    """A torchvision architecture, or timm/NAME for one of timm's, which its own training script writes bare."""
    if name in architectures():
        return name
    return f"timm/{name}" if "/" not in name and is_of_timm(name) else None


def _torchvision_model(name: str, weights: Mapping[str, torch.Tensor]) -> nn.Module:
    if name not in architectures():
        near = nearest(name, architectures(), n=3)
        near = (f"timm/{name}", *near) if is_of_timm(name) else near
        raise ConfigError(
            f"architecture {name!r}",
            found="no such torchvision classification model" + (f" (nearest: {', '.join(near)})" if near else ""),
            expected="a name such as resnet50 or vit_b_16, timm/NAME, or package.module:function",
            todo="correct --arch",
        )
    arguments: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):  # their default initialisation is slow and warns; weights replace it
        arguments |= {
            "init_weights": False,
            "aux_logits": any({"AuxLogits", "aux1"} & set(key.split(".")) for key in weights),
        }
    return _with_the_head_of(weights, partial(torchvision.models.get_model, name, **arguments))


def _timm_model(name: str, checkpoint: Checkpoint) -> nn.Module:
    timm = library("timm", name)
    short = name.removeprefix("timm/")
    if short not in timm.list_models():
        near = nearest(short, timm.list_models(), n=3)
        raise ConfigError(
            f"architecture {name!r}",
            found="no such timm model" + (f" (nearest: {', '.join(near)})" if near else ""),
            expected="a name of timm.list_models()",
            todo="correct --arch",
        )
    arguments = timm_arguments(name, checkpoint, timm.create_model)
    make = partial(timm.create_model, short, pretrained=False, **arguments)
    if "in_chans" not in arguments and (n := _channels_of(checkpoint.weights, make)) is not None:
        log.info(
            "the first convolution of the weights takes %d channel(s): timm's model is made with in_chans=%d", n, n
        )
        make = partial(make, in_chans=n)
    return _with_the_head_of(checkpoint.weights, make)


def _channels_of(weights: Mapping[str, torch.Tensor], build: Callable[..., nn.Module]) -> int | None:
    """The channels that the first layer of `weights` takes, where they are not those that timm's model has by itself.

    None also for a model without the argument. The first layer is what changes its shape with them.
    """
    with torch.device("meta"):
        plain = build().state_dict()
        try:
            other = build(in_chans=5).state_dict()
        except Exception as error:  # noqa: BLE001  # some of timm's architectures take three channels alone
            log.debug("not made with in_chans: %s", in_one_line(error))
            return None
    try:
        named = fitted(weights, {key: value.shape for key, value in plain.items()}).weights
    except TwoFitError:
        return None
    firsts = [key for key in plain if key in other and plain[key].shape != other[key].shape and key in named]
    found = {named[key].shape[1] for key in firsts if named[key].ndim == plain[key].ndim >= 2}
    own = {plain[key].shape[1] for key in firsts}
    return int(found.pop()) if len(found) == 1 and found != own else None


def _with_the_head_of(weights: Mapping[str, torch.Tensor], build: Callable[..., nn.Module]) -> nn.Module:
    """The model of `build` with as many outputs as `weights` has; the head is what changes its shape with them."""
    with torch.device("meta"):
        small = build(num_classes=10)
        few, more = small.state_dict(), build(num_classes=11).state_dict()
    refuse_larger(small, weights)
    try:
        named = fitted(weights, {key: value.shape for key, value in few.items()}).weights
    except TwoFitError:
        return build()  # told when they are loaded
    heads = [key for key in few if few[key].shape != more[key].shape and key in named]
    if not heads:
        return build()
    n_outputs = int(named[heads[-1]].shape[0])
    if n_outputs > MAX_CLASSES:
        raise too_many_classes("outputs of the checkpoint's weights", n_outputs)
    return build(num_classes=n_outputs)
