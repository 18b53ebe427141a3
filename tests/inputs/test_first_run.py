"""What a model takes and gives is found out on noise; what cannot run says why, in its own words."""

import pytest
import torch
from torch import nn

from reportgen.errors import InputError
from reportgen.inputs.models.adapted import Adapted
from reportgen.inputs.models.first_forward import ExpectedInput, first_run, memory_format, refuse_other_width
from tests import users_models
from tests.inputs.refusals import refused
from tests.users_models import as_inputs

EXPECTED = 20 * (as_inputs((*users_models.NAMES,), (1, 1))[:, :, 0, 0] + 1)  # 20 (x + 1) of each channel


def run_of(name, *, size=(32, 32), channels=None, n_classes=3):
    model = getattr(users_models, name)().eval()
    return first_run(model, ExpectedInput(size=size, channels=channels, n_classes=n_classes))


UNWRAPPED = {
    "Plain": (),
    "Tuple": (0,),
    "FeaturesFirst": (1,),
    "List": (0,),
    "LossFirst": (1,),
    "Dictionary": ("out",),
    "Named": (0,),
    "Dataclass": ("logits",),
    "Nested": ("output", 0),
    "PixelShaped": (),
    "Squeezed": (),
    "Double": (),
    "ByView": (),
    "ByMemory": (),
    "OneAtATime": (),
    "Frozen": (),
    "DoubleWeights": (),
}


@pytest.mark.parametrize("name", UNWRAPPED)
def test_the_logits_are_those_of_the_construction_for_any_number_of_pictures(name):
    run = run_of(name)
    assert run.reading.steps == UNWRAPPED[name]
    assert (run.channels, run.reading.n_outputs) == (3, 3)
    for n in (1, 2, 3):
        with torch.inference_mode():
            found = run.model(as_inputs()[:n])
        assert found.dtype == torch.float32
        assert torch.allclose(found, EXPECTED[:n], atol=1e-3), n


def test_a_plain_model_stays_the_users_own():
    model = users_models.Plain().eval()
    assert first_run(model, ExpectedInput(size=(32, 32), channels=3, n_classes=3)).model is model


@pytest.mark.parametrize(("name", "expected"), [("ByView", False), ("ByMemory", False), ("OfConvolutions", True)])
def test_channels_last_only_where_the_model_bears_it_and_gives_the_same(name, expected):
    if name == "OfConvolutions":
        model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    else:
        model = getattr(users_models, name)()
        model.wide = nn.Conv2d(3, 4, 3)  # 1 x 1 kernels lie the same in both formats
    first_run(model, ExpectedInput(size=(32, 32), channels=3, n_classes=None))
    assert (memory_format(model) == torch.channels_last) is expected


def test_a_model_that_changes_its_inputs_gets_copies():
    run, pictures = run_of("InPlace"), as_inputs()
    with torch.inference_mode():
        found = run.model(pictures)
    assert torch.equal(pictures, as_inputs())
    assert torch.allclose(found, 20 * (pictures[:, :, 0, 0] + 1.1), atol=1e-3)


def test_a_model_of_another_precision_is_run_in_float32_where_it_bears_that_and_else_in_its_own():
    assert {weight.dtype for weight in run_of("DoubleWeights").model.parameters()} == {torch.float32}
    run = run_of("HalfInside")
    assert run.reading.cast
    assert {weight.dtype for weight in run.model.parameters()} == {torch.bfloat16}
    with torch.inference_mode():
        assert torch.allclose(run.model(as_inputs()), EXPECTED, atol=0.3)  # bfloat16: three digits of 36


def test_one_channel_is_found_out():
    run = run_of("Grey", n_classes=2)
    assert (run.channels, run.reading.n_outputs, isinstance(run.model, Adapted)) == (1, 2, False)


@pytest.mark.parametrize(("n_classes", "n_outputs"), [(2, 2), (None, 2), (1, 1)])
def test_one_output_stands_for_two_classes(n_classes, n_outputs):
    """z is the logit of the second class: the logits are -z / 2 and z / 2, whose difference is z."""
    run = run_of("OneOutput", n_classes=n_classes)
    assert run.reading.n_outputs == n_outputs
    with torch.inference_mode():
        found = run.model(as_inputs(("red", "green")))
    z = torch.tensor([-10 * 200 / 127.5, 10 * 200 / 127.5])
    assert torch.allclose(found, torch.stack([-z / 2, z / 2], 1) if n_outputs == 2 else z[:, None], atol=1e-3)


REFUSED = {
    "TwoInputs": ("TypeError", "'meta'", "forward takes the images alone"),
    "WantsADictionary": ("IndexError", "something else than the images alone"),
    "FourChannels": ("4 channels", "first convolution takes 4 channels and images have 3"),
    "OfOneSize": ("RuntimeError", "crop that the model was trained with", "n or [h, w]"),
    "AssertionFails": ("AssertionError", "make model(images) run"),
    "KeyFails": ("KeyError: 'stage4'", "make model(images) run"),
    "Exits": ("SystemExit: usage: train.py", "make model(images) run"),
    "Stops": ("StopIteration", "make model(images) run"),
    "Segmentation": ("a tensor of 2 x 3 x 4 x 4", "one row of scores per image", "segmentation"),
    "ClassNumbers": ("a tensor of 2, int64", "one row of scores per image"),
    "Nothing": ("None", "one row of scores per image"),
    "Text": ("a str", "one row of scores per image"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_that_cannot_run_is_refused_in_its_own_words(name):
    with refused(InputError, *REFUSED[name]):
        run_of(name)


def test_channels_that_were_said_and_are_others_are_told():
    with refused(InputError, "with 3 channels", "write channels = 1 in [preprocessing]"):
        run_of("Grey", channels=3, n_classes=2)


def test_an_oblong_picture_is_taken_where_it_is_said():
    assert run_of("OfOneSize", size=(32, 48)).reading.n_outputs == 3


@pytest.mark.parametrize(
    ("n", "classes", "told"),
    [(5, ("a", "b"), ("5 outputs, and 2 classes", "a, b")), (1, ("a", "b", "c"), ("one output for 3 classes", "sigm"))],
)
def test_another_width_than_the_checkpoints_classes_is_refused(n, classes, told):
    with refused(InputError, *told):
        refuse_other_width(n, classes)
    refuse_other_width(n, None)
