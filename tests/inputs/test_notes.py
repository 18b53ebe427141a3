"""Breed notes beyond the package's own: what a user's file may hold, and the refusals."""

from dataclasses import replace

import pytest

from reportgen.errors import InputError
from reportgen.inputs.notes import PAIR_FIELDS, own_notes_text, read_notes
from tests.inputs.refusals import refused

OWN = """
[breeds.dodo]
name.en = "Dodo"
name.ja = "ドードー"
look.en = "Extinct."
[[pair]]
classes = ["dodo", "pug"]
training.en = "None."
coat.en = "Feathers."
coat.ja = "羽毛。"
"""


LOOK_ALIKES = [
    ("Bengal", "Egyptian_Mau"),
    ("Birman", "Ragdoll"),
    ("Birman", "Siamese"),
    ("Ragdoll", "Siamese"),
    ("British_Shorthair", "Russian_Blue"),
    ("american_pit_bull_terrier", "staffordshire_bull_terrier"),
    ("english_cocker_spaniel", "english_setter"),
]


def test_the_notes_are_of_the_breeds_of_the_photographs(shared_dir):
    listed = (shared_dir / "oxford-iiit-pet" / "annotations" / "list.txt").read_text().splitlines()[1:]
    assert set(read_notes().breeds) == {line.split()[0].rpartition("_")[0] for line in listed}


@pytest.mark.parametrize("pair", LOOK_ALIKES)
def test_the_look_alikes_have_every_field_in_both_languages(pair):
    fields = read_notes().pairs[frozenset(pair)].fields
    assert tuple(fields) == PAIR_FIELDS
    assert all(text[language].strip() for text in fields.values() for language in ("en", "ja"))


def test_every_breed_has_a_name_and_a_look_in_both_languages():
    breeds = read_notes().breeds
    assert len(breeds) == 37
    for breed, note in breeds.items():
        assert {"en", "ja"} <= set(note.name), breed
        assert {"en", "ja"} <= set(note.look), breed
        assert any("぀" <= letter <= "鿿" for letter in note.name["ja"] + note.look["ja"]), breed


def test_every_pair_is_of_two_known_breeds_and_in_both_languages():
    notes = read_notes()
    for classes, note in notes.pairs.items():
        assert set(note.classes) == classes
        assert classes <= set(notes.breeds)
        assert note.fields
        assert all(text[language].strip() for text in note.fields.values() for language in ("en", "ja"))


def test_own_notes_add_to_the_packages():
    notes, package = read_notes(OWN), read_notes()
    assert set(notes.breeds) == {*package.breeds, "dodo"}
    assert set(notes.pairs) == {*package.pairs, frozenset({"dodo", "pug"})}
    assert replace(notes, language="ja").name("dodo") == "ドードー"
    assert replace(notes, language="fr").name("dodo") == "Dodo"
    assert replace(notes, language="ja").name("pug") == replace(package, language="ja").name("pug")


def test_own_notes_replace_a_breed_and_a_pair_as_a_whole():
    own = """
        [breeds.Bengal]
        name.en = "Our Bengal"
        look.en = "Spots."
        [[pair]]
        classes = ["Egyptian_Mau", "Bengal"]
        coat.en = "Ours."
    """
    notes = read_notes(own)
    assert (notes.name("Bengal"), replace(notes, language="ja").name("Bengal")) == ("Our Bengal", "Our Bengal")
    assert dict(notes.pairs[frozenset({"Bengal", "Egyptian_Mau"})].fields) == {"coat": {"en": "Ours."}}
    assert len(notes.pairs) == len(read_notes().pairs)
    assert notes.name("no_note_here") == "no note here"


def test_the_fields_of_a_pair_come_in_the_order_of_the_report():
    """The file gives training before coat."""
    fields = read_notes(OWN).pairs[frozenset({"pug", "dodo"})].fields
    assert tuple(fields) == ("coat", "training")
    assert PAIR_FIELDS.index("coat") < PAIR_FIELDS.index("training")
    assert dict(fields["coat"]) == {"en": "Feathers.", "ja": "羽毛。"}


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ("x = ?\n", ("the user's notes", "line 1", "TOML", "correct the line")),
        ("[cats]\n", ("unknown tables: cats", "[breeds.NAME]", "README.md")),
        ("[breeds.a]\nname.en = 'A'\n", ("[breeds.a]", "name.en and look.en", "README.md")),
        ("[breeds.a]\nname.ja = 'A'\nlook.en = 'B'\n", ("[breeds.a]", ".en at least")),
        ("[[pair]]\ncoat.en = 'x'\n", ("[[pair]] number 1", "two different class names")),
        ("[[pair]]\nclasses = ['a', 'a']\n", ("[[pair]] number 1", "two different class names")),
        ("[[pair]]\nclasses = ['a', 'b']\n[[pair]]\nclasses = ['a']\n", ("[[pair]] number 2",)),
        ("[[pair]]\nclasses = ['a', 'b']\ncoat = 'x'\n", ("number 1: coat", "a text by language")),
    ],
)
def test_malformed_notes_are_refused_by_entry(own, told):
    with refused(InputError, *told):
        read_notes(own)


@pytest.mark.parametrize(
    "own",
    [
        "breeds = 3\n",
        "pair = 3\n",
        "[[pair]]\nclasses = ['a', ['b']]\n",
        "[[pair]]\nclasses = ['a', 'a', 'b']\n",
        "[[pair]]\nclasses = ['a', 'b']\ncoats.en = 'a misspelt field'\n",
    ],
)
def test_notes_of_the_wrong_form_are_refused_by_entry(own):
    with refused(InputError, "the user's notes"):
        read_notes(own)


def test_a_notes_file_that_cannot_be_read_is_refused(tmp_path):
    with refused(InputError, f"notes file {tmp_path / 'gone.toml'}", "FileNotFoundError", "UTF-8", "--notes"):
        own_notes_text(tmp_path / "gone.toml")
    (tmp_path / "latin.toml").write_bytes("é".encode("latin-1"))
    with refused(InputError, "latin.toml", "not UTF-8: byte 0xe9 on line 1", "--notes"):
        own_notes_text(tmp_path / "latin.toml")
