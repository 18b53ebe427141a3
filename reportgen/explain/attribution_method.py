"""Attribution methods: what one is, what it is asked, and what it answers.

A method is an `AttributionMethod`: what it says of itself, and a callable `(context: ModelContext) -> Explainer` that
looks at the model once, makes itself ready, and answers requests. Where it does not hold for the model it raises
`NotApplicableError`, and the report says so in words. Built-in methods are named in `methods.registry`; any other is
given as `package.module:attribute`, which may also be the bare callable.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import torch
from torch import nn

from reportgen.errors import ConfigError
from reportgen.evaluate.arithmetic import exact_arithmetic
from reportgen.evaluate.compute import Compute
from reportgen.explain.method_traits import UNKNOWN_METHOD, MethodTraits, MethodUse, Refusal, RefusalReason
from reportgen.explain.methods.registry import METHODS
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.models.adapted import program_of
from reportgen.inputs.models.programs import PROGRAM_NAMES
from reportgen.plugins import resolved

Described = TypeVar("Described", MethodUse, Refusal)


class NotApplicableError(Exception):
    """A method does not hold for this model: why, as a key for the templates, and what stands in the way."""

    def __init__(self, reason: RefusalReason, detail: str = "") -> None:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionMethod(MethodTraits):
    """An attribution method: what the report needs to know of it, and how it is made ready for a model.

    `prepare(context)` gives an Explainer, or raises NotApplicableError. `of_outputs`: it asks for the model's outputs
    alone, so that it holds for a program without Python code as well. `tries_itself`: `prepare` has found out whether
    the method holds; else it is tried with one request before the run, which a slow method may want to spare.
    """

    prepare: Callable[[ModelContext], Explainer]
    of_outputs: bool = False
    tries_itself: bool = False

    def __call__(self, context: ModelContext) -> Explainer:
        """The method, ready for the model of `context`."""
        return self.prepare(context)

    @property
    def traits(self) -> MethodTraits:
        """What it says of itself, as plain values."""
        values: dict[str, Any] = {}
        for part in fields(MethodTraits):
            value = getattr(self, part.name)
            values[part.name] = dict(value) if isinstance(value, Mapping) else value
        return MethodTraits(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedMethod(Explainer):
    """A method made ready for one model, with the name that it was asked by and what it says of itself."""

    name: str
    declared: AttributionMethod


def attribution_method(name: str) -> AttributionMethod:
    """The method `name`; a bare callable says nothing of itself, and is tried with every model.

    Raises ConfigError for a name that is none.
    """
    found = resolved(name, METHODS, kind="attribution method")
    return found if isinstance(found, AttributionMethod) else AttributionMethod(prepare=found, of_outputs=True)


def with_traits(one: Described) -> Described:
    """The same, with what a built-in method says of itself where the version that stored it did not keep that."""
    stored_by_an_older_version = one.traits == UNKNOWN_METHOD and one.name in METHODS
    return replace(one, traits=attribution_method(one.name).traits) if stored_by_an_older_version else one


def method(name: str, context: ModelContext) -> PreparedMethod:
    """The method `name`, ready for `context`. Raises NotApplicableError, or ConfigError for a name that is none."""
    found, program = attribution_method(name), program_of(context.model)
    if program and not found.of_outputs:
        raise NotApplicableError("program", PROGRAM_NAMES[program])
    with _exact(name, context):
        explainer = found.prepare(context)
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

    return PreparedMethod(
        maps=maps,
        layer=explainer.layer,
        settings=explainer.settings,
        adjusted=explainer.adjusted,
        name=name,
        declared=found,
    )


@contextmanager
def _exact(name: str, context: ModelContext) -> Iterator[None]:
    """No method works with what another has made of the arithmetic."""
    with exact_arithmetic() as arithmetic:
        try:
            yield
        finally:
            if changed := arithmetic.changed():
                context.switched[name] = tuple(sorted({*context.switched.get(name, ()), *changed}))
