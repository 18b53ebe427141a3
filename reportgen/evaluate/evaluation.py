"""`evaluate()`: inference over the data set, giving `Predictions` (stage 2)."""

import hashlib
import logging
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from reportgen.errors import EvaluationError, InputError
from reportgen.evaluate.arithmetic import exact_arithmetic
from reportgen.evaluate.compute import Compute
from reportgen.evaluate.decoding import Batch, batches
from reportgen.evaluate.device import frozen_model, recorded
from reportgen.evaluate.loop import Progress, logits, refuse_not_finite
from reportgen.evaluate.options import LoopOptions
from reportgen.evaluate.predictions import ArgmaxCheck, Predictions, UnreadableImage
from reportgen.inputs.datasets.labelled_images import Sample
from reportgen.inputs.images.file_kinds import common_advice
from reportgen.inputs.images.reading import UnreadableImageError
from reportgen.inputs.names import as_text
from reportgen.inputs.run_inputs import RunInputs
from reportgen.language import language
from reportgen.plain_text import named
from reportgen.rounding import SAME
from reportgen.stopping import let_through

log = logging.getLogger(__name__)
_N_TOLD = 10  # unreadable images in a message
N_CHECKED = 64  # images that a bfloat16 run also evaluates in float32


def evaluate(
    inputs: RunInputs, *, on: Compute, loop: LoopOptions, max_unreadable: float, watch: Progress | None = None
) -> Predictions:
    """Runs the model once on every sample of `inputs`; the model is afterwards as it was found.

    `max_unreadable` is the fraction of listed images, in [0, 1], over which the run stops. Raises InputError (too many
    unreadable, or none readable) and EvaluationError (NaN logits, out of memory).
    """
    facts, samples = inputs.facts, inputs.samples
    rows: list[NDArray[np.float32]] = []
    read_idx: list[int] = []
    hashes: list[str] = []
    orientations: list[int] = []
    unreadable: list[tuple[int, str]] = []
    with frozen_model(inputs.model, on), exact_arithmetic() as arithmetic:
        for batch, scores in _batches_with_scores(inputs, on, loop):
            if batch.sample_idx:
                rows.append(scores)
            read_idx += batch.sample_idx
            hashes += batch.sha256
            orientations += batch.orientations
            unreadable += batch.unreadable
            if watch:
                watch(len(read_idx) + len(unreadable), len(samples))
        ran_on = recorded(on, arithmetic)
    if ran_on.switched:
        log.warning("something that ran with the model changed torch's arithmetic: %s", ", ".join(ran_on.switched))
    listed = tuple(_unreadable(samples[i], reason) for i, reason in unreadable)
    _refuse_too_many(listed, [sample.label for sample in samples], max_unreadable)
    values = np.concatenate(rows)[:, list(facts.alignment.output_idx)]
    sample_ids = [samples[i].sample_id for i in read_idx]
    refuse_not_finite(values, sample_ids)
    _refuse_lost(len(sample_ids), len(listed), len(samples))
    number = {name: index for index, name in enumerate(facts.classes)}
    return Predictions(
        facts=facts,
        compute=ran_on,
        sample_ids=tuple(sample_ids),
        paths=tuple(as_text(str(samples[i].path)) for i in read_idx),
        sha256=tuple(hashes),
        targets=np.array([number[samples[i].label] for i in read_idx], dtype=np.int64),
        logits=np.ascontiguousarray(values, dtype=np.float32),
        unreadable=listed,
        fingerprint=fingerprint(inputs, read_idx, hashes, any_turned=max(orientations) > 1),
        orientations=tuple(orientations),
        argmax=_argmax_check(inputs, read_idx, values, on) if on.precision == "bf16" else None,
    )


def _batches_with_scores(
    inputs: RunInputs, on: Compute, loop: LoopOptions
) -> Iterator[tuple[Batch, NDArray[np.float32]]]:
    """Every batch with its logits (n, K) float32, of which nothing is left if a signal ends the run in their midst.

    After the last one no signal comes through any more where they are held back.
    """
    preprocessing, n_todo = inputs.facts.preprocessing, len(inputs.samples)
    loop = replace(loop, n_workers=loop.workers_beside(on.device))
    none: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)
    with closing(batches(inputs.samples, preprocessing, loop)) as decoded:
        while n_todo > 0:
            with let_through():
                batch = next(decoded, None)
                if batch is None:  # `evaluate` counts
                    return
                some = bool(batch.sample_idx)
                scores = logits(inputs.model, batch.crops, preprocessing=preprocessing, on=on).numpy() if some else none
            n_todo -= len(batch.sample_idx) + len(batch.unreadable)
            yield batch, scores


