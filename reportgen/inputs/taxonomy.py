"""Species (the super-class) of every class: from a TOML file, the data set or the checkpoint, in this order."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.names import by_nfc
from reportgen.inputs.text_files import read_text
from reportgen.plain_text import named
from reportgen.toml_text import toml_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """`species[k]` belongs to class k. Without a usable taxonomy `species` is empty and `reason` says why."""

    species: tuple[str, ...]
    source: str
    reason: str


def taxonomy(classes: tuple[str, ...], sources: Mapping[str, Mapping[str, str]]) -> Taxonomy:
    """The first of `sources` (name of the source to species by class) that covers all of `classes`.

    A source that covers some of them, or that puts every class into one species, is passed over and named in `reason`.
    """
    passed_over = []
    for source, species in sources.items():
        known = [name for name in classes if name in species]
        if len(known) < len(classes):
            lacking = [name for name in classes if name not in species]
            if known:
                passed_over.append(f"the {source} names no species for {named(lacking, most=5)}")
            continue
        if len({species[name] for name in classes}) < 2:
            passed_over.append(f"the {source} puts every class into the one species {species[classes[0]]!r}")
            continue
        return Taxonomy(species=tuple(species[name] for name in classes), source=source, reason="")
    return Taxonomy(
        species=(), source="", reason="; ".join(passed_over) or "no source names the species of the classes"
    )


def read_species(path: Path) -> dict[str, str]:
    """The table [species] of a TOML file: class = "species". Raises InputError when it is not there."""
    try:
        table = toml_value(read_text(path)).get("species")
    except (OSError, ValueError) as error:
        raise InputError(
            f"species file {path}",
            found=in_one_line(error),
            expected='TOML with a table [species], lines such as Bengal = "cat"',
            todo="correct the file",
        ) from error
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise InputError(
            f"species file {path}",
            found="no table [species] of texts",
            expected='[species] with lines such as Bengal = "cat"',
            todo="add the table",
        )
    return by_nfc(table)
