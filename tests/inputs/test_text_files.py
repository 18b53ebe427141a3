"""Text of users in the encodings that Windows writes: read wherever users' text is read."""

import pytest

from reportgen.errors import ConfigError, InputError, WordedError
from reportgen.inputs.notes import own_notes_text, read_notes
from reportgen.inputs.taxonomy import read_species
from reportgen.inputs.text_files import read_text
from reportgen.options import RunOptions, read_options
from tests.inputs.refusals import refused

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le+", "utf-16-be+", "utf-32"]
MARKS = {"utf-16-le+": b"\xff\xfe", "utf-16-be+": b"\xfe\xff"}


def written(path, text, encoding):
    path.write_bytes(MARKS.get(encoding, b"") + text.encode(encoding.removesuffix("+")))
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_is_read_with_any_mark(tmp_path, encoding, newline):
    assert read_text(written(tmp_path / "a", f"犬{newline}cat", encoding)) == "犬\ncat"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_toml_file_of_a_user_is_read_with_any_mark(tmp_path, encoding):
    given = {"checkpoint": tmp_path / "c.pt", "dataset": "imagefolder", "data_root": tmp_path}
    config = written(tmp_path / "r.toml", "batch_size = 8\r\n[explain]\r\nrandom_maps = 1\r\n", encoding)
    assert read_options(RunOptions, given, config).loop.batch_size == 8
    assert read_species(written(tmp_path / "s.toml", '[species]\n"柴犬" = "dog"\n', encoding)) == {"柴犬": "dog"}
    text = own_notes_text(written(tmp_path / "n.toml", '[breeds.pug]\nname.en = "Mops"\nlook.en = "犬"\n', encoding))
    assert read_notes(text).breeds["pug"].look["en"] == "犬"


def test_another_encoding_is_refused(tmp_path):
    path = written(tmp_path / "r.toml", 'lang = "ja"\nnotice = "犬のレポート"\n', "shift_jis")
    with refused(ConfigError, "r.toml", "not UTF-8: byte 0x8c on line 2; it may be Shift-JIS", "UTF-8"):
        read_options(RunOptions, {}, path)
    with refused(InputError, "r.toml", "not UTF-8: byte 0x8c on line 2; it may be Shift-JIS"):
        own_notes_text(path)


@pytest.mark.parametrize(
    ("encoding", "text", "guess"),
    [
        ("cp932", "path,label\n犬.png,ポメラニアン\n", "it may be Shift-JIS (CP932)"),
        ("euc_jp", "path,label\n柴犬.png,ポメラニアン\n", None),
        ("latin-1", "path,label\né.png,chien d\u00b4eau\n", None),
        ("euc_kr", "path,label\n고양이.png,고양이\n", None),
        ("gb18030", "path,label\n暹罗猫.png,布偶猫\n", None),
        ("big5", "path,label\n暹羅貓.png,布偶貓\n", None),
        ("cp1251", "path,label\nпёс.png,собака\n", None),
    ],
)
def test_only_shift_jis_is_guessed(tmp_path, encoding, text, guess):
    with pytest.raises(WordedError) as error:
        read_text(written(tmp_path / "a.csv", text, encoding))
    assert str(error.value).endswith(guess or "on line 2")


@pytest.mark.parametrize(
    ("text", "guessed"),
    [
        ("ぁ", True),
        ("犬ぁ", True),
        ("ヶ", True),
        ("犬", False),
        ("犬ァ", True),
    ],
)
def test_shift_jis_is_guessed_by_the_first_and_the_last_of_the_kana(tmp_path, text, guessed):
    """Kana begin with a small a (U+3041) and end with small ke (U+30F6) in Shift-JIS; kanji alone are no evidence."""
    with pytest.raises(WordedError) as caught:
        read_text(written(tmp_path / "a", text, "cp932"))
    assert ("Shift-JIS" in str(caught.value)) is guessed
