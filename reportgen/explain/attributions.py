"""`explain()`: attribution maps of the selected images, and their sanity checks (stage 4)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from reportgen.analyse.examples import Example
from reportgen.analyse.findings import Findings
from reportgen.evaluate.compute import Compute
from reportgen.evaluate.device import frozen_model
from reportgen.evaluate.loop import Progress
from reportgen.evaluate.memory import translate_memory_errors
from reportgen.explain.attribution_method import (
    AttributionRequest,
    ModelContext,
    NotApplicableError,
    PreparedMethod,
    attribution_method,
    method,
)
from reportgen.explain.checks.insertion_deletion import faithfulness
from reportgen.explain.checks.localisation import enlarged, focus
from reportgen.explain.checks.precision import PrecisionCheck, precision_checks
from reportgen.explain.checks.randomization import RandomizationTest, randomization_tests
from reportgen.explain.checks.run_localisation import FocusRow, focus_rows
from reportgen.explain.chosen import Gone, chosen_pictures
from reportgen.explain.maps import AttributionMap, Picture, attribution_maps, checked_maps, claim
from reportgen.explain.method_traits import MethodText, MethodUse, Refusal, titles
from reportgen.explain.methods.captum_calls import foreign_code
from reportgen.explain.methods.registry import STAND_IN
from reportgen.explain.methods.target_layers import target_layer
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.models.adapted import program_of
from reportgen.inputs.run_inputs import RunInputs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedExample:
    """One example explained. `crop` (h, w, 3) uint8 is what the model saw; `maps` in the order of the methods."""

    example: Example
    crop: NDArray[np.uint8]
    maps: tuple[AttributionMap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributions:
    """The examples explained, in the order of `findings.examples`, with what made the maps and what was found of them.

    `focus`: where the maps of `localising` lie for errors and hits of the whole run, where there are masks.
    `switched`: by method what it, or the model in its calls, changed of torch's arithmetic, see `ModelContext`.
    `gone`: the examples that could not be explained, as their files are no more what was evaluated.
    """

    examples: tuple[ExplainedExample, ...]
    options: ExplainOptions
    methods: tuple[MethodUse, ...]
    refusals: tuple[Refusal, ...] = ()
    randomization_tests: tuple[RandomizationTest, ...] = ()
    focus: tuple[FocusRow, ...] = ()
    precision: tuple[PrecisionCheck, ...] = ()
    switched: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gone: tuple[Gone, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        """The methods that fail the randomisation test."""
        return tuple(one.method for one in self.randomization_tests if one.outcome == "fail")

    @property
    def target_layer(self) -> str:
        """The layer that maps were taken at; "" where all are of the pixels."""
        return next((use.layer for use in self.methods if use.layer), "")

    @property
    def localising(self) -> str:
        """The method of whose maps the report says in words where they lie; "" without one."""
        return next((use.name for use in self.methods if use.traits.localises), "")

    @property
    def titles(self) -> Mapping[str, MethodText]:
        """By name what a reader calls each method that was asked for."""
        return titles((*self.methods, *self.refusals))


def refuse_unexplainable(inputs: RunInputs, options: ExplainOptions) -> None:
    """Raises ConfigError, before device time is spent: an unknown method, or no target layer for one that needs it."""
    at_a_layer = [name for name in options.methods if attribution_method(name).at == "layer"]
    if at_a_layer and not program_of(inputs.model):
        preprocessing = inputs.facts.preprocessing
        picture = torch.zeros(1, preprocessing.channels, *preprocessing.crop_size)
        with torch.no_grad():
            target_layer(inputs.model, inputs.facts.model.target_layer, picture)


def explain(
    inputs: RunInputs, findings: Findings, *, on: Compute, options: ExplainOptions, watch: Progress | None = None
) -> Attributions:
    """Every method of `options` for every chosen example, each map with its numbers; then the randomisation tests.

    Each method explains the classes that it declares. Afterwards the model is as it was found. A method that does not
    hold for the model, or gives no map of any picture, is refused, and a picture that is gone or changed since it was
    evaluated is left out, neither is fatal. Raises EvaluationError (out of memory).
    """
    chosen, gone = chosen_pictures(inputs, findings, seed=options.seed)
    if not chosen:
        return Attributions(examples=(), options=options, methods=(), gone=gone)
    pictures = [picture for _, picture in chosen]
    with translate_memory_errors(on, "explanation"), frozen_model(inputs.model, on) as device:
        context = model_context(inputs, pictures[0], on=on, options=options)
        ready, refusals = prepared_methods(context, options.methods, level=logging.DEBUG)  # the rehearsal has said it
        done: list[ExplainedExample] = []
        lacking: dict[str, NotApplicableError] = {}
        for start in range(0, len(pictures), options.batch_size):
            part = pictures[start : start + options.batch_size]
            found, why = attribution_maps(inputs, ready, part, device=device)
            lacking |= why
            for picture, maps in zip(part, found, strict=True):
                crop = picture.crop.permute(1, 2, 0).numpy().copy()
                judged = judged_maps(inputs, context, picture=picture, maps=maps)
                done.append(ExplainedExample(example=chosen[len(done)][0], crop=crop, maps=judged))
                if watch:
                    watch(len(done), len(pictures))
        ready, refusals = with_maps(ready, refusals, found=[one.maps for one in done], lacking=lacking)
        few = pictures[: options.certificate_pictures]
        asked = attribution_request(inputs, few, device) if few else None
        originals = {name: [predicted_map(name, one.maps) for one in done[: len(few)]] for name in ready}
        explained = Attributions(
            examples=tuple(done),
            options=options,
            methods=uses(ready),
            refusals=refusals,
            randomization_tests=randomization_tests(context, originals, asked) if asked else (),
            focus=focus_rows(inputs, findings, context, localising=_localising(ready)),
            precision=precision_checks(context, ready, asked) if asked else (),
            gone=gone,
        )
    warn_of_switched(context)
    return replace(explained, switched=dict(context.switched))


def warn_of_switched(context: ModelContext) -> None:
    """Into the log, after the work."""
    for name, switches in context.switched.items():
        log.warning("%s, or the model it ran, changed torch's arithmetic, now undone: %s", name, ", ".join(switches))


def predicted_map(name: str, maps: Sequence[AttributionMap]) -> NDArray[np.float32] | None:
    """The method's map of the predicted class, which is its first; None where it has none."""
    return next((attribution.values for attribution in maps if attribution.method == name), None)


