"""A private copy on which gradients by the picture are cheap: SmoothGrad takes 50 of them a map.

Batch norms are folded into the convolutions before them. In bfloat16 every convolution also takes its gradient by the
input as a convolution, the forward kernel: torch's own backward kernel for bfloat16 is slower on a CPU than float32.
"""

import copy
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import fx, nn
from torch.nn import functional
from torch.nn.grad import conv2d_input

from reportgen.explain.attribution_method import ModelContext, NotApplicableError
from reportgen.explain.rewrite.isolating import private_copy
from reportgen.explain.rewrite.lrp import fold
from reportgen.inputs.models.first_forward import memory_format


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanCopy:
    """The copy: eval mode, frozen, on the model's device, in its memory format; inputs must have its precision."""

    model: nn.Module
    precision: Literal["fp32", "bf16"]

    @property
    def dtype(self) -> torch.dtype:
        """Of its weights and inputs."""
        return torch.bfloat16 if self.precision == "bf16" else torch.float32


def lean_copy(context: ModelContext) -> LeanCopy:
    """The same function as the model's, up to rounding. A model that cannot be traced is copied as it is."""
    try:
        model = private_copy(context, swaps={}, rewrite=_fold_all).model
    except NotApplicableError:
        model = copy.deepcopy(context.model)
    if context.on.precision == "bf16":
        model = model.to(torch.bfloat16)
        _take_gradients_forward(model)
    model = model.to(memory_format=memory_format(context.model)).eval().requires_grad_(False)  # torch's own signature
    return LeanCopy(model=model, precision=context.on.precision)


def _fold_all(graph: fx.GraphModule, _counts: Counter[str]) -> None:
    for node in list(graph.graph.nodes):
        fold(graph, node)


class InputGradientConv2d(nn.Module):
    """A frozen convolution whose gradient by its input is a convolution with the turned kernel (stride 1).

    With a stride torch's transposed convolution takes its place, in float32: its bfloat16 kernel is many times slower.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias = conv.weight, conv.bias
        self.how = {name: getattr(conv, name) for name in ("stride", "padding", "dilation", "groups")}
        plain = conv.stride == (1, 1)
        self.register_buffer("turned", _turned(conv) if plain else None)
        sizes: Any = zip(conv.dilation, conv.kernel_size, conv.padding, strict=False)
        self.back = {"padding": tuple(d * (k - 1) - p for d, k, p in sizes)} if plain else {}

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The convolution."""
        result: torch.Tensor = _ForwardBothWays.apply(inputs, self)
        return result


class _ForwardBothWays(torch.autograd.Function):
    """Once differentiable, by the input alone."""

    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor, module: InputGradientConv2d) -> torch.Tensor:
        ctx.module, ctx.shape = module, inputs.shape
        return functional.conv2d(inputs, module.weight, module.bias, **module.how)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        module = ctx.module
        if module.turned is not None:
            how = {"dilation": module.how["dilation"], "groups": module.how["groups"], **module.back}
            return functional.conv2d(gradient, module.turned, None, **how), None
        weight = module.weight.float()
        exact = conv2d_input(ctx.shape, weight, gradient.float(), **module.how)  # type: ignore[no-untyped-call]
        return exact.to(gradient.dtype), None


def _turned(conv: nn.Conv2d) -> torch.Tensor:
    """The kernel (in / groups * groups, out / groups, h, w) of the backward convolution."""
    n_out, n_in, height, width = conv.weight.shape
    grouped = conv.weight.detach().view(conv.groups, n_out // conv.groups, n_in, height, width)
    turned = grouped.transpose(1, 2).reshape(conv.groups * n_in, n_out // conv.groups, height, width).flip(2, 3)
    return turned.contiguous(memory_format=torch.channels_last)


def _take_gradients_forward(model: nn.Module) -> None:
    for path, module in list(model.named_modules()):
        if type(module) is nn.Conv2d and module.padding_mode == "zeros" and not isinstance(module.padding, str):
            parent, _, name = path.rpartition(".")
            setattr(model.get_submodule(parent), name, InputGradientConv2d(module))
