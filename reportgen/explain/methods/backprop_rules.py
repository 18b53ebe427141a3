"""DeepLIFT, LRP, guided backpropagation, deconvnet: other backward passes, by captum, on a private copy.

All maps are (M, N, H, W) float32 >= 0 at the input's resolution, and y is the score before softmax. Each refuses the
models for which it has no rule.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from captum.attr import LRP, Deconvolution, DeepLift, GuidedBackprop
from torch import nn
from torch.nn import functional

from reportgen.explain.attribution_method import AttributionMethod, Explainer, ModelContext, NotApplicableError
from reportgen.explain.methods.captum_calls import (
    BLACK_AND_WHITE,
    SingleRequest,
    foreign_code,
    in_batches,
    one_by_one,
    watched,
)
from reportgen.explain.rewrite.isolating import (
    Alias,
    PrivateCopy,
    Swaps,
    n_relus,
    operations,
    plain_copy,
    private_copy,
)
from reportgen.explain.rewrite.lrp import EPSILON, GAMMA, attach_rules, gamma_conv, rewrite
from reportgen.language import N_
from reportgen.plain_text import named

# What acts as a nonlinearity besides ReLU: deconvnet and guided backpropagation have no rule for it. Names of
# operations of torch, so that it does not matter whether a module, a function or a method asked for them.
_OTHERS = """gelu silu mish hardswish hardsigmoid sigmoid tanh elu celu leaky_relu rrelu_with_noise prelu_kernel
softplus glu hardtanh hardshrink softshrink threshold log_sigmoid_forward softmax clamp clamp_min clamp_max maximum"""
OTHER_ACTIVATIONS = frozenset(_OTHERS.split())
# The attributions of DeepLIFT add up exactly where its rules hold; float32 and small differences cost some percent.
MAX_GAP = 0.1


Gradient = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class _CappedReLU(nn.ReLU):
    """ReLU6 as captum knows it: it hooks what is a ReLU, and torch's ReLU6 is none."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """min(max(x, 0), 6)."""
        return functional.relu6(inputs)


class _TwoReLUs(nn.Module):
    """ReLU6 of parts that captum has a rule for: ReLU(x) - ReLU(x - 6)."""

    def __init__(self) -> None:
        super().__init__()
        self.lower, self.upper = nn.ReLU(), nn.ReLU()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """min(max(x, 0), 6)."""
        found: torch.Tensor = self.lower(inputs.clone()) - self.upper(inputs - 6)
        return found


class _WindowsApart(nn.Module):
    """A max pool whose windows lie side by side, each pixel copied into every window that covers it.

    Where windows overlap, captum keeps one window's share of a pixel and drops the others; and where the pool reads a
    ReLU's own output, as nearly everywhere, captum's rule for the pool is lost.
    """

    def __init__(self, pool: nn.MaxPool2d) -> None:
        super().__init__()
        self.ceil_mode = pool.ceil_mode
        self.kernel, self.stride = _pair(pool.kernel_size), _pair(pool.stride)
        self.padding, self.dilation = _pair(pool.padding), _pair(pool.dilation)
        self.apart = nn.MaxPool2d((self.kernel[0] * self.kernel[1], 1))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The same as the pool's."""
        window = (self.kernel, self.stride, self.padding, self.dilation, self.ceil_mode)
        shape = functional.max_pool2d(inputs.detach(), *window).shape
        lowest = torch.finfo(inputs.dtype).min  # not minus infinity: captum subtracts these, too
        sides = []
        for axis in (1, 0):  # torch pads the last dimension first
            reach = (shape[2 + axis] - 1) * self.stride[axis] + self.dilation[axis] * (self.kernel[axis] - 1) + 1
            sides += [self.padding[axis], max(0, reach - inputs.shape[2 + axis] - self.padding[axis])]
        padded = functional.pad(inputs, sides, value=lowest)
        windows = functional.unfold(padded, self.kernel, dilation=self.dilation, stride=self.stride)
        windows = windows.view(shape[0], shape[1], self.kernel[0] * self.kernel[1], -1)
        found: torch.Tensor = self.apart(windows)
        return found.view(shape)


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


