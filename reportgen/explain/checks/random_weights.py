"""Randomised weights: a copy of a model whose last layers have forgotten what they learnt.

Which layer comes when is seen from what the forward pass reads, not from which modules it calls: Swin's attention reads
the weights of its `qkv` and `proj` without calling them, `nn.MultiheadAttention` those of its `out_proj`.
"""

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

# Buffers that hold something learnt; torchvision's FrozenBatchNorm2d has nothing else. Other buffers are geometry
# (relative positions, blur kernels), or mean and std of pixels.
_LEARNT = ("running_mean", "running_var", "weight", "bias")
_RELATIVE_SPREAD, _SPREAD = 0.1, 0.02  # of a tensor whose values are all alike; 0.02 is usual for tokens that are zero

Layer = dict[str, torch.Tensor]  # what one layer learnt, by name below the layer


def randomised(model: nn.Module, example: torch.Tensor, *, share: float, seed: int) -> nn.Module:
    """A copy of `model` whose last layers are drawn anew: `share` of those that hold something learnt, one at least.

    A layer is a module with parameters or running statistics of its own. It stands where the forward pass on `example`
    last reads one of them; one that is not read, beside the one registered before it. With `share` 1 no parameter and
    no running statistic is what it was, also where that was the initial value.

    A layer of torch gets what its own initialiser draws; what is then still the same, and all else, is drawn from a
    normal distribution with the tensor's own mean and spread. A layer's draws depend on `seed` and on its place from
    the end: not on `share`, the device or the memory format. The global random state is as it was afterwards.
    """
    changed = copy.deepcopy(model)
    layers, modules = _in_order(changed, example), dict(changed.named_modules())
    drawn: set[int] = set()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for place, (path, layer) in enumerate(reversed(layers[-max(1, round(share * len(layers))) :])):
            torch.manual_seed(1000 * seed + place)
            initial = _initial(modules[path])
            for name, tensor in layer.items():
                if id(tensor) not in drawn and tensor.numel():  # a weight that two layers share is drawn once
                    tensor.copy_(_new_values(name, tensor, initial.get(name)))
                    drawn.add(id(tensor))
    return changed


def _in_order(model: nn.Module, example: torch.Tensor) -> list[tuple[str, Layer]]:
    layers = _layers(model)
    reads = _Reads({id(tensor) for layer in layers.values() for tensor in layer.values()})
    with torch.no_grad(), reads:
        model(example)
    place: dict[str, int] = {}
    before = 0
    for path, layer in layers.items():
        place[path] = before = max(reads.last.get(id(tensor), 0) for tensor in layer.values()) or before
    return sorted(layers.items(), key=lambda one: place[one[0]])


def _layers(model: nn.Module) -> dict[str, Layer]:
    """By path, in the order of registration. The parts of a parametrised weight belong to the layer that uses it."""
    found: dict[str, Layer] = {}
    for path, module in model.named_modules():
        parts = path.split(".") if path else []
        depth = parts.index("parametrizations") if "parametrizations" in parts else len(parts)
        buffers = [(name, one) for name, one in module.named_buffers(recurse=False) if name in _LEARNT]
        for name, tensor in (*module.named_parameters(recurse=False), *buffers):
            found.setdefault(".".join(parts[:depth]), {})[".".join((*parts[depth:], name))] = tensor
    return found


class _Reads(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own lack of types
    """While it is active: `last` holds by its id when each tensor watched was last handed to an operation of torch."""

    def __init__(self, watched: set[int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.watched = watched
        self.last: dict[int, int] = {}
        self._n = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self._n += 1
        read = {id(argument) for argument in _flat((*args, *(kwargs or {}).values()))}
        self.last |= dict.fromkeys(read & self.watched, self._n)
        return func(*args, **(kwargs or {}))


def _flat(arguments: Any) -> Iterator[Any]:
    for argument in arguments:
        if isinstance(argument, list | tuple):
            yield from _flat(argument)
        else:
            yield argument


def _initial(module: nn.Module) -> Layer:
    """What torch's own initialiser gives a copy of `module` on the CPU, by name; nothing where it has none.

    An initialiser of somebody else may do anything, such as load the trained weights or reset the whole model.
    """
    name = "_reset_parameters" if isinstance(module, nn.MultiheadAttention) else "reset_parameters"
    whose = getattr(getattr(type(module), name, None), "__module__", "")
    if not whose.startswith("torch.nn.") or hasattr(module, "parametrizations"):
        return {}
    fresh = copy.deepcopy(module).cpu()
    for tensor in (*fresh.parameters(), *fresh.buffers()):
        tensor.data = tensor.data.contiguous()  # else the draws would lie in another order
    getattr(fresh, name)()
    return {**dict(fresh.named_parameters(recurse=False)), **dict(fresh.named_buffers(recurse=False))}


def _new_values(name: str, tensor: torch.Tensor, initial: torch.Tensor | None) -> torch.Tensor:
    """Values unlike those of `tensor`, on the CPU: `initial` where it is other than the trained values."""
    trained = tensor.cpu()
    if initial is not None and not torch.equal(initial, trained):
        return initial
    if not trained.is_floating_point():  # a quantised weight
        return torch.randint(int(trained.min()), int(trained.max()) + 2, trained.shape)
    mean, spread = float(trained.float().mean()), float(trained.float().std(correction=0))
    values = mean + (spread or _RELATIVE_SPREAD * abs(mean) or _SPREAD) * torch.randn(trained.shape)
    return values.abs() if name.endswith("running_var") else values
