"""Target layers of Grad-CAM: the last feature map before pooling, for torchvision, timm and transformers.

The layer is the one whose output is pooled into the head wherever there is one, so that for a GAP + linear head
Grad-CAM is CAM (METHODS 4.6). A ViT has no such map: after its last block only the class token reaches the head, so its
patch tokens are tapped before the last block's attention.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import nn

from reportgen.errors import ConfigError
from reportgen.explain.methods.hub_layers import transformers_layer
from reportgen.inputs.models.adapted import original_model
from reportgen.plain_text import named

Layout = Literal["nchw", "nhwc", "tokens"]

# Class name of the torchvision model -> path of the layer. In VGG and AlexNet the last module is a max pool.
TARGET_LAYERS = MappingProxyType(
    {
        "AlexNet": "features.11",
        "ConvNeXt": "features.-1",
        "DenseNet": "features.norm5",
        "EfficientNet": "features.-1",
        "GoogLeNet": "inception5b",
        "Inception3": "Mixed_7c",
        "MNASNet": "layers.16",
        "MaxVit": "blocks.3",
        "MobileNetV2": "features.-1",
        "MobileNetV3": "features.-1",
        "RegNet": "trunk_output",
        "ResNet": "layer4",
        "ShuffleNetV2": "conv5",
        "SqueezeNet": "features.12",
        "SwinTransformer": "norm",
        "VGG": "features.-2",
        "VisionTransformer": "encoder.layers.-1.ln_1",
    }
)


# Tokens before the patches: a class token, none, or class, distillation and register tokens (timm).
_LEADING = (1, 0, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLayer:
    """A module of the model, its path, and how its output is laid out."""

    path: str
    module: nn.Module
    layout: Layout

    def as_nchw(self, output: torch.Tensor, input_hw: tuple[int, int]) -> torch.Tensor:
        """`output` as (N, C, h, w): class token dropped, tokens laid out row by row."""
        if self.layout == "nchw":
            return output
        if self.layout == "nhwc":
            return output.permute(0, 3, 1, 2)
        n, n_tokens, channels = output.shape
        rows, columns, first = _token_grid(n_tokens, input_hw)
        return output[:, first:].transpose(1, 2).reshape(n, channels, rows, columns)


def _token_grid(n_tokens: int, input_hw: tuple[int, int]) -> tuple[int, int, int]:
    """(rows, columns, leading tokens) for square patches of a picture of `input_hw`; see _LEADING."""
    height, width = input_hw
    for padded, first in itertools.product((False, True), _LEADING):
        n_patches = n_tokens - first
        for rows in range(1, n_patches + 1):
            columns, rest = divmod(n_patches, rows)
            if not rest and _one_stride((height, rows), (width, columns), padded=padded):
                return rows, columns, first
    raise ConfigError(
        "target layer",
        found=f"{n_tokens} tokens for an image of {height} x {width} px",
        expected=f"a grid of patches, with at most {max(_LEADING)} tokens before it",
        todo="choose another layer with --target-layer",
    )


def _one_stride(*sides: tuple[int, int], padded: bool) -> bool:
    """Whether square patches of one size give each (px, n), what is left over at the edge being padded or dropped."""
    if padded:
        ends = [(px / n, px / (n - 1) if n > 1 else math.inf) for px, n in sides]
    else:
        ends = [(px / (n + 1), px / n) for px, n in sides]
    return max(low for low, _ in ends) < min(high for _, high in ends)


def target_layer(model: nn.Module, path: str | None, example: torch.Tensor) -> TargetLayer:
    """The layer at `path`, or the known one of the model's architecture when `path` is None.

    `example` is one model input (1, C, H, W); one forward pass on it shows the layout. A negative number in a path
    counts children from the end. Raises ConfigError: unknown architecture, no such module, output is no feature map.
    """
    net = original_model(model)
    chosen = path or _known_layer(net, example)
    if chosen is None:
        raise ConfigError(
            f"Grad-CAM for the architecture {type(net).__name__!r}",
            found="no known target layer",
            expected=f"one of {', '.join(sorted(TARGET_LAYERS))}, one of timm or transformers, or a layer named by you",
            todo=f"name the last feature map with --target-layer; modules here: {_candidates(net)}",
        )
    module = _module_at(net, chosen)
    output = tapped(module, lambda: model(example))[1]
    return TargetLayer(path=_real_path(net, module), module=module, layout=_layout(output, chosen, example))


def _known_layer(net: nn.Module, example: torch.Tensor) -> str | None:
    library = type(net).__module__.partition(".")[0]
    if library == "timm":
        return _timm_layer(net, example)
    if library == "transformers":
        input_hw = (example.shape[2], example.shape[3])
        return transformers_layer(net, example, leading=lambda n_tokens: _token_grid(n_tokens, input_hw)[2])
    return TARGET_LAYERS.get(type(net).__name__)


def _timm_layer(model: Any, example: torch.Tensor) -> str | None:
    """The last module that gives what timm's own `forward_features` returns; for a class token, see the module text."""
    if getattr(model, "global_pool", None) == "token":
        return "blocks.-1.norm1"
    given: dict[str, object] = {}
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output, name=name: given.__setitem__(name, output))
        for name, module in model.named_modules()
        if name
    ]
    try:
        features = model.forward_features(example)
    finally:
        for hook in hooks:
            hook.remove()
    same = [name for name, output in given.items() if output is features]
    return same[-1] if same else None


