"""Attribution methods: what one is, what it is asked, and what it answers.

A method is a callable `(context: ModelContext) -> Explainer`: it looks at the model once, makes itself ready, and
answers requests. Where it does not hold for the model it raises `NotApplicableError`, and the report says so in words.
Built-in methods are named in `methods.registry`; any other is given as `package.module:attribute`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import nn

from reportgen.errors import ConfigError
from reportgen.evaluate.arithmetic import exact_arithmetic
from reportgen.evaluate.compute import Compute
from reportgen.explain.methods.registry import METHODS, OF_OUTPUTS
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.models.adapted import program_of
from reportgen.inputs.models.programs import PROGRAM_NAMES
from reportgen.plugins import resolved

Reason = Literal[
    "no_feature_map",  # nothing with a place in the picture that Grad-CAM could weigh
    "no_relu",  # no ReLU whose backward pass the method could change: it would be the plain gradient
    "other_activations",  # activations for which the method has no rule; detail names them
    "not_traceable",  # the forward pass cannot be rewritten on a private copy; detail says why
    "no_rule",  # a module or operation without a propagation rule; detail names it
    "does_not_add_up",  # the attributions do not add up to the difference they share out; detail gives both numbers
    "no_gradient",  # the forward pass keeps no gradient (torch.no_grad, detach)
    "program",  # TorchScript or an exported program: nothing inside it can be looked at or changed
    "same_for_every_picture",  # nothing of the picture reaches the map
    "no_map",  # what it gives is no answer to the request: another type or shape; detail says what
    "not_finite",  # every map holds NaN, infinite or negative values
    "failed",  # the method itself raised; detail says what
]


class NotApplicableError(Exception):
    """A method does not hold for this model: why, as a key for the templates, and what stands in the way."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(reason, detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContext:
    """The model to explain, on loan: on its device, in eval mode, weights frozen. A method leaves it as it found it.

    `example` (1, C, H, W) float32 is one normalised picture of the run, on the device; C is 3, or 1 for a model of grey
    pictures. `black` and `white` (C, 1, 1) are the model's input for a black and for a white pixel. `target_layer` is
    the path asked for, None for the architecture's own. `switched` is filled while methods work: by method what it, or
    the model in its calls, changed of torch's arithmetic, as `name: value`, in order of name; undone after each call.
    """

    model: nn.Module
    on: Compute
    example: torch.Tensor
    black: torch.Tensor
    white: torch.Tensor
    target_layer: str | None
    options: ExplainOptions
    switched: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionRequest:
    """Which parts of N pictures spoke for M outputs each?

    `inputs` (N, C, H, W) float32, normalised, on the model's device; `class_idx` (M, N) model outputs; `rival_idx`
    (M, N) the outputs that a contrast subtracts (other methods do not look at it); `seeds`, one a picture, for methods
    that draw at random.
    """

    inputs: torch.Tensor
    class_idx: torch.Tensor
    rival_idx: torch.Tensor
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """A method made ready for one model.

    `maps(request)` gives (M, N, h, w) float32 >= 0, not normalised, on any device. `layer` is the path of the target
    layer, "" for methods on the input's pixels. `settings` (baseline, steps, window ...) go into the caption.
    `adjusted` counts what was changed on a private copy to make the method hold, by kind.
    """

    maps: Callable[[AttributionRequest], torch.Tensor]
    layer: str = ""
    settings: Mapping[str, str | int | float] = field(default_factory=dict)
    adjusted: Mapping[str, int] = field(default_factory=dict)


def method(name: str, context: ModelContext) -> Explainer:
    """The method `name`, ready for `context`. Raises NotApplicableError, or ConfigError for a name that is none."""
    program = program_of(context.model)
    if program and name in METHODS and name not in OF_OUTPUTS:
        raise NotApplicableError("program", PROGRAM_NAMES[program])
    with _exact(name, context):
        explainer = resolved(name, METHODS, kind="attribution method")(context)
    if not isinstance(explainer, Explainer):
        raise ConfigError(
            f"attribution method {name!r}",
            found=f"a {type(explainer).__name__}",
            expected="a reportgen.explain.attribution_method.Explainer",
            todo="return an Explainer from the callable",
        )

    def maps(request: AttributionRequest) -> torch.Tensor:
        with _exact(name, context):
            return explainer.maps(request)

    return replace(explainer, maps=maps)


@contextmanager
def _exact(name: str, context: ModelContext) -> Iterator[None]:
    """No method works with what another has made of the arithmetic."""
    with exact_arithmetic() as arithmetic:
        try:
            yield
        finally:
            if changed := arithmetic.changed():
                context.switched[name] = tuple(sorted({*context.switched.get(name, ()), *changed}))
