"""The front door of stage 4: the maps of every chosen example, as numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from reportgen.analyse.examples import Example
from reportgen.analyse.findings import Findings
from reportgen.errors import EvaluationError, in_one_line
from reportgen.evaluate.device import Compute, model_on_loan
from reportgen.evaluate.loop import Watch
from reportgen.explain.grad_cam import grad_cam
from reportgen.explain.smooth_grad import SmoothGradOptions, magnitude, smooth_grad
from reportgen.explain.target_layers import TargetLayer, target_layer
from reportgen.inputs.images import UnreadableImageError
from reportgen.inputs.run_inputs import RunInputs

MethodName = Literal["grad_cam", "smooth_grad"]
METHODS: tuple[MethodName, ...] = ("grad_cam", "smooth_grad")
_GRAD_CAM_BATCH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainOptions:
    """Which methods; the noise of an image comes from `seed` and its row, so it is the same in every run."""

    methods: tuple[MethodName, ...] = METHODS
    smooth_grad: SmoothGradOptions = field(default_factory=SmoothGradOptions)
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatValues:
    """One attribution. values (h, w) float32 >= 0, not normalised; peak is their maximum, 0 when there is no evidence.

    `class_idx` is the explained class (report order). `target_layer` is "" for methods on the input's pixels.
    """

    method: MethodName
    class_idx: int
    target_layer: str
    values: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or not np.isfinite(self.values).all() or self.values.min() < 0:
            raise EvaluationError(
                f"{self.method} map",
                found=f"shape {self.values.shape} with NaN, infinite or negative values",
                expected="finite values of 0 or more",
                todo="look at the checkpoint: its gradients are not finite for this picture",
            )
        self.values.setflags(write=False)

    @property
    def peak(self) -> float:
        """The largest value."""
        return float(self.values.max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """One example explained. `crop` (h, w, 3) uint8 is exactly what the model saw; `maps` in the order of METHODS."""

    example: Example
    crop: NDArray[np.uint8]
    maps: tuple[HeatValues, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributions:
    """All examples explained, in the order of `findings.examples`, with what made the maps."""

    examples: tuple[Attribution, ...]
    target_layer: str
    options: ExplainOptions


def refuse_unexplainable(inputs: RunInputs, options: ExplainOptions) -> None:
    """Raises ConfigError, before device time is spent, when the model has no known target layer and none was named."""
    if "grad_cam" in options.methods:
        _layer(inputs, torch.device("cpu"))


def explain(
    inputs: RunInputs, findings: Findings, *, on: Compute, options: ExplainOptions, watch: Watch | None = None
) -> Attributions:
    """Grad-CAM for the predicted and the true class, SmoothGrad for the predicted one, for every chosen example.

    Always float32. Afterwards the model is as it was found. Raises ConfigError (no target layer), EvaluationError (out
    of memory, gradients that are not finite).
    """
    crops = [_crop(inputs, findings, example) for example in findings.examples]
    with _memory_errors_worded(on), model_on_loan(inputs.model, on) as device:
        normalise = inputs.facts.preprocessing.normalised
        layer = _layer(inputs, device) if "grad_cam" in options.methods else None
        cams = _all_grad_cams(inputs, findings, crops, layer=layer, device=device)
        done = []
        for number, (example, crop) in enumerate(zip(findings.examples, crops, strict=True)):
            maps = list(cams[number]) if layer else []
            if "smooth_grad" in options.methods:
                pixels = normalise(crop.unsqueeze(0).to(device))[0]
                maps.append(_smooth_grad(inputs, findings, example, pixels, options))
            done.append(Attribution(example=example, crop=crop.permute(1, 2, 0).numpy().copy(), maps=tuple(maps)))
            if watch:
                watch(number + 1, len(crops))
    return Attributions(examples=tuple(done), target_layer=layer.path if layer else "", options=options)


@contextmanager
def _memory_errors_worded(on: Compute) -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise EvaluationError(
            f"explanation on {on.device_name}",
            found=in_one_line(error),
            expected=f"memory for the gradients of {_GRAD_CAM_BATCH} pictures",
            todo="use --device cpu or a device with more memory",
        ) from error


def _crop(inputs: RunInputs, findings: Findings, example: Example) -> torch.Tensor:
    sample_id = findings.predictions.sample_ids[example.idx]
    sample = next(sample for sample in inputs.samples if sample.sample_id == sample_id)
    try:
        crop, sha256 = inputs.crop(sample)
    except UnreadableImageError as error:
        sha256, reason = "", str(error)
    else:
        reason = "other bytes than those evaluated"
    if sha256 != findings.predictions.sha256[example.idx]:
        raise EvaluationError(
            f"image {sample.path}",
            found=f"changed since it was evaluated: {reason}",
            expected="the same file throughout the run",
            todo="keep the data set still while reportgen runs, and run again",
        )
    return crop


def _layer(inputs: RunInputs, device: torch.device) -> TargetLayer:
    crop_px = inputs.facts.preprocessing.crop_px
    with torch.no_grad():
        return target_layer(
            inputs.model, inputs.facts.model.target_layer, torch.zeros(1, 3, crop_px, crop_px, device=device)
        )


def _classes(findings: Findings, example: Example) -> tuple[int, ...]:
    """The classes to explain: predicted, then true where it is another."""
    target = int(findings.predictions.targets[example.idx])
    pred = int(findings.predictions.logits[example.idx].argmax())
    return (pred,) if pred == target else (pred, target)


def _all_grad_cams(
    inputs: RunInputs,
    findings: Findings,
    crops: list[torch.Tensor],
    *,
    layer: TargetLayer | None,
    device: torch.device,
) -> list[tuple[HeatValues, ...]]:
    if layer is None:
        return []
    output_idx = inputs.facts.alignment.output_idx
    result = []
    for start in range(0, len(crops), _GRAD_CAM_BATCH):
        part = findings.examples[start : start + _GRAD_CAM_BATCH]
        wanted = [_classes(findings, example) for example in part]
        outputs = [[output_idx[classes[0]] for classes in wanted], [output_idx[classes[-1]] for classes in wanted]]
        pixels = inputs.facts.preprocessing.normalised(torch.stack(crops[start : start + len(part)]).to(device))
        maps = grad_cam(inputs.model, layer, pixels, class_idx=torch.tensor(outputs, device=device)).cpu().numpy()
        for column, classes in enumerate(wanted):
            result.append(
                tuple(
                    HeatValues(method="grad_cam", class_idx=k, target_layer=layer.path, values=maps[row, column].copy())
                    for row, k in enumerate(classes)
                )
            )
    return result


def _smooth_grad(
    inputs: RunInputs, findings: Findings, example: Example, pixels: torch.Tensor, options: ExplainOptions
) -> HeatValues:
    pred = _classes(findings, example)[0]
    gradient = smooth_grad(
        inputs.model,
        pixels,
        inputs.facts.alignment.output_idx[pred],
        options=options.smooth_grad,
        seed=options.seed + example.idx,
    )
    return HeatValues(
        method="smooth_grad", class_idx=pred, target_layer="", values=magnitude(gradient).cpu().numpy().copy()
    )
