"""Real signals at every stage of a real run: its exit code, its verdict, nothing left running, and what can be resumed."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import torch

from tests.pets import hand_checkpoint
from tests.program import reportgen

ROOT = Path(__file__).resolve().parents[2]
FAST = "[explain]\ncertificate_pictures = 0\nfocus_pictures = 0\ninsertion_steps = 0\nrandom_maps = 1\nsmooth_grad_samples = 2\n"
# A net that stays a while in its forward pass, in Python or where no signal is heeded.
SLOW_NET = """
import hashlib, os, time
from tests.pets import hand_net as real_net

def hand_net(*, num_classes):
    net = real_net(num_classes=num_classes)
    def wait(*_):
        open("inside", "w").close()
        if os.environ["STAY"] == "python":
            time.sleep(0.5)
        elif os.environ["STAY"] == "compiled":
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
        elif os.environ["STAY"] == "swallowed":
            try:
                time.sleep(60)
            except BaseException:
                time.sleep(60)
    net.register_forward_hook(wait)
    return net
"""


@dataclass
class Run:
    """A run in a process group of its own."""

    folder: Path
    process: subprocess.Popen
    lines: list = field(default_factory=list)

    def until(self, pattern):
        """Reads its log up to a line with `pattern`."""
        for line in self.process.stderr:
            self.lines.append(line)
            if re.search(pattern, line):
                return
        raise AssertionError("".join(self.lines))

    def end(self, name):
        """Sends the signal; the exit code, which must come within ten seconds and leave no process."""
        started = time.monotonic()
        self.process.send_signal(getattr(signal, name))
        self.lines += self.process.communicate(timeout=30)[1].splitlines(keepends=True)
        assert time.monotonic() - started < 10
        for _ in range(100):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, 0)
                time.sleep(0.1)
                continue
            return self.process.returncode
        raise AssertionError("a process is left")

    @property
    def verdict(self):
        return json.loads((self.folder / "ci" / "verdict.json").read_text())


def words(folder, data, *more):
    return [
        *("run", "--checkpoint", hand_checkpoint(folder / "hand.pt"), "--arch", "slow_net:hand_net"),
        *("--dataset", "oxford-iiit-pet", "--data-root", data, "--ci-dir", "ci", "--config", "fast.toml"),
        *("--methods", "grad_cam", "--batch-size", "2", *more),
    ]


@contextmanager
def running(folder, data, *more, stay="", fmt="html"):
    (folder / "slow_net.py").write_text(SLOW_NET)
    (folder / "fast.toml").write_text(FAST)
    (folder / "ci").mkdir(exist_ok=True)
    for name in ("verdict.json", "junit.xml", "summary.md"):
        (folder / "ci" / name).write_text("of the previous run")
    command = [sys.executable, "-m", "reportgen", *words(folder, data, "--format", fmt, *more)]
    threads = str(torch.get_num_threads())  # an evaluation is taken over by as many threads alone
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:.", "STAY": stay, "OMP_NUM_THREADS": threads}
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **pipes) as process:
        try:
            yield Run(folder, process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def assert_stopped(run, name, code):
    assert run.verdict == {
        "outcome": "stopped",
        "passed": False,
        "exit_code": code,
        "error": run.verdict["error"],
    }
    assert run.verdict["error"].startswith(f"stopped by {name}")
    assert ET.parse(run.folder / "ci" / "junit.xml").find(".//error").get("message").startswith(f"stopped by {name}")
    assert f"stopped by {name}" in (run.folder / "ci" / "summary.md").read_text()
    assert "Traceback" not in "".join(run.lines)


@pytest.mark.parametrize(
    ("name", "code", "n_workers"), [("SIGTERM", 143, 2), ("SIGINT", 130, 2), ("SIGHUP", 129, 0)]
)  # SIGTERM without workers: below, while the files are read
def test_in_the_evaluation(tmp_path, five_breeds, name, code, n_workers):
    with running(tmp_path, five_breeds, "--workers", str(n_workers), stay="python") as run:
        run.until("evaluating")
        time.sleep(1)
        assert run.end(name) == code
        assert_stopped(run, name, code)


def test_while_the_files_are_read(tmp_path, five_breeds):
    with running(tmp_path, five_breeds) as run:
        verdict = tmp_path / "ci" / "verdict.json"  # last night's goes before tonight's comes
        while not verdict.exists() or "has not ended" not in verdict.read_text():
            time.sleep(0.01)
        assert run.end("SIGTERM") == 143
        assert_stopped(run, "SIGTERM", 143)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_while_the_pdf_is_made_the_evaluation_is_kept_and_resumed(tmp_path, five_breeds, name, monkeypatch):
    with running(tmp_path, five_breeds, fmt="pdf") as run:
        run.until("compose: done")
        time.sleep(1)
        code = 128 + getattr(signal, name)
        assert run.end(name) == code
        assert_stopped(run, name, code)
        assert "--resume" in run.verdict["error"]
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("STAY", "")
    done = reportgen(*words(tmp_path, five_breeds, "--format", "html", "--resume"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "evaluation taken over" in done.stderr
    assert run.verdict["passed"]


def test_while_it_waits_for_its_turn_in_the_archive(tmp_path, five_breeds):
    (tmp_path / "reports").mkdir()
    descriptor = os.open(tmp_path / "reports", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with running(tmp_path, five_breeds, "-v") as run:
        run.until("waiting for another process")
        assert run.end("SIGTERM") == 143
        assert_stopped(run, "SIGTERM", 143)
        assert "the report is archived" in run.verdict["error"]
    os.close(descriptor)


def test_while_the_mail_server_is_silent(tmp_path, five_breeds):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        mail = f'[mail]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nsender = "a@b.de"\nto = ["c@d.de"]\n'
        (tmp_path / "mail.toml").write_text(FAST + mail)
        with running(tmp_path, five_breeds, "--config", "mail.toml") as run:
            connection, _ = server.accept()
            with connection:
                assert run.end("SIGTERM") == 143
            assert_stopped(run, "SIGTERM", 143)
            assert "the report is archived" in run.verdict["error"]


@pytest.mark.parametrize("stay", ["compiled", "swallowed"])
def test_where_no_signal_gets_through_the_program_ends_nonetheless(tmp_path, five_breeds, stay):
    """A long call in compiled code; a library that catches everything. The verdict stays that of a run without end."""
    with running(tmp_path, five_breeds, "--workers", "1", stay=stay) as run:
        while not (tmp_path / "inside").exists():
            time.sleep(0.1)
        time.sleep(1)
        assert run.end("SIGTERM") == 143
        assert run.verdict["outcome"] == "stopped"
        assert "in the midst of a step" in "".join(run.lines)


def test_two_signals_one_after_the_other_are_one(tmp_path, five_breeds):
    """As runners do: SIGINT, then SIGTERM."""
    with running(tmp_path, five_breeds, "--workers", "2", stay="python") as run:
        run.until("evaluating")
        time.sleep(1)
        run.process.send_signal(signal.SIGINT)
        assert run.end("SIGTERM") == 130
        assert_stopped(run, "SIGINT", 130)


def test_a_run_that_is_killed_leaves_neither_last_nights_verdict_nor_a_process(tmp_path, five_breeds):
    with running(tmp_path, five_breeds, "--workers", "2", stay="python") as run:
        run.until("evaluating")
        time.sleep(1)
        assert run.end("SIGKILL") == -9
        assert run.verdict["outcome"] == "stopped"
        assert run.verdict["exit_code"] is None


def test_a_signal_that_is_ignored_stays_ignored():
    """As under nohup."""
    command = [sys.executable, "-c", IGNORED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "still there\n", done.stderr


IGNORED = """
import os, signal
from reportgen.stopping import stoppable
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with stoppable():
    os.kill(os.getpid(), signal.SIGHUP)
    print("still there")
"""
