"""Species: which source is taken, why one is passed over, and the species file."""

import pytest

from reportgen.errors import InputError
from reportgen.inputs.taxonomy import read_species, taxonomy
from tests.inputs.refusals import refused

CLASSES = ("ant", "cow", "pug")
FULL = {"ant": "insect", "cow": "mammal", "pug": "mammal", "more": "fish"}


def test_species_stand_in_the_order_of_the_classes():
    found = taxonomy(("pug", "ant", "cow"), {"data set": FULL})
    assert (found.species, found.source, found.reason) == (("mammal", "insect", "mammal"), "data set", "")


def test_the_first_source_that_covers_all_is_taken():
    other = dict.fromkeys(CLASSES, "thing") | {"ant": "small thing"}
    assert taxonomy(CLASSES, {"species file": other, "data set": FULL}).source == "species file"
    assert taxonomy(CLASSES, {"species file": {"ant": "x"}, "data set": {}, "checkpoint": FULL}).source == "checkpoint"


def test_every_source_passed_over_is_named_in_the_reason():
    found = taxonomy(CLASSES, {"data set": {"ant": "x"}, "checkpoint": dict.fromkeys(CLASSES, "pet")})
    assert (found.species, found.source) == ((), "")
    assert found.reason == (
        "the data set names no species for cow, pug; the checkpoint puts every class into the one species 'pet'"
    )


def test_any_two_level_taxonomy_works():
    """Three super-classes, none of them a pet."""
    fruit = {"apple": "pome", "pear": "pome", "plum": "stone", "fig": "multiple"}
    assert set(taxonomy(tuple(fruit), {"data set": fruit}).species) == {"pome", "stone", "multiple"}


def test_a_species_file_is_a_table_of_texts(tmp_path):
    path = tmp_path / "species.toml"
    path.write_text('[species]\nBengal = "cat"\n"american bulldog" = "dog"\n')
    assert read_species(path) == {"Bengal": "cat", "american bulldog": "dog"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "FileNotFoundError"),
        (b"[species\n", "TOMLDecodeError"),
        ('[species]\na = "é"\n'.encode("latin-1"), "not UTF-8: byte 0xe9 on line 2"),
        (b'[other]\na = "cat"\n', "no table [species]"),
        (b"[species]\na = 1\n", "no table [species] of texts"),
        (b"species = 1\n", "no table [species]"),
    ],
)
def test_a_wrong_species_file_is_refused(tmp_path, content, told):
    path = tmp_path / "species.toml"
    if content is not None:
        path.write_bytes(content)
    with refused(InputError, f"species file {path}", told, 'Bengal = "cat"'):
        read_species(path)
