"""Turns in a directory: a process that died has none, one that is stopped in its turn is not waited for without end."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from reportgen.deliver.archive import locks
from reportgen.deliver.archive.bundle import remove_bundle, write_bundle
from reportgen.deliver.archive.contents import refresh
from reportgen.errors import DeliveryError

HOLDER = """
import sys, time
from pathlib import Path
from reportgen.deliver.archive.locks import alone_in
with alone_in(Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def taken(folder):
    """Another process has its turn in `folder`."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", HOLDER, folder], cwd=root, text=True, **pipes) as process:
        assert process.stdout.readline() == "mine\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    "deed",
    [
        lambda folder: write_bundle(folder / "run", {"a.txt": b"a"}),
        lambda folder: remove_bundle(folder / "run"),
        refresh,
    ],
)
def test_a_turn_that_never_ends_is_a_failed_delivery(deed, tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "LONGEST_WAIT_S", 1.0)
    with taken(tmp_path) as process:
        os.kill(process.pid, signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(DeliveryError, match="another process is working on it"):
            deed(tmp_path)
        assert 0.9 < time.monotonic() - started < 10


@pytest.mark.parametrize("end", [lambda process: process.kill(), lambda process: process.communicate("go on\n")])
def test_the_turn_comes_when_the_other_is_done_or_dead(end, tmp_path):
    with taken(tmp_path) as process:
        end(process)
        process.wait(10)
        with locks.alone_in(tmp_path) as sure:
            assert sure
