"""Options of the evaluation: where the model runs, how exactly, and how images reach it."""

import os
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Interval

from reportgen.option import Group, Option

Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeOptions:
    """Where the model runs, and how exactly."""

    GROUP: ClassVar = Group("Evaluation")

    device: Annotated[str, Option("`auto`, `cpu`, `cuda`, `cuda:N` or `mps`.")] = "auto"
    precision: Annotated[
        Precision,
        Option(
            "`fp32` or `bf16`.",
            more="Of the evaluation and of the methods that can; the report says what `bf16` changed.",
        ),
    ] = "fp32"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopOptions:
    """How images are decoded for the model.

    n_workers: processes that decode ahead of the model; 0 decodes between batches, in the model's own process; None is
    `workers_beside` the device. wait_s: how long one batch may take a process; then it counts as stuck (a network drive
    that has gone).
    """

    GROUP: ClassVar = Group("Evaluation")

    batch_size: Annotated[int, Interval(ge=1, le=65_536), Option("Images at a time.")] = 64
    n_workers: Annotated[
        int | None,
        Interval(ge=0, le=1024),
        Option(
            "Processes that decode images; 0: in the model's own process.",
            key="workers",
            unset="cores less one beside a GPU, else 0",
            example="4",
        ),
    ] = None
    wait_s: float = 600.0

    def workers_beside(self, device: str) -> int:
        """How many processes decode: beside a GPU most cores; on the CPU the model has them, and decoding its turn."""
        if self.n_workers is not None:
            return self.n_workers
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return max(1, cores - 1) if device.startswith("cuda") else 0
