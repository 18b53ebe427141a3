"""Localisation over the whole run: does the evidence lie on the object, in errors and in hits?"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from reportgen.analyse.findings import Findings
from reportgen.analyse.intervals import ConfidenceInterval, wilson
from reportgen.explain.attribution_method import AttributionRequest, ModelContext, NotApplicableError, PreparedMethod
from reportgen.explain.checks.localisation import Focus, enlarged, focus
from reportgen.explain.maps import checked_maps
from reportgen.inputs.datasets.labelled_images import Sample
from reportgen.inputs.images.reading import UnreadableImageError
from reportgen.inputs.run_inputs import RunInputs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusRow:
    """The map of the predicted class of row `idx`; `focus` is None where it says nothing (see `localisation`)."""

    idx: int
    correct: bool
    focus: Focus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalisationSummary:
    """Where the evidence of some images lies, in counts and fractions.

    `n_rows` images with a mask; in `n` of them it can be told whether the hottest spot is on the object, in `n_off` it
    is off it; `share_ci` is the 95% Wilson interval of that share. `energy` and `area` are means over the n, None
    without any.
    """

    n_rows: int
    n: int
    n_off: int
    share_ci: ConfidenceInterval
    energy: float | None
    area: float | None

    @property
    def share(self) -> float | None:
        """n_off / n."""
        return self.n_off / self.n if self.n else None


def localisation_summary(rows: Sequence[FocusRow]) -> LocalisationSummary:
    """The rows summed up."""
    told = [row.focus for row in rows if row.focus is not None and row.focus.hit is not None]
    n_off = sum(not one.hit for one in told)
    return LocalisationSummary(
        n_rows=len(rows),
        n=len(told),
        n_off=n_off,
        share_ci=wilson(n_off, len(told)),
        energy=sum(one.energy for one in told) / len(told) if told else None,
        area=sum(one.area for one in told) / len(told) if told else None,
    )


def focus_rows(
    inputs: RunInputs, findings: Findings, context: ModelContext, *, localising: PreparedMethod | None
) -> tuple[FocusRow, ...]:
    """Errors and hits with a mask, up to `focus_pictures` of each, drawn with the run's seed, in row order.

    Empty without a method that localises, or without masks.
    """
    samples = {sample.sample_id: sample for sample in inputs.samples if sample.mask_path}
    limit, predictions = context.options.focus_pictures, findings.predictions
    if localising is None or not samples or not limit:
        return ()
    preds = predictions.preds()
    rows: list[FocusRow] = []
    for correct in (False, True):
        known = [
            idx
            for idx in np.flatnonzero((preds == predictions.targets) == correct)
            if predictions.sample_ids[idx] in samples
        ]
        for start in range(0, len(drawn := _drawn(known, limit, context.options.seed)), context.options.batch_size):
            part = drawn[start : start + context.options.batch_size]
            chosen = [samples[predictions.sample_ids[idx]] for idx in part]
            found = _focus_of(inputs, context, localising, chosen, [int(preds[idx]) for idx in part])
            rows += [FocusRow(idx=idx, correct=correct, focus=one) for idx, one in zip(part, found, strict=True)]
    return tuple(sorted(rows, key=lambda row: row.idx))


def _drawn(rows: list[np.int64], limit: int, seed: int) -> list[int]:
    chosen = rows if len(rows) <= limit else np.random.default_rng(seed).choice(rows, size=limit, replace=False)
    return sorted(int(idx) for idx in chosen)


def _focus_of(
    inputs: RunInputs, context: ModelContext, localising: PreparedMethod, samples: list[Sample], preds: list[int]
) -> list[Focus | None]:
    device = context.example.device
    crops = torch.stack([_crop_or_black(inputs, sample) for sample in samples]).to(device)
    outputs = torch.tensor([[inputs.facts.alignment.output_idx[pred] for pred in preds]], device=device)
    request = AttributionRequest(
        inputs=inputs.facts.preprocessing.normalised(crops),
        class_idx=outputs,
        rival_idx=outputs,
        seeds=(0,) * len(samples),
    )
    try:
        (maps,) = checked_maps(localising.name, localising, request)
    except NotApplicableError as error:
        log.warning("%s failed on %d images with masks: %s; left out", localising.name, len(samples), error.detail)
        return [None] * len(samples)
    size = (crops.shape[2], crops.shape[3])
    masks = [read_mask_or_none(inputs, sample) for sample in samples]  # None as well where the picture is gone
    return [
        None if mask is None or values is None else focus(enlarged(values, size), mask)
        for values, mask in zip(maps, masks, strict=True)
    ]


def _crop_or_black(inputs: RunInputs, sample: Sample) -> torch.Tensor:
    """The crop; of a file that is gone since it was evaluated nothing, and nothing is counted of it."""
    try:
        return inputs.crop(sample)[0]
    except UnreadableImageError:
        return torch.zeros(3, *inputs.facts.preprocessing.crop_size, dtype=torch.uint8)


def read_mask_or_none(inputs: RunInputs, sample: Sample) -> NDArray[np.uint8] | None:
    """The sample's mask; one that cannot be used is named in the log and left out."""
    try:
        return inputs.mask(sample)
    except UnreadableImageError as error:
        log.warning("mask %s: %s; left out", sample.mask_path, error)
        return None
