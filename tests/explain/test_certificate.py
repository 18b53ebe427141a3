"""The randomisation test: what is drawn anew, what is compared, and that Guided Backprop fails it on a real model."""

import numpy as np
import pytest
import torch
from torch import nn

from reportgen.evaluate.device import compute, model_on_loan
from reportgen.explain.certificate import Certificate, certificates, randomised
from reportgen.explain.methods import Explainer, ExplainOptions, Question, Subject, method
from reportgen.inputs.labelled_images import DataSource
from reportgen.inputs.run_inputs import InputOptions, read_inputs
from tests.traces import state_of

CPU = compute("cpu", "fp32")


class Backwards(nn.Module):
    """Built in the opposite order of its use: `used_last` comes first in the list of modules."""

    def __init__(self):
        super().__init__()
        self.used_last = nn.Linear(6, 2)
        self.norm = nn.BatchNorm2d(6)
        self.used_first = nn.Conv2d(3, 6, 3)
        self.scale = nn.Parameter(torch.full((6, 1, 1), 3.0))
        self.norm.running_mean.fill_(2.0)

    def forward(self, inputs):
        features = self.norm(self.used_first(inputs)) * self.scale
        return self.used_last(features.mean(dim=(2, 3)))


def changed_in(first, second):
    pairs = zip(first.state_dict().items(), second.state_dict().values(), strict=True)
    return {name for (name, a), b in pairs if not torch.equal(a, b)}


@pytest.mark.parametrize(
    ("share", "changed"),
    [
        (0.0, {"used_last.weight", "used_last.bias"}),
        (0.5, {"used_last.weight", "used_last.bias", "norm.running_mean"}),
        (
            1.0,
            {
                "used_last.weight",
                "used_last.bias",
                "norm.running_mean",
                "used_first.weight",
                "used_first.bias",
                "scale",
            },
        ),
    ],
)
def test_weights_are_drawn_anew_from_the_last_module_used(share, changed):
    """Four modules have parameters: the whole (scale), the convolution, the norm, the head, in order of their use."""
    torch.manual_seed(0)
    model = Backwards().eval()
    before, drawn = state_of(model), torch.get_rng_state()
    random = randomised(model, torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1)), share=share, seed=5)
    assert changed_in(model, random) == changed
    assert state_of(model) == before
    assert torch.equal(torch.get_rng_state(), drawn)
    again = randomised(model, torch.zeros(1, 3, 8, 8), share=share, seed=5)
    assert not changed_in(random, again)


def subject(model, example):
    unit = torch.ones(3, 1, 1)
    return Subject(
        model=model, on=CPU, example=example, black=-unit, white=unit, target_layer=None, options=ExplainOptions()
    )


def test_a_map_of_the_picture_fails_and_a_map_of_noise_passes():
    """Brightness does not know the model: correlation 1 at every stage. A blank map cannot be compared."""
    pictures = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    zeros = torch.zeros((1, 3), dtype=torch.int64)
    question = Question(inputs=pictures, class_idx=zeros, rival_idx=zeros, seeds=(0, 1, 2))
    names = ("brightness", "weights", "blank")
    own = {name: f"tests.contracts.own_plugins:{name}_map" for name in names}
    whole = subject(Backwards().eval(), pictures[:1])
    found = certificates(whole, {target: method(target, whole) for target in own.values()}, question)
    brightness, weights, blank = found
    assert brightness.correlation == pytest.approx({"head": 1, "upper_half": 1, "all": 1})
    assert (brightness.outcome, brightness.n_pictures) == ("fail", 3)
    assert weights.correlation["head"] == pytest.approx(1)  # it reads the first convolution alone
    assert abs(weights.correlation["all"]) < 0.7
    assert set(blank.correlation.values()) == {None}
    assert blank.outcome == "unknown"


@pytest.mark.parametrize(("value", "outcome"), [(0.49, "pass"), (0.5, "fail"), (-0.9, "pass"), (None, "unknown")])
def test_the_outcome_is_judged_with_the_upper_half_random(value, outcome):
    one = Certificate(method="m", correlation={"head": 0.99, "upper_half": value, "all": 0.99}, n_pictures=1)
    assert one.outcome == outcome


def test_guided_backprop_fails_on_a_real_model_and_grad_cam_and_the_gradient_pass(shared_dir):
    """Adebayo et al. 2018, figure 2: the published finding, on the shared MobileNetV2 and three photographs."""
    inputs = read_inputs(
        InputOptions(
            checkpoint=shared_dir / "checkpoints" / "mobilenet_v2-night3.pt",
            dataset="oxford-iiit-pet",
            source=DataSource(root=shared_dir),
        )
    )
    crops = torch.stack([inputs.crop(inputs.samples[row])[0] for row in (0, 100, 200)])
    pictures = inputs.facts.preprocessing.normalised(crops)
    with model_on_loan(inputs.model, CPU):
        with torch.inference_mode():
            preds = inputs.model(pictures).argmax(dim=1)[None]
        question = Question(inputs=pictures, class_idx=preds.clone(), rival_idx=preds.clone(), seeds=(0, 1, 2))
        whole = subject(inputs.model, pictures[:1])
        ready: dict[str, Explainer] = {
            name: method(name, whole) for name in ("grad_cam", "vanilla_grad", "guided_backprop")
        }
        found = {one.method: one for one in certificates(whole, ready, question)}
    assert {name: one.outcome for name, one in found.items()} == {
        "grad_cam": "pass",
        "vanilla_grad": "pass",
        "guided_backprop": "fail",
    }
    assert np.isfinite([value for one in found.values() for value in one.correlation.values()]).all()
