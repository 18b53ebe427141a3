"""Whoever reads the program's output may stop, hang up or never start: the exit code is the command's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.archives import archived
from tests.pets import hand_checkpoint, write_five_breeds

QUICK = """
[explain]
certificate_pictures = 0
focus_pictures = 0
insertion_steps = 0
smooth_grad_samples = 2
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An archive with one bundle and a damaged one, and what a run needs."""
    place = tmp_path_factory.mktemp("streams")
    archived(place / "reports", 1)
    (archived(place / "damaged", 1) / "report.html").write_text("cut")
    write_five_breeds(place / "data")
    hand_checkpoint(place / "hand.pt")
    (place / "quick.toml").write_text(QUICK)
    (place / "strict.toml").write_text(QUICK + "[gate]\nmin_accuracy = 1.0\n")
    return place


RUN = (
    *("run", "--checkpoint", "hand.pt", "--dataset", "oxford-iiit-pet", "--data-root", "data", "--format", "html"),
    *("--arch", "tests.pets:hand_net", "--methods", "grad_cam", "--out", "runs", "--config"),
)
COMMANDS = {  # what it is called with: its own exit code
    ("run", "--help"): 0,
    ("index", "reports"): 0,
    ("verify", "damaged"): 3,
    ("mail", "nowhere", "--to", "a@example.org"): 3,
    ("run", "--no-such-option"): 2,
    (*RUN, "quick.toml"): 0,
    (*RUN, "strict.toml"): 1,
}


def ended(arguments, place, *, stdout, stderr, **more):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "reportgen", *arguments]
    return subprocess.run(command, cwd=place, env=environment, stdout=stdout, stderr=stderr, check=False, **more)


def without_a_reader():
    """The end of a pipe into which writing fails from the first byte on."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_reader_that_went_away_changes_no_exit_code(arguments, place):
    gone = without_a_reader()
    try:
        done = ended(arguments, place, stdout=gone, stderr=subprocess.PIPE, text=True)
        assert (done.returncode, "Traceback" in done.stderr) == (COMMANDS[arguments], False), done.stderr
    finally:
        os.close(gone)


@pytest.mark.parametrize("arguments", [("verify", "damaged"), ("run", "--no-such-option")], ids=" ".join)
def test_nor_does_a_reader_of_the_errors_that_went_away(arguments, place):
    gone = without_a_reader()
    try:
        assert ended(arguments, place, stdout=gone, stderr=gone).returncode == COMMANDS[arguments]
    finally:
        os.close(gone)


@pytest.mark.parametrize("closing", ["2>&-", ">&- 2>&- <&-"])
def test_closed_streams_change_no_exit_code(closing, place):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    line = f'"{sys.executable}" -m reportgen verify reports {closing}'
    assert subprocess.run(["bash", "-c", line], cwd=place, env=environment, check=False).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="NOT RUN: no /dev/full")
@pytest.mark.parametrize(("path", "code"), [("reports", 6), ("damaged", 3)])
def test_output_lost_to_a_full_disk_is_told(path, code, place):
    with Path("/dev/full").open("w") as full:
        done = ended(("verify", path), place, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == code
    assert "standard output" in done.stderr
    assert "No space left" in done.stderr


def test_what_a_reader_took_is_whole(place):
    """The first line of a help that a reader of one line takes; and all of it for one that reads on."""
    done = ended(("compare", "--help"), place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "image by image" in done.stdout
    assert done.stderr == ""
