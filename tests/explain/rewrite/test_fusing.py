"""The copy that makes SmoothGrad cheap computes what the model computes, and so do its gradients."""

import captum.attr
import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from reportgen.evaluate.device import compute
from reportgen.explain.attribution_method import AttributionRequest, ModelContext, method
from reportgen.explain.options import ExplainOptions
from reportgen.explain.rewrite.fusing import InputGradientConv2d, lean_copy
from tests.explain.nets import NeedsMemory
from tests.traces import state_of


def context(model, example, precision="fp32", **options):
    unit = torch.ones(3, 1, 1)
    return ModelContext(
        model=model,
        on=compute("cpu", precision),
        example=example,
        black=-unit,
        white=unit,
        target_layer=None,
        options=ExplainOptions(**options),
    )


@pytest.fixture
def inputs():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(4))


@pytest.fixture
def mobile_net():
    """With batch norms that do something: scales and statistics other than 1 and 0."""
    torch.manual_seed(0)
    model = torchvision.models.mobilenet_v2(num_classes=5).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.8, 1.6)
            module.bias.data.normal_(0, 0.2)
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.0)
    return model.requires_grad_(False)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 1},
        {"kernel_size": 3, "padding": 1, "groups": 6},
        {"kernel_size": 3, "padding": 0, "groups": 3},
        {"kernel_size": (5, 3), "padding": (2, 0), "dilation": 2},
        {"kernel_size": 3, "stride": 2, "padding": 1},
    ],
    ids=str,
)
def test_the_gradient_of_the_convolution_is_autograds(options):
    """The oracle is torch's own backward pass."""
    torch.manual_seed(1)
    conv = nn.Conv2d(6, 12, **options)
    own = InputGradientConv2d(conv)
    for height, width in ((17, 12), (16, 16)):
        plain = torch.randn(2, 6, height, width, requires_grad=True)
        other = plain.detach().clone().requires_grad_(True)
        upstream = torch.randn_like(conv(plain))
        conv(plain).backward(upstream)
        own(other).backward(upstream)
        assert torch.allclose(own(other), conv(plain), atol=1e-6)
        assert torch.allclose(other.grad, plain.grad, atol=1e-5)


def test_the_copy_gives_the_scores_and_gradients_of_the_model(mobile_net, inputs):
    before = state_of(mobile_net)
    lean = lean_copy(context(mobile_net, inputs[:1]))
    assert torch.allclose(lean.model(inputs), mobile_net(inputs), atol=1e-4)
    assert not [module for module in lean.model.modules() if isinstance(module, nn.BatchNorm2d)]
    gradients = []
    for model in (lean.model, mobile_net):
        watched = inputs.clone().requires_grad_(True)
        model(watched)[:, 1].sum().backward()
        gradients.append(watched.grad.flatten())
    assert torch.corrcoef(torch.stack(gradients))[0, 1] > 0.9999
    assert state_of(mobile_net) == before


def test_smooth_grad_on_the_copy_equals_captum_on_the_model(mobile_net, inputs):
    """The same seed is the same noise (see test_maps)."""
    whole = context(mobile_net, inputs[:1], smooth_grad_samples=8, batch_size=3)
    idx = torch.tensor([[1]])
    request = AttributionRequest(inputs=inputs[:1], class_idx=idx, rival_idx=idx, seeds=(11,))
    found = method("smooth_grad", whole).maps(request)[0, 0]
    tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(mobile_net))
    torch.manual_seed(11)
    sigma = 0.15 * float(inputs[0].max() - inputs[0].min())
    expected = tunnel.attribute(inputs[:1], nt_samples=8, stdevs=sigma, target=1, abs=False)[0].abs().sum(dim=0)
    assert np.corrcoef(found.flatten(), expected.flatten())[0, 1] > 0.9999
    assert float(found.max()) == pytest.approx(float(expected.max()), rel=1e-2)


def test_bfloat16_stays_near_float32_and_says_so(mobile_net, inputs):
    idx = torch.tensor([[1, 2]])
    request = AttributionRequest(inputs=inputs, class_idx=idx, rival_idx=idx, seeds=(1, 2))
    exact, rough = (
        method("smooth_grad", context(mobile_net, inputs[:1], precision, smooth_grad_samples=6))
        for precision in ("fp32", "bf16")
    )
    assert (exact.settings["precision"], rough.settings["precision"]) == ("fp32", "bf16")
    for one, other in zip(exact.maps(request)[0], rough.maps(request)[0], strict=True):
        assert 0.8 < np.corrcoef(one.flatten(), other.flatten())[0, 1] < 1


@pytest.mark.parametrize("name", ["grad_cam", "contrast", "smooth_grad"])
def test_no_map_depends_on_how_many_pictures_fit_into_memory(name):
    torch.manual_seed(2)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)).eval()
    pictures = torch.randn(7, 3, 12, 12)
    idx = torch.tensor([[0, 1, 2, 0, 1, 2, 0]])
    request = AttributionRequest(inputs=pictures, class_idx=idx, rival_idx=(idx + 1) % 3, seeds=tuple(range(7)))
    found = []
    for at_most in (2, 100):
        model = NeedsMemory(net, at_most=at_most).eval()
        whole = context(model, pictures[:1], smooth_grad_samples=5, batch_size=4)
        whole = ModelContext(**{field: getattr(whole, field) for field in whole.__slots__} | {"target_layer": "net.1"})
        found.append(method(name, whole).maps(request))
    assert torch.allclose(*found, atol=1e-6)
    assert found[0].max() > 0
