"""Names that are equal without looking so at the bytes, and names that look equal and are not."""

import unicodedata

import pytest

from reportgen.errors import InputError
from reportgen.inputs.classes import aligned
from reportgen.inputs.datasets.labelled_images import read_labelled_images
from reportgen.inputs.names import unlikeness
from reportgen.inputs.notes import read_notes
from reportgen.inputs.options import DataSource
from reportgen.inputs.taxonomy import read_species
from reportgen.options import RunOptions, read_options
from reportgen.runs.bounded_files import restored
from reportgen.runs.history import StoredRunFacts, past_run
from tests.inputs.refusals import refused
from tests.pets import picture

NAMES = ["ポメラニアン", "パグ", "Dachshund à poil dur", "Épagneul", "불독", "Ünal", "ẛ̣"]


def nfd(name):
    return unicodedata.normalize("NFD", name)


@pytest.mark.parametrize("name", [name for name in NAMES if nfd(name) != name])
def test_the_same_name_in_the_macs_spelling_is_the_same_name(name, tmp_path):
    for folder in (nfd(name), "other"):
        (tmp_path / folder).mkdir()
        picture("pug").save(tmp_path / folder / "0.png")
    data = read_labelled_images("imagefolder", DataSource(root=tmp_path))
    name = unicodedata.normalize("NFC", name)
    assert name in data.classes
    for spelt in (name, nfd(name)):
        found = aligned(data.classes, ("other", spelt), n_outputs=2)
        assert found.output_idx == tuple(("other", name).index(one) for one in data.classes)
        renamed = aligned(data.classes, ("other", "x"), n_outputs=2, renamed={"x": spelt})
        assert renamed.output_idx == found.output_idx
        assert aligned(data.classes, ("Other", spelt), n_outputs=2, renamed={"Other": "other"}) == found


def test_two_folders_of_one_name_are_one_class(tmp_path):
    for folder in ("パグ", nfd("パグ")):
        (tmp_path / folder).mkdir()
        picture("pug").save(tmp_path / folder / "0.png")
    data = read_labelled_images("imagefolder", DataSource(root=tmp_path))
    assert data.classes == ("パグ",)
    assert [sample.label for sample in data.samples] == ["パグ"] * 2


@pytest.mark.parametrize("name", ["パグ", "Épagneul"])
def test_the_configuration_and_the_files_of_a_run_take_either_spelling(name, tmp_path):
    (tmp_path / "r.toml").write_text(
        f'[rename]\n"{nfd(name)}" = "{nfd(name)}!"\n[gate.min_recall]\n"{nfd(name)}" = 0.5\n[[gate.accepted]]\n'
        f'pair = ["{nfd(name)}", "b"]\nowner = "o"\nreason = "r"\nexpires = 2030-01-01\n',
        encoding="utf-8",
    )
    given = {"checkpoint": "c.pt", "dataset": "imagefolder", "data_root": "."}
    options = read_options(RunOptions, given, tmp_path / "r.toml")
    assert (options.inputs.renamed, options.gate.min_recall) == ({name: f"{name}!"}, {name: 0.5})
    assert options.gate.accepted[0].pair == (name, "b")
    (tmp_path / "s.toml").write_text(f'[species]\n"{nfd(name)}" = "dog"\n', encoding="utf-8")
    assert read_species(tmp_path / "s.toml") == {name: "dog"}
    notes = read_notes(
        f'[breeds."{nfd(name)}"]\nname.en = "N"\nlook.en = "L"\n[[pair]]\nclasses = ["{nfd(name)}", "b"]\n'
    )
    assert name in notes.breeds
    assert frozenset((name, "b")) in notes.pairs


@pytest.mark.parametrize(
    ("name", "other", "told"),
    [
        ("pug ", "pug", "an extra U+0020 SPACE"),
        ("pug", " pug", "no U+0020 SPACE"),
        ("boxer  dog", "boxer dog", "an extra U+0020 SPACE"),
        ("pu\u200bg", "pug", "an extra U+200B ZERO WIDTH SPACE"),
        ("\ufeffpug", "pug", "an extra U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("boxer\u00a0dog", "boxer dog", "U+00A0 NO-BREAK SPACE instead of U+0020 SPACE"),
        ("p\u0430g", "pag", "U+0430 CYRILLIC SMALL LETTER A instead of U+0061 LATIN SMALL LETTER A"),
        ("\uff50ug", "pug", "U+FF50 FULLWIDTH LATIN SMALL LETTER P instead of U+0070 LATIN SMALL LETTER P"),
        ("\u30d8", "\u3078", "U+30D8 KATAKANA LETTER HE instead of U+3078 HIRAGANA LETTER HE"),
        ("\uff8a\uff9f\uff78\uff9e", "パグ", "U+FF8A HALFWIDTH KATAKANA LETTER HA"),
        ("a\u2010b", "a-b", "U+2010 HYPHEN instead of U+002D HYPHEN-MINUS"),
        ("chien d\u2019eau", "chien d'eau", "U+2019 RIGHT SINGLE QUOTATION MARK instead of U+0027 APOSTROPHE"),
    ],
)
def test_where_two_names_look_alike_the_difference_is_named(name, other, told):
    assert told in unlikeness(name, other)
    with refused(InputError, repr(name), f"it looks like the model's {other!r}", "correct these labels", told):
        aligned(("x", name), ("x", other), n_outputs=2)


@pytest.mark.parametrize(
    ("name", "other"), [("pug", "Pug"), ("pug", "pag"), ("a_b", "a b"), ("é", "e"), ("pug", "pug")]
)
def test_where_a_difference_is_to_be_seen_or_none_is_there_nothing_is_said(name, other):
    assert unlikeness(name, other) == ""


def test_an_archived_run_in_the_macs_spelling_is_compared_by_name():
    import pandas as pd

    table = pd.DataFrame({"sample_id": ["a"], "sha256": ["0"], "target": [nfd("パグ")], "pred": ["b"]})
    contract = {
        "run_id": "20261125T000000000Z-00000000",
        "created_at": "2026-11-25T00:00:00+00:00",
        "data": {"fingerprint": "f" * 64},
        "model": {"checkpoint_sha256": "0" * 64},
        "compute": {"precision": "fp32"},
        "confusion": {"classes": [nfd("パグ"), "b"]},
        "preprocessing": {},
        "gate": {"passed": True},
    }
    found = past_run(restored(StoredRunFacts, contract), table)
    assert (found.classes, found.targets.tolist(), found.preds.tolist()) == (("パグ", "b"), [0], [1])
