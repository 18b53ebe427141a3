"""The CPU and CUDA give the same logits and maps in float32; TensorFloat-32 is off, as the run records it."""

import pytest
import torch
import torchvision

from reportgen.evaluate.device import compute, model_on_loan
from reportgen.explain.grad_cam import grad_cam
from reportgen.explain.methods import ExplainOptions, Question, Subject, method
from reportgen.explain.target_layers import target_layer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="NOT RUN: no CUDA device"),
]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return torchvision.models.mobilenet_v2(num_classes=7).eval()


@pytest.fixture(scope="module")
def pictures():
    return torch.randn(4, 3, 96, 96, generator=torch.Generator().manual_seed(1))


def answered(model, pictures, name, device):
    """Logits and the maps of method `name` on one device, both on the CPU afterwards."""
    on = compute(device, "fp32")
    with model_on_loan(model, on) as where:
        inputs = pictures.to(where)
        unit = torch.ones(3, 1, 1, device=where)
        options = ExplainOptions(smooth_grad_samples=6)
        subject = Subject(
            model=model, on=on, example=inputs[:1], black=-unit, white=unit, target_layer=None, options=options
        )
        idx = torch.tensor([[0, 1, 2, 3]], device=where)
        question = Question(inputs=inputs, class_idx=idx, rival_idx=(idx + 1) % 7, seeds=(0, 1, 2, 3))
        with torch.inference_mode():
            logits = model(inputs).cpu()
        return logits, method(name, subject).maps(question).cpu()


@pytest.mark.parametrize("name", ["grad_cam", "contrast", "smooth_grad", "vanilla_grad"])
def test_logits_and_maps_agree(model, pictures, name):
    (logits, maps), (others, other_maps) = (answered(model, pictures, name, device) for device in ("cpu", "cuda"))
    assert torch.allclose(logits, others, atol=1e-3 * float(logits.abs().max()))
    assert torch.allclose(maps, other_maps, atol=1e-2 * float(maps.max()))


def test_memory_on_the_device_is_flat_over_200_panels(model, pictures):
    with model_on_loan(model, compute("cuda", "fp32")) as device:
        inputs = pictures[:1].to(device)
        layer = target_layer(model, None, inputs)
        held = []
        for _ in range(200):
            grad_cam(model, layer, inputs, class_idx=torch.tensor([[0], [1]], device=device))
            held.append(torch.cuda.memory_allocated())
    assert held[-1] == held[10]
