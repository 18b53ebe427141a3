"""`--resume`: kept predictions, taken over where checkpoint, data and environment are the same."""

import hashlib
from dataclasses import replace

from reportgen.evaluate.compute import Compute
from reportgen.evaluate.evaluation import fingerprint
from reportgen.evaluate.predictions import Predictions
from reportgen.inputs.images.reading import UnreadableImageError, file_content
from reportgen.inputs.run_inputs import RunInputs


def resumed(stored: Predictions, inputs: RunInputs, on: Compute) -> Predictions | None:
    """`stored` with this run's facts, when `evaluate` would give the same again; None when it might not.

    The same: checkpoint, architecture, how its outputs are read, classes and their order, device and precision, and for
    every image id, label and the file's hash, which is read anew; an image that was unreadable still is. Thousands of
    files hash in seconds. None for an evaluation without orientations: it is of a version that turned pictures upright.
    """
    then, now = stored.facts, inputs.facts
    same_model = (then.model.checkpoint_sha256, then.model.arch, then.alignment, then.outputs) == (
        now.model.checkpoint_sha256,
        now.model.arch,
        now.alignment,
        now.outputs,
    )
    knows_turned = len(stored.orientations) == len(stored.sample_ids)
    if not same_model or not knows_turned or not _same_compute(stored.compute, on) or not _same_images(stored, inputs):
        return None
    return replace(stored, facts=now)


def _same_compute(then: Compute, now: Compute) -> bool:
    """A library that only one of them had loaded had no part in the model: another process, not another set-up."""
    both = then.software.keys() & now.software.keys()
    same = all(then.software[name] == now.software[name] for name in both)
    return same and replace(then, software=now.software) == now


def _same_images(stored: Predictions, inputs: RunInputs) -> bool:
    gone = {image.sample_id for image in stored.unreadable}
    readable = [index for index, sample in enumerate(inputs.samples) if sample.sample_id not in gone]
    if tuple(inputs.samples[index].sample_id for index in readable) != stored.sample_ids:
        return False
    try:
        hashes = [hashlib.sha256(file_content(inputs.samples[index].path)).hexdigest() for index in readable]
    except UnreadableImageError:
        return False
    mended = any(_is_readable(inputs, index) for index in set(range(len(inputs.samples))) - set(readable))
    now = fingerprint(inputs, readable, hashes, any_turned=stored.any_turned)
    return not mended and now == stored.fingerprint


def _is_readable(inputs: RunInputs, index: int) -> bool:
    try:
        inputs.crop(inputs.samples[index])
    except UnreadableImageError:
        return False
    return True
