"""Every method on every classification family of torchvision: a sound map, or a reason, and never a trace."""

import pytest
import torch
import torchvision

from reportgen.explain.methods import METHODS, NotApplicableError, method
from reportgen.explain.perturbation_methods import lime
from tests.subjects import asked, subject_for
from tests.traces import state_of

# One member a family, and a small crop that it takes.
PX = {
    "alexnet": 64, "convnext_tiny": 64, "densenet121": 64, "efficientnet_b0": 64, "efficientnet_v2_s": 64,
    "googlenet": 64, "inception_v3": 75, "maxvit_t": 224, "mnasnet0_5": 64, "mobilenet_v2": 64,
    "mobilenet_v3_small": 64, "regnet_y_400mf": 64, "resnet18": 64, "shufflenet_v2_x0_5": 64,
    "squeezenet1_1": 64, "swin_t": 64, "swin_v2_t": 64, "vgg11": 64, "vit_b_32": 224,
}  # fmt: skip
# For these not every method: deconv shares its preparation with guided_backprop, the others ask the model alone.
COSTLY = {"maxvit_t", "vit_b_32", "swin_t", "swin_v2_t", "efficientnet_v2_s", "vgg11"}
RELU_ONLY = {
    "alexnet", "densenet121", "googlenet", "inception_v3", "mnasnet0_5", "mobilenet_v2", "resnet18", 
    "shufflenet_v2_x0_5", "squeezenet1_1", "vgg11",
}  # fmt: skip


def built(name, **options):
    if name in ("googlenet", "inception_v3", "vgg11"):
        options["init_weights"] = False
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, num_classes=5, **options).eval().requires_grad_(False)
    if name == "vit_b_32":  # torchvision sets a ViT's head to zero, which would make every gradient zero
        torch.nn.init.normal_(model.heads.head.weight)
    return model


def answers(model, px, *, names=tuple(METHODS)):
    """The reason why a method does not hold, or None, by name; every map is checked."""
    inputs = torch.randn(1, 3, px, px, generator=torch.Generator().manual_seed(1))
    before, scores = state_of(model), model(inputs)
    subject = subject_for(model, inputs, smooth_grad_samples=2)
    found = {}
    for name in names:
        try:
            explainer = lime(subject, n_samples=6) if name == "lime" else method(name, subject)
            maps = explainer.maps(asked(inputs, [[1]]))
        except NotApplicableError as refusal:
            # Captum's DeepLIFT raises where an activation is on no path to the picture (Swin V2's position bias).
            assert refusal.reason != "failed" or name == "deep_lift", f"{name}: {refusal.detail}"
            found[name] = refusal.reason
            continue
        found[name] = None
        assert maps.shape[:2] == (1, 1), name
        assert name in ("grad_cam", "contrast") or maps.shape[2:] == (px, px), name
        assert torch.isfinite(maps).all(), name
        assert maps.min() >= 0, name
    assert state_of(model) == before
    assert torch.equal(model(inputs), scores)
    return found


@pytest.mark.parametrize("name", PX)
def test_a_sound_map_or_a_reason_and_no_trace(name):
    costly = {"occlusion", "lime", "integrated_gradients", "deconv"} if name in COSTLY else set()
    found = answers(built(name), PX[name], names=tuple(set(METHODS) - costly))
    assert not [one for one, reason in found.items() if reason and one not in REFUSABLE]
    assert (found["guided_backprop"] is None) == (name in RELU_ONLY)
    assert (found["lrp"] is None) == (name in RELU_ONLY)


# The others hold for every model that gives scores.
REFUSABLE = {"deep_lift", "lrp", "guided_backprop", "deconv"}


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_outputs_do_no_harm(name):
    names = ("grad_cam", "smooth_grad", "guided_backprop", "deep_lift", "lrp")
    found = answers(built(name, aux_logits=True), PX[name], names=names)
    assert {found[one] for one in names if one not in REFUSABLE} == {None}


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv3_small_050", "vit_tiny_patch16_224"])
def test_timm_models_too_where_timm_is_installed(name):
    timm = pytest.importorskip("timm", reason="NOT RUN: timm is not installed")
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False, num_classes=5).eval().requires_grad_(False)
    px = 224 if name.startswith("vit") else 64
    found = answers(model, px, names=tuple(set(METHODS) - {"occlusion", "lime", "integrated_gradients"}))
    assert not [one for one, reason in found.items() if reason and one not in REFUSABLE]
