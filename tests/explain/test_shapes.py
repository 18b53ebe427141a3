"""Pictures that are no square, and pictures of one channel, through every method and every number of a map."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from reportgen.compose.panels import map_tiles
from reportgen.explain.attribution_method import method
from reportgen.explain.checks.insertion_deletion import MapToScore, faithfulness
from reportgen.explain.checks.localisation import enlarged, focus
from reportgen.explain.checks.random_weights import randomised
from reportgen.explain.maps import AttributionMap
from reportgen.explain.methods.registry import METHODS
from tests.model_contexts import asked, context_for

# (channels, height, width)
SHAPES = [(3, 48, 96), (3, 96, 40), (1, 48, 48), (1, 33, 64), (1, 64, 24), (3, 24, 120)]
CELL = 4


def net(channels):
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(channels, 8, 3, stride=2, padding=1), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)),
        *(nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 4)),
    ).eval()


def model_context(shape, **options):
    """Black and white have as many channels as the picture."""
    channels = shape[0]
    example = torch.randn((1, *shape), generator=torch.Generator().manual_seed(1))
    made = context_for(net(channels), example, smooth_grad_samples=3, **options)
    ends = {"black": torch.full((channels, 1, 1), -2.0), "white": torch.full((channels, 1, 1), 2.5)}
    return type(made)(**{name: getattr(made, name) for name in made.__slots__} | ends | {"target_layer": "4"})


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_method_gives_a_map_as_wide_and_high_as_its_picture(shape, name):
    context = model_context(shape)
    pictures = torch.randn((2, *shape), generator=torch.Generator().manual_seed(2))
    request = asked(pictures, [[0, 1], [2, 3]])
    if name == "contrast":
        request = type(request)(
            inputs=pictures, class_idx=request.class_idx, rival_idx=(request.class_idx + 1) % 4, seeds=request.seeds
        )
    found = method(name, context).maps(request)
    height, width = shape[1:]
    coarse = name in ("grad_cam", "contrast")
    assert found.shape == (2, 2, *((-(-height // CELL), -(-width // CELL)) if coarse else (height, width)))
    assert torch.isfinite(found).all()
    assert found.max() > 0 or name == "lime"  # noise may be a single superpixel


class Corner(nn.Module):
    """y = 8 times the mean of the lower right quarter."""

    def forward(self, inputs):
        score = 8 * inputs[..., inputs.shape[2] // 2 :, inputs.shape[3] // 2 :].mean(dim=(1, 2, 3))
        return torch.stack([score, torch.zeros_like(score)], dim=1)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_counts_is_found_at_its_place(shape):
    """The lower right quarter alone counts; rows and columns are not mixed up by windows or superpixels."""
    height, width = shape[1:]
    picture = torch.rand((1, *shape), generator=torch.Generator().manual_seed(3)) / 10
    picture[..., height // 2 :, width // 2 :] += 1
    for name in ("occlusion", "lime", "vanilla_grad", "grad_x_input"):
        context = context_for(Corner(), picture)
        ends = {"black": torch.zeros(shape[0], 1, 1), "white": torch.full((shape[0], 1, 1), 1.5)}
        context = type(context)(**{one: getattr(context, one) for one in context.__slots__} | ends)
        found = method(name, context).maps(asked(picture, 0))[0, 0].numpy()
        mask = np.full((height, width), 2, dtype=np.uint8)
        mask[height // 2 :, width // 2 :] = 1
        assert focus(found.astype(np.float32), mask).energy > 0.7, name


@pytest.mark.parametrize("shape", [*SHAPES, (3, 4, 40), (1, 5, 5), (3, 1, 1), (1, 2, 30)], ids=str)
def test_insertion_of_any_shape_begins_and_ends_where_it_must(shape):
    """Deletion begins at the picture: with two steps its curve is p(picture) / 4 + p(half) / 2 + p(mean colour) / 4."""
    picture = torch.rand(shape, generator=torch.Generator().manual_seed(3)) + 1
    values = np.zeros(shape[1:], dtype=np.float32)
    values[shape[1] // 2 :, shape[2] // 2 :] = 1
    context = context_for(Corner(), picture[None], insertion_steps=2, random_maps=2)
    (found,) = faithfulness(context, picture, [MapToScore(values=values, class_idx=0)], seed=1)
    prob = Corner()(picture[None]).softmax(dim=1)[0, 0].item()
    n_half = round(shape[1] * shape[2] / 2)
    half = 0.5 if (values > 0).sum() <= n_half else None  # the quarter is gone
    if half:
        assert found.deletion == pytest.approx(prob / 4 + half / 2 + 0.5 / 4, abs=1e-5)
    assert 0 <= found.insertion <= 1


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_tiles_of_an_oblong_crop_are_as_oblong(shape):
    height, width = shape[1:]
    crop = np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)
    values = np.zeros((3, 6), dtype=np.float32)
    values[2, 5] = 1
    fine = np.random.default_rng(1).random((height, width)).astype(np.float32)
    maps = [
        AttributionMap(method="grad_cam", class_idx=0, layer="l", values=values),
        AttributionMap(method="smooth_grad", class_idx=0, layer="", values=fine),
    ]
    tiles, files = map_tiles(crop, maps, ("a", "b"), stem="x")
    assert [Image.open(io.BytesIO(files[tile.asset])).size for tile in tiles] == [(width, height)] * 3
    assert tiles[1].place == "lower_right"
    assert enlarged(values, (height, width)).shape == (height, width)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weights_are_drawn_anew_for_any_shape(shape):
    context = model_context(shape)
    random = randomised(context.model, context.example, share=1.0, seed=0)
    pairs = zip(context.model.parameters(), random.parameters(), strict=True)
    assert not [1 for before, after in pairs if torch.equal(before, after)]
