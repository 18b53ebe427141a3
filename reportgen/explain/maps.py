"""Attribution methods run on images, and their maps validated (shape, finite, not negative)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from reportgen.errors import EvaluationError
from reportgen.explain.attribution_method import AttributionRequest, Explainer, NotApplicableError, PreparedMethod
from reportgen.explain.checks.insertion_deletion import Faithfulness, MapToScore
from reportgen.explain.checks.localisation import Focus
from reportgen.explain.methods.captum_calls import foreign_code
from reportgen.inputs.run_inputs import RunInputs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionMap:
    """One map. values (h, w) float32 >= 0, not normalised; peak is their maximum, 0 when there is no evidence.

    `class_idx` is the explained class (report order), `rival_idx` the class it is compared with where that is what the
    method explains. `layer`
    is "" for methods on the input's pixels. `faithfulness` and `focus` are None where they could not be worked out.
    """

    method: str
    class_idx: int
    rival_idx: int | None = None
    layer: str
    values: NDArray[np.float32]
    faithfulness: Faithfulness | None = None
    focus: Focus | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or not np.isfinite(self.values).all() or self.values.min() < 0:
            raise EvaluationError(
                f"{self.method} map",
                found=f"shape {self.values.shape} with NaN, infinite or negative values",
                expected="finite values of 0 or more",
                todo="look at the checkpoint: its gradients are not finite for this image",
            )
        self.values.setflags(write=False)

    @property
    def peak(self) -> float:
        """The largest value."""
        return float(self.values.max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the model saw, and the classes in question (report order): the predicted one, then its rival if any.

    `crop` (3, h, w) uint8; `mask` (h, w) uint8 codes as in `Sample`; `seed` for all that is drawn at random.
    """

    crop: torch.Tensor
    classes: tuple[int, ...]
    seed: int
    mask: NDArray[np.uint8] | None = None


def attribution_maps(
    inputs: RunInputs, ready: Mapping[str, PreparedMethod], pictures: Sequence[Picture], *, device: torch.device
) -> tuple[list[list[AttributionMap]], dict[str, NotApplicableError]]:
    """The maps of each picture, in the order of `ready`; and by method why pictures lack its map, where some do.

    What each explains it says itself: the predicted class, every class of a picture in one request, or the predicted
    class against its rival, which is left out where there is none. A method that fails on these pictures after all, or
    gives one of them a map with values that are not finite or negative, leaves no map of them, and the log says so.
    """
    output_idx = inputs.facts.alignment.output_idx
    found: list[list[AttributionMap]] = [[] for _ in pictures]
    lacking: dict[str, NotApplicableError] = {}
    for name, prepared in ready.items():
        both = prepared.declared.explains == "predicted_and_rival"
        against = prepared.declared.explains == "predicted_against_rival"
        chosen = [row for row, picture in enumerate(pictures) if not against or len(picture.classes) > 1]
        if not chosen:
            continue
        asked = [pictures[row] for row in chosen]
        firsts, lasts = ([output_idx[picture.classes[end]] for picture in asked] for end in (0, -1))
        request = AttributionRequest(
            inputs=inputs.facts.preprocessing.normalised(torch.stack([picture.crop for picture in asked]).to(device)),
            class_idx=torch.tensor([firsts, lasts] if both else [firsts], device=device),
            rival_idx=torch.tensor([lasts, firsts] if both else [lasts], device=device),
            seeds=tuple(picture.seed for picture in asked),
        )
        try:
            maps = checked_maps(name, prepared, request)
        except NotApplicableError as error:
            why = error.reason.replace("_", " ")
            log.warning("no map of %s for %d images: %s (%s)", name, len(chosen), why, error.detail)
            lacking[name] = error
            continue
        for column, row in enumerate(chosen):
            classes = pictures[row].classes
            for number, k in enumerate(classes if both else classes[:1]):
                values = maps[number][column]
                if values is None:
                    lacking[name] = NotApplicableError("not_finite")
                else:
                    rival = classes[1] if against else None
                    found[row].append(
                        AttributionMap(method=name, class_idx=k, rival_idx=rival, layer=prepared.layer, values=values)
                    )
    return found, lacking


def checked_maps(
    name: str, explainer: Explainer, request: AttributionRequest
) -> list[list[NDArray[np.float32] | None]]:
    """The answer of a method, M rows of N maps (h, w) float32 >= 0; None for a map that holds anything else.

    Raises NotApplicableError for whatever is no answer to the request: another type or shape, and what the method
    itself raises, except for want of memory.
    """
    with foreign_code():
        found = explainer.maps(request)
        expected = tuple(request.class_idx.shape)
        if not isinstance(found, torch.Tensor) or found.is_complex():
            kind = str(found.dtype) if isinstance(found, torch.Tensor) else type(found).__name__
            raise NotApplicableError("no_map", f"{kind} instead of a tensor of real numbers")
        if found.ndim != 4 or tuple(found.shape[:2]) != expected or not found.numel():
            wanted = f"({expected[0]}, {expected[1]}, h, w)"
            raise NotApplicableError("no_map", f"shape {tuple(found.shape)} instead of {wanted}")
        maps = found.detach().float().cpu().numpy()
    bad = ~np.isfinite(maps).all(axis=(2, 3)) | (maps < 0).any(axis=(2, 3))
    if bad.any():
        log.warning("%s: %d of %d maps hold NaN, infinite or negative values; left out", name, bad.sum(), bad.size)
    return [
        [None if wrong else values.copy() for values, wrong in zip(*row, strict=True)]
        for row in zip(maps, bad, strict=True)
    ]


def claim(attribution: AttributionMap, output_idx: Sequence[int]) -> MapToScore:
    """The map as something to be judged, in model outputs."""
    rival = None if attribution.rival_idx is None else output_idx[attribution.rival_idx]
    return MapToScore(values=attribution.values, class_idx=output_idx[attribution.class_idx], rival_idx=rival)
