"""Torch's switches: set before the work, recorded after it, put back; what foreign code does to them."""

import json
import logging
from dataclasses import replace

import pytest
import torch
from torch import nn

from reportgen.evaluate.arithmetic import exact_arithmetic, in_force
from reportgen.evaluate.decoding import LoopOptions
from reportgen.evaluate.device import compute
from reportgen.evaluate.predictions import evaluate


def _medium():
    torch.set_float32_matmul_precision("medium")


def _newer_switch():
    torch.backends.cuda.matmul.fp32_precision = "tf32"


def _bfloat16_on_cpu():
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"


def _reduction():
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = True


def _benchmark():
    torch.backends.cudnn.benchmark = True


def _nothing_deterministic():
    torch.use_deterministic_algorithms(False)


LOWERED = {  # what a plug-in does: the switch that must be named
    _medium: "cuda.matmul float32: tf32",
    _newer_switch: "cuda.matmul float32: tf32",
    _bfloat16_on_cpu: "mkldnn.matmul float32: bf16",
    _reduction: "cuda.matmul bfloat16 reduction: on",
    _benchmark: "cudnn benchmark: on",
    _nothing_deterministic: "deterministic algorithms: off",
}


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


@pytest.mark.parametrize("meddle", LOWERED, ids=lambda one: one.__name__)
def test_what_was_lowered_before_is_undone_for_the_work_and_put_back(meddle):
    meddle()
    found = in_force()
    with exact_arithmetic():
        assert set(in_force().values()) <= {"ieee", "on", "off", "torch.float32"}
        assert in_force()["deterministic algorithms"] == "on"
    assert in_force() == found


@pytest.mark.parametrize("meddle", LOWERED, ids=lambda one: one.__name__)
def test_what_the_model_lowers_in_its_forward_is_recorded_and_said(meddle, hand_inputs, caplog):
    inputs = replace(hand_inputs, model=Meddling(hand_inputs.model, meddle))
    before = in_force()
    with caplog.at_level(logging.WARNING, logger="reportgen"):
        found = evaluate(inputs, on=compute("cpu", "fp32"), loop=LoopOptions(), max_unreadable=0.0)
    assert LOWERED[meddle] in found.compute.switched
    assert not found.compute.deterministic
    assert LOWERED[meddle] in caplog.text
    assert in_force() == before


def test_a_model_that_changes_nothing_is_recorded_as_exact(hand_predictions):
    ran = hand_predictions.compute
    assert (ran.deterministic, ran.switched) == (True, ())
    assert ran.arithmetic["cudnn.conv float32"] == "ieee"
    assert json.loads(json.dumps(dict(ran.arithmetic))) == ran.arithmetic
