"""The contract of an attribution method, for the built-in ones and some from outside the package."""

import pytest
import torch
from torch import nn

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.errors import ConfigError
from reportgen.evaluate.device import compute
from reportgen.explain.attribution_method import AttributionRequest, Explainer, ModelContext, method
from reportgen.explain.attributions import explain, refuse_unexplainable
from reportgen.explain.methods.registry import METHODS
from reportgen.explain.options import ExplainOptions
from tests.synthetic import FIRST_NIGHT
from tests.traces import state_of

OWN = tuple(f"tests.contracts.own_plugins:{name}_map" for name in ("brightness", "weights", "blank"))
QUICK = {"smooth_grad_samples": 2, "insertion_steps": 2, "random_maps": 1, "certificate_pictures": 1}


@pytest.fixture
def context():
    torch.manual_seed(3)
    parts = (nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(8, 6, 3), nn.ReLU(inplace=True))
    model = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)).eval()
    unit = torch.ones(3, 1, 1)
    return ModelContext(
        model=model,
        on=compute("cpu", "fp32"),
        example=torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)),
        black=-2 * unit,
        white=2 * unit,
        target_layer="4",
        options=ExplainOptions(**QUICK),
    )


@pytest.mark.parametrize("name", [*METHODS, *OWN])
def test_the_contract_of_a_method_holds_for_built_in_and_own_ones(name, context):
    """Two classes of two pictures: (2, 2, h, w), finite, 0 or more; model and global draws are left as they were."""
    before, drawn = state_of(context.model), torch.get_rng_state()
    pictures = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    idx = torch.tensor([[0, 1], [2, 3]])
    explainer = method(name, context)
    maps = explainer.maps(AttributionRequest(inputs=pictures, class_idx=idx, rival_idx=idx.flip(0), seeds=(5, 6)))
    assert isinstance(explainer, Explainer)
    assert maps.shape[:2] == (2, 2)
    assert maps.ndim == 4
    assert torch.isfinite(maps).all()
    assert maps.min() >= 0
    assert state_of(context.model) == before
    assert torch.equal(torch.get_rng_state(), drawn)


def test_a_method_that_does_not_hold_is_listed_and_the_run_goes_on(hand_inputs, hand_predictions):
    findings = analyse(hand_predictions, ExampleRule(n_confident=1), FIRST_NIGHT)
    options = ExplainOptions(methods=("grad_cam", "tests.contracts.own_plugins:never_holds"), **QUICK)
    found = explain(hand_inputs, findings, on=compute("cpu", "fp32"), options=options)
    (refused,) = found.refusals
    assert (refused.name, refused.reason, refused.detail) == (options.methods[1], "no_rule", "Everything")
    assert [use.name for use in found.methods] == ["grad_cam"]
    assert {heat.method for one in found.examples for heat in one.maps} == {"grad_cam"}


def test_a_method_that_fails_on_some_pictures_after_all_does_not_end_the_run(hand_inputs, hand_predictions, caplog):
    findings = analyse(hand_predictions, ExampleRule(n_confident=1), FIRST_NIGHT)
    options = ExplainOptions(methods=("tests.contracts.own_plugins:falters",), **(QUICK | {"certificate_pictures": 2}))
    found = explain(hand_inputs, findings, on=compute("cpu", "fp32"), options=options)
    assert [one.maps for one in found.examples] == [()] * len(findings.examples)
    assert "too many" in caplog.text
    assert [(one.name, one.reason, one.detail) for one in found.refusals] == [(*options.methods, "failed", "too many")]
    assert (found.methods, found.randomization_tests) == ((), ())


# Answers that are none, with the reason and words of the refusal.
ODD = {
    "numbers": ("no_map", "ndarray"),
    "nothing": ("no_map", "NoneType"),
    "coloured": ("no_map", "(1, 1, 3, 48, 48) instead of (1, 1, h, w)"),
    "flat": ("no_map", "(1, 48, 48)"),
    "one": ("no_map", "(1, 2, 2, 2)"),
    "empty": ("no_map", "(1, 1, 0, 0)"),
    "complex": ("no_map", "complex64"),
    "raising": ("failed", "no such key"),
    "unbuilt": ("failed", "on purpose"),
    "nan": ("not_finite", ""),
    "negative": ("not_finite", ""),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_answer_that_is_no_map_is_refused_with_its_reason_and_the_rest_goes_on(kind, hand_inputs, hand_predictions):
    findings = analyse(hand_predictions, ExampleRule(n_confident=1), FIRST_NIGHT)
    name = f"tests.contracts.own_plugins:{kind}_map"
    options = ExplainOptions(methods=(name, "grad_cam"), **QUICK)
    found = explain(hand_inputs, findings, on=compute("cpu", "fp32"), options=options)
    (refused,) = found.refusals
    assert (refused.name, refused.reason) == (name, ODD[kind][0])
    assert ODD[kind][1] in refused.detail
    assert [use.name for use in found.methods] == ["grad_cam"]
    assert {heat.method for one in found.examples for heat in one.maps} == {"grad_cam"}


def test_a_map_of_whole_numbers_is_one(hand_inputs, hand_predictions):
    findings = analyse(hand_predictions, ExampleRule(n_confident=1), FIRST_NIGHT)
    options = ExplainOptions(methods=("tests.contracts.own_plugins:whole_numbers_map",), **QUICK)
    found = explain(hand_inputs, findings, on=compute("cpu", "fp32"), options=options)
    assert all(len(one.maps) == 1 for one in found.examples)


def test_a_picture_whose_map_is_not_finite_has_none_and_the_others_have_theirs(hand_inputs, hand_predictions, caplog):
    findings = analyse(hand_predictions, ExampleRule(n_confident=1), FIRST_NIGHT)
    options = ExplainOptions(methods=("tests.contracts.own_plugins:sometimes_nan_map",), **QUICK)
    found = explain(hand_inputs, findings, on=compute("cpu", "fp32"), options=options)
    assert [len(one.maps) for one in found.examples] == [1 - one.example.idx % 2 for one in found.examples]
    assert "left out" in caplog.text
    assert not found.refusals


@pytest.mark.parametrize(
    ("name", "told"),
    [("no.such:method", "No module named"), ("tests.contracts.own_plugins:not_callable", "cannot be called")],
)
def test_a_name_that_is_no_method_is_exit_2_before_device_time_is_spent(name, told, hand_inputs):
    with pytest.raises(ConfigError, match=told) as caught:
        refuse_unexplainable(hand_inputs, ExplainOptions(methods=(name,)))
    assert caught.value.exit_code == 2


def test_a_method_that_returns_something_else_is_named(context):
    with pytest.raises(ConfigError, match=r"expected: a reportgen\.explain\.attribution_method\.Explainer"):
        method("tests.contracts.own_plugins:no_explainer", context)
