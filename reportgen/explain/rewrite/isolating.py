"""A private copy of a model on which a method may change what it likes; the model itself is never touched.

Captum puts hooks on modules. It misses functions, cannot tell the calls of a module that is called twice apart, trips
over modules that work in place, and takes the gradient of everything that reads a module's input for that of the
module. The copy has none of these; it computes the same as the model, which is checked on a picture of the run.
"""

import copy
import operator
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from reportgen.errors import in_one_line
from reportgen.explain.attribution_method import ModelContext, NotApplicableError
from reportgen.explain.rewrite.arguments import arguments

# Largest difference of a score, as a share of the largest score: float32 sums in another order differ by less.
TOLERANCE = 1e-4

# A function, the module that does the same, and the names of the function's arguments after the first.
_FUNCTIONS: Mapping[Any, tuple[type[nn.Module], tuple[str, ...]]] = MappingProxyType(
    {
        functional.relu: (nn.ReLU, ("inplace",)),
        torch.relu: (nn.ReLU, ()),
        torch.relu_: (nn.ReLU, ()),
        "relu": (nn.ReLU, ()),
        "relu_": (nn.ReLU, ()),
        functional.relu6: (nn.ReLU6, ("inplace",)),
        functional.max_pool2d: (
            nn.MaxPool2d,
            ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"),
        ),
        functional.avg_pool2d: (
            nn.AvgPool2d,
            ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
        ),
        functional.adaptive_avg_pool2d: (nn.AdaptiveAvgPool2d, ("output_size",)),
    }
)
_OUT_OF_PLACE: Mapping[Any, Any] = MappingProxyType(
    {
        operator.iadd: operator.add,
        operator.isub: operator.sub,
        operator.imul: operator.mul,
        operator.itruediv: operator.truediv,
    }
)

