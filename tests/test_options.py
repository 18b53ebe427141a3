"""One declaration for each option: what is made from it, and an option that is added from outside."""

import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
import typer
from annotated_types import Interval
from typer.testing import CliRunner

from reportgen.cli.parameters import Given, takes
from reportgen.deliver.mail.settings import MailSettings
from reportgen.errors import ConfigError
from reportgen.evaluate.options import LoopOptions
from reportgen.option import Group, Option
from reportgen.options import RenderOptions, RunOptions, read_options
from tests.options import GIVEN, OPTIONS
from tests.program import reportgen
from tools.option_docs import EXAMPLE, README, readme_text, toml_text


def test_the_files_made_from_the_options_are_as_they_are_made_now():
    """`python -m tools.option_docs` makes them."""
    assert EXAMPLE.read_text(encoding="utf-8") == toml_text()
    text = README.read_text(encoding="utf-8")
    assert "`--batch-size`" in text
    assert readme_text(text) == text


def test_no_two_options_have_one_key_or_flag():
    flags = [option.flag for option in OPTIONS.values() if option.flag]
    assert len(set(flags)) == len(flags)
    assert all(option.option.help.endswith((".", ")")) for option in OPTIONS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopWithOneMore(LoopOptions):
    """A stage's options with a field more: nothing else is told of it."""

    n_retries: Annotated[int, Interval(ge=0, le=9), Option("Attempts more for a file.", example="2")] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWithOneMore:
    GROUP: ClassVar = Group("Evaluation")

    loop: LoopWithOneMore = field(default_factory=LoopWithOneMore)


@pytest.mark.parametrize(
    ("arguments", "text", "expected"),
    [
        ((), "", 1),
        ((), "n_retries = 3\n", 3),
        (("--n-retries", "0"), "n_retries = 3\n", 0),
        (("--n-retries", "10"), "", "--n-retries"),
        ((), "n_retries = -1\n", "n_retries in"),
        ((), "n_retrys = 1\n", "n_retries (the nearest key)"),
    ],
)
def test_an_option_added_to_its_stage_alone_is_one_of_command_line_and_file(tmp_path, arguments, text, expected):
    found = []
    app = typer.Typer()

    @app.command()
    @takes(RunWithOneMore)
    def run(given: Given) -> None:
        found.append(read_options(RunWithOneMore, given, tmp_path / "r.toml"))

    (tmp_path / "r.toml").write_text(text)
    done = CliRunner().invoke(app, arguments)
    if isinstance(expected, int):
        assert (done.exit_code, found[0].loop.n_retries) == (0, expected)
    else:
        assert isinstance(done.exception, ConfigError)
        assert expected in str(done.exception)
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    assert "--n-retries" in told
    assert "Attempts more for a file. [default: 1]" in told


def test_who_spoke_is_recorded_and_the_command_line_wins_key_by_key(tmp_path):
    (tmp_path / "r.toml").write_text(
        'batch_size = 8\nseed = 3\n[gate]\nmax_ece = 0.1\n[mail]\nto = ["a@example.org"]\n'
    )
    said = {"REPORTGEN_MAIL_USER": "u", "REPORTGEN_MAIL_PASSWORD": "p"}
    found = read_options(RunOptions, {**GIVEN, "batch_size": 4}, tmp_path / "r.toml", environment=said)
    assert (found.loop.batch_size, found.explain.seed, found.gate.max_ece) == (4, 3, 0.1)
    assert found.sources == {
        **dict.fromkeys((*GIVEN, "batch_size"), "command line"),
        **dict.fromkeys(("seed", "gate.max_ece", "mail.to"), "configuration file"),
    }
    assert found.mail == MailSettings(to=("a@example.org",), user="u", password="p")
    assert "password" not in repr(found)


def test_a_password_stands_in_no_file_and_alone_asks_for_no_mail(tmp_path):
    said = {"REPORTGEN_MAIL_USER": "u", "REPORTGEN_MAIL_PASSWORD": "p"}
    assert read_options(RunOptions, GIVEN, environment=said).mail is None
    (tmp_path / "r.toml").write_text('[mail]\nto = ["a@example.org"]\npassword = "p"\n')
    with pytest.raises(ConfigError, match=r"mail\.password") as caught:
        read_options(RunOptions, GIVEN, tmp_path / "r.toml")
    assert caught.value.found == "an unknown key"


@pytest.mark.parametrize(
    ("text", "made"), [("", False), ("[theme]\n", True), ("[theme.dark]\nink = '#ffffff'\n", True)]
)
def test_what_may_be_none_as_a_whole_is_made_where_its_table_stands(tmp_path, text, made):
    (tmp_path / "r.toml").write_text(text)
    found = read_options(RenderOptions, {}, tmp_path / "r.toml")
    assert (found.theme is not None) is made
    assert all(getattr(found, each.name) is None for each in fields(found) if each.name not in ("theme", "formats"))


def test_paths_of_the_file_are_relative_to_the_current_directory(tmp_path):
    (tmp_path / "r.toml").write_text('checkpoint = "x.pt"\ndataset = "d"\ndata_root = "r"\n')
    assert read_options(RunOptions, {}, tmp_path / "r.toml").inputs.checkpoint == Path("x.pt")


@pytest.mark.parametrize(
    ("command", "flag", "default"),
    [
        *(("run", "--methods", "grad_cam,contrast,smooth_grad"), ("explain", "--methods", "all")),
        *(("run", "--sections", "all"), ("render", "--sections", "as stored"), ("render", "--notes", "as stored")),
    ],
)
def test_help_says_what_holds_for_this_command_where_nothing_is_given(command, flag, default, tmp_path):
    text = reportgen(command, "--help", cwd=tmp_path).stdout
    about = " ".join(re.sub(r"[^!-~]+", " ", text.split(f"{flag} ")[1].split(" --")[0]).split())
    assert f"[default: {default}]" in about
