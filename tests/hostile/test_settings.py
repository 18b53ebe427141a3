"""Point 9: settings have bounds. Every number of every table of the TOML file is tried with what no number should be."""

import itertools
from pathlib import Path

import pytest

from reportgen.errors import ConfigError, InputError
from reportgen.inputs.notes import read_notes
from reportgen.inputs.taxonomy import read_species
from reportgen.options import RenderOptions, RunOptions, read_options
from tests.options import ALONE, GIVEN, OPTIONS, TABLES

ODD = {
    "nan": "nan",
    "inf": "inf",
    "-inf": "-inf",
    "true": "true",
    "10**400": "1" + "0" * 400,
    "-10**400": "-1" + "0" * 400,
    "5,000 digits": "9" * 5000,
    "1e308": "1e308",
    "2**63": str(2**63),
    "text": '"many"',
    "date": "2026-11-25",
    "list": "[]",
    "table": "{}",
}
EDGES = {"-1": "-1", "0": "0", "1": "1", "0.5": "0.5", "-0.0": "-0.0", "1e-300": "1e-300", "4096": "4096"}


def is_number(option):
    text = str(option.kinds)
    return any(kind in text for kind in ("int", "float", "Literal[1, 3]")) and "Mapping" not in text


NUMBERS = [(option.table, key.rpartition(".")[2]) for key, option in OPTIONS.items() if is_number(option)]


def toml(tmp_path, text):
    path = tmp_path / "r.toml"
    path.write_text(text)
    return path


def of(table, key, value):
    needed = 'to = ["a@example.org"]\n' if table == "mail" and key != "to" else ""
    return f"[{table}]\n{needed}{key} = {value}\n" if table else f"{key} = {value}\n"


def test_the_walk_sees_the_numbers_of_every_table():
    assert {table for table, _ in NUMBERS} == {"", "preprocessing", "explain", "gate", "mail", "archive"}
    assert len(NUMBERS) > 25


@pytest.mark.parametrize(("table", "key"), NUMBERS)
def test_what_is_no_number_or_out_of_bounds_is_refused_in_words(tmp_path, table, key):
    for value in ODD.values():
        with pytest.raises(ConfigError) as told:
            read_options(RunOptions, GIVEN, toml(tmp_path, of(table, key, value)))
        assert len(str(told.value).splitlines()) == 4
        assert len(str(told.value)) < 1500
        if "0" * 5 in value or value == "9" * 5000:
            continue
        assert key in told.value.thing or key in told.value.expected


@pytest.mark.parametrize(("table", "key"), NUMBERS)
def test_small_numbers_are_taken_or_refused_in_words(tmp_path, table, key):
    for value in EDGES.values():
        try:
            read_options(RunOptions, GIVEN, toml(tmp_path, of(table, key, value)))
        except ConfigError as told:
            assert len(str(told).splitlines()) == 4  # both are right


@pytest.mark.parametrize(("table", "key"), [one for one in NUMBERS if one[0] != "preprocessing"])
def test_every_number_has_an_upper_bound(table, key):
    bounds = OPTIONS[f"{table}.{key}" if table else key].bounds
    assert any(getattr(bound, "le", None) is not None or getattr(bound, "lt", None) is not None for bound in bounds)


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_floors_of_recall_are_fractions(tmp_path, value):
    with pytest.raises(ConfigError):
        read_options(RunOptions, GIVEN, toml(tmp_path, f"[gate.min_recall]\nBengal = {value}\n"))


@pytest.mark.parametrize("days", ["1000000", "9e9", "inf", "nan", "0", "-1", "true"])
def test_days_to_keep(tmp_path, days):
    path = toml(tmp_path, f"[archive]\nkeep_days = {days}\n")
    with pytest.raises(ConfigError, match=r"keep.days"):
        read_options(RunOptions, GIVEN, path)
    with pytest.raises(ConfigError, match=r"keep.days"):
        read_options(ALONE["archive"], {}, path)


@pytest.mark.parametrize("days", [1e6, 9e9, float("inf"), float("nan")])
def test_days_to_keep_on_the_command_line(days):
    with pytest.raises(ConfigError, match=r"keep.days"):
        read_options(ALONE["archive"], {"archive.keep_days": days})


DEEP = {
    "lists": "x = " + "[" * 20_000 + "]" * 20_000,
    "tables": "x = " + "{a=" * 20_000 + "1" + "}" * 20_000,
    "open lists": "x = " + "[" * 200_000,
    "keys": "a" + ".a" * 7_000 + " = 1",
    "heads": "[" + "a." * 7_000 + "a]\nb = 1",
    "a number": "x = " + "9" * 100_000,
    "not UTF-8": b"x = '\xff'",
    "binary": bytes(range(256)),
    "NUL": b"x = '\x00'",
}
READERS = {
    "run": lambda path: read_options(RunOptions, GIVEN, path),
    "render": lambda path: read_options(RenderOptions, {}, path),
    "mail": lambda path: read_options(ALONE["mail"], {}, path),
    "notes": lambda path: read_notes(path.read_text(encoding="utf-8", errors="replace")),
    "species": read_species,
}


@pytest.mark.parametrize(("what", "reader"), list(itertools.product(DEEP, READERS)))
def test_a_file_without_end_or_sense_is_refused_in_words(tmp_path, what, reader):
    path = tmp_path / "deep.toml"
    path.write_bytes(DEEP[what] if isinstance(DEEP[what], bytes) else DEEP[what].encode())
    with pytest.raises((ConfigError, InputError)) as told:
        READERS[reader](path)
    assert len(str(told.value)) < 5000


WRONG_KINDS = ("5", "true", '"x"', "[]", "[1]", "[[1]]", "2026-11-25", "[{}]", "{x = 1}", "nan")


@pytest.mark.parametrize(("table", "value"), list(itertools.product([*TABLES, "rename"], WRONG_KINDS)))
def test_what_is_no_table_is_refused_in_words(tmp_path, table, value):
    path = toml(tmp_path, f"{table} = {value}\n")
    with pytest.raises(ConfigError):
        read_options(RunOptions, GIVEN, path)
    if table in ALONE:
        with pytest.raises(ConfigError):
            read_options(ALONE[table], {}, path)


PATHS = [("", key) for key, option in OPTIONS.items() if Path in option.kinds and not option.table]


@pytest.mark.parametrize(("table", "key"), [*PATHS, ("theme", "logo"), ("mail", "ca_file"), ("mail", "host")])
def test_a_path_with_a_nul_is_refused(tmp_path, table, key):
    with pytest.raises(ConfigError, match="NUL"):
        read_options(
            RunOptions, {k: v for k, v in GIVEN.items() if k != key}, toml(tmp_path, of(table, key, '"a\\u0000b"'))
        )
