"""Target layers of Grad-CAM in models of transformers: found by one forward pass, for they name nothing alike.

A model that pools a feature map, or tokens of patches alone, is tapped there. Where a class token reaches the head, the
patch tokens are tapped before the last block's attention, as in torchvision's ViT.
"""

import re
from collections.abc import Callable

import torch
from torch import nn

_BLOCK = re.compile(r"(.*\blayers?\.\d+)\..+")


def transformers_layer(net: nn.Module, example: torch.Tensor, *, leading: Callable[[int], int]) -> str | None:
    """The path of the module; None when nothing spatial is seen.

    `example` is one model input. `leading(n)`: how many of n tokens come before those of the patches.
    """
    called = _outputs(net, example)
    spatial = [(name, shape) for name, shape in called if _is_spatial(shape)]
    if not spatial:
        return None
    name, shape = spatial[-1]
    if len(shape) == 4 or leading(shape[1]) == 0:
        return name
    blocks = [found[1] for other, _ in called if (found := _BLOCK.fullmatch(other))]
    norms = [other for other, _ in called if blocks and other.startswith(f"{blocks[-1]}.") and _is_norm(net, other)]
    return norms[0] if norms else None


def _outputs(net: nn.Module, example: torch.Tensor) -> list[tuple[str, torch.Size]]:
    """(path, shape of its output) of every module that gives one tensor, in the order in which they end."""
    seen: list[tuple[str, torch.Size]] = []
    hooks = [
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: (
                seen.append((name, output.shape)) if isinstance(output, torch.Tensor) else None
            )
        )
        for name, module in net.named_modules()
        if name
    ]
    try:
        with torch.no_grad():
            net(example)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def _is_spatial(shape: torch.Size) -> bool:
    return (len(shape) == 4 and min(shape[2:]) > 1) or (len(shape) == 3 and shape[1] > 1)


def _is_norm(net: nn.Module, name: str) -> bool:
    return "norm" in type(net.get_submodule(name)).__name__.lower()