def with_maps(
    ready: Mapping[str, PreparedMethod],
    refusals: tuple[Refusal, ...],
    *,
    found: Sequence[Sequence[AttributionMap]],
    lacking: Mapping[str, NotApplicableError],
) -> tuple[dict[str, PreparedMethod], tuple[Refusal, ...]]:
    """The same without the methods that failed and have no map of any picture; they are refused."""
    drawn = {attribution.method for maps in found for attribution in maps}
    lost = {name: error for name, error in lacking.items() if name not in drawn}
    more = tuple(method_refusal(name, error) for name, error in lost.items())
    return {name: one for name, one in ready.items() if name not in lost}, (*refusals, *more)


def model_context(inputs: RunInputs, picture: Picture, *, on: Compute, options: ExplainOptions) -> ModelContext:
    """The loaned model with one real picture, on the device."""
    normalised, crop = inputs.facts.preprocessing.normalised, picture.crop.unsqueeze(0)
    device = torch.device(on.device)
    return ModelContext(
        model=inputs.model,
        on=on,
        example=normalised(crop.to(device)),
        black=normalised(torch.zeros(1, 3, 1, 1, dtype=torch.uint8, device=device))[0],
        white=normalised(torch.full((1, 3, 1, 1), 255, dtype=torch.uint8, device=device))[0],
        target_layer=inputs.facts.model.target_layer,
        options=options,
    )


