"""torch's backend flags for determinism and true float32 (TF32, cuDNN, cuBLAS, SDPA), set and restored.

One table says which there are and what each is set to. They are set for the work, looked at after it and put back, so
what a factory, a model or a method lowers is undone before the next work begins, and told after its own: of the
evaluation in `Compute.switched`, of the explanation, by method, in `Attributions.switched`. float32 goes by the newer
switch of each backend alone: torch raises where the older ones (`allow_tf32`) and the newer are used side by side.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import torch

_KEPT = object()  # wanted where every value is as good as another, as long as it stays: as it is when the work begins


class _Switch(NamedTuple):
    """wanted: what it is set to for the work; `fine`: what it may be instead."""

    read: Callable[[], Any]
    write: Callable[[Any], None]
    wanted: Any
    fine: tuple[Any, ...] = ()


def _attribute(owner: str, name: str, wanted: Any) -> _Switch:
    holder = attrgetter(owner)(torch)
    return _Switch(partial(getattr, holder, name), partial(setattr, holder, name), wanted)


def _autocast(device: str) -> _Switch:
    return _Switch(partial(torch.is_autocast_enabled, device), partial(torch.set_autocast_enabled, device), False)


def _write_gradients(on: bool) -> None:
    torch.set_grad_enabled(on)


def _write_workspace(value: str | None) -> None:
    if value is None:
        os.environ.pop(_WORKSPACE, None)
    else:
        os.environ[_WORKSPACE] = value


_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
_FLOAT32 = ("cuda.matmul", "cudnn.conv", "cudnn.rnn", "mkldnn.matmul", "mkldnn.conv", "mkldnn.rnn")
_ATTENTION = {  # the kernels that torch may choose from
    "flash": (torch.backends.cuda.flash_sdp_enabled, torch.backends.cuda.enable_flash_sdp),
    "memory-efficient": (torch.backends.cuda.mem_efficient_sdp_enabled, torch.backends.cuda.enable_mem_efficient_sdp),
    "cudnn": (torch.backends.cuda.cudnn_sdp_enabled, torch.backends.cuda.enable_cudnn_sdp),
    "plain": (torch.backends.cuda.math_sdp_enabled, torch.backends.cuda.enable_math_sdp),
}
_SWITCHES: Mapping[str, _Switch] = MappingProxyType(
    {
        **{f"{backend} float32": _attribute(f"backends.{backend}", "fp32_precision", "ieee") for backend in _FLOAT32},
        "cuda.matmul float16 accumulation": _attribute("backends.cuda.matmul", "allow_fp16_accumulation", wanted=False),
        "cuda.matmul float16 reduction": _attribute(
            "backends.cuda.matmul", "allow_fp16_reduced_precision_reduction", wanted=False
        ),
        "cuda.matmul bfloat16 reduction": _attribute(
            "backends.cuda.matmul", "allow_bf16_reduced_precision_reduction", wanted=False
        ),
        "attention half-precision reduction": _Switch(
            torch.backends.cuda.fp16_bf16_reduction_math_sdp_allowed,
            torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp,
            False,
        ),
        **{f"{name} attention": _Switch(*switch, _KEPT) for name, switch in _ATTENTION.items()},
        **{f"autocast on {device}": _autocast(device) for device in ("cpu", "cuda")},
        "cudnn enabled": _attribute("backends.cudnn", "enabled", wanted=True),
        "cudnn benchmark": _attribute("backends.cudnn", "benchmark", wanted=False),
        "cudnn deterministic": _attribute("backends.cudnn", "deterministic", wanted=True),
        "mkldnn enabled": _attribute("backends.mkldnn", "enabled", _KEPT),
        "mkldnn deterministic": _attribute("backends.mkldnn", "deterministic", wanted=True),
        # 1 is to warn and go on where torch has no such kernel: a model must not be refused for it.
        "deterministic algorithms": _Switch(
            torch.get_deterministic_debug_mode,
            torch.set_deterministic_debug_mode,
            1,
        ),
        # Read by cuBLAS when it is first used; with one of these two its sums are the same every time.
        _WORKSPACE: _Switch(partial(os.environ.get, _WORKSPACE), _write_workspace, ":4096:8", fine=(":16:8",)),
        # Deterministic algorithms would also fill every new tensor, which costs time and changes no result of ours.
        "filling of new tensors": _attribute("utils.deterministic", "fill_uninitialized_memory", wanted=False),
        "default dtype": _Switch(torch.get_default_dtype, torch.set_default_dtype, torch.float32),
        "threads": _Switch(torch.get_num_threads, torch.set_num_threads, _KEPT),  # sums are split among them
        "gradients": _Switch(torch.is_grad_enabled, _write_gradients, True),
    }
)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The switches as they were set for a piece of work, in words by name."""

    held: Mapping[str, str]

    def changed(self) -> tuple[str, ...]:
        """Those that say something else now, as `name: value`."""
        return tuple(f"{name}: {value}" for name, value in in_force().items() if value != self.held[name])


@contextmanager
def exact_arithmetic() -> Iterator[Arithmetic]:
    """Every switch as wanted for as long as the context lasts; afterwards as it was found, also after an exception."""
    before = {name: switch.read() for name, switch in _SWITCHES.items()}
    try:
        for name, switch in _SWITCHES.items():
            if switch.wanted is not _KEPT and before[name] not in switch.fine:
                switch.write(switch.wanted)
        yield Arithmetic(in_force())
    finally:
        for name, switch in _SWITCHES.items():
            if switch.read() != before[name]:
                switch.write(before[name])


def in_force() -> dict[str, str]:
    """What each switch says now, by its name."""
    words = {"deterministic algorithms": {0: "off", 1: "on", 2: "on, or an error"}}
    return {name: _word(switch.read(), words.get(name, {})) for name, switch in _SWITCHES.items()}


def _word(value: Any, words: Mapping[Any, str]) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return words.get(value, "not set" if value is None else str(value))
