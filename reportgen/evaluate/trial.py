"""Dry run of the model on a few images: logits, probabilities or sigmoids, and whether they can be relied on.

What would fail after hours is told at once, and what the model's numbers are is looked at where it shows: on pictures.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from reportgen.errors import EvaluationError, InputError, ReportgenError, in_one_line
from reportgen.evaluate.compute import Compute
from reportgen.evaluate.device import frozen_model
from reportgen.evaluate.loop import logits
from reportgen.evaluate.memory import translate_memory_errors
from reportgen.inputs.facts import Remark
from reportgen.inputs.images.reading import UnreadableImageError
from reportgen.inputs.models.adapted import adapted
from reportgen.inputs.models.output_reading import Numbers
from reportgen.inputs.run_inputs import RunInputs

log = logging.getLogger(__name__)
N_PICTURES = 4
_SUM = 1e-3  # how far a row of probabilities may be from adding up to 1: bfloat16 has three digits
_TOLERANCE = 1e-2  # of the largest score: what a batch may change beyond rounding, bfloat16's included
_PASSED_ON = (  # operations that leave the numbers as they are
    *("view", "unsafeview", "reshape", "reshapealias", "squeeze", "unsqueeze", "alias", "tocopy", "clone", "select"),
    *("cat", "t", "transpose", "permute", "slice", "expand"),
)
_WORDS: dict[Numbers, str] = {
    "probabilities": "the model's outputs are probabilities (they add up to 1): their logarithms are taken as logits",
    "log_probabilities": "the model's outputs are logarithms of probabilities: turned back into logits",
    "sigmoids": "each of the model's outputs is a probability of its own (sigmoid): turned back into logits, whose "
    "softmax is shown; these confidences are not the model's own numbers",
    "one_logit": "the model has one output for two classes: taken as the logit (before the sigmoid) of the second, %s",
    "one_sigmoid": "the model has one output for two classes, a sigmoid: taken as the probability of the second, %s",
}
_REMARKS: dict[Remark, str] = {
    "batch_dependent": "the model's outputs for an image depend on the images beside it (as with batch norm in "
    "training mode): the numbers of this report hold for these batches alone",
    "not_repeatable": "the model gives other outputs for the same image each time (dropout in use, or a state that "
    "it keeps): the numbers of this report would be others in another run",
}


def trial_run(inputs: RunInputs, on: Compute) -> RunInputs:
    """`inputs` after the trial on the first readable pictures, their model read as its numbers want it.

    Raises InputError with the model's own words when it cannot run; EvaluationError when it gives NaN, or when a
    single picture does not fit into memory.
    """
    return trial_run_on(inputs, trial_crops(inputs, N_PICTURES), on)


def trial_run_on(inputs: RunInputs, crops: Sequence[torch.Tensor], on: Compute) -> RunInputs:
    """The same on `crops`, each (3, h, w) uint8; nothing is done without any."""
    if not crops:
        return inputs
    facts, shown = inputs.facts, torch.stack(list(crops))
    with translate_memory_errors(on, "trial"), _translate_model_errors(on), frozen_model(inputs.model, on):
        found = logits(inputs.model, shown, preprocessing=facts.preprocessing, on=on)
        if not torch.isfinite(found).all():
            raise EvaluationError(
                "logits",
                found=f"NaN or infinite for {int((~torch.isfinite(found).all(dim=1)).sum())} of the first "
                f"{len(found)} images",
                expected="finite numbers",
                todo="look at the checkpoint: training may have diverged; with --precision bf16 try fp32",
            )
        remark = _remark(inputs, shown, found, on)
        numbers: Numbers = _numbers(inputs, shown, found, on) if facts.outputs.n_outputs > 1 else "logits"
    reading = replace(facts.outputs, numbers=numbers)
    if numbers in _WORDS:
        log.warning(_WORDS[numbers], *((facts.second_of_two,) if numbers.startswith("one_") else ()))
    if remark:
        log.warning(_REMARKS[remark])
    return replace(
        inputs,
        model=inputs.model if reading == facts.outputs else adapted(inputs.model, reading),
        facts=replace(facts, outputs=reading, remark=remark),
    )


def trial_crops(inputs: RunInputs, n: int) -> list[torch.Tensor]:
    """Up to `n` readable pictures, (3, h, w) uint8, from all over the data set, so that they are of several classes."""
    crops: list[torch.Tensor] = []
    step = max(1, len(inputs.samples) // n)
    order = sorted(range(len(inputs.samples)), key=lambda index: (index % step, index))
    for index in order[: 4 * n]:
        try:
            crops.append(inputs.crop(inputs.samples[index])[0])
        except UnreadableImageError:
            continue  # listed when it is evaluated
        if len(crops) == n:
            break
    return crops


@contextmanager
def _translate_model_errors(on: Compute) -> Iterator[None]:
    """Turns whatever the model raises into an InputError: one that cannot run."""
    try:
        yield
    except (ReportgenError, torch.OutOfMemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise InputError(
            f"model run on the first images, on {on.device_name} ({on.precision})",
            found=in_one_line(error),
            expected="one row of scores an image",
            todo="make model(images) run in plain PyTorch on that device; with --precision bf16 try fp32",
        ) from error


def _remark(inputs: RunInputs, crops: torch.Tensor, found: torch.Tensor, on: Compute) -> Remark | None:
    """Whether the rows of a batch are the pictures' own."""

    def again(part: torch.Tensor) -> torch.Tensor:
        return logits(inputs.model, part, preprocessing=inputs.facts.preprocessing, on=on)

    margin = _TOLERANCE * float(found.abs().max())
    if not torch.allclose(again(crops), found, rtol=0, atol=margin):
        return "not_repeatable"
    return None if torch.allclose(again(crops[:1]), found[:1], rtol=0, atol=margin) else "batch_dependent"


