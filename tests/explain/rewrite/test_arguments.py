"""Functional calls mean the same however their arguments are given: in place, by name, by another library's name.

The oracle of each form is the same net written with modules alone, or the signature in torch's documentation.
"""

import importlib

import pytest
import torch
from torch import fx, nn
from torch.nn import functional

from reportgen.explain.attribution_method import NotApplicableError
from reportgen.explain.methods.backprop_rules import lrp
from reportgen.explain.rewrite.arguments import arguments
from reportgen.explain.rewrite.isolating import private_copy
from tests.model_contexts import asked, context_for

BRANCHES = importlib.import_module("torchvision.ops.stochastic_depth")  # fx leaves its function whole where it stands


class Net(nn.Module):
    """Two convolutions whose results are joined; then a mean over space and a head."""

    def __init__(self, *, between=None, join=None, pool=None, called=None):
        super().__init__()
        torch.manual_seed(5)
        self.first, self.second = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.relu, self.drop, self.average, self.flat = nn.ReLU(), nn.Dropout(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        self.head = nn.Linear(6, 4)
        self.between, self.join = between or (lambda x: x), join or (lambda x, y: x + y)
        self.pool, self.called = pool, called or (lambda module, x: module(x))

    def forward(self, inputs):
        left = self.between(self.called(self.relu, self.first(inputs)))
        right = self.called(self.drop, self.called(self.second, left))
        joined = self.join(left, right)
        return self.head(self.pool(joined) if self.pool else self.flat(self.average(joined)))


@pytest.fixture
def pictures():
    return torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(8))


def relevance(net, pictures):
    return lrp(context_for(net, pictures[:1])).maps(asked(pictures, 1))[0]


DROPOUTS_OFF = {
    "in place": lambda x: functional.dropout(x, 0.5, False),
    "all in place": lambda x: functional.dropout(x, 0.5, False, False),
    "by name": lambda x: functional.dropout(x, p=0.5, training=False),
    "the input by name": lambda x: functional.dropout(input=x, training=False),
    "two-dimensional": lambda x: functional.dropout2d(x, 0.5, False),
    "off unless asked for": functional.alpha_dropout,
    "of features": lambda x: functional.feature_alpha_dropout(x, 0.5, training=False),
    "of torch": lambda x: torch.dropout(x, 0.5, False),
    "of torch by name": lambda x: torch.dropout(input=x, p=0.5, train=False),
    "of branches": lambda x: BRANCHES.stochastic_depth(x, 0.5, "row", False),
    "of branches by name": lambda x: BRANCHES.stochastic_depth(input=x, p=0.5, mode="batch", training=False),
}
SUMS = {
    "torch": torch.add,
    "other by name": lambda x, y: torch.add(x, other=y),
    "both by name": lambda x, y: torch.add(input=x, other=y),
    "a method": lambda x, y: x.add(y),
    "a method by name": lambda x, y: x.add(other=y),
    "times 1": lambda x, y: torch.add(x, y, alpha=1),
}
MEANS = {
    "a method": lambda x: x.mean((2, 3)),
    "from the end": lambda x: x.mean(dim=(-1, -2)),
    "a list, kept": lambda x: torch.flatten(x.mean([2, 3], True), 1),
    "kept by name": lambda x: x.mean(dim=(2, 3), keepdim=True).flatten(1),
    "torch": lambda x: torch.mean(x, (2, 3), False),
    "all by name": lambda x: torch.mean(input=x, dim=(2, 3)),
    "in NumPy's words": lambda x: torch.mean(x, axis=(2, 3), keepdims=True).flatten(1),
}
SAME = (
    *({"between": form} for form in DROPOUTS_OFF.values()),
    *({"join": form} for form in SUMS.values()),
    *({"pool": form} for form in MEANS.values()),
    {"called": lambda module, x: module(input=x)},
)
NAMES = (*DROPOUTS_OFF, *(f"sum, {name}" for name in SUMS), *(f"mean, {name}" for name in MEANS), "modules by name")