def prepared_methods(
    context: ModelContext, names: Sequence[str], *, level: int = logging.WARNING
) -> tuple[dict[str, PreparedMethod], tuple[Refusal, ...]]:
    """The methods that hold for the model, and those that do not, each tried once on the context's example.

    Where none of `names` holds, STAND_IN takes their place: a report with some maps rather than none.
    """
    ready: dict[str, PreparedMethod] = {}
    refusals = []
    idx = torch.zeros((1, 1), dtype=torch.int64, device=context.example.device)
    trial = AttributionRequest(inputs=context.example, class_idx=idx, rival_idx=idx, seeds=(0,))
    for name in names:
        try:
            with foreign_code():
                prepared = method(name, context)
                if not prepared.declared.tries_itself:
                    checked_maps(name, prepared, trial)
        except NotApplicableError as error:
            why = error.reason.replace("_", " ")
            log.log(level, "%s cannot be used with this model: %s (%s)", name, why, error.detail)
            refusals.append(method_refusal(name, error))
        else:
            ready[name] = prepared
    if refusals and not ready and STAND_IN not in names:
        log.log(level, "%s is used instead, which takes longer", STAND_IN)
        ready, _ = prepared_methods(context, (STAND_IN,), level=level)
    return ready, tuple(refusals)


def uses(ready: Mapping[str, PreparedMethod]) -> tuple[MethodUse, ...]:
    """What was made ready, as plain values."""
    return tuple(
        MethodUse(
            name=name,
            layer=one.layer,
            settings=dict(one.settings),
            adjusted=dict(one.adjusted),
            traits=one.declared.traits,
        )
        for name, one in ready.items()
    )


def method_refusal(name: str, error: NotApplicableError) -> Refusal:
    """The method `name`, which does not hold."""
    return Refusal(name=name, reason=error.reason, detail=error.detail, traits=attribution_method(name).traits)


def _localising(ready: Mapping[str, PreparedMethod]) -> PreparedMethod | None:
    return next((one for one in ready.values() if one.declared.localises), None)


def judged_maps(
    inputs: RunInputs, context: ModelContext, *, picture: Picture, maps: Sequence[AttributionMap]
) -> tuple[AttributionMap, ...]:
    """The maps with their numbers: insertion and deletion, and with a mask, how far they lie on the object."""
    drawn = [attribution for attribution in maps if attribution.peak > 0]
    numbers = dict.fromkeys(map(id, maps))
    if context.options.insertion_steps and drawn:
        pixels = inputs.facts.preprocessing.normalised(picture.crop.unsqueeze(0).to(context.example.device))[0]
        claims = [claim(attribution, inputs.facts.alignment.output_idx) for attribution in drawn]
        found = faithfulness(context, pixels, claims, seed=picture.seed)
        numbers |= dict(zip(map(id, drawn), found, strict=True))
    size = (picture.crop.shape[1], picture.crop.shape[2])
    return tuple(
        replace(
            attribution,
            faithfulness=numbers[id(attribution)],
            focus=None if picture.mask is None else focus(enlarged(attribution.values, size), picture.mask),
        )
        for attribution in maps
    )


def attribution_request(inputs: RunInputs, pictures: Sequence[Picture], device: torch.device) -> AttributionRequest:
    """The request for the predicted class of each picture."""
    firsts, lasts = (
        torch.tensor([[inputs.facts.alignment.output_idx[picture.classes[end]] for picture in pictures]], device=device)
        for end in (0, -1)
    )
    crops = torch.stack([picture.crop for picture in pictures]).to(device)
    return AttributionRequest(
        inputs=inputs.facts.preprocessing.normalised(crops),
        class_idx=firsts,
        rival_idx=lasts,
        seeds=tuple(picture.seed for picture in pictures),
    )