Rewrite = Callable[[fx.GraphModule, Counter[str]], None]
Swaps = Mapping[type[nn.Module], Callable[[Any], nn.Module]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateCopy:
    """The copy, in eval mode on the model's device, and how much was changed on it, by kind."""

    model: nn.Module
    adjusted: Mapping[str, int]


class Alias(nn.Module):
    """Its input under another name, so that a hook on it sees the gradient of one reader alone."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The same numbers as another node of the graph."""
        return inputs.clone()


def private_copy(context: ModelContext, *, swaps: Swaps, rewrite: Rewrite | None = None) -> PrivateCopy:
    """A copy in which each call is a call of a module of its own and nothing works in place.

    Then `rewrite` may change the graph, and each module whose type is a key of `swaps` is swapped for what its value
    makes of it. Raises NotApplicableError when the forward pass cannot be traced, or the copy computes something else.
    """
    counts: Counter[str] = Counter()
    graph = _traced(context.model)
    _inputs_in_place(graph)
    _own_modules(graph, counts)
    _out_of_place(graph, counts)
    if rewrite:
        rewrite(graph, counts)
    graph.delete_all_unused_submodules()
    graph.recompile()
    _swap(graph, swaps, counts)
    return _checked(context, graph, counts)


def plain_copy(context: ModelContext, *, swaps: Swaps) -> PrivateCopy:
    """A copy without a rewritten graph: for models that cannot be traced and have nothing in the way but flags.

    Raises NotApplicableError unless every ReLU is a module that is called exactly once.
    """
    counts: Counter[str] = Counter()
    model = _copied(context.model)
    calls: Counter[nn.Module] = Counter()
    hooks = [
        module.register_forward_hook(lambda called, _inputs, _output: calls.update([called]))
        for module in model.modules()
        if type(module) in (nn.ReLU, nn.ReLU6)
    ]
    n_seen = n_relus(operations(model, context.example))
    for hook in hooks:
        hook.remove()
    if sum(calls.values()) != n_seen or any(n != 1 for n in calls.values()):
        raise NotApplicableError("not_traceable", f"{len(calls)} modules for {n_seen} calls of ReLU")
    _modules_out_of_place(model, counts)
    _swap(model, swaps, counts)
    return _checked(context, model, counts)


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own lack of types
    """Counts what torch is asked to do while it is active, whoever asks: modules, functions, methods."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func.overloadpacket.__name__.strip("_")
        if name == "hardtanh" and args[1:3] == (0, 6):
            name = "relu6"
        self.found[name] += 1
        return func(*args, **(kwargs or {}))


def operations(model: nn.Module, example: torch.Tensor) -> Counter[str]:
    """How often each operation of torch runs in one forward pass, by its name without underscores at the ends."""
    seen = _Operations()
    with torch.no_grad(), seen:
        model(example)
    return seen.found


def n_relus(found: Mapping[str, int]) -> int:
    """Calls of ReLU and ReLU6."""
    return found.get("relu", 0) + found.get("relu6", 0)


def _copied(model: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(model).eval()
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise NotApplicableError("not_traceable", in_one_line(error)) from error


def _traced(model: nn.Module) -> fx.GraphModule:
    copied = _copied(model)
    try:
        return fx.symbolic_trace(copied)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # it runs the model's own forward with stand-ins for tensors
        raise NotApplicableError("not_traceable", in_one_line(error)) from error


def as_module(graph: fx.GraphModule, node: fx.Node, module: nn.Module) -> None:
    """`node` becomes a call of `module`, with the same first argument and no other."""
    name = f"own_{node.name}"
    graph.add_submodule(name, module)
    first = node.args[0] if node.args else node.kwargs["input"]
    node.op, node.target, node.args, node.kwargs = "call_module", name, (first,), {}


def _inputs_in_place(graph: fx.GraphModule) -> None:
    """A module's only input is its first argument: hooks of modules are not given those by keyword."""
    for node in graph.graph.nodes:
        if node.op == "call_module" and not node.args and len(node.kwargs) == 1:
            node.args, node.kwargs = tuple(node.kwargs.values()), {}


def _own_modules(graph: fx.GraphModule, counts: Counter[str]) -> None:
    called: set[str] = set()
    for node in list(graph.graph.nodes):
        if node.op in ("call_function", "call_method") and node.target in _FUNCTIONS:
            kind, names = _FUNCTIONS[node.target]
            options = {**dict(zip(names, node.args[1:], strict=False)), **node.kwargs}
            options.pop("input", None)
            if not any(isinstance(option, fx.Node) for option in options.values()):  # a size worked out on the way
                as_module(graph, node, kind(**options))
                counts["functional"] += 1
        elif node.op == "call_module" and node.target in called:
            name = f"own_{node.name}"
            graph.add_submodule(name, copy.deepcopy(graph.get_submodule(node.target)))
            node.target = name
            counts["shared"] += 1
        if node.op == "call_module":
            called.add(node.target)


def _out_of_place(graph: fx.GraphModule, counts: Counter[str]) -> None:
    for node in graph.graph.nodes:
        if node.op == "call_function" and node.target in _OUT_OF_PLACE:
            node.target = _OUT_OF_PLACE[node.target]
            counts["in_place"] += 1
        elif node.op == "call_method" and (same_method := _out_of_place_method(node.target)):
            node.target = same_method
            counts["in_place"] += 1
        elif node.op == "call_function" and (same := _out_of_place_function(node.target)):
            node.target = same
            counts["in_place"] += 1
        elif node.op == "call_function" and (given := arguments(node)).get("inplace") is True:
            first, *others = given
            node.args, node.kwargs = (given[first],), {name: given[name] for name in others} | {"inplace": False}
            counts["in_place"] += 1
    _modules_out_of_place(graph, counts)


def _out_of_place_method(name: str) -> str:
    """Of `add_` and `__iadd__` the method that does the same and leaves its tensor; "" of others."""
    same = f"__{name[3:]}" if name.startswith("__i") else name.removesuffix("_")
    return same if same != name and hasattr(torch.Tensor, same) else ""


def _out_of_place_function(target: Any) -> Any:
    """Of `torch.sigmoid_` and its like the function that does the same and leaves its input; None of others."""
    name = getattr(target, "__name__", "")
    if not name.endswith("_") or name.startswith("_"):
        return None
    return getattr(functional, name[:-1], None) or getattr(torch, name[:-1], None)


def _modules_out_of_place(model: nn.Module, counts: Counter[str]) -> None:
    for module in model.modules():
        if getattr(module, "inplace", False) is True:
            setattr(module, "inplace", False)  # noqa: B010 # not every module has it
            counts["in_place"] += 1


def _swap(model: nn.Module, swaps: Swaps, counts: Counter[str]) -> None:
    for path, module in list(model.named_modules()):
        if type(module) not in swaps:
            continue
        counts["relu6"] += type(module) is nn.ReLU6
        parent, _, name = path.rpartition(".")
        setattr(model.get_submodule(parent), name, swaps[type(module)](module))


def _checked(context: ModelContext, model: nn.Module, counts: Counter[str]) -> PrivateCopy:
    with torch.no_grad():
        expected, found = context.model(context.example), model(context.example)
    if not torch.allclose(found, expected, rtol=0, atol=TOLERANCE * float(expected.abs().max())):
        off = float((found - expected).abs().max())
        raise NotApplicableError("not_traceable", f"a rewritten copy gives scores that are {off:.3g} off")
    return PrivateCopy(model=model, adjusted={kind: n for kind, n in counts.items() if n})
