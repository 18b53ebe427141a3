"""Advice that can be followed: every option that a message names is an option of the program."""

import ast
import re
from pathlib import Path

import pytest
import typer.main

from reportgen.cli.app import app
from reportgen.deliver.mail.settings import MailSettings
from reportgen.errors import ConfigError
from reportgen.options import RunOptions, read_options
from tests.options import ALONE, GIVEN, TOP_LEVEL

ROOT = Path(__file__).resolve().parents[1]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
# Of another program, curl; and the start of a name in a style sheet.
FOREIGN = {"--fail", "--font"}


def real_options():
    commands = typer.main.get_command(app).commands.values()
    return {text for command in commands for parameter in command.params for text in parameter.opts} | {"--help"}


def named_in(text):
    return set(OPTION.findall(text))


def texts_of(path):
    """The strings of a module without its docstrings; a template as it is, without style and script."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return [re.sub(r"var\(--[\w-]*|\{#.*?#\}", "", source, flags=re.DOTALL)]
    tree = ast.parse(source)
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    documents = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, holders) and node.body and isinstance(node.body[0], ast.Expr)}  # fmt: skip
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents]  # fmt: skip


SOURCES = [*sorted((ROOT / "reportgen").rglob("*.py")), *sorted((ROOT / "templates").rglob("*.j2"))]


def test_every_option_that_a_text_of_ours_names_is_one():
    found = {path.name: named_in(" ".join(texts_of(path))) - real_options() - FOREIGN for path in SOURCES}
    assert {name: options for name, options in found.items() if options} == {}


def test_the_test_would_see_one_that_is_none(tmp_path):
    (tmp_path / "a.py").write_text('"""--not-this."""\nx = f"give --mail to {1}"\n')
    assert named_in(" ".join(texts_of(tmp_path / "a.py"))) - real_options() == {"--mail"}


@pytest.mark.parametrize("key", TOP_LEVEL)
@pytest.mark.parametrize("value", ['"\\u0000"', "-1", "[[]]", "{}", "true"])
def test_whatever_is_wrong_in_the_file_no_option_is_made_up(key, value, tmp_path):
    (tmp_path / "r.toml").write_text(f"{key} = {value}\n")
    refused(
        lambda: read_options(RunOptions, {name: it for name, it in GIVEN.items() if name != key}, tmp_path / "r.toml")
    )


@pytest.mark.parametrize("missing", GIVEN)
def test_nor_where_something_is_missing(missing):
    refused(lambda: read_options(RunOptions, {**GIVEN, missing: None}))


@pytest.mark.parametrize("table", ALONE)
def test_nor_in_the_commands_that_read_one_table(table):
    for given in ({}, {"archive.keep": 0}, {"mail.to": ()}, {"nonsense": 1}):
        refused(lambda given=given: read_options(ALONE[table], given))


def refused(read):
    try:
        read()
    except ConfigError as error:
        assert named_in(str(error)) <= real_options(), str(error)
        assert "None" not in error.todo, str(error)


def test_mail_without_an_address_says_where_to_give_one():
    with pytest.raises(ConfigError) as caught:
        read_options(MailSettings, {})
    assert caught.value.todo == "give --to, or mail.to in the file named by --config"


def test_one_number_of_unreadable_images(tmp_path):
    """The option, wherever it is given; the command line wins; two that differ are refused, naming both."""
    path = tmp_path / "r.toml"
    for text, given, expected in [
        ("", {}, 0.01),
        ("max_unreadable = 0.2\n", {}, 0.2),
        ("[gate]\nmax_unreadable = 0.2\n", {}, 0.2),
        ("max_unreadable = 0.2\n[gate]\nmax_unreadable = 0.2\n", {}, 0.2),
        ("[gate]\nmax_unreadable = 0.2\n", {"max_unreadable": 0.5}, 0.5),
    ]:
        path.write_text(text)
        assert read_options(RunOptions, {**GIVEN, **given}, path).gate.max_unreadable == expected
    path.write_text("max_unreadable = 0.2\n[gate]\nmax_unreadable = 0.3\n")
    with pytest.raises(ConfigError, match=r"0\.2, and 0\.3 in \[gate\]"):
        read_options(RunOptions, GIVEN, path)
