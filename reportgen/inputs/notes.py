"""Breed notes: what a person sees that tells the breeds apart, in English and Japanese.

The package's own notes lie in reportgen/notes/*.toml (its README has the schema); a user's file adds to or replaces
them, breed by breed and pair by pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.names import nfc
from reportgen.inputs.text_files import read_text
from reportgen.plain_text import named
from reportgen.toml_text import toml_value

Text = Mapping[str, str]  # language code to text; "en" is always there
PAIR_FIELDS = ("coat", "build", "head", "paws", "kinship", "training")


@dataclass(frozen=True, slots=True, kw_only=True)
class BreedNote:
    """One breed: its names and what it looks like."""

    name: Text
    look: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PairNote:
    """What tells two breeds apart: `fields` holds those of PAIR_FIELDS that are given, in that order."""

    classes: tuple[str, str]
    fields: Mapping[str, Text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Notes by class name, and by unordered pair of class names; told in `language`, else in English."""

    breeds: Mapping[str, BreedNote]
    pairs: Mapping[frozenset[str], PairNote]
    language: str = "en"

    def localised(self, text: Text) -> str:
        """The text in the language of these notes."""
        return text.get(self.language, text["en"])

    def name(self, breed: str) -> str:
        """The breed's name for readers; the class name with spaces where there is no note."""
        note = self.breeds.get(breed)
        return self.localised(note.name) if note else breed.replace("_", " ")

    def tell_apart(self, a: str, b: str) -> tuple[str, ...]:
        """What tells two breeds apart at first sight: the pair's first field, else the looks of both; () if unknown."""
        pair = self.pairs.get(frozenset((a, b)))
        if pair:
            return (self.localised(next(iter(pair.fields.values()))),)
        looks = [(self.name(name), self.localised(self.breeds[name].look)) for name in (a, b) if name in self.breeds]
        return tuple(f"{name}: {look}" for name, look in looks) if len(looks) == 2 else ()


def read_notes(own: str | None = None) -> Notes:
    """The package's notes, with `own` (the text of a user's TOML file) laid over them.

    Raises InputError when a note is malformed.
    """
    folder = resources.files("reportgen") / "notes"
    texts = [(name, (folder / name).read_text(encoding="utf-8")) for name in ("breeds.toml", "pairs.toml")]
    if own is not None:
        texts.append(("the user's notes", own))
    breeds: dict[str, BreedNote] = {}
    pairs: dict[frozenset[str], PairNote] = {}
    for name, text in texts:
        content = _parsed(text, name)
        breeds_table, pair_list = content.get("breeds", {}), content.get("pair", [])
        if not isinstance(breeds_table, dict) or not isinstance(pair_list, list):
            raise _malformed(name, "[breeds.NAME] tables and [[pair]] entries")
        breeds |= {nfc(key): _breed(value, f"{name}: [breeds.{key}]") for key, value in breeds_table.items()}
        for number, entry in enumerate(pair_list, start=1):
            note = _pair(entry, f"{name}: [[pair]] number {number}")
            pairs[frozenset(note.classes)] = note
    return Notes(breeds=breeds, pairs=pairs)


def own_notes_text(path: Path) -> str:
    """The text of a user's notes file. Raises InputError when it cannot be read."""
    try:
        return read_text(path)
    except (OSError, ValueError) as error:
        raise InputError(
            f"notes file {path}",
            found=in_one_line(error),
            expected="a TOML file in UTF-8",
            todo="check --notes",
        ) from error


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        content = toml_value(text)
    except ValueError as error:
        raise InputError(name, found=str(error), expected="TOML", todo="correct the line named above") from error
    unknown = sorted(set(content) - {"breeds", "pair"})
    if unknown:
        raise InputError(
            name,
            found=f"unknown tables: {named(unknown)}",
            expected="[breeds.NAME] tables and [[pair]] entries",
            todo="see reportgen/notes/README.md for the schema",
        )
    return content


def _breed(entry: Any, thing: str) -> BreedNote:
    if not isinstance(entry, dict) or not {"name", "look"} <= set(entry):
        raise _malformed(thing, "name.en and look.en")
    return BreedNote(name=_text(entry["name"], thing), look=_text(entry["look"], thing))


def _pair(entry: Any, thing: str) -> PairNote:
    classes = entry.get("classes") if isinstance(entry, dict) else None
    if not isinstance(classes, list) or len(classes) != 2 or len({str(name) for name in classes}) != 2:
        raise _malformed(thing, 'classes = ["A", "B"], two different class names')
    if not all(isinstance(name, str) for name in classes) or set(entry) - {"classes", *PAIR_FIELDS}:
        raise _malformed(thing, f"two class names as text, and no other fields than {', '.join(PAIR_FIELDS)}")
    fields = {field: _text(entry[field], f"{thing}: {field}") for field in PAIR_FIELDS if field in entry}
    return PairNote(classes=(nfc(classes[0]), nfc(classes[1])), fields=fields)


def _text(value: Any, thing: str) -> Text:
    if not isinstance(value, dict) or not isinstance(value.get("en"), str):
        raise _malformed(thing, "a text by language, with .en at least")
    return {str(language): str(text) for language, text in value.items()}


def _malformed(thing: str, expected: str) -> InputError:
    return InputError(
        thing, found="something else", expected=expected, todo="see reportgen/notes/README.md for the schema"
    )
