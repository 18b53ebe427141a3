"""Torch's switches: set for the work, recorded after it, put back; what foreign code does to them, and to whom."""

import json
import logging
import os
from dataclasses import replace

import pytest
import torch
from torch import nn

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.compose.report import compose
from reportgen.evaluate.arithmetic import exact_arithmetic, in_force
from reportgen.evaluate.device import compute
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.options import LoopOptions
from reportgen.explain.attribution_method import Explainer
from reportgen.explain.attributions import explain
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.notes import read_notes
from reportgen.render.data.explanation_json import explanation_json
from reportgen.render.html.page import html
from reportgen.runs.stamp import RunStamp
from tests.synthetic import FIRST_NIGHT


def _set(owner, name, value):
    return lambda: setattr(owner, name, value)


def _call(function, *arguments, **options):
    return lambda: function(*arguments, **options)


MATMUL, CUDA = torch.backends.cuda.matmul, torch.backends.cuda
LOWERED = {  # what foreign code may do: the switch that must be named
    "medium": (_call(torch.set_float32_matmul_precision, "medium"), "cuda.matmul float32: tf32"),
    "tf32": (_set(MATMUL, "fp32_precision", "tf32"), "cuda.matmul float32: tf32"),
    "cudnn tf32": (_set(torch.backends.cudnn.conv, "fp32_precision", "tf32"), "cudnn.conv float32: tf32"),
    "bfloat16 on the CPU": (
        _set(torch.backends.mkldnn.matmul, "fp32_precision", "bf16"),
        "mkldnn.matmul float32: bf16",
    ),
    "fp16 accumulation": (_set(MATMUL, "allow_fp16_accumulation", True), "cuda.matmul float16 accumulation: on"),
    "fp16 reduction": (
        _set(MATMUL, "allow_fp16_reduced_precision_reduction", True),
        "cuda.matmul float16 reduction: on",
    ),
    "bf16 reduction": (
        _set(MATMUL, "allow_bf16_reduced_precision_reduction", True),
        "cuda.matmul bfloat16 reduction: on",
    ),
    "attention's reduction": (
        _call(CUDA.allow_fp16_bf16_reduction_math_sdp, True),
        "attention half-precision reduction: on",
    ),
    "no flash attention": (_call(CUDA.enable_flash_sdp, False), "flash attention: off"),
    "benchmark": (_set(torch.backends.cudnn, "benchmark", True), "cudnn benchmark: on"),
    "cudnn of any kind": (_set(torch.backends.cudnn, "deterministic", False), "cudnn deterministic: off"),
    "no mkldnn": (_set(torch.backends.mkldnn, "enabled", False), "mkldnn enabled: off"),
    "nothing deterministic": (_call(torch.use_deterministic_algorithms, False), "deterministic algorithms: off"),
    "errors": (_call(torch.use_deterministic_algorithms, True), "deterministic algorithms: on, or an error"),
    "another workspace": (
        _call(os.environ.__setitem__, "CUBLAS_WORKSPACE_CONFIG", ":0:0"),
        "CUBLAS_WORKSPACE_CONFIG: :0:0",
    ),
    "no workspace": (
        _call(os.environ.pop, "CUBLAS_WORKSPACE_CONFIG", None),
        "CUBLAS_WORKSPACE_CONFIG: not set",
    ),
    "doubles": (_call(torch.set_default_dtype, torch.float64), "default dtype: torch.float64"),
    "threads": (_call(torch.set_num_threads, 3), "threads: 3"),
}
WITHIN = {  # what inference mode and autocast put back after each batch of an evaluation, and nothing after a method
    "no gradients": (_call(torch.set_grad_enabled, False), "gradients: off"),
    "autocast": (_call(torch.set_autocast_enabled, "cpu", True), "autocast on cpu: on"),
    "autocast on CUDA": (_call(torch.set_autocast_enabled, "cuda", True), "autocast on cuda: on"),
}
ALL = {**LOWERED, **WITHIN}
QUICK = {"insertion_steps": 0, "certificate_pictures": 0, "focus_pictures": 0}


@pytest.fixture(autouse=True)
def _as_found():
    with exact_arithmetic():
        yield


class Meddling(nn.Module):
    """A model that changes a switch in its forward."""

    def __init__(self, model, meddle):
        super().__init__()
        self.model, self.meddle = model, meddle

    def forward(self, x):
        self.meddle()
        return self.model(x)