def tapped(module: nn.Module, forward: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """(result of `forward`, the last output of `module` meanwhile). The hook is gone afterwards, also after an error.

    The graph begins at the tap: nothing before it is recorded, which halves the time and most of the memory of
    Grad-CAM. The tap is the tensor that the next module reads: where that one works in place (DenseNet's ReLU after
    norm5), the tap is its result.
    """
    seen: list[object] = []

    def cut(_module: nn.Module, _inputs: object, output: object) -> torch.Tensor | None:
        if not isinstance(output, torch.Tensor):
            seen.append(output)
            return None
        leaf = output.detach().requires_grad_(True)  # torch's own signature
        tap = leaf.clone()  # what comes next may work in place, which a leaf does not bear
        seen.append(tap)
        return tap

    hook = module.register_forward_hook(cut)
    try:
        result = forward()
    finally:
        hook.remove()
    if not seen or not isinstance(seen[-1], torch.Tensor):
        raise ConfigError(
            f"target layer {type(module).__name__}",
            found="never called" if not seen else f"output of type {type(seen[-1]).__name__}",
            expected="a module that gives one tensor in each forward pass",
            todo="choose another layer with --target-layer",
        )
    return result, seen[-1]


def _layout(output: torch.Tensor, path: str, example: torch.Tensor) -> Layout:
    if output.ndim == 3:
        return "tokens"
    if output.ndim == 4 and output.numel():
        # Rows and columns come from the picture's sides by about the same factor; with the channels for one it differs.
        height, width = example.shape[-2:]
        first, second, third = (math.log(side) for side in output.shape[1:])
        oblong = math.log(height / width)
        return "nhwc" if abs(first - second - oblong) < abs(second - third - oblong) else "nchw"
    raise ConfigError(
        f"target layer {path!r}",
        found=f"output of shape {tuple(output.shape)}",
        expected="a feature map (N, C, h, w) or (N, h, w, C), or tokens (N, n, C)",
        todo="choose another layer with --target-layer",
    )


def _module_at(model: nn.Module, path: str) -> nn.Module:
    module = model
    for name in path.split("."):
        children = dict(module.named_children())
        if name.startswith("-") and name[1:].isdigit() and int(name[1:]) <= len(children):
            module = list(children.values())[int(name)]
        elif name in children:
            module = children[name]
        else:
            raise ConfigError(
                f"target layer {path!r}",
                found=f"no module {name!r} in {type(module).__name__}",
                expected=f"one of {named(children) or 'none: it has no parts'}",
                todo=f"correct --target-layer; modules of the model: {_candidates(model)}",
            )
    return module


def _real_path(model: nn.Module, module: nn.Module) -> str:
    return next(str(name) for name, found in model.named_modules() if found is module)


def _candidates(model: nn.Module) -> str:
    names = [name for name, _ in model.named_modules() if name and name.count(".") <= 1]
    return named(names)
