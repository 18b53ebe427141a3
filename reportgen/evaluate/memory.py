"""Out of memory: the batch is halved, and tried again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from reportgen.errors import EvaluationError, in_one_line
from reportgen.evaluate.compute import Compute

_Result = TypeVar("_Result")


@contextmanager
def translate_memory_errors(on: Compute, thing: str) -> Iterator[None]:
    """Turns an out-of-memory error that no smaller part could mend into an EvaluationError."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise EvaluationError(
            f"{thing} on {on.device_name}",
            found=in_one_line(error),
            expected="memory for the model and one image",
            todo="use --device cpu or a device with more memory",
        ) from error


def in_memory(work: Callable[[int], _Result], size: int, *, on: Compute, thing: str) -> _Result:
    """`work(size)`; on out-of-memory again with half the size, down to 1.

    `work` does the same whatever the size, so many pictures at a time. Raises EvaluationError, naming `thing`, when a
    single one does not fit.
    """
    while True:
        try:
            return work(size)
        except torch.OutOfMemoryError as error:
            if size == 1:
                raise EvaluationError(
                    f"{thing} on {on.device_name}",
                    found="out of memory with a single image",
                    expected="memory for one image",
                    todo="use --device cpu, --precision bf16 or a device with more memory",
                ) from error
        torch.cuda.empty_cache()
        size = max(1, size // 2)