def _argmax_check(inputs: RunInputs, read_idx: list[int], values: NDArray[np.float32], on: Compute) -> ArgmaxCheck:
    """The first rows of `values` (n, K) against float32, from the same files; one that is gone by now is left out."""
    crops, rows = [], []
    for row, i in enumerate(read_idx[:N_CHECKED]):
        with suppress(UnreadableImageError):
            crops.append(inputs.crop(inputs.samples[i])[0])
            rows.append(row)
    if not crops:
        return ArgmaxCheck(n=0, n_differ=0)
    exact_on = replace(on, precision="fp32")
    with frozen_model(inputs.model, exact_on):
        exact = logits(inputs.model, torch.stack(crops), preprocessing=inputs.facts.preprocessing, on=exact_on).numpy()
    classes = exact[:, list(inputs.facts.alignment.output_idx)].argmax(axis=1)
    return ArgmaxCheck(n=len(crops), n_differ=int((classes != values[rows].argmax(axis=1)).sum()))


def _unreadable(sample: Sample, reason: str) -> UnreadableImage:
    return UnreadableImage(
        sample_id=sample.sample_id, path=as_text(str(sample.path)), label=sample.label, reason=reason
    )


def _refuse_lost(n_read: int, n_unreadable: int, n_listed: int) -> None:
    if n_read + n_unreadable != n_listed:
        raise EvaluationError(
            "evaluation",
            found=f"{n_read} read and {n_unreadable} unreadable of {n_listed} images",
            expected="each image exactly once",
            todo="report this as a fault of reportgen",
        )


def _refuse_too_many(unreadable: tuple[UnreadableImage, ...], labels: Sequence[str], max_unreadable: float) -> None:
    """`labels`: those of all images, the unreadable ones among them."""
    n_listed, locale = len(labels), language("en")
    share, whole = len(unreadable) / n_listed, len(unreadable) == n_listed
    if share <= max_unreadable + SAME and not whole:
        return
    advice = common_advice([image.reason for image in unreadable])
    first = [f"{image.path}: {image.reason.removesuffix(f'; {advice}')}" for image in unreadable[:_N_TOLD]]
    more = [f"and {len(unreadable) - _N_TOLD} more"] if len(unreadable) > _N_TOLD else []
    n_lost = Counter(image.label for image in unreadable)
    lost = [label for label, n in Counter(labels).items() if n_lost[label] == n]
    lacking = [f"no image of these classes can be read: {named(lost)}"] if lost and not whole else []
    found, limit = (
        locale.apart(one, (other,), locale.share, digits=1).replace("\u00a0", "")
        for one, other in ((share, max_unreadable), (max_unreadable, share))
    )
    raise InputError(
        "unreadable images",
        found=(f"{len(unreadable)} of {n_listed} ({found})", *first, *more, *lacking),
        expected=f"at most {limit}, and at least one readable image",
        todo=(advice or "mend or remove the files")
        + ("" if whole else f"; or allow more: --max-unreadable {math.ceil(share * 100) / 100:g}"),
    )


def fingerprint(inputs: RunInputs, read_idx: list[int], hashes: list[str], *, any_turned: bool) -> str:
    """The fingerprint of `Predictions`: `hashes` are those of the readable samples, whose places are `read_idx`.

    Where no file is turned (`any_turned`), what becomes of turned ones makes no difference.
    """
    digest = hashlib.sha256()
    by_sample = dict(zip(read_idx, hashes, strict=True))
    for index, sample in enumerate(inputs.samples):
        digest.update(f"{sample.sample_id}\t{sample.label}\t{by_sample.get(index, 'unreadable')}\n".encode())
    digest.update("\n".join(sorted(inputs.facts.classes)).encode())
    digest.update(inputs.facts.preprocessing.identity(any_turned=any_turned).encode())
    return digest.hexdigest()
