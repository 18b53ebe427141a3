"""Layer-wise relevance propagation (LRP): a model rewritten so that every step of it has a propagation rule."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from captum.attr._utils.custom_modules import Addition_Module
from captum.attr._utils.lrp_rules import EpsilonRule, IdentityRule
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn.utils.fusion import fuse_conv_bn_eval

from reportgen.explain.attribution_method import NotApplicableError
from reportgen.explain.rewrite.arguments import arguments, called
from reportgen.explain.rewrite.isolating import as_module

# Kohlbrenner's 0.25 lets positive and negative parts of up to nine times a step's relevance cancel each other, and in
# the 52 convolutions of a MobileNetV2 they did: 7 times the score in absolute values. With 1 it is 0.7 times.
GAMMA = 1.0
EPSILON = 1e-6  # small against any score, so that it costs no relevance
SILENT = 1e-9  # what a step passes on when its input is nothing: no share can be told in float32
MAX_STEPS_NAMED = 4  # steps without a rule in a message: the first ones of a transformer say enough

_NOTHING_IN_EVAL = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
_DROPOUTS = frozenset(
    [
        "dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "alpha_dropout",
        "feature_dropout",
        "feature_alpha_dropout",
        "stochastic_depth",
    ]
)
_SHARED_OUT = (nn.Conv2d, nn.Linear, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, Addition_Module)
_PASSED_ON = (nn.ReLU, nn.ReLU6, nn.BatchNorm2d)
# They move numbers about and change none; relevance moves with them.
_MOVERS = """cat concat concatenate flatten reshape view permute transpose swapaxes contiguous chunk split getitem
unsqueeze squeeze channel_shuffle clone"""
_MOVES = frozenset(_MOVERS.split())


def rewrite(graph: fx.GraphModule, counts: Counter[str], example: torch.Tensor) -> None:
    """Leaves only steps that have a rule. Raises NotApplicableError, naming the steps that have none."""
    for node in list(graph.graph.nodes):
        _simplify(graph, node)
    for node in list(graph.graph.nodes):
        counts["batch_norm_folded"] += fold(graph, node)
    graph.recompile()
    with torch.no_grad():
        ShapeProp(graph).propagate(example)
    for node in list(graph.graph.nodes):
        _pool_or_add(graph, node)
    lacking = list(dict.fromkeys(_without_rule(graph)))
    if lacking:
        raise NotApplicableError("no_rule", ", ".join(lacking[:MAX_STEPS_NAMED]))
    _one_reader_each(graph)


class GammaConv2d(nn.Conv2d):
    """A convolution whose backward pass shares relevance out by the gamma rule."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The convolution's own result."""
        grows, shrinks = self.weight.clamp(min=0), self.weight.clamp(max=0)
        above, below = inputs.clamp(min=0), inputs.clamp(max=0)
        gains, losses = self._conv_forward(above, grows, None), self._conv_forward(above, shrinks, None)
        if bool((below < 0).any()):
            gains = gains + self._conv_forward(below, shrinks, None)
            losses = losses + self._conv_forward(below, grows, None)
        return _shared_out(self._conv_forward(inputs.detach(), self.weight, self.bias), gains, losses)


class GammaAddition(Addition_Module):  # type: ignore[misc] # captum is not typed
    """A sum of two branches, with the same rule: they often cancel, and epsilon alone would blow up what is left."""

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """The sum."""
        gains, losses = first.clamp(min=0) + second.clamp(min=0), first.clamp(max=0) + second.clamp(max=0)
        return _shared_out((first + second).detach(), gains, losses)


def _shared_out(value: torch.Tensor, gains: torch.Tensor, losses: torch.Tensor) -> torch.Tensor:
    """`value`, with a gradient that times its input is each input's share of it by the generalised gamma rule.

    The shares are those of gains + losses + gamma * (the one of the two that won). So their sum never vanishes, which
    it does in captum's GammaRule where inputs are negative (all linear bottlenecks). A bias gets no share.
    """
    total = gains + losses
    total = total + GAMMA * torch.where(total > 0, gains, losses)
    share = torch.where(total.detach().abs() > SILENT, value / total.detach(), 0)
    return value + (total - total.detach()) * share


def gamma_conv(conv: nn.Conv2d) -> nn.Conv2d:
    """The same convolution with the gamma rule."""
    conv.__class__ = GammaConv2d  # it keeps weights, strides, padding and groups
    return conv