_RELU_HOOKED: Swaps = {
    nn.ReLU: lambda _relu: nn.Sequential(Alias(), nn.ReLU()),
    nn.ReLU6: lambda _relu: nn.Sequential(Alias(), _CappedReLU()),
}
# Captum looks rules up by exact type. These have one; ReLU6 is made of parts that have one.
_RESCALED: Swaps = {
    **{kind: lambda module: nn.Sequential(Alias(), module) for kind in (nn.ReLU, nn.ELU, nn.LeakyReLU, nn.Sigmoid)},
    **{kind: lambda module: nn.Sequential(Alias(), module) for kind in (nn.Tanh, nn.Softplus)},
    nn.ReLU6: lambda _relu: _TwoReLUs(),
    nn.MaxPool2d: _WindowsApart,
}


def deconv(context: ModelContext) -> Explainer:
    """Deconvnet (Zeiler and Fergus, 2014), absolute values summed over the channels.

    The gradient in which a ReLU passes its positive gradient back, whatever its input was. A ReLU6 counts as a ReLU.
    The picture is then only seen through the choices of max pools; refused where there is none.
    """
    gradient, adjusted = _with_own_relus(context, Deconvolution)
    with foreign_code():
        first = torch.zeros(1, dtype=torch.int64, device=context.example.device)
        here, mirrored = (gradient(picture, first) for picture in (context.example, context.example.flip(-1)))
        if torch.equal(here, mirrored) and bool(here.any()):
            raise NotApplicableError("same_for_every_picture", "no max pool")
    return Explainer(maps=in_batches(context, "deconvnet", gradient), adjusted=adjusted)


def guided_backprop(context: ModelContext) -> Explainer:
    """Guided backpropagation (Springenberg et al., 2015), absolute values summed over the channels.

    The gradient in which a ReLU passes back what is positive, where its input was positive too. A ReLU6 counts as a
    ReLU that passes nothing back where it is saturated, as its gradient does.
    """
    gradient, adjusted = _with_own_relus(context, GuidedBackprop)
    return Explainer(maps=in_batches(context, "guided backpropagation", gradient), adjusted=adjusted)


