"""One picture, with or without a known class, and every method asked of it."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from reportgen.errors import InputError
from reportgen.evaluate.compute import Compute
from reportgen.evaluate.device import frozen_model
from reportgen.evaluate.loop import logits
from reportgen.evaluate.memory import translate_memory_errors
from reportgen.explain.attributions import (
    attribution_request,
    judged_maps,
    model_context,
    predicted_map,
    prepared_methods,
    uses,
    warn_of_switched,
    with_maps,
)
from reportgen.explain.checks.randomization import RandomizationTest, randomization_tests
from reportgen.explain.maps import AttributionMap, Picture, attribution_maps
from reportgen.explain.method_traits import MethodUse, Refusal
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.run_inputs import RunInputs
from reportgen.plain_text import named


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedPicture:
    """`crop` (h, w, 3) uint8 is what the model saw; `probs` (K,) its probabilities, in the order of the classes.

    `rival` is the class that the prediction is compared with: the true one where it was given and missed, else the
    runner-up. `randomization_tests` come from this picture alone, each from several draws of random weights.
    """

    crop: NDArray[np.uint8]
    probs: NDArray[np.float64]
    pred: int
    rival: int
    maps: tuple[AttributionMap, ...]
    methods: tuple[MethodUse, ...]
    refusals: tuple[Refusal, ...]
    randomization_tests: tuple[RandomizationTest, ...]


def explain_picture(
    inputs: RunInputs, crop: torch.Tensor, *, label: str | None, on: Compute, options: ExplainOptions
) -> ExplainedPicture:
    """Every method of `options` for the predicted class of `crop` (3, h, w) uint8; the model is left as it was found.

    Raises InputError when `label` is no class of the model, or the model gives no finite output for the picture.
    """
    classes = inputs.facts.classes
    if label is not None and label not in classes:
        raise InputError(
            f"class {label!r}", found="no such class", expected=f"one of {named(classes)}", todo="correct --label"
        )
    with translate_memory_errors(on, "explanation"), frozen_model(inputs.model, on) as device:
        scores = logits(inputs.model, crop[None], preprocessing=inputs.facts.preprocessing, on=on)[0].double()
        if not torch.isfinite(scores).all():
            raise InputError(
                "model output for the image",
                found="NaN or infinite logits",
                expected="finite numbers",
                todo="look at the checkpoint: training may have diverged",
            )
        probs = scores[list(inputs.facts.alignment.output_idx)].softmax(dim=0).numpy()
        ranked = np.argsort(-probs, kind="stable")
        pred = int(ranked[0])
        rival = classes.index(label) if label is not None and classes[pred] != label else int(ranked[:2][-1])
        picture = Picture(crop=crop, classes=tuple(dict.fromkeys((pred, rival))), seed=options.seed)
        context = model_context(inputs, picture, on=on, options=options)
        ready, refusals = prepared_methods(context, options.methods)
        (maps,), lacking = attribution_maps(inputs, ready, [picture], device=device)
        ready, refusals = with_maps(ready, refusals, found=[maps], lacking=lacking)
        originals = {name: [predicted_map(name, maps)] for name in ready}
        request = attribution_request(inputs, [picture], device)
        found = ExplainedPicture(
            crop=crop.permute(1, 2, 0).numpy().copy(),
            probs=probs,
            pred=pred,
            rival=rival,
            maps=judged_maps(inputs, context, picture=picture, maps=maps),
            methods=uses(ready),
            refusals=refusals,
            randomization_tests=randomization_tests(context, originals, request)
            if options.certificate_pictures
            else (),
        )
    warn_of_switched(context)
    return found
