"""Factories of models, `package.module:function` of --arch: whatever users have under that name, a model comes out."""

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from reportgen.errors import ConfigError, InputError, in_one_line
from reportgen.inputs.checkpoints import Checkpoint
from reportgen.plugins import resolved

log = logging.getLogger(__name__)
# How factories call the number of classes.
N_CLASSES = (
    *("num_classes", "n_classes", "nclasses", "num_class", "n_class", "nb_classes", "num_labels", "n_labels"),
    *("num_outputs", "n_outputs", "out_features", "output_dim"),
)


def factory_model(name: str, checkpoint: Checkpoint) -> nn.Module:
    """The model of the factory `name`; with the number of classes where it takes that and the checkpoint names them.

    A class, a function, a function that returns a tuple or a dictionary with one model, and a model itself will do;
    what is wrapped for several devices, for averaging or by torch.compile is taken out. Raises InputError when the
    factory fails, ConfigError when no model comes out.
    """
    found: Any = resolved(name, {}, kind="architecture")
    made = found if isinstance(found, nn.Module) else _called(found, name, checkpoint)
    model = _only_model(made)
    if model is None:
        raise ConfigError(
            f"architecture {name!r}",
            found=f"a factory that returns {_in_words(made)}",
            expected="a torch.nn.Module, alone or beside other things",
            todo="return the model from the factory",
        )
    return unwrapped(model)


def _called(factory: Callable[..., Any], name: str, checkpoint: Checkpoint) -> Any:
    n = len(checkpoint.classes) if checkpoint.classes else None
    try:
        return factory(**_arguments(factory, n))
    except (Exception, SystemExit) as error:
        raise InputError(
            f"architecture {name!r}",
            found=f"the factory failed: {in_one_line(error)}",
            expected="a model; the number of classes is given where the factory takes it "
            f"({', '.join(N_CLASSES[:3])} ...) and the checkpoint names its classes",
            todo=_advice(factory, n),
        ) from error


def _arguments(factory: Callable[..., Any], n_classes: int | None) -> Mapping[str, int]:
    takes = inspect.signature(factory).parameters
    usual = next((each for each in N_CLASSES if each in takes), None)
    return {usual: n_classes} if usual and n_classes else {}


def _advice(factory: Callable[..., Any], n_classes: int | None) -> str:
    try:
        takes = inspect.signature(factory).parameters
    except (ValueError, TypeError):
        return "name a Python function or class that makes the model"
    lacking = [
        each.name
        for each in takes.values()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if set(lacking) & set(N_CLASSES) and n_classes is None:
        return f"save `classes` in the checkpoint, or give {lacking[0]} a default"
    if unknown := [each for each in lacking if each not in N_CLASSES]:
        return f"give {', '.join(unknown)} a default, or name a function that needs nothing but the number of classes"
    return "mend the factory: it is called as the signature says, before anything else is read"


def _only_model(made: Any) -> nn.Module | None:
    """The model, or the one model in a tuple, list or dictionary; None where there is none or more than one."""
    if isinstance(made, nn.Module):
        return made
    parts = list(made.values()) if isinstance(made, Mapping) else list(made) if isinstance(made, list | tuple) else []
    models = [part for part in parts if isinstance(part, nn.Module)]
    if len(models) == 1:
        log.info("the factory returns %s: the %s is taken", _in_words(made), type(models[0]).__name__)
        return models[0]
    return None


def _in_words(made: Any) -> str:
    if isinstance(made, list | tuple | Mapping):
        parts = made.values() if isinstance(made, Mapping) else made
        return f"a {type(made).__name__} of {', '.join(type(part).__name__ for part in parts) or 'nothing'}"
    return f"a {type(made).__name__}"


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside wrappers that only say how it is run: several devices, an average, a compiler."""
    while True:
        inner = getattr(model, "_orig_mod", None)  # of torch.compile
        if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel | AveragedModel):
            inner = model.module
        if not isinstance(inner, nn.Module):
            break
        log.info("the model is taken out of its %s", type(model).__name__)
        model = inner
    if getattr(model, "_compiled_call_impl", None) is not None and not isinstance(model, torch.jit.ScriptModule):
        model._compiled_call_impl = None  # noqa: SLF001  # what model.compile() set: hooks and copies need the modules
        log.info("the model runs without torch.compile")
    return model
