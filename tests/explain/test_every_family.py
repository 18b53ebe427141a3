"""Every method on every classification family of torchvision: a sound map, or a reason, and never a trace."""

import pytest
import torch

from reportgen.explain.attribution_method import NotApplicableError, method
from reportgen.explain.methods.perturbation import lime
from reportgen.explain.methods.registry import METHODS
from tests.families import FAMILIES, built
from tests.model_contexts import asked, context_for
from tests.traces import state_of

# For these not every method: deconv shares its preparation with guided_backprop, the others ask the model alone.
COSTLY = {"maxvit_t", "vit_b_32", "swin_t", "swin_v2_t", "efficientnet_v2_s", "vgg11"}
RELU_ONLY = {
    "alexnet", "densenet121", "googlenet", "inception_v3", "mnasnet0_5", "mobilenet_v2", "resnet18",
    "shufflenet_v2_x0_5", "squeezenet1_1", "vgg11",
}  # fmt: skip


# A gradient is nowhere zero; a Grad-CAM of random weights may well be.
ALWAYS_WARM = {"smooth_grad", "vanilla_grad", "saliency"}


def answers(model, px, cells, *, names=tuple(METHODS)):
    """The reason why a method does not hold, or None, by name; every map is checked."""
    inputs = torch.randn(1, 3, px, px, generator=torch.Generator().manual_seed(1))
    before, scores = state_of(model), model(inputs)
    context = context_for(model, inputs, smooth_grad_samples=2)
    found = {}
    for name in names:
        try:
            explainer = lime(context, n_samples=6) if name == "lime" else method(name, context)
            maps = explainer.maps(asked(inputs, [[1]]))
        except NotApplicableError as refusal:
            # Captum's DeepLIFT raises where an activation is on no path to the picture (Swin V2's position bias).
            assert refusal.reason != "failed" or name == "deep_lift", f"{name}: {refusal.detail}"
            found[name] = refusal.reason
            continue
        found[name] = None
        assert maps.shape[:2] == (1, 1), name
        side = cells if name in ("grad_cam", "contrast") else px
        assert maps.shape[2:] == (side, side), name
        assert name not in ALWAYS_WARM or maps.max() > 0, name
        assert torch.isfinite(maps).all(), name
        assert maps.min() >= 0, name
    assert state_of(model) == before
    assert torch.equal(model(inputs), scores)
    return found


@pytest.mark.parametrize("name", FAMILIES)
def test_a_sound_map_or_a_reason_and_no_trace(name):
    costly = {"occlusion", "lime", "integrated_gradients", "deconv"} if name in COSTLY else set()
    found = answers(built(name), *FAMILIES[name], names=tuple(set(METHODS) - costly))
    assert not [one for one, reason in found.items() if reason and one not in REFUSABLE]
    assert (found["guided_backprop"] is None) == (name in RELU_ONLY)
    assert (found["lrp"] is None) == (name in RELU_ONLY)


# The others hold for every model that gives scores.
REFUSABLE = {"deep_lift", "lrp", "guided_backprop", "deconv"}


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_outputs_do_no_harm(name):
    names = ("grad_cam", "smooth_grad", "guided_backprop", "deep_lift", "lrp")
    found = answers(built(name, aux_logits=True), *FAMILIES[name], names=names)
    assert {found[one] for one in names if one not in REFUSABLE} == {None}


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv3_small_050", "vit_tiny_patch16_224"])
def test_timm_models_too_where_timm_is_installed(name):
    timm = pytest.importorskip("timm", reason="NOT RUN: timm is not installed")
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False, num_classes=5).eval().requires_grad_(False)
    px, cells = (224, 14) if name.startswith("vit") else (64, 2)
    found = answers(model, px, cells, names=tuple(set(METHODS) - {"occlusion", "lime", "integrated_gradients"}))
    assert not [one for one, reason in found.items() if reason and one not in REFUSABLE]
