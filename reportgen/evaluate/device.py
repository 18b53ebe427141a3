"""Device selection, and the model on it in eval mode, as it was found afterwards."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn

from reportgen.errors import ConfigError, in_one_line
from reportgen.evaluate.arithmetic import Arithmetic, exact_arithmetic, in_force
from reportgen.evaluate.compute import Compute
from reportgen.evaluate.options import Precision
from reportgen.evaluate.software import software


def compute(device: str, precision: Precision) -> Compute:
    """`device` is auto (CUDA, else the CPU), cpu, cuda, cuda:N or mps. Raises ConfigError when it is not there."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        found = torch.device(device)
        torch.zeros(1, device=found)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(
            f"device {device!r}",
            found=in_one_line(error),
            expected=f"a device of this machine (CUDA {'is' if torch.cuda.is_available() else 'is not'} available)",
            todo="use --device auto or --device cpu; `reportgen doctor` shows what torch sees",
        ) from error
    name = torch.cuda.get_device_name(found) if found.type == "cuda" else platform.processor() or platform.machine()
    return Compute(
        device=str(found),
        device_name=name,
        precision=precision,
        n_threads=torch.get_num_threads(),
        deterministic=True,
        torch_version=torch.__version__,
        software=software(),
    )


def recorded(on: Compute, arithmetic: Arithmetic) -> Compute:
    """`on` with the switches as they are now. To be called when the model has done its work, and before its end."""
    switched = arithmetic.changed()
    return replace(on, arithmetic=in_force(), switched=switched, deterministic=not switched)


@contextmanager
def frozen_model(model: nn.Module, on: Compute) -> Iterator[torch.device]:
    """Lends `model` out: on the device, in eval mode, weights frozen; afterwards it is exactly as it was found.

    Put back, also after an exception: device, the training flag of every module, requires_grad of every parameter, and
    torch's switches of arithmetic.
    """
    device = torch.device(on.device)
    home = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    # a frozen TorchScript module has no such flag
    training = [(module, getattr(module, "training", False)) for module in model.modules()]
    grad = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        model.to(device)
        model.eval()
        for parameter, _ in grad:
            parameter.requires_grad_(False)
        with exact_arithmetic():
            yield device
    finally:
        model.to(home)
        for module, flag in training:
            module.training = flag
        for parameter, flag in grad:
            parameter.requires_grad_(flag)
