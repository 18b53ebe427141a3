"""A model's first run, on noise: what it takes and gives is found out before the data set is read.

Plain PyTorch's `model(pictures)` must go through here too. What the program would like to change (float32 weights,
channels_last) is tried, and left where the model does not bear it or gives something else.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import torch
from torch import nn

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.models.adapted import adapted, original_model
from reportgen.inputs.models.output_reading import NOT_YET_READ, Reading
from reportgen.inputs.models.output_scores import NoScoresError, Place, at, place_of_scores
from reportgen.inputs.usable_names import MAX_CLASSES, too_many_classes

log = logging.getLogger(__name__)
# Largest difference of a score, as a share of the largest: sums of float32 in another order differ by less.
_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRun:
    """The model as it will be run, how its outputs are read, and the channels of the pictures that it took."""

    model: nn.Module
    reading: Reading
    channels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedInput:
    """What is known before: (h, w) of the pictures, their channels if anyone says, how many classes have names."""

    size: tuple[int, int]
    channels: int | None
    n_classes: int | None
    reading: Reading = NOT_YET_READ  # of a program: what its file says


def first_run(model: nn.Module, asked: ExpectedInput) -> FirstRun:
    """Raises InputError with the model's own words when no way of running it gives one row of scores a picture."""
    channels, batch, cast = _bearable(model, asked)
    known = replace(asked.reading, batch=asked.reading.batch or batch, cast=cast)
    place = _place(model, _noise(2, channels, asked.size), known, asked.n_classes)
    reading = replace(known, steps=place.steps, n_columns=place.n_columns)
    if place.n_columns == 1 and asked.n_classes in (2, None):
        reading = replace(reading, numbers="one_logit")
    if not cast:  # a cast is a copy, and puts the shape right as well
        reshaped, copied = _oddities(model, asked.size, reading, channels)
        reading = replace(reading, reshaped=reshaped, copied=copied)
    _say(reading, place)
    found = adapted(model, reading)
    if reading.program is None and not cast:
        _lay_out_channels_last(found, _noise(1, channels, asked.size))
    return FirstRun(model=found, reading=reading, channels=channels)


def with_classes(run: FirstRun, preprocessing: Preprocessing, n_classes: int) -> FirstRun:
    """`run`, looked at again where the data set names the classes and the first tensor has another number of columns.

    Raises InputError for one output and other than two classes.
    """
    if run.reading.n_outputs == n_classes:
        return run
    if run.reading.steps:
        known = ExpectedInput(size=preprocessing.crop_size, channels=run.channels, n_classes=n_classes)
        found = replace(NOT_YET_READ, program=run.reading.program, batch=run.reading.batch)
        run = first_run(original_model(run.model), replace(known, reading=found))
    if run.reading.numbers == "one_logit" and n_classes != 2:
        raise _one_output(n_classes)
    return run


def refuse_other_width(n_outputs: int, classes: tuple[str, ...] | None) -> None:
    """Raises InputError when the checkpoint names another number of classes than the model has outputs, or too many."""
    if n_outputs > MAX_CLASSES:
        raise too_many_classes("outputs of the model", n_outputs)
    if classes is None or len(classes) == n_outputs:
        return
    if n_outputs == 1:
        raise _one_output(len(classes))
    raise InputError(
        "outputs of the model",
        found=f"{n_outputs} outputs, and {len(classes)} classes named in the checkpoint: {', '.join(classes[:12])}"
        + (" ..." if len(classes) > 12 else ""),
        expected="one output a class",
        todo="save the names of all outputs in their order, or name the architecture that was trained",
    )


def _one_output(n_classes: int) -> InputError:
    return InputError(
        "outputs of the model",
        found=f"one output for {n_classes} classes",
        expected="one output a class, or one output (a sigmoid's) for two classes",
        todo="name the architecture that was trained, or check the classes: a regression model has no classes",
    )


def memory_format(model: nn.Module) -> torch.memory_format:
    """The one that its weights lie in: channels_last where any of them lies so and not otherwise, too."""
    last = torch.channels_last
    weights = (weight for weight in model.parameters() if weight.ndim == 4)
    found = any(weight.is_contiguous(memory_format=last) and not weight.is_contiguous() for weight in weights)
    return last if found else torch.contiguous_format


def _noise(n: int, channels: int, size: tuple[int, int]) -> torch.Tensor:
    return torch.randn(n, channels, *size, generator=torch.Generator().manual_seed(0))


def _bearable(model: nn.Module, asked: ExpectedInput) -> tuple[int, tuple[int, int] | None, bool]:
    """(channels, (least, most) pictures at a time or None, whether inputs must be cast) with which the model runs."""
    failures: dict[tuple[int, bool, int], Exception] = {}
    other = _not_float32(model) if asked.reading.program is None else []
    own_type = next((dtype for _, dtype, _ in other), None) or _program_type(model, asked)
    for channels in (asked.channels,) if asked.channels else (3, 1):
        for cast in (False, True) if own_type else (False,):
            _in_float32(other, undo=cast)
            runs = []
            for n in _counts(asked.reading.batch):
                error = _failure(model, _noise(n, channels, asked.size).to(own_type if cast else torch.float32))
                failures |= {(channels, cast, n): error} if error else {}
                runs += [] if error else [n]
            if runs:
                if cast:
                    log.info("the model runs in its own precision alone, %s: its inputs are cast to it", own_type)
                return channels, None if len(runs) == 2 or asked.reading.batch else (runs[0], runs[0]), cast
    raise _cannot_run(failures, model, asked)


