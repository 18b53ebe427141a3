"""The selected images read again; those changed (SHA-256) or unreadable since the evaluation are left out."""

import logging
from dataclasses import dataclass
from typing import Literal

from reportgen.analyse.examples import Example
from reportgen.analyse.findings import Findings
from reportgen.explain.checks.run_localisation import read_mask_or_none
from reportgen.explain.maps import Picture
from reportgen.inputs.datasets.labelled_images import Sample
from reportgen.inputs.images.reading import UnreadableImageError
from reportgen.inputs.names import as_text
from reportgen.inputs.run_inputs import RunInputs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """An example that was not explained, since its file is not what was evaluated. detail: what reading it said."""

    example: Example
    reason: Literal["unreadable", "changed"]
    detail: str = ""


def chosen_pictures(
    inputs: RunInputs, findings: Findings, *, seed: int
) -> tuple[tuple[tuple[Example, Picture], ...], tuple[Gone, ...]]:
    """Each example of `findings` with its picture, in their order; and those without, each logged."""
    samples = {sample.sample_id: sample for sample in inputs.samples}
    found, gone = [], []
    for example in findings.examples:
        sample = samples[findings.predictions.sample_ids[example.idx]]
        picture = _picture(inputs, findings, sample, example=example, seed=seed)
        if isinstance(picture, Picture):
            found.append((example, picture))
        else:
            how = "changed since it was evaluated" if picture.reason == "changed" else picture.detail
            log.warning("image %s: not explained, its panel is left out: %s", as_text(str(sample.path)), how)
            gone.append(picture)
    return tuple(found), tuple(gone)


def _picture(inputs: RunInputs, findings: Findings, sample: Sample, *, example: Example, seed: int) -> Picture | Gone:
    predictions, idx = findings.predictions, example.idx
    try:
        crop, sha256 = inputs.crop(sample)
    except UnreadableImageError as error:
        return Gone(example=example, reason="unreadable", detail=str(error))
    if sha256 != predictions.sha256[idx]:
        return Gone(example=example, reason="changed")
    pred, target = int(predictions.logits[idx].argmax()), int(predictions.targets[idx])
    classes = (pred,) if pred == target else (pred, target)
    return Picture(crop=crop, classes=classes, seed=seed + idx, mask=read_mask_or_none(inputs, sample))
