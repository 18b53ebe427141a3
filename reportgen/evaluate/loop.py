"""Batched inference: uint8 crops to float32 logits, with bfloat16 autocast where asked for."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from reportgen.errors import EvaluationError
from reportgen.evaluate.compute import Compute
from reportgen.evaluate.memory import in_memory
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.plain_text import named

Progress = Callable[[int, int], None]  # (images done, images in all)


def logits(model: nn.Module, crops: torch.Tensor, *, preprocessing: Preprocessing, on: Compute) -> torch.Tensor:
    """The model's outputs for `crops` (n, 3, h, w) uint8: (n, K) float32 on the CPU.

    A batch that does not fit into the device's memory is halved until it does; the result does not depend on it beyond
    rounding. Raises EvaluationError when a single image does not fit.
    """
    device = torch.device(on.device)

    def work(size: int) -> torch.Tensor:
        return torch.cat([outputs(part) for part in torch.split(crops, size)])

    def outputs(part: torch.Tensor) -> torch.Tensor:
        with (
            torch.inference_mode(),
            torch.autocast(device.type, dtype=torch.bfloat16, enabled=on.precision == "bf16"),
        ):
            scores: torch.Tensor = model(preprocessing.normalised(part.to(device)))
            return scores.float().cpu()

    return in_memory(work, len(crops), on=on, thing="evaluation")


def refuse_not_finite(values: np.ndarray, sample_ids: list[str]) -> None:
    """Raises EvaluationError naming the samples whose row of `values` (N, K) holds a NaN or an infinity."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        names = named((sample_ids[row] for row in bad), most=5)
        raise EvaluationError(
            "logits",
            found=f"NaN or infinite for {bad.size} of {len(values)} images: {names}",
            expected="finite numbers",
            todo="look at the checkpoint: training may have diverged; with --precision bf16 try fp32",
        )
