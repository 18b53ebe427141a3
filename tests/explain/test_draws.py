"""Whatever is drawn at random depends on its seed alone: not on how many are drawn at a time, nor on their neighbours."""

import numpy as np
import pytest
import torch
from torch import nn

from reportgen.explain.attribution_method import method
from reportgen.explain.checks.insertion_deletion import MapToScore, faithfulness
from reportgen.explain.methods.perturbation import lime
from reportgen.explain.methods.smooth_grad import SmoothGradOptions, smooth_grad
from tests.model_contexts import asked, context_for

# Sides whose pixels 16 divides and does not divide; fewer than 16 pixels in all; oblong; one channel; 1 px.
SHAPES = [
    *[(3, 299, 299), (3, 32, 32), (3, 17, 16), (3, 7, 5), (3, 5, 31), (3, 1, 1), (3, 2, 3), (3, 1, 40)],
    *[(1, 28, 28), (1, 27, 29), (1, 1, 1), (1, 5, 3), (1, 299, 7)],
]
N = 7


class HalfSquare(nn.Module):
    """y = sum of x^2 / 2, whose gradient is x: SmoothGrad is the picture and the mean of its noise."""

    def forward(self, inputs):
        score = inputs.flatten(1).square().sum(dim=1, keepdim=True) / 2
        return torch.cat([score, -score], dim=1)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_noise_of_smooth_grad_does_not_depend_on_how_many_copies_go_at_a_time(shape):
    """The oracle draws the noise of one copy after the other, by itself."""
    image = torch.rand(shape, generator=torch.Generator().manual_seed(3))
    image.view(-1)[0] = 2.0
    generator = torch.Generator().manual_seed(11)
    noise = [torch.randn(shape, generator=generator) for _ in range(N)]
    sigma = 0.15 * (image.max() - image.min())
    expected = image + sigma * torch.stack(noise).mean(dim=0)
    for chunk in (1, 2, 3, 4, 5, 6, 7, 50):
        options = SmoothGradOptions(n_samples=N, noise_frac=0.15, chunk=chunk)
        found = smooth_grad(HalfSquare(), image, 0, options=options, seed=11)
        assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 9, 7), (1, 5, 5)], ids=str)
def test_the_map_of_smooth_grad_does_not_depend_on_memory_or_on_the_pictures_beside_it(shape):
    pictures = torch.rand((3, *shape), generator=torch.Generator().manual_seed(0))
    request = asked(pictures, 0)
    found = [
        method("smooth_grad", context_for(HalfSquare(), pictures[:1], batch_size=size, smooth_grad_samples=N)).maps(
            request
        )
        for size in (1, 2, 16)
    ]
    assert torch.allclose(found[0], found[1], atol=1e-5)
    assert torch.allclose(found[0], found[2], atol=1e-5)
    context = context_for(HalfSquare(), pictures[:1], smooth_grad_samples=N)
    alone = method("smooth_grad", context).maps(asked(pictures[2:], 0, seeds=request.seeds[2:]))
    assert torch.allclose(alone[0, 0], found[0][0, 2], atol=1e-5)


@pytest.mark.parametrize("side", [(13, 11), (16, 16), (29, 8)], ids=str)
def test_random_maps_do_not_depend_on_their_number_or_on_the_batch(side):
    image = torch.rand((3, *side), generator=torch.Generator().manual_seed(0))
    claims = [MapToScore(values=np.ones(size, dtype=np.float32), class_idx=0) for size in ((3, 5), side)]
    found = {
        (n, size): faithfulness(
            context_for(HalfSquare(), image[None], batch_size=size, random_maps=n, insertion_steps=3),
            image,
            claims,
            seed=4,
        )
        for n, size in ((2, 1), (2, 16), (5, 3))
    }
    few, other, many = found.values()
    assert [one.random for one in few] == [pytest.approx(one.random) for one in other]
    assert [one.random for one in few] == [pytest.approx(one.random[:2]) for one in many]


@pytest.mark.parametrize("shape", [(3, 21, 33), (1, 28, 28), (3, 15, 15)], ids=str)
def test_the_samples_of_lime_do_not_depend_on_how_many_go_at_a_time(shape):
    image = torch.randn((1, *shape), generator=torch.Generator().manual_seed(2))
    found = [
        lime(context_for(HalfSquare(), image, batch_size=size), n_samples=23, n_segments=9).maps(asked(image, 0))
        for size in (1, 4, 16)
    ]
    assert torch.allclose(found[0], found[1], atol=1e-4)
    assert torch.allclose(found[0], found[2], atol=1e-4)
