"""What `factory(); load_state_dict(torch.load(f))` loads is loaded; what it refuses is refused with its words."""

import argparse

import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn

from reportgen.errors import InputError
from reportgen.inputs.checkpoints import read_checkpoint
from reportgen.inputs.models.building import read_model
from tests.inputs.refusals import refused

HERE = "tests.inputs.test_loading"


def saved(tmp_path, content):
    torch.save(content, tmp_path / "c.pt")
    return read_checkpoint(tmp_path / "c.pt")


class Held(nn.Module):
    """As LightningModules and training scripts write them: the network is `self.model`."""

    def __init__(self, num_classes=3):
        super().__init__()
        self.model = nn.Sequential(nn.Flatten(), nn.Linear(12, num_classes))

    def forward(self, inputs):
        return self.model(inputs)


class RaisesWhenLoaded(nn.Linear):
    def __init__(self, kind=KeyError):
        super().__init__(2, 2)
        self.kind = kind

    def _load_from_state_dict(self, *_args):
        raise self.kind("words of the model")


def raises_value_error():
    return RaisesWhenLoaded(ValueError)


def raises_key_error():
    return RaisesWhenLoaded(KeyError)


def raises_type_error():
    return RaisesWhenLoaded(TypeError)


class Renames(nn.Linear):
    """Takes the names of its older versions, as torch's documentation shows for `_load_from_state_dict`."""

    def __init__(self):
        super().__init__(2, 2)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        if f"{prefix}old_weight" in state_dict:
            state_dict[f"{prefix}weight"] = state_dict.pop(f"{prefix}old_weight")
        super()._load_from_state_dict(state_dict, prefix, *args)


@pytest.mark.parametrize("name", ["mnasnet0_5", "mnasnet1_0", "resnet18", "shufflenet_v2_x0_5", "vit_b_32"])
@pytest.mark.parametrize("form", ["bare", "wrapped", "module.", "model.", "safetensors"])
def test_models_of_torchvision_load_as_plain_torch_loads_them(tmp_path, name, form):
    """mnasnet asks for the version of its module, which lies in the `_metadata` of the state_dict."""
    theirs = torchvision.models.get_model(name, weights=None, num_classes=3).eval()
    state = theirs.state_dict()
    if form == "safetensors":
        safetensors.torch.save_file(state, tmp_path / "c.safetensors", metadata={"format": "pt"})
        found = read_checkpoint(tmp_path / "c.safetensors")
    elif form == "module.":
        found = saved(tmp_path, nn.DataParallel(theirs).state_dict())
    elif form == "model.":
        found = saved(tmp_path, {"state_dict": {f"model.{key}": value for key, value in state.items()}})
    else:
        found = saved(tmp_path, state if form == "bare" else {"state_dict": state, "epoch": 1})
    read = read_model(found, name)
    assert read.fit.prefix == (form if form.endswith(".") else "")
    assert all(torch.equal(value, read.model.state_dict()[key]) for key, value in state.items())


def test_a_module_that_holds_the_network_as_model_keeps_its_prefix(tmp_path):
    read = read_model(saved(tmp_path, {"classes": list("abc"), "state_dict": Held().state_dict()}), f"{HERE}:Held")
    assert (read.fit.prefix, set(read.model.state_dict())) == ("", {"model.1.weight", "model.1.bias"})


def test_a_lightning_checkpoint_loads_and_the_weights_of_its_loss_are_left_out(tmp_path):
    theirs = torchvision.models.squeezenet1_1(num_classes=3)
    state = {f"model.{key}": value for key, value in theirs.state_dict().items()} | {"criterion.weight": torch.ones(3)}
    content = {"epoch": 3, "pytorch-lightning_version": "2.5.0", "state_dict": state, "hyper_parameters": {"lr": 0.1}}
    read = read_model(saved(tmp_path, content), "squeezenet1_1")
    assert (read.fit.prefix, read.fit.left_out) == ("model.", ("criterion.weight",))


def test_a_model_that_renames_its_old_weights_is_let_do_so(tmp_path):
    state = {"old_weight": torch.full((2, 2), 7.0), "bias": torch.ones(2)}
    model = read_model(saved(tmp_path, state), f"{HERE}:Renames").model
    assert model.weight.unique().tolist() == [7.0]


