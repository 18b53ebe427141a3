"""The front door: where each fact of a run comes from, and the five breeds through the whole stage."""

import hashlib

import numpy as np
import pytest
import torch

from reportgen.errors import ConfigError, InputError
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.options import DataSource, InputOptions, PreprocessingOptions
from reportgen.inputs.run_inputs import read_inputs
from tests.inputs.refusals import refused
from tests.pets import BREEDS, EXPECTED_CONFUSION, SPECIES, hand_checkpoint, write_hand_weighted_checkpoint

NET = "tests.pets:hand_net"


def options(root, checkpoint, **more):
    given = {"dataset": "oxford-iiit-pet", "source": DataSource(root=root), "arch": NET} | more
    return InputOptions(checkpoint=checkpoint, **given)


@pytest.mark.parametrize("order", [BREEDS, ("pug", "Bengal", "boxer", "Abyssinian", "Egyptian_Mau")])
def test_the_five_breeds_are_confused_as_built_whatever_the_order_of_the_outputs(tmp_path, five_breeds, order):
    inputs = read_inputs(options(five_breeds, write_hand_weighted_checkpoint(tmp_path / "c.pt", order)))
    counts = np.zeros((5, 5), dtype=int)
    for sample in inputs.samples:
        crop, _ = inputs.crop(sample)
        with torch.inference_mode():
            logits = inputs.model(inputs.facts.preprocessing.normalised(crop[None]))[0]
        pred = int(logits[list(inputs.facts.alignment.output_idx)].argmax())
        counts[inputs.facts.classes.index(sample.label), pred] += 1
    assert inputs.facts.classes == BREEDS
    assert counts.tolist() == EXPECTED_CONFUSION


def test_the_facts_of_the_five_breeds_are_those_of_the_files(tmp_path, five_breeds):
    path = hand_checkpoint(tmp_path / "night.pt", epoch=3)
    inputs = read_inputs(options(five_breeds, path, notice="a drill"))
    model, data = inputs.facts.model, inputs.facts.data
    assert (model.name, model.arch, model.checkpoint_file) == ("hand_net", NET, "night.pt")
    assert model.checkpoint_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (model.checkpoint_wrapper, model.epoch, model.target_layer) == ("state_dict", 3, "features")
    assert model.n_params == 3 * 5 + 5 + 5 * 5 + 5
    assert (data.name, data.split, data.n_listed, data.notice) == ("oxford-iiit-pet", "test", 50, "a drill")
    assert data.root == str(five_breeds)
    assert inputs.facts.preprocessing == Preprocessing(resize_px=48, crop_px=48, mean=(0.5,) * 3, std=(0.5,) * 3)
    assert inputs.facts.taxonomy.species == tuple(SPECIES[breed] for breed in BREEDS)
    assert not inputs.model.training


def test_what_the_user_says_wins_over_the_checkpoint_and_the_data_set(tmp_path, five_breeds):
    (tmp_path / "species.toml").write_text("[species]\n" + "\n".join(f'{b} = "{b[0]}"' for b in BREEDS))
    (tmp_path / "notes.toml").write_text('[breeds.pug]\nname.en = "Mops"\nlook.en = "Small."\n')
    own = {"mean": (0.4,) * 3, "std": (0.3,) * 3}
    given = {
        "model_name": "mine",
        "target_layer": "features.0",
        "preprocessing": PreprocessingOptions(resize=60, crop=50, **own),
        "species_path": tmp_path / "species.toml",
        "notes_path": tmp_path / "notes.toml",
    }
    facts = read_inputs(options(five_breeds, hand_checkpoint(tmp_path / "c.pt"), **given)).facts
    assert (facts.model.name, facts.model.target_layer) == ("mine", "features.0")
    assert (facts.preprocessing, facts.preprocessing_source) == (
        Preprocessing(resize_px=60, crop_px=50, **own),
        "configuration",
    )
    assert (facts.taxonomy.source, facts.taxonomy.species) == ("species file", ("A", "B", "E", "b", "p"))
    assert facts.own_notes == (tmp_path / "notes.toml").read_text()


