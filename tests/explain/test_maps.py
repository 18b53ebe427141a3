"""Grad-CAM and SmoothGrad against captum, hand-weighted nets and identities."""

import os
from dataclasses import replace
from pathlib import Path

import captum.attr
import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.errors import EvaluationError
from reportgen.evaluate.device import compute
from reportgen.explain.attributions import explain
from reportgen.explain.checks.run_localisation import localisation_summary
from reportgen.explain.maps import AttributionMap
from reportgen.explain.methods.grad_cam import grad_cam
from reportgen.explain.methods.smooth_grad import SmoothGradOptions, magnitude, smooth_grad
from reportgen.explain.methods.target_layers import target_layer
from reportgen.explain.options import ExplainOptions
from tests.pets import PATCH_AT, PATCH_PX
from tests.synthetic import FIRST_NIGHT
from tests.traces import state_of

CPU = compute("cpu", "fp32")
QUICK = {"smooth_grad_samples": 4, "insertion_steps": 2, "random_maps": 1, "certificate_pictures": 1}


class SmallNet(nn.Module):
    """Two convolutions, global average pooling, one linear head."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 6, 3, stride=2), nn.ReLU()
        )
        self.head = nn.Linear(6, 4)

    def forward(self, inputs):
        return self.head(self.features(inputs).mean(dim=(2, 3)))


@pytest.fixture
def small_net():
    torch.manual_seed(3)
    model = SmallNet().eval()
    model.head.weight.data *= 200  # maps of about 0.1 and more, so that a tolerance of 1e-5 means something
    return model


@pytest.fixture
def pictures():
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def test_grad_cam_equals_captum(small_net, pictures):
    layer = target_layer(small_net, "features", pictures[:1])
    classes = torch.tensor([[0, 1, 2], [3, 2, 1]])
    found = grad_cam(small_net, layer, pictures, class_idx=classes)
    for row in range(2):
        oracle = captum.attr.LayerGradCam(small_net, small_net.features)
        expected = oracle.attribute(pictures, target=classes[row], relu_attributions=True)[:, 0]
        assert torch.allclose(found[row], expected, atol=1e-5)
    assert found.max() > 0.05


def test_grad_cam_of_a_pooled_linear_head_is_cam_over_z(small_net, pictures):
    """The identity Grad-CAM = ReLU(CAM) / Z, with CAM = sum over k of w_k A_k and Z = h w."""
    layer = target_layer(small_net, "features", pictures[:1])
    found = grad_cam(small_net, layer, pictures, class_idx=torch.tensor([[2, 2, 2]]))[0]
    with torch.no_grad():
        features = small_net.features(pictures)
        cam = torch.einsum("k,nkhw->nhw", small_net.head.weight[2], features).clamp(min=0)
    assert torch.allclose(found, cam / (features.shape[2] * features.shape[3]), atol=1e-6)


def test_the_contrast_of_two_classes_is_cam_of_the_difference_of_their_weights(small_net, pictures):
    """For a pooled linear head: ReLU(sum over k of (w_a - w_b)_k A_k) / Z; with both classes alike there is nothing."""
    layer = target_layer(small_net, "features", pictures[:1])
    classes, rivals = torch.tensor([[2, 2, 2]]), torch.tensor([[0, 0, 0]])
    found = grad_cam(small_net, layer, pictures, class_idx=classes, rival_idx=rivals)[0]
    with torch.no_grad():
        features = small_net.features(pictures)
        weights = small_net.head.weight[2] - small_net.head.weight[0]
        cam = torch.einsum("k,nkhw->nhw", weights, features).clamp(min=0)
    assert torch.allclose(found, cam / (features.shape[2] * features.shape[3]), atol=1e-6)
    assert found.max() > 0.01
    assert not grad_cam(small_net, layer, pictures, class_idx=classes, rival_idx=classes).any()


def test_grad_cam_does_not_depend_on_the_batch(small_net, pictures):
    layer = target_layer(small_net, "features", pictures[:1])
    together = grad_cam(small_net, layer, pictures, class_idx=torch.tensor([[0, 1, 2]]))[0]
    for n in range(3):
        alone = grad_cam(small_net, layer, pictures[n : n + 1], class_idx=torch.tensor([[n]]))[0, 0]
        assert torch.allclose(together[n], alone, atol=1e-6)


def test_smooth_grad_equals_captum_on_the_same_noise(small_net, pictures):
    """Captum draws its noise from the global generator; with the same seed it is the same noise, in the same order."""
    image = pictures[0]
    options = SmoothGradOptions(n_samples=20, noise_frac=0.15, chunk=6)
    found = smooth_grad(small_net, image, 1, options=options, seed=11)
    tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(small_net))
    torch.manual_seed(11)
    sigma = 0.15 * float(image.max() - image.min())
    expected = tunnel.attribute(image[None], nt_type="smoothgrad", nt_samples=20, stdevs=sigma, target=1, abs=False)[0]
    assert torch.allclose(found, expected, atol=1e-5)
    assert found.abs().max() > 0.05


def test_smooth_grad_of_a_linear_model_is_its_weight():
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
    found = smooth_grad(model, torch.randn(3, 8, 8), 1, options=SmoothGradOptions(n_samples=5, noise_frac=0.7), seed=0)
    assert torch.allclose(found, model[1].weight[1].view(3, 8, 8), atol=1e-6)


def test_smooth_grad_without_noise_is_the_gradient(small_net, pictures):
    image = pictures[1].clone().requires_grad_(True)
    small_net(image[None])[0, 2].backward()
    found = smooth_grad(small_net, pictures[1], 2, options=SmoothGradOptions(n_samples=3, noise_frac=0.0), seed=0)
    assert torch.allclose(found, image.grad, atol=1e-6)


@pytest.mark.parametrize("chunk", [1, 7, 50])
def test_smooth_grad_does_not_depend_on_the_chunk_and_only_on_its_seed(small_net, pictures, chunk):
    def made(chunk, seed):
        return smooth_grad(small_net, pictures[0], 0, options=SmoothGradOptions(n_samples=10, chunk=chunk), seed=seed)

    assert torch.allclose(made(chunk, 5), made(10, 5), atol=1e-6)
    assert not torch.allclose(made(chunk, 6), made(10, 5), atol=1e-4)


def test_the_sign_is_kept_until_the_mean():
    """|mean| of +2 and -1 over channels: 2 + 1; the absolute value comes after averaging, the sum over channels last."""
    gradient = torch.tensor([2.0, -1.0, 0.0]).view(3, 1, 1)
    assert magnitude(gradient).item() == 3


@pytest.fixture
def hand_findings(hand_predictions):
    return analyse(hand_predictions, ExampleRule(), FIRST_NIGHT)


def explained(inputs, findings, **options):
    return explain(inputs, findings, on=CPU, options=ExplainOptions(**(QUICK | options)))


def test_the_heat_lies_on_the_patch_and_the_true_class_has_no_evidence(hand_inputs, hand_findings):
    """By construction: predicted class 20 * 1.5 / 2304 on the patch and 0 elsewhere; true class 0 everywhere."""
    found = explained(hand_inputs, hand_findings)
    errors = [one for one in found.examples if one.example.reason == "group_error"]
    assert errors
    left, top = PATCH_AT
    for one in errors:
        for_pred, for_true = (heat for heat in one.maps if heat.method == "grad_cam")
        on_patch = for_pred.values[top : top + PATCH_PX, left : left + PATCH_PX]
        assert on_patch == pytest.approx(30 / 2304, rel=1e-4)
        assert for_pred.values.sum() == pytest.approx(on_patch.sum(), rel=1e-4)
        assert for_true.peak == 0
    assert found.target_layer == "features"


def test_every_example_is_explained_in_order_with_the_crop_that_the_model_saw(hand_inputs, hand_findings):
    found = explained(hand_inputs, hand_findings)
    assert [one.example for one in found.examples] == list(hand_findings.examples)
    for one in found.examples:
        sample = hand_inputs.samples[one.example.idx]
        assert np.array_equal(one.crop, hand_inputs.crop(sample)[0].permute(1, 2, 0).numpy())
        methods = [heat.method for heat in one.maps]
        right = one.example.reason == "group_correct"
        wrong = ["grad_cam", "grad_cam", "contrast", "smooth_grad"]
        assert methods == (["grad_cam", "smooth_grad"] if right else wrong)


@pytest.mark.parametrize("method", ["grad_cam", "smooth_grad"])
def test_one_method_can_be_asked_for_alone(hand_inputs, hand_findings, method):
    found = explained(hand_inputs, hand_findings, methods=(method,))
    assert {heat.method for one in found.examples for heat in one.maps} == {method}


def test_the_model_is_left_as_it_was_also_after_an_error(hand_inputs, hand_findings):
    model = hand_inputs.model.train()
    before = state_of(model)
    explained(hand_inputs, hand_findings)
    assert state_of(model) == before
    with pytest.raises(RuntimeError, match="on purpose"):
        explain(hand_inputs, hand_findings, on=CPU, options=ExplainOptions(**QUICK), watch=_raises)
    assert state_of(model) == before


def test_memory_that_runs_out_is_exit_4(hand_inputs, hand_findings):
    def out_of_memory(_done, _total):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(EvaluationError, match="out of memory") as caught:
        explain(hand_inputs, hand_findings, on=CPU, options=ExplainOptions(**QUICK), watch=out_of_memory)
    assert caught.value.exit_code == 4


def _raises(_done, _total):
    raise RuntimeError("on purpose")


@pytest.mark.parametrize("wrong", [np.array([[np.nan]]), np.array([[np.inf]]), np.array([[-1.0]]), np.zeros(3)])
def test_a_map_that_is_not_finite_or_negative_is_refused(wrong):
    with pytest.raises(EvaluationError):
        AttributionMap(method="grad_cam", class_idx=0, layer="x", values=wrong.astype(np.float32))


def test_memory_is_flat_over_200_panels():
    """Resident memory of the process after 200 panels of two classes, against that after the first 20."""
    torch.manual_seed(0)
    model = torchvision.models.mobilenet_v3_small(num_classes=5).eval()
    inputs = torch.randn(1, 3, 64, 64)
    layer = target_layer(model, None, inputs)
    held = []
    for _ in range(200):
        grad_cam(model, layer, inputs, class_idx=torch.tensor([[0], [1]]))
        held.append(int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    assert held[-1] - held[20] < 4e6  # one graph that is kept alive holds about 4 MB a panel, 700 MB in all


def test_over_the_run_the_evidence_lies_where_the_patch_is(hand_inputs, hand_findings):
    """The trimap is the patch, and all heat is on it: energy 1 on an area of 1/9, errors and hits alike."""
    found = explained(hand_inputs, hand_findings, focus_pictures=12)
    assert [row.correct for row in found.focus].count(False) == 5  # all errors
    assert [row.correct for row in found.focus].count(True) == 12  # of 45 hits
    assert [row.idx for row in found.focus] == sorted(row.idx for row in found.focus)
    for row in found.focus:
        assert (row.focus.energy, row.focus.area) == pytest.approx((1, 1 / 9))
        assert row.focus.hit is True
    summed = localisation_summary(found.focus)
    assert (summed.n, summed.n_off, summed.share) == (17, 0, 0)
    assert summed.share_ci == pytest.approx((0, 0.1843), abs=1e-4)  # Wilson for 0 of 17: z^2 / (n + z^2)
    for one in found.examples:
        for heat in one.maps:
            assert (heat.focus is None) == (heat.peak == 0)


def test_without_masks_or_with_broken_ones_there_is_no_focus_and_the_log_names_them(hand_inputs, hand_findings, caplog):
    masks = [sample.mask_path for sample in hand_inputs.samples]
    masks[hand_findings.examples[0].idx].write_bytes(b"no mask")
    found = explained(hand_inputs, hand_findings, focus_pictures=1)
    assert all(heat.focus is None for heat in found.examples[0].maps)
    assert found.examples[1].maps[0].focus is not None
    assert f"{masks[hand_findings.examples[0].idx]}" in caplog.text
    bare = replace(hand_inputs, samples=tuple(replace(sample, mask_path=None) for sample in hand_inputs.samples))
    assert explained(bare, hand_findings).focus == ()


def test_a_run_in_bfloat16_says_how_near_its_maps_are(hand_inputs, hand_findings):
    rough = compute("cpu", "bf16")
    found = explain(
        hand_inputs, hand_findings, on=rough, options=ExplainOptions(**(QUICK | {"certificate_pictures": 2}))
    )
    (check,) = found.precision
    assert check.method == "smooth_grad"
    assert len(check.correlation) == 2
    assert all(0.9 < value <= 1 for value in check.correlation)
    assert explained(hand_inputs, hand_findings).precision == ()
