"""Image data loader: decoding in worker processes, in order, surviving those that crash.

Why not torch's DataLoader: when one of its workers dies, by a decoder that crashes or for want of memory, its iterator
is lost, and it does not say at which files; here decoding goes on from that batch, and what ends a second process is
named. It hands tensors over in shared memory, of which a container has 64 MB by default; arrays through a pipe need
none. And its wait for a worker that hangs on a drive that has gone ends in an error that names no file.

The batches are not pinned for CUDA: the model's scores are waited for after each of them, so that no copy could go on
beside the model's work; decoding the next ones does.
"""

import logging
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from reportgen.errors import EvaluationError
from reportgen.evaluate.options import LoopOptions
from reportgen.inputs.datasets.labelled_images import Sample
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.reading import UnreadableImageError, read_picture
from reportgen.processes import DiedError, LateError, SideProcess

log = logging.getLogger(__name__)
_AHEAD = 2  # batches that each process has to do or has done, beside the model's
# The crops of the readable samples; of every sample its EXIF orientation (0: unreadable), and its SHA-256 or the
# reason. An array needs no shared memory to get from one process to another, which a tensor does.
_Read = tuple[NDArray[np.uint8] | None, list[tuple[int, str]]]


_Process = SideProcess[tuple[Sample, ...], _Read]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some samples, decoded. `crops` (n, 3, h, w) uint8 holds the readable ones, at `sample_idx` in the data set.

    orientations: the EXIF orientation, 1 to 8, of each readable one.
    """

    crops: torch.Tensor
    sample_idx: tuple[int, ...]
    sha256: tuple[str, ...]
    orientations: tuple[int, ...]
    unreadable: tuple[tuple[int, str], ...]


def batches(samples: tuple[Sample, ...], preprocessing: Preprocessing, options: LoopOptions) -> Generator[Batch]:
    """All samples in order, `batch_size` at a time. The composition of the batches does not depend on the workers.

    When a process dies or is stuck, all are ended and one new process goes on from that batch. Raises EvaluationError,
    naming the images of the batch, when the new one dies or is stuck at it too: what ends a decoder twice must not end
    this process. Where no process can be started the batches are decoded in this one.
    """
    starts = range(0, len(samples), options.batch_size)
    n_done, lost = 0, None
    while n_done < len(starts):
        try:
            for batch in _decoded(samples, preprocessing, options, starts[n_done:]):
                yield batch
                n_done += 1
        except _LostError as error:
            if lost is not None and lost.at == error.at:
                raise _refused(error) from error
            log.warning("%s; decoding goes on from there in one new process", error)
            lost, options = error, replace(options, n_workers=1)


def _decoded(
    samples: tuple[Sample, ...], preprocessing: Preprocessing, options: LoopOptions, starts: range
) -> Iterator[Batch]:
    """The batches that begin with the samples `starts`. Raises _LostError."""
    with closing(_Pool(samples, preprocessing, options)) as pool:
        for start in starts:
            yield pool.batch(start)


class _LostError(Exception):
    """A process ended or is stuck, and at which images."""

    def __init__(self, words: str, at: tuple[Sample, ...]) -> None:
        super().__init__(words)
        self.at = at


class _Pool:
    """Processes that decode in turn: the one that has batch k has batch k + n. Without any, this one decodes."""

    def __init__(self, samples: tuple[Sample, ...], preprocessing: Preprocessing, options: LoopOptions) -> None:
        self._samples, self._preprocessing, self._options = samples, preprocessing, options
        self._processes: list[_Process] = []
        self._asked: dict[int, _Process] = {}
        try:
            for _ in range(options.n_workers or 0):
                self._processes.append(SideProcess(partial(_read_alone, preprocessing)))
        except DiedError as error:
            log.warning("%s: decoding in %d processes, not %d", error, len(self._processes), options.n_workers)
        if self._processes:
            log.info(
                "%d decoding processes; their batches go through pipes, not through shared memory (/dev/shm)",
                len(self._processes),
            )

    def batch(self, start: int) -> Batch:
        """The batch that begins with sample `start`. Raises _LostError."""
        if not self._processes:
            return _batch(start, _read(self._preprocessing, self._at(start)))
        size, n = self._options.batch_size, len(self._processes)
        for ahead in islice(range(start, len(self._samples), size), _AHEAD * n):
            if ahead not in self._asked:
                self._asked[ahead] = self._processes[ahead // size % n]
                self._asked[ahead].ask(self._at(ahead))
        try:
            return _batch(start, self._asked.pop(start).answer(self._options.wait_s))
        except DiedError as error:
            raise self._lost(start, str(error)) from error
        except LateError as error:
            raise self._lost(start, f"it gave no answer in {self._options.wait_s:.0f} s") from error

    def _at(self, start: int) -> tuple[Sample, ...]:
        return self._samples[start : start + self._options.batch_size]

    def _lost(self, start: int, how: str) -> _LostError:
        at = self._at(start)
        return _LostError(f"a decoding process at images {start + 1} to {start + len(at)}: {how}", at)

    def close(self) -> None:
        """Ends all of them."""
        for process in self._processes:
            process.end()


def _read_alone(preprocessing: Preprocessing, samples: tuple[Sample, ...]) -> _Read:
    """In a process of its own."""
    torch.set_num_threads(1)  # the threads that torch has in the parent are not there in a forked process
    return _read(preprocessing, samples)


def _read(preprocessing: Preprocessing, samples: tuple[Sample, ...]) -> _Read:
    crops: list[NDArray[np.uint8]] = []
    told = []
    for sample in samples:
        try:
            picture = read_picture(sample.path, preprocessing)
        except UnreadableImageError as error:
            told.append((0, str(error)))
        else:
            crops.append(picture.crop.numpy())
            told.append((picture.orientation, picture.sha256))
    return np.stack(crops) if crops else None, told


def _batch(start: int, read: _Read) -> Batch:
    crops, told = read
    return Batch(
        crops=torch.empty(0, 3, 1, 1, dtype=torch.uint8) if crops is None else torch.from_numpy(crops),
        sample_idx=tuple(start + k for k, (orientation, _) in enumerate(told) if orientation),
        sha256=tuple(text for orientation, text in told if orientation),
        orientations=tuple(orientation for orientation, _ in told if orientation),
        unreadable=tuple((start + k, text) for k, (orientation, text) in enumerate(told) if not orientation),
    )


def _refused(lost: _LostError) -> EvaluationError:
    names = ", ".join(str(sample.path) for sample in lost.at[:5])
    return EvaluationError(
        "decoding",
        found=f"{lost}, as the one before it: {names}{' …' if len(lost.at) > 5 else ''}",
        expected="images that a decoder survives, memory for a batch, and files that can be read in time",
        todo="look at these files and at the drive they lie on; with little memory a smaller --batch-size",
    )