def test_names_mapped_by_the_user_carry_the_checkpoints_species_along(tmp_path):
    """Folders know no species; the checkpoint does, under its own names."""
    old = tuple(f"old {breed}" for breed in BREEDS)
    for breed in BREEDS:
        (tmp_path / "data" / breed).mkdir(parents=True)
        (tmp_path / "data" / breed / "1.png").touch()
    species = {f"old {breed}": name for breed, name in SPECIES.items()}
    path = hand_checkpoint(tmp_path / "c.pt", classes=list(old), species=species)
    renamed = dict(zip(old, BREEDS, strict=True))
    facts = read_inputs(options(tmp_path / "data", path, dataset="imagefolder", renamed=renamed)).facts
    assert (facts.classes, facts.alignment.named_by) == (BREEDS, "checkpoint")
    assert (facts.taxonomy.source, facts.taxonomy.species) == ("checkpoint", tuple(SPECIES[b] for b in BREEDS))


@pytest.mark.parametrize(
    ("night", "named_by", "source", "wrapper"),
    [
        (1, "data_set", "assumed", ""),
        (2, "checkpoint", "checkpoint", "state_dict"),
        (3, "checkpoint", "checkpoint", "model"),
    ],
)
def test_the_three_shared_checkpoints_load_as_their_readme_says(shared_dir, night, named_by, source, wrapper):
    path = shared_dir / "checkpoints" / f"mobilenet_v2-night{night}.pt"
    inputs = read_inputs(options(shared_dir, path, arch="mobilenet_v2" if night == 1 else None))
    facts = inputs.facts
    assert (facts.model.arch, facts.model.checkpoint_wrapper, facts.data.n_listed) == ("mobilenet_v2", wrapper, 305)
    assert (facts.alignment.named_by, facts.preprocessing_source) == (named_by, source)
    assert facts.preprocessing == Preprocessing()  # 256, 224, ImageNet: what the README gives for all three
    assert sorted(facts.alignment.output_idx) == list(range(37))
    assert (facts.alignment.output_idx == tuple(range(37))) is (night != 3)
    if night == 3:  # Abyssinian is output 27, american_bulldog 31: read off the file's own list
        assert facts.alignment.output_idx[:2] == (27, 31)
    carried = torch.load(path, weights_only=True).get("classes")
    if carried is not None:
        assert tuple(carried[k] for k in facts.alignment.output_idx) == facts.classes
    assert [facts.taxonomy.species.count(name) for name in ("cat", "dog")] == [12, 25]


def test_night_one_is_refused_without_the_name_of_its_architecture(shared_dir):
    path = shared_dir / "checkpoints" / "mobilenet_v2-night1.pt"
    with refused(InputError, "mobilenet_v2-night1.pt", "without the name of an architecture", "--arch mobilenet_v2"):
        read_inputs(options(shared_dir, path, arch=None))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dataset": "oxford"}, ("data set 'oxford'", "imagefolder, manifest, oxford-iiit-pet")),
        ({"arch": "tests.pets:nope"}, ("tests.pets:nope",)),
    ],
)
def test_a_wrong_option_stops_the_run_before_the_device(tmp_path, five_breeds, change, told):
    with refused(ConfigError, *told):
        read_inputs(options(five_breeds, hand_checkpoint(tmp_path / "c.pt"), **change))


def test_malformed_notes_and_species_stop_the_run_too(tmp_path, five_breeds):
    path = hand_checkpoint(tmp_path / "c.pt")
    (tmp_path / "notes.toml").write_text("[cats]\n")
    with refused(InputError, "unknown tables: cats"):
        read_inputs(options(five_breeds, path, notes_path=tmp_path / "notes.toml"))
    (tmp_path / "species.toml").write_text('[species]\npug = "dog"\n')
    told = ("species.toml", "no species for Abyssinian, Bengal, Egyptian_Mau, boxer", "the 5 classes", "missing lines")
    with refused(InputError, *told):
        read_inputs(options(five_breeds, path, species_path=tmp_path / "species.toml"))


def test_a_model_of_other_classes_is_refused_with_both_lists(tmp_path, five_breeds):
    names = ["Abyssinian", "bengal", "Egyptian Mau", "boxer", "pug"]
    path = hand_checkpoint(tmp_path / "c.pt", classes=names)
    told = ("'Bengal' (nearest: 'bengal')", "'Egyptian_Mau' (nearest: 'Egyptian Mau')", ", ".join(map(repr, BREEDS)))
    with refused(InputError, *told, ", ".join(map(repr, names)), "[rename]"):
        read_inputs(options(five_breeds, path))