def _with_own_relus(context: ModelContext, method: Callable[[nn.Module], Any]) -> tuple[Gradient, Mapping[str, int]]:
    """The method's gradient (n, H, W) on a private copy, and what was changed on that."""
    with foreign_code():
        ran = operations(context.model, context.example)
        others = sorted(name for name in ran if name in OTHER_ACTIVATIONS or "attention" in name)
        if others:
            raise NotApplicableError("other_activations", named(others))
        if not n_relus(ran):
            raise NotApplicableError("no_relu")
        own = _traced_or_plain(context, _RELU_HOOKED)
        n_hooked = sum(isinstance(module, nn.ReLU) for module in own.model.modules())
        if n_hooked != n_relus(ran):
            raise NotApplicableError("not_traceable", f"{n_hooked} modules for {n_relus(ran)} calls of ReLU")

    def gradient(inputs: torch.Tensor, class_idx: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = method(own.model).attribute(watched(inputs), target=class_idx)
        return found.abs().sum(dim=1)

    return gradient, own.adjusted


def deep_lift(context: ModelContext) -> Explainer:
    """DeepLIFT with the rescale rule (Shrikumar et al., ICML 2017), summed over the channels, its positive part.

    The mean of two baselines, a black and a white picture. Refused when on one picture of the run the attributions do
    not add up to the difference that they share out: then something in the model has no rule.
    """
    with foreign_code():
        own = _traced_or_plain(context, _RESCALED)
        for colour in (context.black, context.white):
            _refuse_what_does_not_add_up(own.model, context.example, colour)

    def work(asked: SingleRequest) -> torch.Tensor:
        # One picture and one baseline at a time: where nothing changes, captum's rule for max pools takes the first
        # picture's gradient for that of all.
        both = [_differences(own.model, asked.image, colour, asked.class_idx) for colour in _colours(context)]
        return torch.cat(both).mean(dim=0).sum(dim=0).clamp_min(0)

    return Explainer(
        maps=one_by_one(context, "DeepLIFT", work),
        settings={"baseline": BLACK_AND_WHITE},
        adjusted=own.adjusted,
    )


def _colours(context: ModelContext) -> tuple[torch.Tensor, torch.Tensor]:
    return context.black, context.white


def _differences(model: nn.Module, image: torch.Tensor, colour: torch.Tensor, class_idx: int) -> torch.Tensor:
    baseline = colour.expand_as(image[0]).unsqueeze(0).contiguous()
    found: torch.Tensor = DeepLift(model).attribute(watched(image), watched(baseline), target=class_idx)
    return found.detach()


def _refuse_what_does_not_add_up(model: nn.Module, image: torch.Tensor, colour: torch.Tensor) -> None:
    """For the output that moves most, so that there is something to share out whatever the picture."""
    with torch.no_grad():
        moved = (model(image) - model(colour.expand_as(image[0]).unsqueeze(0)))[0]
    class_idx = int(moved.abs().argmax())
    shared = float(_differences(model, image, colour, class_idx).sum())
    whole = float(moved[class_idx])
    if not abs(shared - whole) <= MAX_GAP * abs(whole):
        raise NotApplicableError("does_not_add_up", f"shares out {shared:.3g} of {whole:.3g}")


def _traced_or_plain(context: ModelContext, swaps: Swaps) -> PrivateCopy:
    try:
        return private_copy(context, swaps=swaps)
    except NotApplicableError as refusal:
        try:
            return plain_copy(context, swaps=swaps)
        except NotApplicableError:
            raise refusal from None


def lrp(context: ModelContext) -> Explainer:
    """Layer-wise relevance propagation (Bach et al., 2015), summed over the channels, its positive part.

    Composite rules (Kohlbrenner et al., 2020): gamma for convolutions and sums of branches, epsilon for linear layers
    and pools, the largest takes all in max pools. Batch norms are folded into the convolution before them; where there
    is none (DenseNet) relevance passes through them, as it does through ReLU and ReLU6. Departures: the gamma rule is
    the generalised one, which also holds for negative inputs, with gamma = 1, and a convolution's bias takes nothing
    where an input has a share at all. What is lost goes to the head's bias and to pixels that are 0.
    """
    with foreign_code():
        own = private_copy(
            context,
            swaps={nn.Conv2d: gamma_conv},
            rewrite=lambda graph, counts: rewrite(graph, counts, context.example),
        )

    def work(inputs: torch.Tensor, class_idx: torch.Tensor) -> torch.Tensor:
        attach_rules(own.model)
        found: torch.Tensor = LRP(own.model).attribute(watched(inputs), target=class_idx)
        return found.sum(dim=1).clamp_min(0)

    return Explainer(
        maps=in_batches(context, "LRP", work),
        settings={"gamma": GAMMA, "epsilon": EPSILON},
        adjusted=own.adjusted,
    )


DEEP_LIFT = AttributionMethod(
    prepare=deep_lift,
    title="DeepLIFT",
    description=N_(
        "Shrikumar et al. 2017, rescale rule: mean over the baselines black and white, summed over colours, its "
        "positive part."
    ),
)
LAYERWISE_RELEVANCE = AttributionMethod(
    prepare=lrp,
    title="LRP",
    description=N_(
        "Layer-wise relevance propagation (Bach et al. 2015; rules after Kohlbrenner et al. 2020), summed over "
        "colours, its positive part."
    ),
)
GUIDED_BACKPROP = AttributionMethod(
    prepare=guided_backprop,
    title="Guided Backprop",
    description=N_(
        "Springenberg et al. 2014: the gradient with negative parts dropped at every ReLU, absolute value, sum over "
        "colours."
    ),
)
DECONV = AttributionMethod(
    prepare=deconv,
    title=N_("Deconvolution"),
    description=N_(
        "Zeiler and Fergus 2014: the gradient with ReLU applied on the way back instead of the ReLU's own derivative, "
        "absolute value, sum over colours."
    ),
)