def _numbers(inputs: RunInputs, crops: torch.Tensor, found: torch.Tensor, on: Compute) -> Numbers:
    """What the scores are: `found` (n, K) for `crops`, and those of a black, a white and two noisy pictures."""
    reading, preprocessing = inputs.facts.outputs, inputs.facts.preprocessing
    flat = torch.zeros_like(crops[:1])
    noise = torch.randint(0, 256, (2, *crops.shape[1:]), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    made_up = torch.cat([flat, flat + 255, noise])
    scores = torch.cat([found, logits(inputs.model, made_up, preprocessing=preprocessing, on=on)])
    if reading.numbers == "one_logit":
        scores = scores[:, 1:] - scores[:, :1]
    plain = adapted(inputs.model, replace(reading, numbers="logits"))
    picture = preprocessing.normalised(crops[:1].to(torch.device(on.device)))
    return numbers_of(scores, _made_by(plain, picture))


def numbers_of(scores: torch.Tensor, made_by: str | None) -> Numbers:
    """What `scores` (N, k) of several pictures are, their last step being `made_by` (None: not known).

    Raises InputError for a softmax over one output, which is 1 whatever the picture.
    """
    within = bool((scores >= -1e-6).all() and (scores <= 1 + 1e-6).all())
    if scores.shape[1] == 1:
        if made_by == "softmax" or (within and bool((scores == 1).all())):
            raise InputError(
                "outputs of the model",
                found="one output, 1 for every image: a softmax over one output",
                expected="one output a class, or one with a sigmoid for two classes",
                todo="end the model in its last linear layer, or in a sigmoid",
            )
        return "one_sigmoid" if within and made_by in ("sigmoid", None) else "one_logit"
    if within and bool(((scores.sum(dim=1) - 1).abs() < _SUM).all()):
        return "probabilities"
    if bool((scores <= 1e-4).all()) and bool((scores.logsumexp(dim=1).abs() < _SUM).all()):
        return "log_probabilities"
    if within and made_by == "sigmoid":
        return "sigmoids"
    if within:
        log.info("all outputs of the first images lie between 0 and 1, without adding up to 1: taken as logits")
    return "logits"


def _made_by(model: nn.Module, picture: torch.Tensor) -> str | None:
    """The operation of torch that gives the model's scores, in lower case; None where no gradient tells it."""
    try:
        with torch.enable_grad():  # how a tensor was made is known with gradients alone
            step: Any = model(picture.requires_grad_(True)).grad_fn  # torch's own signature
    except Exception as error:  # noqa: BLE001  # a model may run without gradients only; its outputs are known by now
        log.debug("not run with gradients: %s", in_one_line(error))
        return None
    while step is not None:
        name = step.name().removeprefix("torch::autograd::").partition("Backward")[0].lower()
        if name not in _PASSED_ON or not step.next_functions:
            return str(name)
        step = step.next_functions[0][0]
    return None
