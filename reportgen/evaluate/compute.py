"""`Compute`: device, precision, versions of torch and other libraries, determinism."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reportgen.evaluate.options import Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """The device and the arithmetic of a run. Float32 means float32: TensorFloat-32 is off on CUDA.

    software: versions by name, see `evaluate.software`; empty in runs of older versions. arithmetic: torch's switches
    by name as they were at the end of the evaluation, see `evaluate.arithmetic`; empty before it. switched: what
    foreign code had changed of them by then, as `name: value`. deterministic: whether that was nothing.
    """

    device: str
    device_name: str
    precision: Precision
    n_threads: int
    deterministic: bool = field(compare=False)
    torch_version: str
    software: Mapping[str, str] = field(default_factory=dict)
    arithmetic: Mapping[str, str] = field(default_factory=dict, compare=False)
    switched: tuple[str, ...] = field(default=(), compare=False)
