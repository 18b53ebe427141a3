"""Class alignment by name, species, notes, and the front door of the inputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import InputError
from reportgen.inputs.classes import aligned
from reportgen.inputs.labelled_images import DataSource
from reportgen.inputs.notes import PAIR_FIELDS, read_notes
from reportgen.inputs.run_inputs import InputOptions, read_inputs
from reportgen.inputs.taxonomy import read_species, taxonomy
from tests.pets import BREEDS, hand_checkpoint

NAMES = ("ant", "bee", "cow", "dog")
REQUIRED_PAIRS = [
    ("Bengal", "Egyptian_Mau"),
    ("Birman", "Ragdoll"),
    ("Birman", "Siamese"),
    ("Ragdoll", "Siamese"),
    ("British_Shorthair", "Russian_Blue"),
    ("american_pit_bull_terrier", "staffordshire_bull_terrier"),
    ("english_cocker_spaniel", "english_setter"),
]


@given(st.permutations(range(len(NAMES))))
def test_any_order_of_the_outputs_is_undone_by_name(order):
    """Logits whose column for class k holds k, permuted, come back in order."""
    model_classes = tuple(NAMES[k] for k in order)
    logits = np.array(order)
    found = aligned(NAMES, model_classes, n_outputs=4)
    assert logits[list(found.output_idx)].tolist() == [0, 1, 2, 3]
    assert found.named_by == "checkpoint"


def test_a_data_set_with_some_of_the_classes_is_fine_and_said_so():
    found = aligned(("cow", "ant"), NAMES, n_outputs=4)
    assert found.classes == ("cow", "ant", "bee", "dog")
    assert found.output_idx == (2, 0, 1, 3)
    assert found.without_images == ("bee", "dog")


@pytest.mark.parametrize(
    ("data", "model", "told"),
    [
        (NAMES, ("ant", "bee", "cow"), "names 3 classes for 4 outputs"),
        ((*NAMES, "elk"), NAMES, "'elk'"),
        (("ant", "bee", "cow", "Dog"), NAMES, "nearest: 'dog'"),
        (NAMES, ("ant", "bee", "bee", "dog"), "twice: bee"),
        (("ant", "bee"), None, "2 classes for 4 outputs"),
    ],
)
def test_a_missing_extra_renamed_or_doubled_class_is_exit_3_with_both_lists(data, model, told):
    with pytest.raises(InputError, match=told) as caught:
        aligned(data, model, n_outputs=4)
    assert caught.value.exit_code == 3
    assert ", ".join(data) in str(caught.value)
    assert (", ".join(model) if model else "4 outputs without names") in str(caught.value)


def test_names_can_be_mapped_by_the_user():
    found = aligned(
        ("american_bulldog", "pug"),
        ("American Bulldog", "pug"),
        n_outputs=2,
        renamed={"American Bulldog": "american_bulldog"},
    )
    assert found.output_idx == (0, 1)


def test_without_names_the_order_of_the_data_set_is_assumed():
    assert aligned(NAMES, None, n_outputs=4).named_by == "data_set"


def test_species_come_from_the_first_source_that_knows_all():
    known = {"ant": "insect", "bee": "insect", "cow": "mammal", "dog": "mammal"}
    found = taxonomy(NAMES, {"data set": {"ant": "insect"}, "checkpoint": known})
    assert (found.source, found.species) == ("checkpoint", ("insect", "insect", "mammal", "mammal"))


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        ({}, "no source"),
        ({"data set": {"ant": "insect"}}, "no species for bee, cow, dog"),
        ({"data set": dict.fromkeys(NAMES, "animal")}, "one species 'animal'"),
    ],
)
def test_without_a_usable_taxonomy_the_reason_is_kept(sources, told):
    found = taxonomy(NAMES, sources)
    assert not found.species
    assert told in found.reason


@pytest.mark.parametrize("text", ["not toml [", "[other]\na = 1\n", "[species]\nant = 3\n"])
def test_a_wrong_species_file_is_named(tmp_path, text):
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(InputError, match=r"s\.toml") as caught:
        read_species(tmp_path / "s.toml")
    assert caught.value.exit_code == 3


def test_notes_cover_every_breed_and_the_look_alikes_in_both_languages(shared_dir):
    listed = (shared_dir / "oxford-iiit-pet" / "annotations" / "list.txt").read_text().splitlines()[1:]
    notes = read_notes()
    for breed in {line.split()[0].rpartition("_")[0] for line in listed}:
        assert all(
            text[language] for text in (notes.breeds[breed].name, notes.breeds[breed].look) for language in ("en", "ja")
        )
    for pair in REQUIRED_PAIRS:
        fields = notes.pairs[frozenset(pair)].fields
        assert tuple(fields) == PAIR_FIELDS
        assert all(text["en"] and text["ja"] for text in fields.values())


def test_own_notes_add_and_replace():
    own = """
        [breeds.Bengal]
        name.en = "Our Bengal"
        look.en = "Spots."
        [breeds.dodo]
        name.en = "Dodo"
        look.en = "Extinct."
        [[pair]]
        classes = ["Egyptian_Mau", "Bengal"]
        coat.en = "Ours."
    """
    notes = read_notes(own)
    assert notes.name("Bengal") == "Our Bengal"
    assert notes.name("Bengal", "ja") == "Our Bengal"
    assert notes.breeds["dodo"].look["en"] == "Extinct."
    assert list(notes.pairs[frozenset(("Bengal", "Egyptian_Mau"))].fields) == ["coat"]
    assert notes.name("Siamese") == "Siamese"
    assert notes.name("no_note_here") == "no note here"


@pytest.mark.parametrize(
    "own",
    [
        "x = ",
        "[cats]\n",
        "[breeds.a]\nname.en = 'A'\n",
        "[[pair]]\nclasses = ['a', 'a']\n",
        "[[pair]]\nclasses = ['a', 'b']\ncoat = 'no language'\n",
    ],
)
def test_malformed_notes_are_exit_3(own):
    with pytest.raises(InputError) as caught:
        read_notes(own)
    assert caught.value.exit_code == 3


def options(root, checkpoint, **more):
    return InputOptions(checkpoint=checkpoint, dataset="oxford-iiit-pet", source=DataSource(root=root), **more)


def test_inputs_say_where_everything_came_from(tmp_path, five_breeds):
    path = hand_checkpoint(tmp_path / "c.pt", order=tuple(reversed(BREEDS)), epoch=7)
    facts = read_inputs(options(five_breeds, path, arch="tests.pets:hand_net")).facts
    assert facts.classes == BREEDS
    assert facts.alignment.output_idx == (4, 3, 2, 1, 0)
    assert (facts.preprocessing_source, facts.taxonomy.source, facts.model.epoch) == ("checkpoint", "data set", 7)
    bare = hand_checkpoint(tmp_path / "b.pt", classes=None, preprocessing=None, target_layer=None)
    facts = read_inputs(options(five_breeds, bare, arch="tests.pets:hand_net")).facts
    assert (facts.alignment.named_by, facts.preprocessing_source, facts.model.target_layer) == (
        "data_set",
        "assumed",
        None,
    )


def test_a_species_file_must_cover_every_class(tmp_path, five_breeds):
    (tmp_path / "s.toml").write_text('[species]\npug = "dog"\n')
    path = hand_checkpoint(tmp_path / "c.pt")
    with pytest.raises(InputError, match="no species for Abyssinian"):
        read_inputs(options(five_breeds, path, arch="tests.pets:hand_net", species_path=tmp_path / "s.toml"))


@pytest.mark.parametrize(("night", "first_outputs"), [(1, (0, 1, 2)), (2, (0, 1, 2)), (3, (27, 31, 20))])
def test_the_shared_checkpoints_are_aligned_by_name(shared_dir, night, first_outputs):
    """Night 3 holds its classes in another order: Abyssinian is output 27, american_bulldog 31 (its README)."""
    path = shared_dir / "checkpoints" / f"mobilenet_v2-night{night}.pt"
    arch = "mobilenet_v2" if night == 1 else None
    facts = read_inputs(options(shared_dir, path, arch=arch)).facts
    assert facts.alignment.output_idx[:3] == first_outputs
