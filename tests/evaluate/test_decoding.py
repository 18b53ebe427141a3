"""Decoding in processes that die, hang and cannot be had: real processes, real signals, the same batches."""

import faulthandler
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from reportgen.errors import EvaluationError
from reportgen.evaluate import decoding
from reportgen.evaluate.decoding import batches
from reportgen.evaluate.options import LoopOptions

ROOT = Path(__file__).resolve().parents[2]


def children():
    return {int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}


def gathered(inputs, deed=lambda n_done: None, **options):
    """All of it: crops, numbers, hashes and what is unreadable. `deed` is called before each batch."""
    crops, idx, sha256, unreadable = [], [], [], []
    started = time.monotonic()
    found = batches(inputs.samples, inputs.facts.preprocessing, LoopOptions(batch_size=4, **options))
    deed(0)
    for batch in found:
        crops += list(batch.crops)
        idx += batch.sample_idx
        sha256 += batch.sha256
        unreadable += batch.unreadable
        deed(len(idx))
    assert time.monotonic() - started < 40
    return torch.stack(crops), idx, sha256, unreadable


def assert_same(one, other):
    assert torch.equal(one[0], other[0])
    assert one[1:] == other[1:]


@pytest.fixture
def broken(five_breeds):
    (five_breeds / "oxford-iiit-pet" / "images" / "pug_3.jpg").write_bytes(b"broken")


@pytest.mark.parametrize("n_workers", [1, 2, 3, 20])
@pytest.mark.usefixtures("broken")
def test_the_batches_are_those_of_one_process_and_no_process_is_left(hand_inputs, n_workers):
    before = children()
    assert_same(gathered(hand_inputs, n_workers=n_workers), gathered(hand_inputs))
    assert children() == before


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGSEGV", "SIGBUS"])
@pytest.mark.parametrize("when", [4, 24])
def test_a_process_that_is_killed_is_noticed_and_its_batches_are_read_by_a_new_one(hand_inputs, name, when, caplog):
    def deed(n_done):
        if n_done == when:
            for pid in children() - before:
                os.kill(pid, getattr(signal, name))

    before = children()
    with caplog.at_level(logging.WARNING):
        assert_same(gathered(hand_inputs, deed, n_workers=2), gathered(hand_inputs))
    assert name in caplog.text
    assert "one new process" in caplog.text
    assert children() == before


def test_one_that_is_stuck_is_given_up(hand_inputs, caplog):
    def deed(n_done):
        if n_done == 4:
            for pid in children() - before:
                os.kill(pid, signal.SIGSTOP)

    before = children()
    assert_same(gathered(hand_inputs, deed, n_workers=2, wait_s=2.0), gathered(hand_inputs))
    assert "gave no answer in 2 s" in caplog.text
    assert children() == before


def test_a_picture_that_no_decoder_survives_is_exit_4_with_its_name(hand_inputs, monkeypatch):
    """The real reader but for one file, at which the process ends as by a fault in a C library."""
    read_picture = decoding.read_picture

    def deadly(path, preprocessing):
        if path.name == "pug_3.jpg":
            faulthandler.disable()  # pytest's, which would fill the log
            os.kill(os.getpid(), signal.SIGSEGV)
        return read_picture(path, preprocessing)

    monkeypatch.setattr(decoding, "read_picture", deadly)  # forked processes have it too
    with pytest.raises(EvaluationError, match=r"SIGSEGV.*pug_3\.jpg") as caught:
        gathered(hand_inputs, n_workers=2)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("n_workers", [0, 1])
def test_a_named_pipe_among_the_pictures_is_unreadable_and_not_waited_for(hand_inputs, five_breeds, n_workers):
    path = five_breeds / "oxford-iiit-pet" / "images" / "pug_3.jpg"
    path.unlink()
    os.mkfifo(path)
    ((_, reason),) = gathered(hand_inputs, n_workers=n_workers)[3]
    assert reason.startswith("no file but a folder, pipe")


def test_an_end_in_the_middle_leaves_no_process(hand_inputs):
    before = children()
    found = batches(hand_inputs.samples, hand_inputs.facts.preprocessing, LoopOptions(batch_size=4, n_workers=3))
    next(found)
    assert len(children() - before) == 3
    found.close()
    assert children() == before
    assert threading.active_count() < 10


WITHOUT_SHARED_MEMORY = """
import sys
from pathlib import Path
from reportgen.evaluate.decoding import batches
from reportgen.evaluate.options import LoopOptions
from reportgen.inputs.options import DataSource
from reportgen.inputs.datasets.oxford_pet import oxford_pet
from reportgen.inputs.images.preprocessing import Preprocessing
images = oxford_pet(DataSource(root=Path(sys.argv[1])))
print(sum(len(b.crops) for b in batches(images.samples, Preprocessing(), LoopOptions(batch_size=16, n_workers=3))))
"""


@pytest.mark.parametrize("shm", ["mount -t tmpfs -o size=64k tmpfs /dev/shm", "mount -t tmpfs -o ro tmpfs /dev/shm"])
def test_neither_a_small_dev_shm_nor_one_that_cannot_be_written_matters(five_breeds, shm):
    """16 crops are 2.4 MB."""
    if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("NOT RUN: mounting needs root")
    command = ["unshare", "-m", "sh", "-c", f'{shm}; exec "$0" "$@"', sys.executable, "-c", WITHOUT_SHARED_MEMORY]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, five_breeds], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("50\n", "")
