"""The trial before the evaluation: what the numbers are, and what would fail, is known after a few pictures."""

import math

import pytest
import torch

from reportgen.errors import EvaluationError, InputError
from reportgen.evaluate.device import compute
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.options import LoopOptions
from reportgen.evaluate.trial import numbers_of, trial_run
from reportgen.inputs.options import DataSource, InputOptions, PreprocessingOptions
from reportgen.inputs.run_inputs import read_inputs
from tests import users_models
from tests.traces import state_of
from tests.users_models import NAMES, pictures, saved

CPU = compute("cpu", "fp32")
VIEW = PreprocessingOptions(resize=32, crop=32, mean=(0.5,) * 3, std=(0.5,) * 3)


def inputs_of(tmp_path, name, names=NAMES, **more):
    made = getattr(users_models, name)()
    options = InputOptions(
        checkpoint=saved(tmp_path / "m.pt", made, **more),
        dataset="imagefolder",
        source=DataSource(root=pictures(tmp_path / "p", names)),
        arch=f"tests.users_models:{name}",
        preprocessing=VIEW,
    )
    return read_inputs(options)


NUMBERS = {
    "Plain": ("logits", None),
    "Dictionary": ("logits", None),
    "Softmax": ("probabilities", None),
    "LogSoftmax": ("log_probabilities", None),
    "Sigmoids": ("sigmoids", None),
    "BatchStatistics": ("logits", "batch_dependent"),
    "DropsOut": ("logits", "not_repeatable"),
    "Counts": ("logits", "not_repeatable"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_what_the_numbers_are_is_seen_on_real_pictures(tmp_path, name):
    inputs = inputs_of(tmp_path, name)
    before = state_of(inputs.model)
    found = trial_run(inputs, CPU)
    assert (found.facts.outputs.numbers, found.facts.remark) == NUMBERS[name]
    assert state_of(inputs.model) == before


@pytest.mark.parametrize("name", ["Plain", "Tuple", "Softmax", "LogSoftmax", "Squeezed", "PixelShaped"])
def test_the_probabilities_of_the_run_are_the_models_own(tmp_path, name):
    """A red picture's logits are 20 (230 / 127.5, 30 / 127.5, 30 / 127.5), whatever the model wraps them in."""
    inputs = trial_run(inputs_of(tmp_path, name), CPU)
    found = evaluate(inputs, on=CPU, loop=LoopOptions(batch_size=5), max_unreadable=0)
    red, other = math.exp(20 * 200 / 127.5), 1.0
    row = [found.facts.classes.index(one) for one in ("red", "green", "blue")]
    probs = found.probs()[found.targets == row[0]][0][row]
    assert probs[0] == pytest.approx(red / (red + 2 * other))
    assert math.log(probs[1]) == pytest.approx(-20 * 200 / 127.5, abs=1e-2)


@pytest.mark.parametrize(("name", "numbers"), [("OneOutput", "one_logit"), ("OneSigmoid", "one_sigmoid")])
def test_one_output_speaks_for_the_second_class(tmp_path, name, numbers):
    inputs = inputs_of(tmp_path, name, ("red", "green"), classes=["red", "green"])
    found = trial_run(inputs, CPU)
    assert found.facts.outputs.numbers == numbers
    assert found.facts.second_of_two == "green"
    done = evaluate(found, on=CPU, loop=LoopOptions(batch_size=3), max_unreadable=0)
    assert (done.preds() == done.targets).all()
    assert done.probs()[:, 0].max() == pytest.approx(1 / (1 + math.exp(-10 * 200 / 127.5)), abs=1e-5)


def test_a_softmax_over_one_output_is_refused(tmp_path):
    inputs = inputs_of(tmp_path, "OneSoftmax", ("red", "green"), classes=["red", "green"])
    with pytest.raises(InputError, match="softmax over one output"):
        trial_run(inputs, CPU)


def test_scores_that_are_not_finite_are_told_before_the_evaluation(tmp_path):
    with pytest.raises(EvaluationError, match="NaN or infinite for 4 of the first 4 images"):
        trial_run(inputs_of(tmp_path, "NotFinite"), CPU)


def test_a_model_that_fails_on_pictures_alone_is_refused_in_its_own_words(tmp_path):
    inputs = inputs_of(tmp_path, "Plain")

    def fails(_module, given):
        if (given[0].amax((2, 3)) - given[0].amin((2, 3))).max() == 0:  # flat, as the noise of the first run is not
            raise KeyError("flat")

    inputs.model.register_forward_pre_hook(fails)
    with pytest.raises(InputError, match="KeyError: 'flat'"):
        trial_run(inputs, CPU)


T = torch.tensor


@pytest.mark.parametrize(
    ("rows", "made_by", "expected"),
    [
        ([[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]], None, "probabilities"),
        ([[0.2, 0.8], [1.0, 0.0], [0.5, 0.6]], None, "logits"),  # one row does not add up
        ([[0.2, 0.8], [1.5, -0.5], [0.5, 0.5]], None, "logits"),  # adds up, with a negative number
        ([[0.2, 0.8005], [0.9, 0.0995]], "softmax", "probabilities"),  # three digits, as in bfloat16
        ([[math.log(0.2), math.log(0.8)], [math.log(0.5)] * 2], None, "log_probabilities"),
        ([[-1.0, -2.0], [math.log(0.5)] * 2], None, "logits"),
        ([[0.9, 0.8], [0.1, 0.2]], "sigmoid", "sigmoids"),
        ([[0.9, 0.8], [0.1, 0.2]], "addmm", "logits"),
        ([[0.9, 0.8], [0.1, 0.2]], None, "logits"),
        ([[0.3], [0.9]], "sigmoid", "one_sigmoid"),
        ([[0.3], [0.9]], None, "one_sigmoid"),
        ([[0.3], [0.9]], "relu", "one_logit"),
        ([[0.3], [1.9]], None, "one_logit"),
        ([[-0.3], [0.9]], "sigmoid", "one_logit"),
    ],
)
def test_numbers_are_what_they_look_like_on_every_row(rows, made_by, expected):
    assert numbers_of(T(rows), made_by) == expected
