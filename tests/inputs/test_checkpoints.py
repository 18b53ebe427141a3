"""What a checkpoint file may look like, and what is refused."""

import hashlib
import json
import pickle

import pytest
import safetensors.torch
import torch

from reportgen.errors import ConfigError, InputError
from reportgen.inputs.checkpoints import read_checkpoint
from reportgen.inputs.images.preprocessing import Preprocessing, merged
from reportgen.inputs.models.building import read_model
from tests.inputs.refusals import refused
from tests.inputs.test_models import n_outputs
from tests.pets import BREEDS, hand_checkpoint, hand_weights

WEIGHTS = {"a.weight": torch.arange(4.0), "a.bias": torch.ones(2)}


class RunsCode:
    """A pickle that leaves a file behind when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize("ending", [".pt", ".pth", ".ckpt"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda w: w,
        lambda w: {"state_dict": w, "epoch": 3},
        lambda w: {"model": w},
        lambda w: {"model_state_dict": w, "optimizer": {"lr": 0.1}},
        lambda w: {"ema": w},
        lambda w: {"ema": {"module": w}},
    ],
)
def test_weights_are_found_bare_or_wrapped(tmp_path, wrap, ending):
    torch.save(wrap(WEIGHTS), tmp_path / f"c{ending}")
    found = read_checkpoint(tmp_path / f"c{ending}").weights
    assert set(found) == set(WEIGHTS)
    assert torch.equal(found["a.weight"], WEIGHTS["a.weight"])


@pytest.mark.parametrize("prefix", ["module.", "model.", ""])
def test_the_names_of_the_weights_are_left_as_they_are(tmp_path, prefix):
    """Which prefix is too much is known when the model is: see test_fitting."""
    torch.save({prefix + key: value for key, value in WEIGHTS.items()}, tmp_path / "c.pt")
    assert set(read_checkpoint(tmp_path / "c.pt").weights) == {prefix + key for key in WEIGHTS}


def test_safetensors_carry_lists_as_json_in_their_metadata(tmp_path):
    metadata = {"arch": "resnet18", "classes": json.dumps(["x", "y"]), "species": json.dumps({"x": "s", "y": "t"})}
    safetensors.torch.save_file(WEIGHTS, tmp_path / "c.safetensors", metadata=metadata)
    found = read_checkpoint(tmp_path / "c.safetensors")
    assert (found.arch, found.classes, found.species["y"]) == ("resnet18", ("x", "y"), "t")
    assert torch.equal(found.weights["a.bias"], WEIGHTS["a.bias"])


def test_a_pickle_that_runs_code_is_refused_unrun_and_told_how_to_resave(tmp_path):
    mark = tmp_path / "it_ran"
    torch.save({"state_dict": WEIGHTS, "callback": RunsCode(str(mark))}, tmp_path / "c.pt")
    with pytest.raises(InputError, match=r"torch\.save") as caught:
        read_checkpoint(tmp_path / "c.pt")
    assert caught.value.exit_code == 3
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (pickle.dumps([1, 2]), "not readable|dictionary|not plain"),
        (b"", r"an empty file \(0 bytes\)"),
        (b"PK\x03\x04 half a zip", "cut short"),
        (b"plain text", "a text: 'plain text'"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # torch warns about odd pickles before it refuses them
def test_files_that_are_no_checkpoint_are_refused(tmp_path, content, told):
    (tmp_path / "c.pt").write_bytes(content)
    with pytest.raises(InputError, match=told):
        read_checkpoint(tmp_path / "c.pt")


def test_a_broken_safetensors_file_is_refused(tmp_path):
    (tmp_path / "c.safetensors").write_bytes(b'\x40\0\0\0\0\0\0\0{"a":')
    with pytest.raises(InputError, match="not readable"):
        read_checkpoint(tmp_path / "c.safetensors")


def test_a_missing_file_and_a_file_without_weights_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_checkpoint(tmp_path / "gone.pt")
    torch.save({"epoch": 3, "lr": 0.1}, tmp_path / "c.pt")
    with pytest.raises(InputError, match="keys: epoch, lr"):
        read_checkpoint(tmp_path / "c.pt")


def test_class_to_idx_gives_the_names_in_output_order(tmp_path):
    torch.save({"model": WEIGHTS, "class_to_idx": {"b": 0, "a": 1}}, tmp_path / "c.pt")
    assert read_checkpoint(tmp_path / "c.pt").classes == ("b", "a")
    torch.save({"model": WEIGHTS, "class_to_idx": {"b": 0, "a": 2}}, tmp_path / "c.pt")
    with pytest.raises(InputError, match="class_to_idx"):
        read_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize("wrong", [{"resize": "big"}, {"std": [0, 1, 1]}, {"colour": "grey"}, {"mean": 3}])
def test_wrong_preprocessing_in_the_checkpoint_is_named(tmp_path, wrong):
    torch.save({"model": WEIGHTS, "preprocessing": wrong}, tmp_path / "c.pt")
    with pytest.raises(InputError, match="preprocessing"):
        read_checkpoint(tmp_path / "c.pt")


def checkpoint_of(tmp_path, weights, **more):
    torch.save({"state_dict": weights, **more}, tmp_path / "c.pt")
    return read_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "squeezenet1_1", "shufflenet_v2_x0_5"])
def test_a_torchvision_model_is_built_for_the_number_of_outputs_in_the_weights(tmp_path, name):
    import torchvision

    weights = torchvision.models.get_model(name, weights=None, num_classes=7).state_dict()
    read = read_model(checkpoint_of(tmp_path, weights, arch=name), None)
    assert read.arch == name
    assert n_outputs(read.model, 64) == 7
    assert not read.model.training


def test_googlenet_without_its_auxiliary_heads_loads(tmp_path):
    import torchvision

    model = torchvision.models.googlenet(weights=None, num_classes=4, aux_logits=False, init_weights=False)
    loaded = read_model(checkpoint_of(tmp_path, model.state_dict(), arch="googlenet"), None).model
    assert n_outputs(loaded, 64) == 4


def test_an_unknown_architecture_names_the_nearest(tmp_path):
    with pytest.raises(ConfigError, match="resnet50") as caught:
        read_model(checkpoint_of(tmp_path, WEIGHTS), "resnet05")
    assert caught.value.exit_code == 2


def test_without_an_architecture_the_message_asks_for_one(tmp_path):
    with pytest.raises(InputError, match="--arch") as caught:
        read_model(checkpoint_of(tmp_path, WEIGHTS), None)
    assert caught.value.exit_code == 3


def test_weights_of_another_architecture_are_listed(tmp_path):
    with pytest.raises(InputError, match=r"122 weights missing .*2 not in the model \(a.bias, a.weight\)"):
        read_model(checkpoint_of(tmp_path, WEIGHTS), "resnet18")


def test_a_factory_runs_when_the_user_names_it_and_not_when_the_checkpoint_does(tmp_path):
    path = hand_checkpoint(tmp_path / "hand.pt", arch="tests.pets:hand_net")
    with pytest.raises(InputError, match="not run unasked"):
        read_model(read_checkpoint(path), None)
    model = read_model(read_checkpoint(path), "tests.pets:hand_net").model
    assert n_outputs(model, 48) == len(BREEDS)
    assert torch.equal(model.head.weight, hand_weights()["head.weight"])


def returns_a_tuple(num_classes=2):
    class Two(torch.nn.Linear):
        def forward(self, inputs):
            return "nothing", inputs

    return Two(1, 1)


def test_a_model_that_gives_no_logits_is_refused(tmp_path):
    weights = torch.nn.Linear(1, 1).state_dict()
    model = read_model(checkpoint_of(tmp_path, weights), f"{__name__}:returns_a_tuple").model
    with pytest.raises(InputError, match=r"\(N, K\)"):
        n_outputs(model, 8)


def test_the_control_the_refused_pickle_does_run_code_where_it_is_let(tmp_path):
    """Without this the test above could pass because the trap is no trap."""
    mark = tmp_path / "it_ran"
    torch.save({"callback": RunsCode(str(mark))}, tmp_path / "c.pt")
    torch.load(tmp_path / "c.pt", weights_only=False)["callback"].close()
    assert mark.exists()


@pytest.mark.parametrize("ending", [".pt", ".pth", ".ckpt"])
@pytest.mark.parametrize("zipped", [True, False])
def test_no_form_of_file_runs_code(tmp_path, ending, zipped):
    mark, path = tmp_path / "it_ran", tmp_path / f"c{ending}"
    torch.save({"state_dict": WEIGHTS, "x": RunsCode(str(mark))}, path, _use_new_zipfile_serialization=zipped)
    with refused(
        InputError, str(path), "not plain weights", "running code from a checkpoint is refused", "torch.save("
    ):
        read_checkpoint(path)
    assert not mark.exists()


def test_a_whole_pickled_model_is_told_to_be_saved_anew_as_weights(tmp_path):
    torch.save({"model": torch.nn.Linear(1, 1)}, tmp_path / "c.pt")
    with refused(InputError, "c.pt", "not plain weights", "model.state_dict()", "safetensors"):
        read_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize("part", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_file_cut_short_is_told_to_be_copied_anew(tmp_path, ending, part):
    path = tmp_path / f"c{ending}"
    save = torch.save if ending == ".pt" else safetensors.torch.save_file
    save({"a": torch.ones(300)}, path)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with refused(InputError, str(path), "whole", "copy the file anew"):
        read_checkpoint(path)


def test_a_file_of_the_old_format_is_refused_wherever_it_is_cut(tmp_path):
    path = tmp_path / "c.pth"
    torch.save({"state_dict": WEIGHTS, "epoch": 3}, path, _use_new_zipfile_serialization=False)
    whole = path.read_bytes()
    for n_bytes in range(len(whole)):
        path.write_bytes(whole[:n_bytes])
        with refused(InputError, str(path)):
            read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([1, 2], ("a list", "a dictionary of weights")),
        ({"epoch": 3, "lr": 0.1}, ("no weights; keys: epoch, lr", "state_dict, model, model_state_dict")),
        ({}, ("keys: none",)),
        ({"state_dict": {}}, ("keys: state_dict",)),
        ({"model": WEIGHTS, "class_to_idx": {"b": 0, "a": 2}}, ("class_to_idx", "[0, 2]", "0 to 1", "`classes`")),
        ({"model": WEIGHTS, "class_to_idx": {"b": 1, "a": 1}}, ("class_to_idx", "[1, 1]", "0 to 1")),
        ({"model": WEIGHTS, "preprocessing": {"colour": 1}}, ("preprocessing", "unknown keys: colour", "[preprocess")),
        ({"model": WEIGHTS, "preprocessing": {"crop": 0}}, ("preprocessing", "1 px or more", "[preprocessing]")),
        ({"model": WEIGHTS, "preprocessing": {"std": [1, 0, 1]}}, ("preprocessing", "std must be over 0")),
    ],
)
def test_a_checkpoint_of_the_wrong_content_is_refused_by_name(tmp_path, content, told):
    torch.save(content, tmp_path / "c.pt")
    with refused(InputError, f"checkpoint {tmp_path / 'c.pt'}", *told):
        read_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize(("name", "found"), [("gone.pt", "no such file"), ("", "a directory")])
def test_a_path_that_is_no_file_is_refused(tmp_path, name, found):
    with refused(InputError, str(tmp_path / name), found, ".safetensors", "--checkpoint"):
        read_checkpoint(tmp_path / name)


def test_all_that_a_checkpoint_carries_is_read(tmp_path):
    path = tmp_path / "c.pth"
    content = {
        "arch": "resnet18",
        "classes": ["007", "x"],
        "species": {"007": "spy", "x": "ray"},
        "preprocessing": {
            "resize": 40,
            "crop": 32,
            "mean": [0, 0.5, 1],
            "std": [1, 0.2, 0.3],
            "interpolation": "bicubic",
        },
        "target_layer": "layer4",
        "epoch": 12,
        "model": WEIGHTS,
    }
    torch.save(content, path)
    found = read_checkpoint(path)
    assert (found.wrapper, found.arch, found.classes, found.epoch) == ("model", "resnet18", ("007", "x"), 12)
    assert (found.target_layer, dict(found.species)) == ("layer4", {"007": "spy", "x": "ray"})
    assert merged({"checkpoint": found.preprocessing})[0] == Preprocessing(
        resize_px=40, crop_px=32, mean=(0.0, 0.5, 1.0), std=(1.0, 0.2, 0.3), interpolation="bicubic"
    )
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_bare_weights_carry_nothing_else(tmp_path):
    torch.save(WEIGHTS, tmp_path / "c.pt")
    found = read_checkpoint(tmp_path / "c.pt")
    assert (found.wrapper, found.arch, found.classes, found.preprocessing) == ("", None, None, None)
    assert not found.species


def test_an_averaged_model_of_torch_is_found(tmp_path):
    averaged = torch.optim.swa_utils.AveragedModel(torch.nn.Linear(2, 1))
    torch.save({"ema": averaged.state_dict(), "decay": 0.9}, tmp_path / "c.pt")
    found = read_checkpoint(tmp_path / "c.pt")
    assert found.wrapper == "ema"
    assert set(found.weights) == {"n_averaged", "module.weight", "module.bias"}


def test_the_weights_that_were_trained_come_before_their_average(tmp_path):
    """Both lie in a file of timm: `state_dict` is what was asked to be reported, unless it is missing."""
    torch.save({"ema": {"a": torch.zeros(1)}, "state_dict": {"a": torch.ones(1)}}, tmp_path / "c.pt")
    found = read_checkpoint(tmp_path / "c.pt")
    assert (found.wrapper, found.weights["a"].item()) == ("state_dict", 1.0)


def test_safetensors_carry_preprocessing_and_class_to_idx_as_json(tmp_path):
    metadata = {
        "class_to_idx": json.dumps({"x": 1, "y": 0}),
        "preprocessing": json.dumps({"resize": 40, "crop": 32}),
        "epoch": "9",
        "target_layer": "layer3",
    }
    safetensors.torch.save_file(WEIGHTS, tmp_path / "c.safetensors", metadata=metadata)
    found = read_checkpoint(tmp_path / "c.safetensors")
    assert set(found.weights) == set(WEIGHTS)
    assert (found.classes, found.epoch, found.target_layer) == (("y", "x"), 9, "layer3")
    assert found.preprocessing == {"resize_px": 40, "crop_px": 32}


@pytest.mark.parametrize(
    "wrong",
    [
        {"class_to_idx": {"a": "0", "b": 2}},
        {"preprocessing": {1: 2, "x": 3}},
        {"preprocessing": {"interpolation": "lanczos"}},
        {"preprocessing": {"mean": [0.5, 0.5]}},
        {"classes": {0: "a", 2: "b"}},
    ],
)
def test_names_and_preprocessing_of_the_wrong_form_are_refused(tmp_path, wrong):
    torch.save({"model": WEIGHTS, **wrong}, tmp_path / "c.pt")
    with refused(InputError, "c.pt", next(iter(wrong))):
        read_checkpoint(tmp_path / "c.pt")


def test_a_tensor_beside_an_unknown_wrapper_is_not_taken_for_the_weights(tmp_path):
    torch.save({"net": WEIGHTS, "best_accuracy": torch.tensor(0.9)}, tmp_path / "c.pt")
    assert set(read_checkpoint(tmp_path / "c.pt").weights) == set(WEIGHTS)


def test_the_refusal_names_what_the_pickle_wanted_to_run(tmp_path):
    torch.save({"state_dict": WEIGHTS, "callback": RunsCode(str(tmp_path / "mark"))}, tmp_path / "c.pt")
    with pytest.raises(InputError) as caught:
        read_checkpoint(tmp_path / "c.pt")
    assert "open" in caught.value.found
    assert "\x1b" not in str(caught.value)