@pytest.mark.parametrize("changed", SAME, ids=NAMES)
def test_relevance_is_that_of_the_net_of_modules(changed, pictures):
    assert torch.allclose(relevance(Net(**changed), pictures), relevance(Net(), pictures), atol=1e-6)


# A dropout that works draws in the model's own evaluation; with p = 0 it changes nothing, and still has no rule.
NO_RULE = {
    "a dropout that is on": ({"between": lambda x: functional.dropout(x, 0.0, True)}, "dropout"),
    "on, and not in place": ({"between": lambda x: functional.dropout(x, 0.0, True, False)}, "dropout"),
    "on by default": ({"between": lambda x: functional.dropout(x, 0.0)}, "dropout"),
    "on by name": ({"between": lambda x: functional.dropout(x, training=True, p=0.0)}, "dropout"),
    "branches that are on": ({"between": lambda x: BRANCHES.stochastic_depth(x, 0.0, "row")}, "stochastic_depth"),
    "a weighed sum": ({"join": lambda x, y: torch.add(x, y, alpha=2)}, "add"),
    "a sum with a number": ({"join": lambda x, _: x + 1.0}, "add"),
    "one side at a time": ({"pool": lambda x: x.mean(3).mean(2)}, "mean"),
    "over channels": ({"pool": lambda x: x.mean((1, 2))[:, :6]}, "mean"),
    "of all": ({"pool": lambda x: x.mean().expand(1, 6)}, "mean"),
    "of another type": ({"pool": lambda x: x.mean((2, 3), dtype=torch.float64).float()}, "mean"),
}


@pytest.mark.parametrize("form", NO_RULE)
def test_what_means_something_else_has_no_rule(form, pictures):
    changed, name = NO_RULE[form]
    with pytest.raises(NotApplicableError) as refused:
        relevance(Net(**changed), pictures)
    assert refused.value.reason == "no_rule"
    assert name in refused.value.detail.split(", ")


IN_PLACE = {
    "silu": lambda x: functional.silu(x, True),
    "elu": lambda x: functional.elu(x, 1.0, True),
    "leaky_relu": lambda x: functional.leaky_relu(x, 0.01, True),
    "hardtanh": lambda x: functional.hardtanh(x, -1.0, 1.0, True),
    "threshold": lambda x: functional.threshold(x, 0.1, 0.0, True),
    "rrelu": lambda x: functional.rrelu(x, 0.1, 0.3, False, True),
    "by name": lambda x: functional.celu(input=x, inplace=True),
    "sigmoid_": torch.sigmoid_,
    "leaky_relu_": lambda x: functional.leaky_relu_(x, 0.2),
    "a method": lambda x: x.tanh_(),
    "operator": lambda x: x.__iadd__(1.0),
}


@pytest.mark.parametrize("form", IN_PLACE)
def test_a_copy_leaves_what_it_reads_however_its_code_says_so(form, pictures):
    net = Net(between=IN_PLACE[form])
    copied = private_copy(context_for(net, pictures[:1]), swaps={})
    seen = []
    hook = copied.model.get_submodule("relu").register_forward_hook(lambda _m, _i, output: seen.append(output))
    found = copied.model(pictures)
    hook.remove()
    assert torch.equal(seen[0], torch.relu(net.first(pictures)))
    assert torch.allclose(found, net(pictures), atol=1e-6)
    assert copied.adjusted["in_place"] == 1


def test_arguments_are_told_by_name_with_defaults_in_the_order_of_the_signature():
    class Calls(nn.Module):
        def forward(self, x):
            return functional.elu(functional.dropout(x, training=False), 2.0)

    dropout, elu = (node for node in fx.symbolic_trace(Calls()).graph.nodes if node.op == "call_function")
    assert list(arguments(dropout).items())[1:] == [("p", 0.5), ("training", False), ("inplace", False)]
    assert list(arguments(elu)) == ["input", "alpha", "inplace"]
    assert arguments(elu)["input"] is dropout
