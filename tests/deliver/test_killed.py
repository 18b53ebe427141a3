"""kill -9 and a full disk at every moment of an archive's life, in real processes; see killing.py."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# How many moments each has at least: its locks, the folders and files it makes and deletes, the names it changes,
# counted by hand for a bundle of 6 files and its manifest.
MOMENTS = {"write": 13, "replace": 27, "replace_in_two_steps": 29, "refresh": 11, "prune": 49}


@pytest.fixture
def place():
    """In memory where possible: the page cache outlives a kill, and waiting for the disk is what takes time."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield folder


def moments(deed, place):
    command = [sys.executable, "-m", "tests.deliver.killing", deed, place]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("deed", MOMENTS)
def test_ended_at_any_moment_the_archive_stays_whole_and_the_next_run_works(deed, place):
    assert moments(deed, place) >= MOMENTS[deed]


def test_these_are_more_than_a_hundred_moments():
    assert sum(MOMENTS.values()) > 100


def test_killed_from_outside_at_no_chosen_moment(place):
    assert moments("clock", place) == 20
