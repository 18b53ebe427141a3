"""Gradients against hand formulae of a linear model and captum on a small net."""

import captum.attr
import pytest
import torch
from torch import nn

from reportgen.explain.methods.gradients import grad_x_input, integrated_gradients, saliency, vanilla_grad
from tests.model_contexts import BLACK, WHITE, asked, context_for
from tests.traces import state_of

ALL = (vanilla_grad, saliency, grad_x_input, integrated_gradients)


@pytest.fixture
def pictures():
    return torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def linear():
    torch.manual_seed(2)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 4)).eval()


@pytest.fixture
def bent():
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 5, 3), nn.Tanh(), nn.Flatten(), nn.Linear(5 * 36, 4)).eval()


def weights(linear, k):
    return linear[1].weight[k].detach().view(3, 8, 8)


FORMULAE = {
    vanilla_grad: lambda w, x: w.abs().sum(0),
    saliency: lambda w, x: w.abs().amax(0),
    grad_x_input: lambda w, x: (w * x).sum(0).clamp(min=0),
    integrated_gradients: lambda w, x: (w * (x - (BLACK + WHITE) / 2)).sum(0).clamp(min=0),
}


@pytest.mark.parametrize("method", ALL)
def test_a_linear_model_gives_its_formula(linear, pictures, method):
    classes = [[0, 1, 2], [3, 3, 1]]
    found = method(context_for(linear, pictures[:1])).maps(asked(pictures, classes))
    assert found.shape == (2, 3, 8, 8)
    for row in range(2):
        for n in range(3):
            expected = FORMULAE[method](weights(linear, classes[row][n]), pictures[n])
            assert torch.allclose(found[row, n], expected, atol=1e-5)


def test_integrated_gradients_are_the_integral(bent, pictures):
    """Against captum with a plain Riemann sum of 400 steps, and one baseline after the other."""
    oracle = captum.attr.IntegratedGradients(bent)
    both = [
        oracle.attribute(pictures, colour.expand_as(pictures), target=2, n_steps=400, method="riemann_middle")
        for colour in (BLACK, WHITE)
    ]
    expected = ((both[0] + both[1]) / 2).sum(dim=1).clamp(min=0)
    found = integrated_gradients(context_for(bent, pictures[:1])).maps(asked(pictures, 2))[0]
    assert torch.allclose(found, expected, atol=1e-4)
    assert expected.max() > 0.05


@pytest.mark.parametrize("method", ALL)
def test_no_map_depends_on_the_batch_size(bent, pictures, method):
    small, large = (
        method(context_for(bent, pictures[:1], batch_size=size)).maps(asked(pictures, [[0, 1, 2]])) for size in (1, 16)
    )
    assert torch.allclose(small, large, atol=1e-6)


def test_what_speaks_against_a_class_is_no_evidence_for_it(pictures):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 1, bias=False))
    model[1].weight.data.fill_(-1)
    for method in (grad_x_input, integrated_gradients):
        found = method(context_for(model, pictures[:1])).maps(asked(torch.full((1, 3, 8, 8), 2.5), 0))
        assert found.max() == 0


@pytest.mark.parametrize("method", ALL)
def test_the_model_is_left_as_it_was(bent, pictures, method):
    context = context_for(bent, pictures[:1])
    before, rng = state_of(bent), torch.get_rng_state()
    asked_about = pictures.clone()
    method(context).maps(asked(asked_about, 1))
    assert state_of(bent) == before
    assert torch.equal(torch.get_rng_state(), rng)
    assert torch.equal(asked_about, pictures)
    assert not asked_about.requires_grad
