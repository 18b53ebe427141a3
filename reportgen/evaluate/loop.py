"""The prediction loop: files to logits, each image exactly once, decoding overlapped with the model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from reportgen.errors import EvaluationError
from reportgen.evaluate.device import Compute
from reportgen.evaluate.memory import in_memory
from reportgen.inputs.images import UnreadableImageError, read_crop
from reportgen.inputs.labelled_images import Sample
from reportgen.inputs.preprocessing import Preprocessing

Watch = Callable[[int, int], None]  # (images done, images in all)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopOptions:
    """`n_workers` processes decode ahead of the model; 0 decodes between batches, in the model's own process."""

    batch_size: int = 64
    n_workers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some samples, decoded. `crops` (n, 3, h, w) uint8 holds the readable ones, at `sample_idx` in the data set."""

    crops: torch.Tensor
    sample_idx: tuple[int, ...]
    sha256: tuple[str, ...]
    unreadable: tuple[tuple[int, str], ...]


class _Crops(Dataset[tuple[int, torch.Tensor | None, str]]):
    """(index, crop, SHA-256) of a sample; (index, None, reason) where the file is unreadable."""

    def __init__(self, samples: tuple[Sample, ...], preprocessing: Preprocessing) -> None:
        self._samples, self._preprocessing = samples, preprocessing

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[int, torch.Tensor | None, str]:
        try:
            crop, sha256 = read_crop(self._samples[index].path, self._preprocessing)
        except UnreadableImageError as error:
            return index, None, str(error)
        return index, crop, sha256


def _collated(rows: list[tuple[int, torch.Tensor | None, str]]) -> Batch:
    read = [(index, crop, text) for index, crop, text in rows if crop is not None]
    return Batch(
        crops=torch.stack([crop for _, crop, _ in read]) if read else torch.empty(0, 3, 1, 1, dtype=torch.uint8),
        sample_idx=tuple(index for index, _, _ in read),
        sha256=tuple(text for _, _, text in read),
        unreadable=tuple((index, text) for index, crop, text in rows if crop is None),
    )


def batches(samples: tuple[Sample, ...], preprocessing: Preprocessing, options: LoopOptions) -> Iterator[Batch]:
    """All samples in order, `batch_size` at a time. The composition of the batches does not depend on the workers."""
    workers: dict[str, Any] = {"num_workers": options.n_workers, "prefetch_factor": 4} if options.n_workers else {}
    yield from DataLoader(
        _Crops(samples, preprocessing),
        batch_size=options.batch_size,
        collate_fn=_collated,
        pin_memory=torch.cuda.is_available(),
        **workers,
    )


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
            scores: torch.Tensor = model(preprocessing.normalised(part.to(device, non_blocking=True)))
            return scores.float().cpu()

    return in_memory(work, len(crops), on=on, thing="evaluation")


def refuse_not_finite(values: np.ndarray, sample_ids: list[str]) -> None:
    """Raises EvaluationError naming the samples whose row of `values` (N, K) holds a NaN or an infinity."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        names = ", ".join(sample_ids[row] for row in bad[:5])
        raise EvaluationError(
            "logits",
            found=f"NaN or infinite for {bad.size} of {len(values)} images: {names}",
            expected="finite numbers",
            todo="look at the checkpoint: training may have diverged; with --precision bf16 try fp32",
        )
