"""Outputs of models: tuples, lists, dictionaries, ModelOutput, dataclasses; which tensor of them holds the scores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch

from reportgen.inputs.models.output_reading import Step

# Under these names libraries return scores; the first that is there is taken. Auxiliary heads go by others.
SCORE_KEYS = (
    *("logits", "out", "output", "outputs", "scores", "score", "pred", "preds", "prediction", "predictions"),
    *("class_logits", "cls_logits", "y_hat", "y", "probs", "probabilities", "probas"),
)
_DEEPEST = 3


class NoScoresError(Exception):
    """Nothing in the outputs is one row of scores a picture; the text says what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the scores lie in what a model returns: keys, names of fields and numbers of elements; () for all of it.

    n_columns: scores a picture.
    """

    steps: tuple[Step, ...]
    n_columns: int

    def __str__(self) -> str:
        return ".".join(map(str, self.steps))


def at(raw: Any, steps: tuple[Step, ...]) -> Any:
    """What lies there."""
    for step in steps:
        raw = getattr(raw, step) if isinstance(step, str) and not isinstance(raw, Mapping) else raw[step]
    return raw


def place_of_scores(raw: Any, n_pictures: int, n_classes: int | None) -> Place:
    """The place of the scores in `raw`, which a model gave for `n_pictures`.

    A tensor counts whose rows are the pictures and that has one more dimension with more than one element at most.
    Of several, one with `n_classes` columns where that is known, then one with a usual name, then the first. Raises
    NoScoresError.
    """
    inside = [(steps, tensor) for steps, tensor in _tensors(raw) if tensor.ndim or not steps]  # a loss beside them
    found = [Place(steps=steps, n_columns=n) for steps, tensor in inside if (n := _columns(tensor, n_pictures))]
    if not found:
        raise NoScoresError(output_description(raw))
    widths = {n_classes, 1} if n_classes == 2 else {n_classes}
    fitting = [place for place in found if place.n_columns in widths] or found
    named = [place for place in fitting if place.steps and place.steps[0] in SCORE_KEYS]
    if isinstance(raw, Mapping) and not named and len({place.n_columns for place in fitting}) > 1:
        raise NoScoresError(
            f"{output_description(raw)}, none of them under a usual name ({', '.join(SCORE_KEYS[:6])} ...)"
        )
    return min(named, key=lambda place: SCORE_KEYS.index(str(place.steps[0]))) if named else fitting[0]


def _columns(tensor: torch.Tensor, n_pictures: int) -> int:
    """Scores a picture, 0 where the tensor holds none: whole numbers, other rows than the pictures, pixels."""
    if not tensor.is_floating_point() or not tensor.numel():
        return 0
    if tensor.ndim == 0 or (tensor.ndim == 1 and n_pictures == 1):  # squeezed
        return tensor.numel() if n_pictures == 1 else 0
    if tensor.shape[0] != n_pictures or sum(side > 1 for side in tensor.shape[1:]) > 1:
        return 0
    return tensor.numel() // n_pictures


def _tensors(raw: Any, steps: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], torch.Tensor]]:
    if isinstance(raw, torch.Tensor):
        yield steps, raw
    elif len(steps) < _DEEPEST:
        for step, inner in _inside(raw):
            yield from _tensors(inner, (*steps, step))


def _inside(raw: Any) -> list[tuple[Step, Any]]:
    if isinstance(raw, Mapping):
        return [(key, value) for key, value in raw.items() if isinstance(key, str | int)]
    if isinstance(raw, list | tuple):
        return list(enumerate(raw))
    if is_dataclass(raw):
        return [(field.name, getattr(raw, field.name)) for field in fields(raw)]
    return list(vars(raw).items()) if hasattr(raw, "__dict__") and not callable(raw) else []


def output_description(raw: Any) -> str:
    """Type and shapes in a few words."""
    if isinstance(raw, torch.Tensor):
        shape = " x ".join(map(str, raw.shape)) or "a single number"
        words = "" if raw.is_floating_point() else f", {str(raw.dtype).removeprefix('torch.')}"
        return f"a tensor of {shape}{words}"
    inner = [
        f"{'.'.join(map(str, steps))}: {' x '.join(map(str, tensor.shape)) or 'a single number'}"
        for steps, tensor in _tensors(raw)
    ]
    named = f"{'an' if type(raw).__name__[:1] in 'AEIOUaeiou' else 'a'} {type(raw).__name__}"
    return f"{named} with {'; '.join(inner[:8])}" if inner else named if raw is not None else "None"
