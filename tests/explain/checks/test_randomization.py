"""The randomisation test: what is compared and judged, and that Guided Backprop fails it on a real model."""

import numpy as np
import pytest
import torch
from torch import nn

from reportgen.evaluate.device import compute, frozen_model
from reportgen.explain.attribution_method import AttributionRequest, Explainer, ModelContext, method
from reportgen.explain.checks.randomization import RandomizationTest, randomization_tests
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.options import DataSource, InputOptions
from reportgen.inputs.run_inputs import read_inputs

CPU = compute("cpu", "fp32")


class Small(nn.Module):
    """A convolution, a norm and a head."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Linear(6, 2)

    def forward(self, inputs):
        return self.head(self.norm(self.conv(inputs)).mean(dim=(2, 3)))


def context(model, example):
    unit = torch.ones(3, 1, 1)
    return ModelContext(
        model=model, on=CPU, example=example, black=-unit, white=unit, target_layer=None, options=ExplainOptions()
    )


def originals(ready, request):
    return {name: list(one.maps(request)[0].numpy()) for name, one in ready.items()}


def asked(n, side=8):
    zeros = torch.zeros((1, n), dtype=torch.int64)
    pictures = torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0))
    return AttributionRequest(inputs=pictures, class_idx=zeros, rival_idx=zeros, seeds=tuple(range(n)))


def outcomes_of(*names, n):
    request = asked(n)
    whole = context(Small().eval(), request.inputs[:1])
    own = [f"tests.contracts.own_plugins:{name}" for name in names]
    return randomization_tests(whole, originals({name: method(name, whole) for name in own}, request), request)


@pytest.mark.parametrize("n", [1, 3, 4, 9])
def test_a_map_of_the_picture_fails_and_a_map_of_noise_passes(n):
    """Brightness does not know the model: correlation 1 at every stage. A blank map cannot be compared."""
    brightness, weights, blank = outcomes_of("brightness_map", "weights_map", "blank_map", n=n)
    assert brightness.correlation == pytest.approx({"head": 1, "upper_half": 1, "all": 1})
    assert brightness.by_picture == pytest.approx([1] * max(n, 4))
    assert (brightness.outcome, brightness.n_pictures) == ("fail", n)
    assert weights.correlation["head"] == pytest.approx(1)  # it reads the first convolution alone
    assert abs(weights.correlation["all"]) < 0.7
    assert set(blank.correlation.values()) == {None}
    assert (blank.outcome, blank.interval, blank.by_picture) == ("unknown", None, ())


def test_pictures_are_dealt_out_to_draws_of_which_each_is_another():
    """The map is the head's weights, and does not look at the picture: it differs from draw to draw alone."""
    (one,) = outcomes_of("head_map", n=8)
    assert len(one.by_picture) == 8
    assert len({round(value, 6) for value in one.by_picture}) == 4
    assert one.by_picture[:2] == pytest.approx([one.by_picture[0]] * 2)
    assert one.correlation["upper_half"] == pytest.approx(np.mean(one.by_picture))


def test_pictures_without_a_map_take_no_part():
    request = asked(6)
    whole = context(Small().eval(), request.inputs[:1])
    name = "tests.contracts.own_plugins:brightness_map"
    maps = originals({name: method(name, whole)}, request)[name]
    maps[2], maps[4] = None, np.ones((8, 8), dtype=np.float32)
    (one,) = randomization_tests(whole, {name: maps}, request)
    assert len(one.by_picture) == 4
    assert (one.n_pictures, one.outcome) == (6, "fail")


class Uncopyable(Small):
    def __deepcopy__(self, _memo):
        raise RuntimeError("on purpose")


def test_a_model_that_cannot_be_copied_has_no_randomization_test(caplog):
    request = asked(2)
    whole = context(Uncopyable().eval(), request.inputs[:1])
    name = "tests.contracts.own_plugins:brightness_map"
    (one,) = randomization_tests(whole, originals({name: method(name, whole)}, request), request)
    assert one.outcome == "unknown"
    assert "on purpose" in caplog.text