def attach_rules(model: nn.Module) -> None:
    """Fresh rules: captum keeps numbers in them, and takes them off after each use."""
    for module in model.modules():
        if isinstance(module, nn.ReLU6 | nn.BatchNorm2d):
            module.rule = IdentityRule()
        elif isinstance(module, nn.Linear):
            module.rule = EpsilonRule(epsilon=EPSILON)
        elif isinstance(module, _SHARED_OUT):
            module.rule = EpsilonRule(epsilon=SILENT)


def _module(graph: fx.GraphModule, node: Any) -> nn.Module | None:
    called = isinstance(node, fx.Node) and node.op == "call_module"
    return graph.get_submodule(str(node.target)) if called else None


def _simplify(graph: fx.GraphModule, node: Any) -> None:
    module = _module(graph, node)
    dropout = node.op == "call_function" and called(node) in _DROPOUTS
    given = arguments(node) if dropout else {}
    if isinstance(module, _NOTHING_IN_EVAL) or given.get("training") is False:
        node.replace_all_uses_with(given["input"] if dropout else node.args[0])
        graph.graph.erase_node(node)
    elif isinstance(module, nn.Flatten):
        node.op, node.target = "call_function", torch.flatten
        node.args = (*node.args, module.start_dim, module.end_dim)


def fold(graph: fx.GraphModule, node: Any) -> bool:
    """Folds a batch norm into the convolution that it alone reads; both are linear."""
    before: Any = node.args[0] if node.args else None
    norm, conv = _module(graph, node), _module(graph, before)
    if type(norm) is not nn.BatchNorm2d or type(conv) is not nn.Conv2d or len(before.users) > 1:
        return False
    parent, _, name = str(before.target).rpartition(".")
    setattr(graph.get_submodule(parent), name, fuse_conv_bn_eval(conv, norm))
    node.replace_all_uses_with(before)
    graph.graph.erase_node(node)
    return True


def _pool_or_add(graph: fx.GraphModule, node: Any) -> None:
    if node.op not in ("call_function", "call_method") or called(node) not in ("add", "mean"):
        return
    given = {"alpha": 1, "keepdim": False, **arguments(node)}
    terms = (given.get("input"), given.get("other"))
    if called(node) == "add" and all(_is_tensor(term) for term in terms) and given["alpha"] == 1:
        target = f"own_{node.name}"
        graph.add_submodule(target, GammaAddition())
        node.op, node.target, node.args, node.kwargs = "call_module", target, terms, {}
    elif called(node) == "mean" and _over_space(given):
        as_module(graph, node, nn.AdaptiveAvgPool2d(1))
        if not given["keepdim"]:
            with graph.graph.inserting_after(node):
                flat = graph.graph.call_function(torch.flatten, (node, 1))
            node.replace_all_uses_with(flat, delete_user_cb=lambda user: user is not flat)


def _over_space(mean: Mapping[str, Any]) -> bool:
    """Whether the arguments of a mean say that it is over the rows and columns of feature maps (N, C, h, w)."""
    dims = mean.get("dim")
    if not isinstance(dims, tuple | list) or mean.get("dtype") is not None:
        return False
    return len(mean["input"].meta["tensor_meta"].shape) == 4 and sorted(d % 4 for d in dims) == [2, 3]


def _is_tensor(node: Any) -> bool:
    return isinstance(node, fx.Node) and issubclass(node.meta.get("type", object), torch.Tensor)


def _without_rule(graph: fx.GraphModule) -> Iterator[str]:
    for node in graph.graph.nodes:
        module = _module(graph, node)
        if module is not None and type(module) not in (*_SHARED_OUT, GammaAddition, *_PASSED_ON):
            yield type(module).__name__
        elif node.op == "get_attr":
            yield "constant"
        elif node.op in ("call_function", "call_method") and _is_tensor(node) and called(node) not in _MOVES:
            yield called(node)


def _one_reader_each(graph: fx.GraphModule) -> None:
    """A module that shares its input with others reads a clone: captum hooks tensors, and a hook sees all readers."""
    for node in list(graph.graph.nodes):
        if node.op == "call_module":
            for part in node.all_input_nodes:
                if len(part.users) > 1:
                    with graph.graph.inserting_before(node):
                        node.replace_input_with(part, graph.graph.call_function(torch.clone, (part,)))
