"""Arguments of a call in a traced graph, by their names, however the model's code gave them."""

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from torch import fx

# Of functions and methods that tell no signature of their own: what stands where.
_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "add": ("input", "other"),
        "dropout": ("input", "p", "training"),
        "feature_dropout": ("input", "p", "training"),
        "alpha_dropout": ("input", "p", "training"),
        "feature_alpha_dropout": ("input", "p", "training"),
        "mean": ("input", "dim", "keepdim"),
    }
)
# Torch takes NumPy's words as well, and its own functions in C say `train`.
_ALIASES: Mapping[str, str] = MappingProxyType({"axis": "dim", "keepdims": "keepdim", "train": "training"})


def called(node: fx.Node) -> str:
    """The name of the function, method or module that `node` calls."""
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))


def arguments(node: fx.Node) -> Mapping[str, Any]:
    """By name what a call of a function or method is given, with the defaults where its signature tells them, in order.

    What a signature does not cover keeps its place, as "1", "2" and so on.
    """
    signature = _signature(node)
    names = tuple(signature.parameters) if signature else _NAMES.get(called(node).strip("_"), ())
    given = {names[place] if place < len(names) else str(place): value for place, value in enumerate(node.args)}
    defaults = {name: one.default for name, one in signature.parameters.items()} if signature else {}
    known = {name: value for name, value in defaults.items() if value is not inspect.Parameter.empty}
    found = known | given | {_ALIASES.get(name, name): value for name, value in node.kwargs.items()}
    return {name: found[name] for name in (*names, *found) if name in found}


def _signature(node: fx.Node) -> inspect.Signature | None:
    """None for methods, and for functions written in C or with `*args`."""
    if not callable(node.target):
        return None
    try:
        found = inspect.signature(node.target)
    except (TypeError, ValueError):
        return None
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return found if all(one.kind is positional for one in found.parameters.values()) else None
