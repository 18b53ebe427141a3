"""The target layer of every classification family of torchvision, and clear words for everything else."""

import inspect
from functools import partial

import pytest
import torch
import torchvision
from torch import nn

from reportgen.errors import ConfigError
from reportgen.explain.methods.grad_cam import grad_cam
from reportgen.explain.methods.target_layers import TARGET_LAYERS, TargetLayer, tapped, target_layer
from tests.families import FAMILIES, built
from tests.traces import state_of


def test_every_family_of_torchvision_is_known():
    """The classes that torchvision's own constructors build, against the table."""
    modules = {
        inspect.getmodule(torchvision.models.get_model_builder(name))
        for name in torchvision.models.list_models(module=torchvision.models)
    }
    built_in = {
        name
        for module in modules
        for name, thing in vars(module).items()
        if inspect.isclass(thing)
        and issubclass(thing, nn.Module)
        and thing.__module__ == module.__name__
        and f"{name}(" in inspect.getsource(module)
        and not name.startswith("_")
        and name in TARGET_LAYERS
    }
    assert built_in == set(TARGET_LAYERS)
    assert {type(built(name)).__name__ for name in FAMILIES} == set(TARGET_LAYERS)


def test_swin_and_vit_maps_are_upright():
    """A picture whose only content is at the upper right has the tokens that differ there, not mirrored or turned."""
    for name in ("swin_t", "vit_b_32"):
        model = built(name)
        blank, marked = torch.zeros(1, 3, 224, 224), torch.zeros(1, 3, 224, 224)
        marked[..., 10:40, 190:220] = 3.0
        layer = target_layer(model, "features.0" if name == "swin_t" else "encoder.layers.encoder_layer_0.ln_1", blank)
        taps = [tapped(layer.module, partial(model, inputs))[1].detach() for inputs in (blank, marked)]
        maps = [layer.as_nchw(tap, (224, 224)) for tap in taps]
        difference = (maps[0] - maps[1]).abs().sum(dim=1)[0]
        row, column = divmod(int(difference.argmax()), difference.shape[1])
        assert row < difference.shape[0] / 4
        assert column > difference.shape[1] * 3 / 4


def test_an_unknown_architecture_is_told_to_name_its_layer():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(ConfigError, match="--target-layer") as caught:
        target_layer(model, None, torch.zeros(1, 3, 8, 8))
    assert caught.value.exit_code == 2
    assert target_layer(model, "0", torch.zeros(1, 3, 8, 8)).layout == "nchw"


@pytest.mark.parametrize(("path", "told"), [("9", "no module '9'"), ("0.weight", "no module 'weight'"), ("2", "shape")])
def test_a_layer_that_cannot_serve_is_named(path, told):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(ConfigError, match=told):
        target_layer(model, path, torch.zeros(1, 3, 8, 8))


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("resnet18", 7),
        ("mobilenetv3_small_050", 7),
        ("convnext_atto", 7),
        ("vit_tiny_patch16_224", 14),
        ("deit_tiny_distilled_patch16_224", 14),
    ],
)
def test_timm_models_have_a_map_where_timm_is_installed(name, cells):
    """Features as timm's own forward_features names them; class tokens as for torchvision's ViT."""
    timm = pytest.importorskip("timm", reason="NOT RUN: timm is not installed")
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False, num_classes=5).eval()
    inputs = torch.randn(1, 3, 224, 224)
    before = state_of(model)
    layer = target_layer(model, None, inputs)
    found = grad_cam(model, layer, inputs, class_idx=torch.tensor([[0], [1]]))
    assert found.shape == (2, 1, cells, cells)
    assert torch.isfinite(found).all()
    assert found.max() > 0
    assert state_of(model) == before


# Tokens of a picture: with and without leading ones, patches that divide its sides and do not.
GRIDS = [
    *[((224, 224), 197, (14, 14, 1)), ((224, 224), 196, (14, 14, 0)), ((224, 224), 198, (14, 14, 2))],
    *[((224, 224), 201, (14, 14, 5)), ((224, 224), 50, (7, 7, 1)), ((224, 224), 49, (7, 7, 0))],
    *[((224, 448), 393, (14, 28, 1)), ((448, 224), 392, (28, 14, 0)), ((64, 256), 65, (4, 16, 1))],
    *[((200, 333), 241, (12, 20, 1)), ((60, 100), 19, (3, 6, 1)), ((100, 60), 18, (6, 3, 0))],
    *[((32, 320), 10, (1, 10, 0)), ((320, 32), 11, (10, 1, 1)), ((8, 8), 2, (1, 1, 1))],
]


@pytest.mark.parametrize(("size", "n", "expected"), GRIDS, ids=str)
def test_tokens_are_laid_out_as_the_picture_is(size, n, expected):
    """Tokens numbered 0, 1, 2 ...: the leading ones are dropped, the others lie row by row."""
    rows, columns, first = expected
    layer = TargetLayer(path="", module=nn.Identity(), layout="tokens")
    found = layer.as_nchw(torch.arange(n).view(1, n, 1), size)
    assert torch.equal(found[0, 0], torch.arange(first, n).view(rows, columns))


def test_tokens_that_are_no_grid_are_refused():
    layer = TargetLayer(path="", module=nn.Identity(), layout="tokens")
    with pytest.raises(ConfigError, match="grid of patches"):
        layer.as_nchw(torch.zeros(1, 151, 4), (224, 224))


class Rolled(nn.Module):
    """Channels last."""

    def forward(self, inputs):
        return inputs.permute(0, 2, 3, 1)


@pytest.mark.parametrize("size", [(224, 224), (96, 160), (160, 96), (64, 256), (256, 64), (70, 90), (32, 32)], ids=str)
@pytest.mark.parametrize("channels", [12, 96, 320])
def test_the_channels_are_told_from_rows_and_columns_in_oblong_pictures_too(size, channels):
    """A convolution of stride 16 or 32, its output once as it is and once with the channels last."""
    for stride in (16, 32):
        conv = nn.Conv2d(3, channels, stride, stride=stride)
        model = nn.Sequential(conv, Rolled())
        inputs = torch.zeros(1, 3, *size)
        rows, columns = conv(inputs).shape[2:]
        assert target_layer(model, "0", inputs).layout == "nchw"
        last = target_layer(model, "1", inputs)
        assert last.as_nchw(model(inputs), size).shape == (1, channels, rows, columns)


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - {"maxvit_t", "vit_b_32"}))
@pytest.mark.parametrize("shape", [(3, 1), (1, 2)], ids=str)
def test_every_family_has_an_upright_map_of_an_oblong_picture(name, shape):
    """Cells as the square net has, times the shape."""
    px, cells = FAMILIES[name]
    height, width = (px * side for side in shape)
    model = built(name)
    inputs = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    layer = target_layer(model, None, inputs)
    found = grad_cam(model, layer, inputs, class_idx=torch.tensor([[1]]))[0, 0]
    for at, side in enumerate(shape):
        assert side * cells <= found.shape[at] <= side * (cells + 1)
