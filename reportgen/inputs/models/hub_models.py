"""Models of the Hugging Face hub's folders, made from config.json as timm and transformers make them.

Nothing is fetched, and no code of a folder is run.
"""

import importlib
import inspect
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from reportgen.errors import ConfigError, InputError, in_one_line
from reportgen.inputs.checkpoints import Checkpoint, Fitted
from reportgen.inputs.checkpoints.claims import refuse_larger
from reportgen.inputs.checkpoints.fitting import belongs_to_no_model
from reportgen.plain_text import named

TRANSFORMERS = "transformers/"
_NOT_FOR_THE_MODEL = ("auto_map", "architecture", "pretrained_cfg")  # code of the folder; what timm's wrapper keeps


def is_of_timm(name: str) -> bool:
    """Whether timm, if it is installed, has an architecture of that name."""
    try:
        import timm
    except ImportError:
        return False
    return name in timm.list_models()


def library(package: str, architecture: str) -> Any:
    """Timm or transformers, whose `architecture` is asked for. Raises ConfigError where it is not installed."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ConfigError(
            f"architecture {architecture!r}",
            found=in_one_line(error),
            expected=f"{package}, which holds it",
            todo=f"pip install 'reportgen[{package}]'",
        ) from error


def timm_arguments(name: str, checkpoint: Checkpoint, create_model: Callable[..., Any]) -> dict[str, Any]:
    """What config.json says of a model of timm beside its name: its own arguments and its data configuration.

    The arguments of `create_model` itself are left out: one of them names a file to read.
    """
    config = checkpoint.config if checkpoint.config and checkpoint.arch == name else {}
    given, data = config.get("model_args"), config.get("pretrained_cfg")
    own = inspect.signature(create_model).parameters
    arguments = {key: value for key, value in given.items() if key not in own} if isinstance(given, Mapping) else {}
    return arguments | ({"pretrained_cfg": dict(data)} if isinstance(data, Mapping) else {})


def transformers_model(name: str, checkpoint: Checkpoint) -> tuple[nn.Module, Fitted]:
    """The image classifier that config.json describes, with the weights, and how they fitted.

    transformers turns the names that older versions gave into its own of today. Raises ConfigError when it is not
    installed or knows no such classifier, InputError when the weights are not exactly the model's.
    """
    transformers = library("transformers", name)
    if checkpoint.config is None:
        raise InputError(
            f"checkpoint {checkpoint.path}",
            found="weights without the config.json that describes the model",
            expected="the folder of the model, as save_pretrained writes it",
            todo="name the folder that holds config.json: --checkpoint DIR",
        )
    kept = {key: value for key, value in checkpoint.weights.items() if not belongs_to_no_model(key)}
    try:
        with _quietly(transformers):
            model, info = _made(transformers, checkpoint.config, kept)
    except InputError:
        raise
    except Exception as error:  # foreign code may raise anything
        raise InputError(
            f"checkpoint {checkpoint.path}",
            found=f"a model of transformers {transformers.__version__} that cannot be made: {in_one_line(error)}",
            expected="an image classifier of transformers, described by config.json",
            todo="update transformers, or name a factory with --arch package.module:function",
        ) from error
    _refuse_misfits(checkpoint, name, info)
    left_out = tuple(key for key in checkpoint.weights if key not in kept)
    return model, Fitted(weights=OrderedDict(kept), prefix="", left_out=left_out)


def _made(transformers: Any, described: Mapping[str, Any], weights: Mapping[str, Any]) -> Any:
    """(model, how the weights fitted). Raises InputError for a model far larger than they are, and anything else."""
    config = transformers.AutoConfig.for_model(**_plain_config(described))
    kind = _class_of(transformers, config)
    with torch.device("meta"):
        refuse_larger(kind(config), weights)
    return kind.from_pretrained(
        None,  # no folder, no name: neither file nor net is looked at
        config=config,
        state_dict=weights,
        dtype=torch.float32,
        local_files_only=True,
        ignore_mismatched_sizes=True,  # named by the caller, with what else does not fit
        output_loading_info=True,
    )


def _class_of(transformers: Any, config: Any) -> Any:
    """As AutoModelForImageClassification.from_config finds it. Raises KeyError for a model that classifies nothing."""
    found = transformers.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING[type(config)]
    if not isinstance(found, tuple | list):
        return found
    named = {one.__name__: one for one in found}
    return next((named[name] for name in config.architectures or () if name in named), found[0])


def _plain_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Without what names code, and without backbones that would be fetched."""
    plain = {key: value for key, value in config.items() if key not in _NOT_FOR_THE_MODEL}
    return plain | ({"use_pretrained_backbone": False} if "use_pretrained_backbone" in plain else {})


def _refuse_misfits(checkpoint: Checkpoint, name: str, info: Mapping[str, Any]) -> None:
    missing, beyond, other = (
        sorted(key[0] if isinstance(key, tuple) else str(key) for key in info[f"{kind}_keys"])
        for kind in ("missing", "unexpected", "mismatched")
    )
    if missing or beyond or other or info.get("error_msgs"):
        counts = {"missing": missing, "not in the model": beyond, "of another shape": other}
        raise InputError(
            f"checkpoint {checkpoint.path} for architecture {name!r}",
            found="weights "
            + ", ".join(f"{what}: {len(keys)} ({named(keys, most=3) or 'none'})" for what, keys in counts.items()),
            expected="exactly the weights of the model that config.json describes",
            todo="take config.json and weights from the same save; a model without a trained head is no classifier",
        )


@contextmanager
def _quietly(transformers: Any) -> Iterator[None]:
    """Its report of missing weights is a page; ours is the error."""
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity(logging.CRITICAL)
    bars = transformers.logging.is_progress_bar_enabled()
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(before)
        if bars:
            transformers.logging.enable_progress_bar()
