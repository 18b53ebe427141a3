"""Point 6, the part about names: what many or long names can ask for is bounded, in time, memory and letters."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from reportgen.errors import InputError
from reportgen.inputs.classes import aligned
from reportgen.inputs.datasets.labelled_images import LabelledImages, Sample
from reportgen.nearest import hint, nearest
from reportgen.plain_text import MAX_NAMED, named

ROOT = Path(__file__).resolve().parents[2]
NET = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1, bias=False)
        self.fc = nn.Linear(3, num_classes, bias=False)
    def forward(self, x):
        return self.fc(torch.relu(self.conv(x) + 3).mean((2, 3)))
"""
FAST = "[explain]\ncertificate_pictures = 0\nfocus_pictures = 0\ninsertion_steps = 0\nrandom_maps = 1\n"


def test_two_lists_of_2000_other_names_are_told_apart_in_seconds_and_few_words():
    """It was 34 s and a message of 181 KB."""
    data = tuple(f"breed_{k:05d}_of_the_data_set" for k in range(2000))
    model = tuple(f"breed {k:05d} of the model" for k in range(2000))
    started = time.monotonic()
    with pytest.raises(InputError) as told:
        aligned(data, model, n_outputs=2000)
    assert time.monotonic() - started < 10
    assert len(str(told.value)) < 6000
    assert "more" in str(told.value)


def test_a_name_among_imagenet_21ks_is_found_in_time():
    known = [f"n{k:08d} thing of the kind number {k * 7919}" for k in range(21_841)] + ["American Bulldog"]
    started = time.monotonic()
    assert nearest("american_buldog", known) == ("American Bulldog",)
    assert time.monotonic() - started < 3
    assert hint("x" * 2_000_000, known) == ""


@pytest.mark.parametrize(("n", "more"), [(1, ""), (20, ""), (21, " and 1 more"), (21_841, " and 21,821 more")])
def test_a_message_names_twenty_and_says_how_many_more(n, more):
    text = named(f"name {k}" for k in range(n))
    assert text.count("name") == min(n, MAX_NAMED)
    assert text.endswith(more)


def test_a_long_name_in_a_message_is_cut():
    assert len(named(["x" * 2_000_000] * 30)) < 20 * 102 + 20


MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, used.ru_utime + used.ru_stime)
sys.exit(code)
"""
LONG = {
    "1,001 letters": "x" * 1001,
    "2 MB": "x y" * 700_000,
    "a lone surrogate": "x\ud800y",
    "a byte of no UTF-8": "\udce9",
}


@pytest.mark.parametrize("name", LONG.values(), ids=LONG)
def test_a_name_that_no_file_can_hold_is_refused_before_the_evaluation(name):
    with pytest.raises(InputError, match="class names") as told:
        LabelledImages(
            name="d", split="test", classes=(name,), samples=(Sample(sample_id="1", path=Path("1"), label=name),)
        )
    assert len(str(told.value)) < 600
    with pytest.raises(InputError, match="class names of the checkpoint"):
        aligned(("a",), ("a", name), n_outputs=2)
    with pytest.raises(InputError, match="species"):
        LabelledImages(
            name="d",
            split="test",
            classes=("a",),
            samples=(Sample(sample_id="1", path=Path("1"), label="a"),),
            species={"a": name},
        )


def test_a_name_of_a_thousand_letters_is_taken():
    name = "x" * 1000
    assert aligned((name,), (name,), n_outputs=1).classes == (name,)


def test_a_few_pictures_of_imagenet_21k_take_seconds_and_less_than_2_gb(tmp_path):
    """A whole matrix of 21,841 classes would be 3.8 GB. Right by construction: class k is the colour k."""
    names = [f"n{k:08d} thing of kind {k}" for k in range(21_841)]
    weights = torch.zeros(len(names), 3)
    weights[:3] = 20 * torch.eye(3)
    kept = {"conv.weight": torch.eye(3).view(3, 3, 1, 1), "fc.weight": weights}
    torch.save({"classes": names, "state_dict": kept}, tmp_path / "model.pt")
    (tmp_path / "colours_21k.py").write_text(NET)
    (tmp_path / "fast.toml").write_text(FAST)
    for k in range(3):
        (tmp_path / "photos" / names[k]).mkdir(parents=True)
        for i in range(3):
            shown = (k + (i == 2)) % 3  # the last one is of the next class: an error
            Image.new("RGB", (64, 64), tuple(200 if c == shown else 60 + i for c in range(3))).save(
                tmp_path / "photos" / names[k] / f"{i}.png"
            )
    command = "run --methods grad_cam --format html --config fast.toml --arch colours_21k:Net --target-layer conv"
    command += " --checkpoint model.pt --dataset imagefolder --data-root photos --device cpu --workers 0"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}", "OMP_NUM_THREADS": "1"}
    # Measured by a small process: what a child takes is counted from its fork on, and this one may be large.
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, sys.executable, "-m", "reportgen", *command.split()],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    largest_kib, cpu_s = map(float, done.stdout.split()[-2:])
    assert largest_kib < 2 * 2**20
    assert cpu_s < 100  # 8 s on a quiet machine
    bundle = next((tmp_path / "reports" / "Net").glob("2*"))
    assert sum(path.stat().st_size for path in bundle.iterdir()) < 30_000_000
    assert len((bundle / "confusion.csv").read_text().splitlines()) == 4
