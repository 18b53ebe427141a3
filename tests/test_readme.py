"""The README is true: its commands run and its options exist."""

import re
import shlex
from pathlib import Path

import pytest
import torch
import torchvision
from typer.main import get_command

from reportgen.cli.app import app
from reportgen.options import RunOptions, read_options
from tests.options import OPTIONS, TABLES
from tests.pets import picture
from tests.program import reportgen

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in block.strip().splitlines()]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with what the README speaks of: model.pt, photos/, reportgen.toml, my-notes.toml."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("boxer", "pug", "toy_dog"):
        (folder / "photos" / name).mkdir(parents=True)
        for index in range(2):
            picture("pug" if index else "boxer").save(folder / "photos" / name / f"{index}.png")
    torch.manual_seed(0)
    weights = torchvision.models.mobilenet_v3_small(weights=None, num_classes=3).state_dict()
    names = ["boxer", "pug", "toy_dog"]
    small = {"resize": 32, "crop": 32, "mean": [0.5] * 3, "std": [0.5] * 3}  # to save time
    content = {"arch": "mobilenet_v3_small", "classes": names, "state_dict": weights, "preprocessing": small}
    torch.save(content, folder / "model.pt")
    (folder / "reportgen.toml").write_text(
        next(block for kind, block in BLOCKS if kind == "toml" and "# reportgen.toml" in block)
    )
    (folder / "my-notes.toml").write_text('[breeds.toy_dog]\nname.en = "Toy Dog"\nlook.en = "Small."\n')
    return folder


def test_every_command_of_the_readme_runs(place):
    """In the README's order, as one user would; `make` targets are looked up in the Makefile, which runs these tests."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    ran = 0
    for line in COMMANDS:
        words = shlex.split(line)
        if words[0] == "make":
            assert words[1] in targets
            continue
        assert words[0] == "reportgen"
        if "RUN_ID" in line:
            run_dir = min((place / "reports" / "mobilenet_v3_small").glob("2*"))
            words = [word.replace("RUN_ID", run_dir.name) for word in words]
        done = reportgen(*words[1:], cwd=place)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        ran += 1
    assert ran >= 4


def test_the_option_table_is_complete_and_invents_nothing():
    named = {name.replace("-", "_") for name in re.findall(r"`--([a-z-]+)", TEXT)}
    for_the_file = {"rename", *TABLES}
    commands = get_command(app).commands.values()
    options = {text.removeprefix("--").replace("-", "_") for it in commands for one in it.params for text in one.opts}
    assert {key for key in OPTIONS if "." not in key} - for_the_file <= named
    assert named <= options
    for name in for_the_file:
        assert f"`{name}`" in TEXT or f"`[{name}]`" in TEXT


def test_the_rules_of_the_gate_shown_are_valid(tmp_path):
    (block,) = (block for kind, block in BLOCKS if kind == "toml" and "[gate]" in block)
    (tmp_path / "gate.toml").write_text(block)
    given = {"checkpoint": "m.pt", "dataset": "imagefolder", "data_root": "photos"}
    assert read_options(RunOptions, given, tmp_path / "gate.toml").gate.accepted[0].pair == ("Bengal", "Egyptian_Mau")


def test_links_inside_the_repository_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / target).exists(), target