@pytest.mark.parametrize("kind", ["value", "key", "type"])
def test_whatever_loading_raises_is_told_in_its_own_words(tmp_path, kind):
    words = {"value": "ValueError: words of the model", "key": "KeyError: 'words of the model'"}
    with refused(InputError, "c.pt", words.get(kind, "TypeError: words of the model"), "--arch", "timm/NAME"):
        read_model(saved(tmp_path, nn.Linear(2, 2).state_dict()), f"{HERE}:raises_{kind}_error")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda state: state.pop("model.1.bias"), "1 weights missing (model.1.bias), 0 not in the model (none)"),
        (
            lambda state: state.update(projector=torch.ones(1)),
            "0 weights missing (none), 1 not in the model (projector)",
        ),
        (lambda state: state.update({"model.1.bias": torch.ones(7)}), "size mismatch for model.1.bias"),
    ],
)
def test_no_weight_is_made_up_and_none_dropped_but_by_its_name(tmp_path, change, told):
    state = dict(Held().state_dict())
    change(state)
    with refused(InputError, told):
        read_model(saved(tmp_path, {"classes": list("abc"), "state_dict": state}), f"{HERE}:Held")


def test_weights_of_a_module_inside_the_model_are_told_from_those_of_another_model(tmp_path):
    state = Held().model.state_dict()
    with refused(
        InputError, "2 weights missing", "the model keeps them under 'model.'", "save the weights of the whole"
    ):
        read_model(saved(tmp_path, {"classes": list("abc"), "state_dict": state}), f"{HERE}:Held")


class HasExtraState(nn.Linear):
    """torch's `get_extra_state`: a module keeps in the state_dict what is no tensor."""

    def __init__(self):
        super().__init__(2, 2)
        self.words = "new"

    def get_extra_state(self):
        return {"words": self.words}

    def set_extra_state(self, state):
        self.words = state["words"]


@pytest.mark.parametrize("prefix", ["", "module.", "model."])
def test_the_extra_state_of_a_module_is_loaded_too(tmp_path, prefix):
    theirs = HasExtraState()
    theirs.words = "trained"
    state = {f"{prefix}{key}": value for key, value in theirs.state_dict().items()}
    assert read_model(saved(tmp_path, {"state_dict": state}), f"{HERE}:HasExtraState").model.words == "trained"
    del state[f"{prefix}_extra_state"]
    with refused(InputError, "1 weights missing (_extra_state)"):
        read_model(saved(tmp_path, {"state_dict": state}), f"{HERE}:HasExtraState")


def test_two_sets_of_weights_that_fit_are_named(tmp_path):
    one, other = (Held().state_dict() for _ in range(2))
    state = {f"net_a.{key}": value for key, value in one.items()} | {f"net_b.{k}": v for k, v in other.items()}
    with refused(InputError, "under net_a. and under net_b.", "one set of weights", "save the one that is meant"):
        read_model(saved(tmp_path, {"classes": list("abc"), "state_dict": state}), f"{HERE}:Held")


@pytest.mark.parametrize(
    "settings",
    [
        {"args": argparse.Namespace(model="squeezenet1_1", lr=0.1)},  # torchvision's references
        {"args": argparse.Namespace(arch="squeezenet1_1")},  # PyTorch's ImageNet example
        {"hyper_parameters": {"model_name": "squeezenet1_1"}},  # Lightning
        {"config": {"model": {"depth": 3}, "backbone": "squeezenet1_1"}},
    ],
)
def test_the_architecture_is_taken_from_the_settings_where_it_is_a_known_one(tmp_path, settings):
    state = torchvision.models.squeezenet1_1(num_classes=3).state_dict()
    assert read_model(saved(tmp_path, {"model": state, **settings}), None).arch == "squeezenet1_1"
    odd = {"args": argparse.Namespace(model="my_net", arch="os:system")}
    with refused(InputError, "without the name of an architecture", "timm/NAME", "config.json"):
        read_model(saved(tmp_path, {"model": state, **odd}), None)
