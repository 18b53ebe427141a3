"""Torch's switches of arithmetic: float32 that is float32, and kernels that give the same every time.

What is recorded is what the switches said at the end of the work, so a factory, a model or a method that lowers a
precision is undone before the work and told after it. float32 goes by the newer switch of each backend alone: torch
raises where the older ones (`allow_tf32`) and the newer are used side by side.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import torch


class _Switch(NamedTuple):
    read: Callable[[], Any]
    write: Callable[[Any], None]
    wanted: Any


def _attribute(owner: str, name: str, wanted: Any) -> _Switch:
    holder = attrgetter(owner)(torch)
    return _Switch(partial(getattr, holder, name), partial(setattr, holder, name), wanted)


def _fp32(backend: str) -> _Switch:
    return _attribute(f"backends.{backend}", "fp32_precision", "ieee")


_SWITCHES: Mapping[str, _Switch] = MappingProxyType(
    {
        **{
            f"{backend} float32": _fp32(backend)
            for backend in ("cuda.matmul", "cudnn.conv", "cudnn.rnn", "mkldnn.matmul", "mkldnn.conv", "mkldnn.rnn")
        },
        "cuda.matmul float16 reduction": _attribute(
            "backends.cuda.matmul", "allow_fp16_reduced_precision_reduction", wanted=False
        ),
        "cuda.matmul bfloat16 reduction": _attribute(
            "backends.cuda.matmul", "allow_bf16_reduced_precision_reduction", wanted=False
        ),
        "cudnn enabled": _attribute("backends.cudnn", "enabled", wanted=True),
        "cudnn benchmark": _attribute("backends.cudnn", "benchmark", wanted=False),
        "cudnn deterministic": _attribute("backends.cudnn", "deterministic", wanted=True),
        # Without a kernel of that kind torch warns and goes on: a model must not be refused for it.
        "deterministic algorithms": _Switch(
            torch.are_deterministic_algorithms_enabled,
            partial(torch.use_deterministic_algorithms, warn_only=True),
            True,
        ),
        "default dtype": _Switch(torch.get_default_dtype, torch.set_default_dtype, torch.float32),
    }
)
# Deterministic algorithms would also fill every new tensor, which costs time and changes no result of ours.
_FILL = _attribute("utils.deterministic", "fill_uninitialized_memory", wanted=False)


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Every switch as wanted for as long as the context lasts; afterwards as it was found, also after an exception."""
    switches = (*_SWITCHES.values(), _FILL)
    before = [switch.read() for switch in switches]
    was_warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        for switch in switches:
            switch.write(switch.wanted)
        yield
    finally:
        for switch, value in zip(switches, before, strict=True):
            switch.write(value)
        torch.use_deterministic_algorithms(torch.are_deterministic_algorithms_enabled(), warn_only=was_warn_only)


def in_force() -> dict[str, str]:
    """What each switch says now, by its name."""
    return {name: _word(switch.read()) for name, switch in _SWITCHES.items()}


def changed(arithmetic: Mapping[str, str]) -> tuple[str, ...]:
    """Of values as `in_force` gives them, those that are not as wanted, as `name: value`."""
    wanted = {name: _word(switch.wanted) for name, switch in _SWITCHES.items()}
    return tuple(f"{name}: {value}" for name, value in arithmetic.items() if value != wanted.get(name, value))


def _word(value: Any) -> str:
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
