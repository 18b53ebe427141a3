"""A model rewritten so that every step of it has a rule of layer-wise relevance propagation."""

import copy
import operator
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from captum.attr._utils.custom_modules import Addition_Module
from captum.attr._utils.lrp_rules import EpsilonRule, GammaRule, IdentityRule, PropagationRule
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn.utils.fusion import fuse_conv_bn_eval

from reportgen.explain.methods import NotApplicableError
from reportgen.explain.private_copy import as_module

GAMMA = 0.25  # Montavon et al. 2019, section 10.2, and captum's own
EPSILON = 1e-6
MAX_NAMED = 4  # steps without a rule in a message: the first ones of a transformer say enough

_NOTHING_IN_EVAL = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
_WITH_RULE = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, Addition_Module)
_PASSED = (nn.ReLU, nn.ReLU6)
# They move numbers about and change none; relevance moves with them.
_MOVES = frozenset(
    "cat concat concatenate flatten reshape view permute transpose swapaxes contiguous chunk split getitem unsqueeze "
    "squeeze channel_shuffle clone getattr size".split()
)


def rewrite(graph: fx.GraphModule, counts: Counter[str], example: torch.Tensor) -> None:
    """Leaves only steps that have a rule. Raises NotApplicableError, naming the steps that have none."""
    for node in list(graph.graph.nodes):
        _simplify(graph, node)
    for node in list(graph.graph.nodes):
        counts["batch_norm_folded"] += _fold(graph, node)
    graph.recompile()
    with torch.no_grad():
        ShapeProp(graph).propagate(example)
    for node in list(graph.graph.nodes):
        _pool_or_add(graph, node)
    lacking = list(dict.fromkeys(_without_rule(graph)))
    if lacking:
        raise NotApplicableError("no_rule", ", ".join(lacking[:MAX_NAMED]))
    _one_reader_each(graph)


def attach_rules(model: nn.Module) -> None:
    """Fresh rules: captum keeps numbers in them, and takes them off after each use."""
    for module in model.modules():
        if type(module) in (*_WITH_RULE, nn.ReLU6):
            module.rule = _rule(module)  # captum's protocol


def _rule(module: nn.Module) -> PropagationRule:
    if isinstance(module, nn.Conv2d):
        return GammaRule(gamma=GAMMA)
    if isinstance(module, nn.ReLU6 | nn.BatchNorm2d):
        return IdentityRule()
    return EpsilonRule(epsilon=EPSILON)


def _module(graph: fx.GraphModule, node: Any) -> nn.Module | None:
    called = isinstance(node, fx.Node) and node.op == "call_module"
    return graph.get_submodule(str(node.target)) if called else None


def _name(node: fx.Node) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))


def _simplify(graph: fx.GraphModule, node: fx.Node) -> None:
    module = _module(graph, node)
    off = node.op == "call_function" and (node.kwargs.get("training") is False or node.args[3:4] == (False,))
    if isinstance(module, _NOTHING_IN_EVAL) or (off and _name(node) in ("dropout", "stochastic_depth")):
        node.replace_all_uses_with(node.args[0])
        graph.graph.erase_node(node)
    elif isinstance(module, nn.Flatten):
        node.op, node.target = "call_function", torch.flatten
        node.args = (*node.args, module.start_dim, module.end_dim)


def _fold(graph: fx.GraphModule, node: fx.Node) -> bool:
    """Folds a batch norm into the convolution that it alone reads; both are linear."""
    norm, before = _module(graph, node), node.args[0] if node.args else None
    conv = _module(graph, before)
    if type(norm) is not nn.BatchNorm2d or type(conv) is not nn.Conv2d or len(before.users) > 1:
        return False
    parent, _, name = str(before.target).rpartition(".")
    setattr(graph.get_submodule(parent), name, fuse_conv_bn_eval(conv, norm))
    node.replace_all_uses_with(before)
    graph.graph.erase_node(node)
    return True


def _pool_or_add(graph: fx.GraphModule, node: fx.Node) -> None:
    name = _name(node)
    if node.op not in ("call_function", "call_method"):
        return
    if name == "add" and len(node.args) == 2 and all(_is_tensor(part) for part in node.args) and not node.kwargs:
        target = f"own_{node.name}"
        graph.add_submodule(target, Addition_Module())
        node.op, node.target = "call_module", target
    elif name == "mean" and _over_space(node):
        keep = node.kwargs.get("keepdim", node.args[2] if len(node.args) > 2 else False)
        as_module(graph, node, nn.AdaptiveAvgPool2d(1))
        if not keep:
            with graph.graph.inserting_after(node):
                flat = graph.graph.call_function(torch.flatten, (node, 1))
            node.replace_all_uses_with(flat, delete_user_cb=lambda user: user is not flat)


def _over_space(node: fx.Node) -> bool:
    dims = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else ())
    return len(node.args[0].meta["tensor_meta"].shape) == 4 and sorted(d % 4 for d in dims) == [2, 3]


def _is_tensor(node: Any) -> bool:
    return isinstance(node, fx.Node) and issubclass(node.meta.get("type", object), torch.Tensor)


def _without_rule(graph: fx.GraphModule) -> Iterator[str]:
    for node in graph.graph.nodes:
        module = _module(graph, node)
        if module is not None and type(module) not in (*_WITH_RULE, *_PASSED):
            yield type(module).__name__
        elif node.op == "get_attr":
            yield "constant"
        elif node.op in ("call_function", "call_method") and _is_tensor(node) and _name(node) not in _MOVES:
            yield _name(node)


def _one_reader_each(graph: fx.GraphModule) -> None:
    """A module that shares its input with others reads a clone: captum hooks tensors, and a hook sees all readers."""
    for node in list(graph.graph.nodes):
        if node.op == "call_module":
            for part in node.all_input_nodes:
                if len(part.users) > 1:
                    with graph.graph.inserting_before(node):
                        node.replace_input_with(part, graph.graph.call_function(torch.clone, (part,)))
