"""The CPU and CUDA give the same logits and maps in float32; TensorFloat-32 is off, as the run records it."""

import numpy as np
import pytest
import torch
import torchvision

from reportgen.evaluate.device import compute, frozen_model
from reportgen.explain.attribution_method import AttributionRequest, ModelContext, method
from reportgen.explain.checks.random_weights import randomised
from reportgen.explain.methods.grad_cam import grad_cam
from reportgen.explain.methods.target_layers import target_layer
from reportgen.explain.options import ExplainOptions
from tests.pets import BREEDS, hand_net, hand_weights, picture

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="NOT RUN: no CUDA device"),
]


def random_net():
    """A mobilenet_v2 of random weights and pictures of noise."""
    torch.manual_seed(0)
    net = torchvision.models.mobilenet_v2(num_classes=7).eval()
    return net, torch.randn(4, 3, 96, 96, generator=torch.Generator().manual_seed(1)), None


def five_breeds():
    """The net with hand-set weights, a picture of each of its first four breeds, and its target layer."""
    net = hand_net().eval()
    net.load_state_dict(hand_weights())
    pixels = [np.asarray(picture(breed), dtype=np.float32) / 127.5 - 1 for breed in BREEDS[:4]]
    return net, torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous(), "features"


def answered(model_context, name, device):
    """Logits and the maps of method `name` on one device, both on the CPU afterwards."""
    model, pictures, layer = model_context()
    on = compute(device, "fp32")
    with frozen_model(model, on) as where:
        inputs = pictures.to(where)
        unit = torch.ones(3, 1, 1, device=where)
        options = ExplainOptions(smooth_grad_samples=6)
        context = ModelContext(
            model=model, on=on, example=inputs[:1], black=-unit, white=unit, target_layer=layer, options=options
        )
        with torch.inference_mode():
            logits = model(inputs).cpu()
        idx = torch.tensor([[0, 1, 2, 3]], device=where)
        request = AttributionRequest(
            inputs=inputs, class_idx=idx, rival_idx=(idx + 1) % logits.shape[1], seeds=(0, 1, 2, 3)
        )
        return logits, method(name, context).maps(request).cpu()


@pytest.mark.parametrize("name", ["grad_cam", "contrast", "smooth_grad", "vanilla_grad"])
@pytest.mark.parametrize("model_context", [random_net, five_breeds])
def test_logits_and_maps_agree(model_context, name):
    (logits, maps), (others, other_maps) = (answered(model_context, name, device) for device in ("cpu", "cuda"))
    assert float(maps.max()) > 0
    assert torch.allclose(logits, others, rtol=0, atol=1e-3 * float(logits.abs().max()))
    assert torch.allclose(maps, other_maps, rtol=0, atol=1e-2 * float(maps.max()))


def test_memory_on_the_device_is_flat_over_200_panels():
    model, pictures, _ = random_net()
    with frozen_model(model, compute("cuda", "fp32")) as device:
        inputs = pictures[:1].to(device)
        layer = target_layer(model, None, inputs)
        held = []
        for _ in range(200):
            grad_cam(model, layer, inputs, class_idx=torch.tensor([[0], [1]], device=device))
            held.append(torch.cuda.memory_allocated())
    assert held[-1] == held[10]


@pytest.mark.parametrize("name", ["mobilenet_v2", "swin_t"])
def test_weights_drawn_at_random_are_the_same_on_every_device(name):
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None).eval().requires_grad_(False)
    picture = torch.randn(1, 3, 64, 64)
    on_cpu = randomised(model, picture, share=1.0, seed=3)
    on_gpu = randomised(model.cuda(), picture.cuda(), share=1.0, seed=3)
    pairs = zip(on_cpu.state_dict().items(), on_gpu.state_dict().values(), strict=True)
    assert not [key for (key, one), other in pairs if not torch.equal(one, other.cpu())]