def _counts(batch: tuple[int, int] | None) -> tuple[int, ...]:
    return (batch[0],) if batch else (1, 2)


def _not_float32(model: nn.Module) -> list[tuple[torch.Tensor, torch.dtype, torch.Tensor]]:
    tensors = chain(model.parameters(), model.buffers())
    return [(one, one.dtype, one.data) for one in tensors if one.is_floating_point() and one.dtype != torch.float32]


def _program_type(model: nn.Module, asked: ExpectedInput) -> torch.dtype | None:
    if asked.reading.program is None:
        return None
    first = next((weight.dtype for weight in model.parameters() if weight.is_floating_point()), torch.float32)
    return None if first == torch.float32 else first


def _in_float32(tensors: list[tuple[torch.Tensor, torch.dtype, torch.Tensor]], *, undo: bool) -> None:
    for tensor, _dtype, made in tensors:
        tensor.data = made if undo else made.float()


def _failure(model: nn.Module, pictures: torch.Tensor) -> Exception | None:
    try:
        with torch.inference_mode():
            model(pictures)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a model may raise anything; told by the caller
        return error if isinstance(error, Exception) else RuntimeError(f"SystemExit: {error}")
    return None


def _place(model: nn.Module, pictures: torch.Tensor, known: Reading, n_classes: int | None) -> Place:
    least, most = known.batch or (2, 2)
    n = min(max(2, least), most)
    pictures = pictures if n == 2 else pictures[:1].expand(n, -1, -1, -1).contiguous()
    if known.cast:
        pictures = pictures.to(next(model.parameters()).dtype)
    with torch.inference_mode():
        raw = model(pictures)
    try:
        return place_of_scores(raw, n, n_classes)
    except NoScoresError as error:
        raise InputError(
            f"outputs of the model for {n} images",
            found=str(error),
            expected="one row of scores per image, (N, K) for K classes, alone or in a tuple, a list or a dictionary",
            todo="name a factory with --arch whose model returns that: for a segmentation or detection model there is "
            "no report here",
        ) from error


def _oddities(model: nn.Module, size: tuple[int, int], reading: Reading, channels: int) -> tuple[bool, bool]:
    """Whether the scores come in another form than (N, K) float32, and whether the model changes its inputs."""
    reshaped = copied = False
    for n in (1, 2) if reading.batch is None else (reading.batch[0],):
        pictures = _noise(n, channels, size)
        with torch.inference_mode():
            scores: Any = at(model(pictures), reading.steps)
        reshaped |= tuple(scores.shape) != (n, reading.n_columns) or scores.dtype != torch.float32
        copied |= not torch.equal(pictures, _noise(n, channels, size))
    return reshaped, copied


def _say(reading: Reading, place: Place) -> None:
    if place.steps:
        log.info("the model returns more than scores: %s of its outputs is taken", place)
    if reading.batch:
        least, most = reading.batch
        log.info("the model takes batches of this size only: %s", least if least == most else f"{least} to {most}")


def _lay_out_channels_last(model: nn.Module, picture: torch.Tensor) -> None:
    """Lays the weights out in channels_last, which is faster, unless the model fails so or gives other scores."""
    if not any(weight.ndim == 4 for weight in model.parameters()):
        return
    with torch.inference_mode():
        plain = model(picture)
    model.to(memory_format=torch.channels_last)
    try:
        with torch.inference_mode():
            found = model(picture)
        why = "" if torch.allclose(found, plain, rtol=0, atol=_TOLERANCE * float(plain.abs().max())) else "other scores"
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a model may raise anything
        why = in_one_line(error)
    if why:
        model.to(memory_format=torch.contiguous_format)
        log.info("the model runs in PyTorch's default memory format, since it does not run in channels_last: %s", why)


def _cannot_run(failures: dict[tuple[int, bool, int], Exception], model: nn.Module, asked: ExpectedInput) -> InputError:
    channels = asked.channels or 3
    error = next(
        (failures[key] for key in ((channels, False, 1), (channels, False, 2)) if key in failures),
        next(iter(failures.values())),
    )
    height, width = asked.size
    todo = next(iter(_advice(error, model, asked)))
    refused = InputError(
        f"running the model on an image of {width} x {height} px with {channels} channel{'s' if channels > 1 else ''}",
        found=in_one_line(error),
        expected="one row of scores per image from model(images), images being (N, channels, height, width)",
        todo=todo,
    )
    refused.__cause__ = error
    return refused


def _advice(error: Exception, model: nn.Module, asked: ExpectedInput) -> Iterator[str]:
    """What to do, the first that fits what the model said."""
    convolution = next((m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Conv1d | nn.Conv3d)), None)
    takes = getattr(convolution, "in_channels", None)
    if isinstance(error, TypeError | IndexError | AttributeError):
        yield (
            "the model wants something else than the images alone: name a factory with --arch whose model's forward "
            "takes the images alone and makes the rest"
        )
    if takes is not None and takes not in (1, 3):
        yield (
            f"the model's first convolution takes {takes} channels and images have 3 (1 if grey): name a factory "
            "with --arch whose model makes the other channels from the image"
        )
    if takes is not None and asked.channels and takes != asked.channels:
        yield f"the model's first convolution takes {takes} channel(s): write channels = {takes} in [preprocessing]"
    if re.search(r"size|shape|dimension|mat1|height|width|Calculated|patch", str(error), re.IGNORECASE):
        yield "give the crop that the model was trained with: [preprocessing] crop in the TOML file, n or [h, w]"
    yield "make model(images) run in plain PyTorch, on the CPU, for images of this size; then run again"
