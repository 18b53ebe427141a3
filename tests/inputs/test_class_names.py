"""The names of the outputs, wherever a training script left them; never in an order that was guessed."""

import argparse
import json

import numpy as np
import pytest
import safetensors.torch
import torch

from reportgen.errors import InputError
from reportgen.inputs.checkpoints import read_checkpoint
from tests.inputs.refusals import refused

WEIGHTS = {"a.weight": torch.arange(4.0), "a.bias": torch.ones(2)}
WANTED = ("pug", "ant", "bee")  # in no alphabetical order: sorting would show


def names_of(tmp_path, **content):
    torch.save({"state_dict": WEIGHTS, **content}, tmp_path / "c.pt")
    return read_checkpoint(tmp_path / "c.pt").classes


FORMS = {
    "list": list(WANTED),
    "tuple": WANTED,
    "array": np.array(WANTED),
    "objects": np.array(WANTED, dtype=object),
    "by number": {2: "bee", 0: "pug", 1: "ant"},
    "by number in JSON": {"2": "bee", "0": "pug", "1": "ant"},
    "by NumPy's number": {np.int64(1): "ant", np.int64(0): "pug", np.int64(2): "bee"},
    "to number": {"ant": 1, "bee": 2, "pug": 0},
    "to number in JSON": {"ant": "1", "bee": "2", "pug": "0"},
    "to whole float": {"ant": 1.0, "bee": 2.0, "pug": 0.0},
    "entries": [{"id": 5, "name": "pug"}, {"id": 6, "name": "ant"}, {"id": 9, "name": "bee"}],
    "with WordNet's id": {"0": ["n1", "pug"], "1": ["n2", "ant"], "2": ["n3", "bee"]},
}
KEYS = [
    *("classes", "CLASSES", "class_names", "classNames", "class-names", "class_to_idx", "idx_to_class", "idx2class"),
    *("class2idx", "label_names", "labels", "id2label", "label2id", "idx2label", "idx_to_label", "categories"),
    *("target_names",),
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("form", FORMS)
def test_names_are_taken_from_the_usual_keys_in_either_direction(tmp_path, key, form):
    assert names_of(tmp_path, **{key: FORMS[form]}) == WANTED


@pytest.mark.parametrize("place", ["hyper_parameters", "args", "config", "meta", "dataset_meta", "hparams"])
@pytest.mark.parametrize("holder", [dict, argparse.Namespace])
def test_names_are_taken_from_where_training_scripts_keep_their_settings(tmp_path, place, holder):
    assert names_of(tmp_path, **{place: holder(lr=0.1, class_names=list(WANTED))}) == WANTED


@pytest.mark.parametrize("form", ["list", "by number in JSON", "to number"])
@pytest.mark.parametrize("key", ["classes", "id2label", "class_to_idx"])
def test_safetensors_carry_them_as_json(tmp_path, key, form):
    safetensors.torch.save_file(WEIGHTS, tmp_path / "c.safetensors", metadata={key: json.dumps(FORMS[form])})
    assert read_checkpoint(tmp_path / "c.safetensors").classes == WANTED


@pytest.mark.parametrize(
    ("key", "value", "names"),
    [
        ("class_to_idx", {"1": 0, "0": 1}, ("1", "0")),  # folders called by digits, as of MNIST
        ("label2id", {"1": "0", "0": "1"}, ("1", "0")),
        ("id2label", {"0": "1", "1": "0"}, ("1", "0")),
        ("classes", {"7": 0, "3": 1}, ("7", "3")),
        ("classes", {0: 7, 1: 3}, ("7", "3")),
        ("classes", [7, 3], ("7", "3")),
    ],
)
def test_names_that_are_numbers_go_the_way_that_the_key_says(tmp_path, key, value, names):
    assert names_of(tmp_path, **{key: value}) == names


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            {"classes": list(WANTED), "class_names": sorted(WANTED)},
            ("classes: pug, ant, bee", "class_names: ant, bee, pug"),
        ),
        ({"classes": ["a"], "args": {"class_names": ["b"]}}, ("classes: a", "args.class_names: b")),
        ({"id2label": {0: "a", 1: "b"}, "label2id": {"a": 1, "b": 0}}, ("id2label: a, b", "label2id: b, a")),
        ({"hyper_parameters": {"classes": ["a"]}, "class_to_idx": {"b": 0}}, ("hyper_parameters.classes: a",)),
    ],
)
def test_two_lists_that_differ_are_shown_and_none_is_preferred(tmp_path, content, told):
    with refused(InputError, "contradict each other", *told, "one list of class names", "`classes`"):
        names_of(tmp_path, **content)


def test_the_same_list_in_several_forms_is_one_list(tmp_path):
    content = {"classes": list(WANTED), "class_to_idx": FORMS["to number"], "id2label": FORMS["by number in JSON"]}
    assert names_of(tmp_path, **content, hyper_parameters={"class_names": list(WANTED)}) == WANTED


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("classes", {0: "a", 2: "b"}, "[0, 2] instead of 0 to 1, each once"),
        ("classes", {1: "a", 2: "b"}, "[1, 2] instead of 0 to 1"),
        ("class_to_idx", {"a": 0, "b": 0}, "[0, 0] instead of 0 to 1"),
        ("class_to_idx", {"a": -1, "b": 0}, "[-1, 0] instead of 0 to 1"),
        ("classes", {"a": "x", "b": "y"}, "a dictionary whose entries have no numbers: 'a': 'x'"),
        ("classes", {"a": 0.5, "b": 1}, "no numbers"),
        ("classes", {"a", "b"}, "a set, which has no order"),
        ("classes", ["a", None], "a list that holds a NoneType"),
        ("class_names", [["a"], ["b"]], "a list that holds a list"),
        ("classes", [0.5, 1.5], "a list that holds a float"),
    ],
)
def test_what_leaves_the_order_open_is_refused(tmp_path, key, value, told):
    with refused(InputError, f"c.pt: {key}", told, "in the order of the model's outputs", "`classes`"):
        names_of(tmp_path, **{key: value})


@pytest.mark.parametrize(
    "content",
    [
        *({}, {"classes": None}, {"classes": []}, {"classes": 3}, {"classes": "names.txt"}, {"classes": {}}),
        *({"labels": [0, 1, 1, 0]}, {"labels": torch.tensor([0, 1])}, {"labels": [0.5]}, {"categories": {"a": 0.5}}),
        *({"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}, {"args": argparse.Namespace(labels="labels.csv", classes=4)}),
        {"other": {"class_names": ["a"]}},
    ],
    ids=repr,
)
def test_what_names_nothing_is_passed_over(tmp_path, content):
    assert names_of(tmp_path, **content) is None