@pytest.mark.parametrize("meddle", [pytest.param(one, id=name) for name, (one, _) in ALL.items()])
def test_what_was_lowered_before_is_undone_for_the_work_and_put_back(meddle):
    with exact_arithmetic():
        exact = in_force()
    meddle()
    found = in_force()
    with exact_arithmetic():
        kept = {name for name, word in in_force().items() if word != exact[name]}
        assert kept <= {"threads", "flash attention", "mkldnn enabled"}  # none is better than another, if it stays
    assert in_force() == found


@pytest.mark.parametrize("value", [":4096:8", ":16:8"])
def test_a_workspace_that_the_user_has_set_stays_if_its_sums_are_the_same_every_time(value, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", value)
    with exact_arithmetic():
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == value


@pytest.mark.parametrize(("meddle", "told"), [pytest.param(*row, id=name) for name, row in LOWERED.items()])
def test_what_the_model_lowers_in_its_forward_is_recorded_and_said(meddle, told, hand_inputs, caplog):
    inputs = replace(hand_inputs, model=Meddling(hand_inputs.model, meddle))
    before = in_force()
    with caplog.at_level(logging.WARNING, logger="reportgen"):
        found = evaluate(inputs, on=compute("cpu", "fp32"), loop=LoopOptions(), max_unreadable=0.0)
    assert told in found.compute.switched
    assert not found.compute.deterministic
    assert told in caplog.text
    assert in_force() == before


def first_sums(context):
    """A method that meddles while it makes itself ready."""
    MEDDLE["now"]()
    return brightness(context)


def later_sums(context):
    """A method that meddles when it is asked, and fails."""

    def maps(request):
        MEDDLE["now"]()
        return brightness(context).maps(request)

    return Explainer(maps=maps)


def brightness(context):
    """A method that needs no model, and records what it works with."""

    def maps(request):
        SEEN.append(in_force())
        return request.inputs.float().abs().sum(dim=1).expand(len(request.class_idx), -1, -1, -1)

    return Explainer(maps=maps)


MEDDLE, SEEN = {}, []
OWN = "tests.evaluate.test_arithmetic:"


@pytest.mark.parametrize("where", ["first_sums", "later_sums"])
@pytest.mark.parametrize(("meddle", "told"), [pytest.param(*row, id=name) for name, row in ALL.items()])
def test_what_a_method_lowers_is_undone_before_the_next_one_and_told_by_its_name(
    meddle, told, where, hand_inputs, hand_predictions, caplog
):
    MEDDLE["now"] = meddle
    SEEN.clear()
    before = in_force()
    with exact_arithmetic():
        exact = in_force()
    findings = analyse(hand_predictions, ExampleRule(n_confident=1), FIRST_NIGHT)
    options = ExplainOptions(methods=(OWN + where, OWN + "brightness"), **QUICK)
    with caplog.at_level(logging.WARNING, logger="reportgen"):
        found = explain(hand_inputs, findings, on=compute("cpu", "fp32"), options=options)
    assert SEEN[-1] == exact
    assert set(found.switched) == {OWN + where}
    assert told in found.switched[OWN + where]
    assert f"{where}, or the model it ran, changed torch's arithmetic" in caplog.text
    assert in_force() == before


def test_a_method_s_arithmetic_stands_on_the_page_and_in_findings_json(hand_inputs, hand_predictions):
    MEDDLE["now"], told = ALL["threads"]
    findings = analyse(hand_predictions, ExampleRule(n_confident=1), FIRST_NIGHT)
    options = ExplainOptions(methods=(OWN + "later_sums",), **QUICK)
    found = explain(hand_inputs, findings, on=compute("cpu", "fp32"), options=options)
    stamp = RunStamp(run_id="r", created_at="2026-01-01T00:00:00+00:00", languages=("en",), timing={})
    report = compose(findings, found, notes=read_notes(), stamp=stamp)
    assert explanation_json(report)["switched"] == {OWN + "later_sums": [told]}
    assert f"changed the arithmetic</b> ({told})" in html(report, "screen")


def test_a_model_that_changes_nothing_is_recorded_as_exact(hand_predictions):
    ran = hand_predictions.compute
    assert (ran.deterministic, ran.switched) == (True, ())
    assert ran.arithmetic["cudnn.conv float32"] == "ieee"
    assert json.loads(json.dumps(dict(ran.arithmetic))) == ran.arithmetic
