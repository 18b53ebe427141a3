"""The private copy computes the same, has a module of its own for each call, and leaves the model alone."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from reportgen.explain.attribution_method import NotApplicableError
from reportgen.explain.rewrite.isolating import operations, plain_copy, private_copy
from tests.model_contexts import context_for
from tests.traces import state_of


class Tangled(nn.Module):
    """One ReLU called twice, in place; a functional ReLU of each kind; an addition in place; a functional pool."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.relu, self.head = nn.ReLU(inplace=True), nn.Linear(4, 3)

    def forward(self, inputs):
        left = self.relu(self.first(inputs))
        right = self.relu(self.second(left))
        right += left
        both = functional.relu(right - 0.5, inplace=True) + torch.relu(right).relu_() + functional.relu6(right)
        return self.head(functional.max_pool2d(both, 8).flatten(1))


@pytest.fixture
def example():
    return torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def tangled():
    torch.manual_seed(1)
    return Tangled().eval().requires_grad_(False)


def test_it_computes_the_same_and_says_what_was_changed(tangled, example):
    before = state_of(tangled)
    own = private_copy(context_for(tangled, example), swaps={})
    # In place: the shared ReLU and its second self, and the first function. To the tracer `+=` is an addition.
    assert own.adjusted == {"functional": 5, "shared": 1, "in_place": 3}
    inputs = torch.randn(4, 3, 8, 8)
    assert torch.allclose(own.model(inputs), tangled(inputs), atol=1e-6)
    assert sum(type(module) is nn.ReLU for module in own.model.modules()) == 5
    assert not any(getattr(module, "inplace", False) for module in own.model.modules())
    assert state_of(tangled) == before
    assert tangled.relu.inplace


def test_nothing_of_it_is_shared_with_the_model(tangled, example):
    own = private_copy(context_for(tangled, example), swaps={})
    theirs = {id(thing) for thing in (*tangled.modules(), *tangled.parameters())}
    assert not theirs & {id(thing) for thing in (*own.model.modules(), *own.model.parameters())}
    for parameter in own.model.parameters():
        parameter.fill_(7)
    assert tangled.head.weight.abs().max() < 1


def test_relu6_is_counted_where_it_is_swapped(example):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU6(inplace=True), nn.Flatten(), nn.Linear(144, 2))
    own = private_copy(context_for(model, example), swaps={nn.ReLU6: lambda _: nn.Sequential(nn.ReLU6())})
    assert own.adjusted == {"in_place": 1, "relu6": 1}


class LooksAtNumbers(nn.Module):
    """Which way it goes depends on the picture: it cannot be traced."""

    def __init__(self, relu, *, functional_too=False):
        super().__init__()
        self.conv, self.relu, self.head = nn.Conv2d(3, 4, 3), relu, nn.Linear(144, 2)
        self.functional_too = functional_too

    def forward(self, inputs):
        features = self.relu(self.conv(inputs))
        if self.functional_too:
            features = functional.relu(features)
        return self.head(features.flatten(1)) * (1 if inputs.sum() > 0 else 2)


def test_a_model_that_cannot_be_traced_is_refused_in_one_line(example):
    with pytest.raises(NotApplicableError) as caught:
        private_copy(context_for(LooksAtNumbers(nn.ReLU()), example), swaps={})
    assert caught.value.reason == "not_traceable"
    assert "\n" not in caught.value.detail
    assert len(caught.value.detail) > 20


def test_a_plain_copy_does_where_only_flags_are_in_the_way(example):
    model = LooksAtNumbers(nn.ReLU(inplace=True))
    own = plain_copy(context_for(model, example), swaps={})
    assert own.adjusted == {"in_place": 1}
    assert torch.equal(own.model(example), model(example))
    assert not own.model.relu.inplace
    assert not own.model.relu._forward_hooks
    assert model.relu.inplace


@pytest.mark.parametrize("model", [LooksAtNumbers(nn.ReLU(), functional_too=True)])
def test_a_plain_copy_is_refused_where_a_function_is_in_the_way(model, example):
    with pytest.raises(NotApplicableError, match="1 modules for 2 calls of ReLU"):
        plain_copy(context_for(model, example), swaps={})


class WorksOnItsInput(nn.Module):
    """Reads a tensor again after it was changed in place: without that it computes something else."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(192, 2)

    def forward(self, inputs):
        changed = inputs.clone()
        changed.mul_(3)
        return self.head(changed.flatten(1))


def test_a_copy_that_computes_something_else_is_refused(example):
    with pytest.raises(NotApplicableError, match="off") as caught:
        private_copy(context_for(WorksOnItsInput(), example), swaps={})
    assert caught.value.reason == "not_traceable"


def test_operations_are_seen_whoever_asks_for_them(tangled, example):
    found = operations(tangled, example)
    assert (found["relu"], found["relu6"]) == (5, 1)
    assert operations(nn.Hardtanh(), example)["hardtanh"] == 1