# Intervals of the mean by hand: mean -/+ t(0.975, n - 1) s / sqrt(n); t is 12.706, 4.303 and 2.776 for 1, 2 and 4.
@pytest.mark.parametrize(
    ("by_picture", "interval", "outcome"),
    [
        ((0.49, 0.51), (0.5 - 12.706 * 0.01, 0.5 + 12.706 * 0.01), "borderline"),
        ((0.3, 0.4, 0.5), (0.4 - 4.303 * 0.1 / 3**0.5, 0.4 + 4.303 * 0.1 / 3**0.5), "borderline"),
        ((0.3, 0.35, 0.4), (0.35 - 4.303 * 0.05 / 3**0.5, 0.35 + 4.303 * 0.05 / 3**0.5), "pass"),
        ((0.7, 0.75, 0.8), (0.75 - 4.303 * 0.05 / 3**0.5, 0.75 + 4.303 * 0.05 / 3**0.5), "fail"),
        ((0.50008,) * 3, (0.50008, 0.50008), "fail"),
        ((0.48, 0.49, 0.50, 0.51, 0.5204), (0.50008 - 2.776 * 0.015971 / 5**0.5, 0.51991), "borderline"),
        ((1.0, 1.0), (1, 1), "fail"),
        ((-1.0, 1.0), (-1, 1), "borderline"),
        ((0.0, 0.0, 0.0), (0, 0), "pass"),
        ((0.9,), None, "unknown"),
        ((), None, "unknown"),
    ],
)
def test_the_interval_over_pictures_decides(by_picture, interval, outcome):
    mean = float(np.mean(by_picture)) if by_picture else None
    one = RandomizationTest(
        method="m",
        correlation={"head": 0.99, "upper_half": mean, "all": 0.99},
        n_pictures=len(by_picture),
        by_picture=by_picture,
    )
    assert one.outcome == outcome
    assert one.interval == (pytest.approx(interval, abs=1e-4) if interval else None)


@pytest.mark.parametrize(("value", "outcome"), [(0.49, "pass"), (0.5, "fail"), (-0.9, "pass"), (None, "unknown")])
def test_a_test_of_an_older_version_is_judged_by_its_mean(value, outcome):
    one = RandomizationTest(method="m", correlation={"head": 0.99, "upper_half": value, "all": 0.99}, n_pictures=3)
    assert one.outcome == outcome


def test_an_interval_covers_the_true_mean_about_as_often_as_it_says():
    """Normal correlations of mean 0.5: neither pass nor fail in 95 of 100 runs; binomial limits for 2,000 of them."""
    draws = np.random.default_rng(0).normal(0.5, 0.1, (2000, 12))
    found = [
        RandomizationTest(method="m", correlation={"upper_half": 0.5}, n_pictures=12, by_picture=tuple(row)).outcome
        for row in draws
    ]
    assert found.count("borderline") / 2000 == pytest.approx(0.95, abs=0.015)


def test_guided_backprop_fails_on_a_real_model_and_grad_cam_and_the_gradient_pass(shared_dir):
    """Adebayo et al. 2018, figure 2: the published finding, on the shared MobileNetV2 and four photographs."""
    inputs = read_inputs(
        InputOptions(
            checkpoint=shared_dir / "checkpoints" / "mobilenet_v2-night3.pt",
            dataset="oxford-iiit-pet",
            source=DataSource(root=shared_dir),
        )
    )
    crops = torch.stack([inputs.crop(inputs.samples[row])[0] for row in (0, 70, 140, 210)])
    pictures = inputs.facts.preprocessing.normalised(crops)
    with frozen_model(inputs.model, CPU):
        with torch.inference_mode():
            preds = inputs.model(pictures).argmax(dim=1)[None]
        request = AttributionRequest(
            inputs=pictures, class_idx=preds.clone(), rival_idx=preds.clone(), seeds=(0, 1, 2, 3)
        )
        whole = context(inputs.model, pictures[:1])
        ready: dict[str, Explainer] = {
            name: method(name, whole) for name in ("grad_cam", "vanilla_grad", "guided_backprop")
        }
        found = {one.method: one for one in randomization_tests(whole, originals(ready, request), request)}
    assert {name: one.outcome for name, one in found.items()} == {
        "grad_cam": "pass",
        "vanilla_grad": "pass",
        "guided_backprop": "fail",
    }
    assert np.isfinite([value for one in found.values() for value in one.correlation.values()]).all()
