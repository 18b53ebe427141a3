"""Work in a process of its own: real processes that die, stop and stall at every moment of the exchange."""

import os
import resource
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from reportgen.processes import DiedError, LateError, SideProcess

ROOT = Path(__file__).resolve().parents[1]
BIG = bytes(8_000_000)  # far more than a pipe holds, so that who does not read stalls who writes
GB = 2**30


def doubled(number):
    return 2 * number


def ended(how, _job):
    if how == "exit":
        os._exit(7)
    os.kill(os.getpid(), getattr(signal, how))
    time.sleep(60)


def raised(_job):
    raise ValueError("not to be")


def half_an_answer(_job):
    """Ends while the answer goes out: it is more than the pipe holds, and nobody else lets it go on."""
    signal.setitimer(signal.ITIMER_REAL, 0.2)  # SIGALRM ends the process
    return Slow()


class Slow:
    """Its pickling never ends."""

    def __reduce__(self):
        time.sleep(60)


def unpicklable(_job):
    return lambda: None


def hungry(n_bytes):
    return len(bytearray(n_bytes))


def limits(_job):
    return resource.getrlimit(resource.RLIMIT_AS)


def called(work, job=0, *, time_s=60.0, memory_bytes=8 * GB):
    started = time.monotonic()
    side = SideProcess(work, method="spawn", memory_bytes=memory_bytes)
    try:
        side.ask(job)
        return side.answer(time_s)
    finally:
        side.end()
        assert time.monotonic() - started < 30


def test_a_result_comes_back():
    assert called(doubled, 21) == 42


def test_one_process_answers_in_the_order_of_asking():
    side = SideProcess(doubled, method="fork")
    for number in range(5):
        side.ask(number)
    assert [side.answer(30) for _ in range(5)] == [0, 2, 4, 6, 8]
    side.end()
    side.end()


def test_where_no_process_is_to_be_had_that_is_told():
    """RLIMIT_NPROC; as another user, for root does not heed it."""
    command = ["setpriv", "--reuid=65534", "--clear-groups"] if os.getuid() == 0 else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command += [sys.executable, "-c", FEW]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if "ermission denied" in done.stderr:
        pytest.skip("NOT RUN: another user may not enter the interpreter's folder")
    assert "no process to be had: Resource temporarily unavailable" in done.stdout, done.stderr


FEW = """
import resource
from reportgen.processes import DiedError, SideProcess
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
try:
    SideProcess(len, method="fork")
except DiedError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (partial(ended, "SIGKILL"), "signal 9, SIGKILL.*memory"),
        (partial(ended, "SIGSEGV"), "signal 11, SIGSEGV"),
        (partial(ended, "SIGBUS"), "signal 7, SIGBUS"),
        (partial(ended, "SIGTERM"), "signal 15, SIGTERM"),
        (partial(ended, "exit"), "exit code 7"),
        (half_an_answer, "signal 14, SIGALRM"),
        (raised, "exit code 1"),
        (unpicklable, "exit code 1"),
    ],
)
@pytest.mark.parametrize("job", [0, BIG], ids=["small", "big"])
def test_its_death_is_seen_at_once_and_told(work, told, job, capfd):
    with pytest.raises(DiedError, match=told):
        called(work, job)


@pytest.mark.parametrize(
    "deed", ["os.kill(os.getpid(), signal.SIGKILL)", "os.kill(os.getpid(), signal.SIGABRT)", "os._exit(7)"]
)
@pytest.mark.parametrize("job", [0, BIG], ids=["small", "big"])
def test_its_death_before_it_reads_is_seen_at_once(deed, job, tmp_path, monkeypatch):
    """As an interpreter that cannot start, or the killer of processes that comes first."""
    _at_the_start_of_children(deed, tmp_path, monkeypatch)
    with pytest.raises(DiedError, match=r"it died \((signal|exit code)"):
        called(doubled, job)


@pytest.mark.parametrize("job", [0, BIG], ids=["small", "big"])
def test_one_that_never_reads_is_ended_in_time(job, tmp_path, monkeypatch):
    _at_the_start_of_children("os.kill(os.getpid(), signal.SIGSTOP)", tmp_path, monkeypatch)
    with pytest.raises(LateError):
        called(doubled, job, time_s=1.0)


def _at_the_start_of_children(deed, folder, monkeypatch):
    child = "import os, signal, sys\nif any('spawn_main' in word for word in sys.orig_argv):\n    "
    (folder / "sitecustomize.py").write_text(f"{child}{deed}\n")
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{os.environ.get('PYTHONPATH', '')}")


def test_what_does_not_fit_into_its_memory_is_told():
    with pytest.raises(DiedError, match="over its memory limit"):
        called(hungry, 3 * GB, memory_bytes=2 * GB)
    assert called(hungry, 3 * GB) == 3 * GB


LOWER = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
from reportgen.render.pdf.document import pdf
from tests.test_processes import *
if __name__ == "__main__":
    print(called(limits), pdf("<html><body>text</body></html>", {}, created_at="2026-11-23T08:00:00+00:00").content[:5])
"""


def test_a_system_that_refuses_the_limit_gets_the_document_without_it(tmp_path):
    """A hard limit below the one that is wanted cannot be raised: setrlimit really fails, as on macOS."""
    (tmp_path / "lower.py").write_text(LOWER.replace("* 2**30", "* 10**9"))
    command = ["setpriv", "--bounding-set=-sys_resource", "--inh-caps=-all", sys.executable, tmp_path / "lower.py"]
    command = command if os.getuid() == 0 else command[3:]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.stdout == f"({6 * 10**9}, {6 * 10**9}) b'%PDF-'\n", done.stderr


ORPHAN = """
import os, signal, sys, threading, time
from tests.test_processes import *
if __name__ == "__main__":
    threading.Timer(4, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    called(waiting, sys.argv[1])
"""


def waiting(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)


def test_it_does_not_outlive_who_started_it(tmp_path):
    (tmp_path / "orphan.py").write_text(ORPHAN)
    subprocess.run(
        [sys.executable, tmp_path / "orphan.py", tmp_path / "pid"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    pid = int((tmp_path / "pid").read_text())
    for _ in range(50):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"process {pid} still lives")
