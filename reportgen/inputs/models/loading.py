"""Weights into a model, all of them or none, with the cause told where they do not fit."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.checkpoints import Checkpoint, Fitted, fitted
from reportgen.inputs.checkpoints.fitting import TwoFitError, shape_of
from reportgen.inputs.checkpoints.versions import versions_of, with_versions
from reportgen.plain_text import named


def load_weights(model: nn.Module, checkpoint: Checkpoint, name: str) -> Fitted:
    """Loads the weights, all of them, and says how they were fitted. Raises InputError with the cause."""
    own = model.state_dict()
    thing = f"checkpoint {checkpoint.path} for architecture {name!r}"
    try:
        fit = fitted(checkpoint.weights, {key: shape_of(value) for key, value in own.items()})
    except TwoFitError as error:
        raise InputError(
            thing,
            found=str(error),
            expected="one set of weights for the model",
            todo="save the one that is meant alone: torch.save(model.state_dict(), ...)",
        ) from error
    failure = _failure_of_loading(model, fit.weights)
    if failure and versions_of(fit.weights) is None:  # as from safetensors, which has no place for them
        with_versions(fit.weights, versions_of(own))
        failure = failure if _failure_of_loading(model, fit.weights) else None
    if failure:
        raise _misfit(thing, own, fit, failure) from failure
    return fit


def _misfit(thing: str, own: Mapping[str, torch.Tensor], fit: Fitted, failure: Exception) -> InputError:
    lacking, beyond = sorted(set(own) - set(fit.weights)), sorted(set(fit.weights) - set(own))
    told = [named(keys, most=3) or "none" for keys in (lacking, beyond)]
    found = f"{len(lacking)} weights missing ({told[0]}), {len(beyond)} not in the model ({told[1]})"
    todo = "name the architecture that was trained with --arch: of torchvision, timm/NAME or package.module:function"
    inner = _inner(own, fit.weights)
    if inner:
        found += f"; the model keeps them under {inner!r}"
        todo = f"name a factory of the module that {inner!r} stands for, or save the weights of the whole model"
    if not (lacking or beyond):
        found = in_one_line(failure)
        if other := _other_channels(own, fit.weights):
            key, theirs, ours = other
            found = f"{key} for images of {theirs} channel(s), where the architecture has {ours}"
            place = key.rpartition(".")[0]
            todo = (
                f"name a factory, --arch my_model:make, whose make() builds that architecture, sets its {place} to a "
                f"convolution of {theirs} channel(s) as the trained model had, and returns it"
            )
    return InputError(
        thing,
        found=found,
        expected="exactly the weights of that architecture",
        todo=todo,
    )


def _other_channels(own: Mapping[str, Any], weights: Mapping[str, Any]) -> tuple[str, int, int] | None:
    """(key, its channels, the model's) where one convolution is another, and in the channels that it takes alone."""
    shapes = [(key, shape_of(weights[key]), shape_of(value)) for key, value in own.items()]
    unlike = [(key, theirs, ours) for key, theirs, ours in shapes if theirs != ours]
    if len(unlike) != 1:
        return None
    key, theirs, ours = unlike[0]
    one_differs = len(theirs) == len(ours) == 4 and (theirs[0], *theirs[2:]) == (ours[0], *ours[2:])
    return (key, int(theirs[1]), int(ours[1])) if one_differs else None


def _inner(own: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor]) -> str:
    """Where in the model the weights would fit: they are those of a module inside it. "" when nowhere."""
    try:
        return fitted(own, {key: shape_of(value) for key, value in weights.items()}).prefix
    except TwoFitError:
        return ""


def _failure_of_loading(model: nn.Module, weights: Mapping[str, torch.Tensor]) -> Exception | None:
    """What the model's own loading raises; modules of users and of libraries have theirs, and raise anything."""
    try:
        model.load_state_dict(weights, strict=True)
    except Exception as error:  # noqa: BLE001  # told by the caller
        return error
    return None
