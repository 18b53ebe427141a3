"""The worked examples of docs/own-section and docs/own-look: their commands run, and the pages show what they promise."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.pets import hand_checkpoint
from tests.program import reportgen

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture
def place(tmp_path, five_breeds):
    """A folder with docs/ and with a run of the five breeds where `make demo` would leave its own."""
    for name in ("own-section", "own-look"):
        shutil.copytree(DOCS / name, tmp_path / "docs" / name)
    checkpoint = hand_checkpoint(tmp_path / "hand.pt")
    (tmp_path / "quick.toml").write_text(
        "[explain]\nsmooth_grad_samples = 2\ninsertion_steps = 0\ncertificate_pictures = 0\nfocus_pictures = 0\n"
    )
    given = (
        "--checkpoint",
        checkpoint,
        "--dataset",
        "oxford-iiit-pet",
        "--data-root",
        five_breeds,
        "--arch",
        "tests.pets:hand_net",
    )
    done = reportgen(
        "run", *given, "--model-name", "demo", "--lang", "en,ja", "--config", "quick.toml", "--format", "html",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return tmp_path


def command_of(name):
    """The arguments of the one command in the example's README, and its PYTHONPATH."""
    (line,) = re.findall(r"^```sh\n(.*)\n```", (DOCS / name / "README.md").read_text(), flags=re.MULTILINE)
    words = shlex.split(line)
    path = words.pop(0).removeprefix("PYTHONPATH=") if words[0].startswith("PYTHONPATH") else None
    assert words[0] == "reportgen"
    return words[1:], path


def test_the_section_lists_the_labels_to_check(place, monkeypatch):
    """Five of the hand net's answers are wrong: three of class 1, one of 0, one of 2 (tests/pets.py)."""
    words, path = command_of("own-section")
    monkeypatch.syspath_prepend(str(place / path))
    monkeypatch.delitem(sys.modules, "labels_to_check", raising=False)
    done = reportgen(*words, cwd=place)
    assert done.returncode == 0, done.stderr
    bundle = place / "reports" / "demo" / "latest"
    for file, title, room in (
        ("report.html", "Labels to check", "____________"),
        ("report.ja.html", "確認したいラベル", "____________"),
    ):
        page = (bundle / file).read_text()
        assert re.findall(r"<h2>(.*?)</h2>", page)[1] == title
        assert page.count(room) == 5
    assert (bundle / "report.pdf").is_file()


def test_the_look_shows_and_is_kept(place):
    words, _ = command_of("own-look")
    done = reportgen(*words, cwd=place)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(place / "docs")
    again = reportgen("render", "reports/demo/latest", "--format", "html", cwd=place)
    assert again.returncode == 0, again.stderr
    assert "--accent: #0b6b4f" in (place / "reports" / "index.html").read_text()
    for file, line in (("report.html", "Confidential"), ("report.ja.html", "社外秘")):
        page = (place / "reports" / "demo" / "latest" / file).read_text()
        for shown in (line, "--accent: #0b6b4f", "data:image/svg+xml", 'alt="Example Animal Clinic"', ".clinic {"):
            assert shown in page, shown


def test_the_house_s_own_look_comes_back(place):
    words, _ = command_of("own-look")
    assert reportgen(*words, "--sections", "summary", "--format", "html", cwd=place).returncode == 0
    (place / "plain.toml").write_text("[theme]\n")
    more = ("--templates", "none", "--sections", "all", "--config", "plain.toml", "--format", "html")
    done = reportgen("render", "reports/demo/latest", *more, cwd=place)
    assert done.returncode == 0, done.stderr
    page = (place / "reports" / "demo" / "latest" / "report.html").read_text()
    for gone in ("Confidential", "--accent: #0b6b4f", "Example Animal Clinic"):
        assert gone not in page
    assert page.count("<h2>") > 8


def test_what_a_new_rendering_takes_away_is_said(place, caplog):
    run = place / "reports" / "demo" / "latest"
    assert (run / "report.ja.html").is_file()
    assert reportgen("render", run, "--lang", "en", "--format", "html", cwd=place).returncode == 0
    assert "no longer in" in caplog.text
    assert "report.ja.html" in caplog.text


def test_a_mended_template_is_read_again_by_the_command_that_the_message_gives(place):
    """A fault that only a page shows: the results are kept, and so is the broken template."""
    own = place / "mine" / "sections" / "summary.html.j2"
    own.parent.mkdir(parents=True)
    own.write_text("{{ customer }}")
    given = ("--checkpoint", "hand.pt", "--dataset", "oxford-iiit-pet", "--data-root", "data", "--model-name", "mine")
    words = (*given, "--arch", "tests.pets:hand_net", "--config", "quick.toml", "--format", "html")
    done = reportgen("run", *words, "--templates", "mine", cwd=place)
    assert done.returncode == 5
    command = shlex.split(re.search(r"reportgen (render \S+(?: --templates \S+)?)", done.stderr)[1])
    own.write_text("mended")
    again = reportgen(*command, "--format", "html", cwd=place)
    assert again.returncode == 0, again.stderr
    assert "mended" in (place / "reports" / "mine" / "latest" / "report.html").read_text()


@pytest.mark.parametrize("name", ["own-section", "own-look"])
def test_links_lead_somewhere(name):
    folder = DOCS / name
    for target in re.findall(r"\]\(([^)#:]+)\)", (folder / "README.md").read_text()):
        assert (folder / target).exists(), target
