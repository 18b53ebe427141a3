"""Occlusion and LIME of models whose every pixel counts a known amount."""

import pytest
import torch
from torch import nn

from reportgen.explain.methods.perturbation import lime, occlusion
from tests.model_contexts import asked, context_for

PX, WINDOW, STRIDE = 28, 4, 2


class Weighed(nn.Module):
    """y = sum of weight times pixel."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, inputs):
        score = (inputs * self.weight).flatten(1).sum(dim=1, keepdim=True)
        return torch.cat([score, -score], dim=1)


def picture():
    return torch.randn(1, 3, PX, PX, generator=torch.Generator().manual_seed(4))


def test_occlusion_of_a_linear_model_is_the_mean_of_its_windows():
    weight, inputs = torch.randn(3, PX, PX, generator=torch.Generator().manual_seed(5)), picture()
    loss = (inputs[0] * weight).sum(dim=0)  # what covering a pixel with 0 costs
    total, n = torch.zeros(PX, PX), torch.zeros(PX, PX)
    for top in range(0, PX - WINDOW + 1, STRIDE):
        for left in range(0, PX - WINDOW + 1, STRIDE):
            window = (slice(top, top + WINDOW), slice(left, left + WINDOW))
            total[window] += loss[window].sum()
            n[window] += 1
    explainer = occlusion(context_for(Weighed(weight), inputs))
    assert explainer.settings == {"window_px": WINDOW, "stride_px": STRIDE, "baseline": "mean_colour"}
    found = explainer.maps(asked(inputs, [[0], [1]]))
    assert torch.allclose(found[0, 0], (total / n).clamp(min=0), atol=1e-4)
    assert torch.allclose(found[1, 0], (-total / n).clamp(min=0), atol=1e-4)


def four_quarters():
    """Four flat colours, so that the superpixels can only be parts of quarters; one quarter alone counts."""
    inputs = torch.zeros(1, 3, PX, PX)
    half = PX // 2
    for n, (rows, columns) in enumerate([(0, 0), (0, half), (half, 0), (half, half)]):
        inputs[0, n % 3, rows : rows + half, columns : columns + half] = 2.0 - 3.5 * (n == 3)
    weight = torch.zeros(3, PX, PX)
    weight[:, :half, half:] = 0.1
    return inputs, weight


def test_lime_finds_the_superpixels_that_carry_the_weight():
    inputs, weight = four_quarters()
    half = PX // 2
    found = lime(context_for(Weighed(weight), inputs), n_samples=120, n_segments=4).maps(asked(inputs, 0))[0, 0]
    inside = found[:half, half:].mean()
    assert inside > 0
    outside = found.clone()
    outside[:half, half:] = 0
    assert outside.max() < 0.1 * inside
    assert lime(context_for(Weighed(weight), inputs), n_samples=120, n_segments=4).maps(asked(inputs, 1))[
        0, 0, :half, half:
    ].max() == pytest.approx(0)


def test_lime_of_a_linear_model_is_the_worth_of_each_superpixel():
    """Each of the four superpixels is worth the sum of its pixels; ridge with alpha 1 shrinks that by some percent."""
    inputs, weight = four_quarters()
    found = lime(context_for(Weighed(weight), inputs), n_samples=400, n_segments=4).maps(asked(inputs, 0))[0, 0]
    worth = float((inputs[0] * weight).sum())
    assert found.max() == pytest.approx(worth, rel=0.05)


@pytest.mark.parametrize("method", [occlusion, lime])
def test_no_map_depends_on_the_batch_size_or_on_its_neighbours(method):
    inputs, weight = four_quarters()
    pair = torch.cat([inputs, picture()])
    options = {"n_samples": 20} if method is lime else {}
    together = method(context_for(Weighed(weight), inputs, batch_size=16), **options).maps(asked(pair, 0))
    alone = method(context_for(Weighed(weight), inputs, batch_size=3), **options).maps(asked(pair[1:], 0, seeds=(101,)))
    assert torch.allclose(together[0, 1], alone[0, 0], atol=1e-4)


def test_lime_depends_on_its_seed_and_leaves_the_global_one_alone():
    inputs, weight = four_quarters()
    explainer = lime(context_for(Weighed(weight), inputs), n_samples=30)
    before = torch.get_rng_state()
    first, again, other = (explainer.maps(asked(inputs, 0, seeds=(seed,))) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)
