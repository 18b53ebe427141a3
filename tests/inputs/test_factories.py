"""Whatever users have under --arch package.module:name, a model comes out, or the words say why not."""

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from reportgen.errors import ConfigError, InputError
from reportgen.inputs.models.building import read_model
from reportgen.inputs.models.factories import factory_model
from tests.inputs.refusals import refused
from tests.inputs.test_models import checkpoint
from tests.users_models import Colours

HERE = "tests.inputs.test_factories"
ready_made = Colours()


def usual(num_classes=5):
    return nn.Linear(2, num_classes)


def by_another_name(n_classes):
    return nn.Linear(2, n_classes)


def of_labels(num_labels=5, *, pretrained=False):
    return nn.Linear(2, num_labels)


def without_a_number():
    return nn.Linear(2, 3)


def with_anything(**options):
    return nn.Linear(2, 3, **options)


def model_and_criterion():
    return nn.Linear(2, 3), 0.1


def of_parts():
    return {"net": nn.Linear(2, 3), "transform": None, "classes": ["a"]}


def on_all_devices():
    return nn.DataParallel(nn.Linear(2, 3))


def averaged():
    return AveragedModel(nn.Linear(2, 3))


def compiled():
    return torch.compile(nn.Linear(2, 3))


def compiled_in_place():
    model = nn.Linear(2, 3)
    model.compile()
    return model


class Own(nn.Linear):
    def __init__(self, nb_classes=7):
        super().__init__(2, nb_classes)


@pytest.mark.parametrize(
    "name",
    [
        "usual", "by_another_name", "of_labels", "without_a_number", "with_anything", "model_and_criterion", "of_parts",
        "on_all_devices", "averaged", "compiled", "compiled_in_place", "Own",
    ],
)  # fmt: skip
def test_a_model_comes_out_with_its_weights(tmp_path, name):
    weights = nn.Linear(2, 3).state_dict()
    model = read_model(checkpoint(tmp_path, weights, classes=["a", "b", "c"]), f"{HERE}:{name}").model
    assert isinstance(model, nn.Linear)
    assert torch.equal(model(torch.eye(2)), torch.eye(2) @ weights["weight"].T + weights["bias"])
    assert model._compiled_call_impl is None


def test_a_model_itself_is_taken(tmp_path):
    assert factory_model(f"{HERE}:ready_made", checkpoint(tmp_path, Colours().state_dict())) is ready_made


def raises_key_error():
    raise KeyError("backbone")


def reads_arguments():
    raise SystemExit(2)


def asserts():
    raise AssertionError


def needs_a_configuration(config):
    return config.model


def two_models():
    return nn.Linear(1, 1), nn.Linear(1, 1)


def nothing():
    return None


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("raises_key_error", InputError, ("KeyError: 'backbone'", "mend the factory")),
        ("reads_arguments", InputError, ("SystemExit: 2", "mend the factory")),
        ("asserts", InputError, ("AssertionError", "mend the factory")),
        ("needs_a_configuration", InputError, ("'config'", "give config a default")),
        ("by_another_name", InputError, ("'n_classes'", "save `classes`", "give n_classes a default")),
        ("two_models", ConfigError, ("a tuple of Linear, Linear", "a torch.nn.Module")),
        ("nothing", ConfigError, ("a NoneType", "return the model")),
    ],
)
def test_without_a_model_the_words_say_why(tmp_path, name, kind, told):
    with refused(kind, f"architecture '{HERE}:{name}'", *told):
        factory_model(f"{HERE}:{name}", checkpoint(tmp_path, nn.Linear(1, 1).state_dict()))
