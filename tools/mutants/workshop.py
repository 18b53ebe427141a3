"""Copies of the tree and forks of this process: where mutants live and die. The working tree is never changed."""

import gc
import importlib
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn

WAITING = 6
TIMES_UP = {-signal.SIGXCPU, -signal.SIGKILL}  # the kernel's, at the limit of the processor and 5 s later
MAX_BYTES = 12 << 30  # of one fork: a mutant may allocate without an end


@dataclass
class Bench:
    """A copy of the tree, and whether somebody works there."""

    root: Path
    log: Path
    busy: bool = field(default=False)


def bench(root: Path, place: Path, beside: Iterable[str] = ("shared",)) -> Bench:
    """A fresh copy of what git knows or would add below `root` (of everything, without git) in the folder `place`.

    Folders `beside` the checkout are linked, as tests look for them there.
    """
    shutil.rmtree(place, ignore_errors=True)
    tree = place / "tree"
    for name in _files(root):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        copied(root / name, tree / name)
    for name in beside:
        if (root.parent / name).is_dir():
            (place / name).symlink_to((root.parent / name).resolve())
    return Bench(tree, place / "log.txt")


@contextmanager
def benches(root: Path, build: Path, n: int) -> Iterator[list[Bench]]:
    """So many copies of the tree, for this process alone, and gone with it."""
    places = [build / f"bench-{os.getpid()}-{number}" for number in range(n)]
    try:
        yield [bench(root, place) for place in places]
    finally:
        for place in places:
            shutil.rmtree(place, ignore_errors=True)


def copied(source: Path, target: Path) -> None:
    """A file with its times: those of a module tell its compiled form from that of a mutant."""
    shutil.copy2(source, target)


def _files(root: Path) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        return [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]
    return [
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and "build" not in path.parts
    ]


def import_ahead(libraries: Iterable[str]) -> None:
    """Imports what every fork would import for itself; what is not installed is left out."""
    for name in libraries:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()


def imported(library: str) -> bool:
    """Whether `import_ahead` found it."""
    return library in sys.modules


@dataclass(frozen=True)
class Job:
    """Something to do in a copy of the tree: `work` runs in a fork and gives its exit code.

    limit_s: of its processor; what only waits has WAITING times as long, for the machine may be busy with other work.
    """

    name: str
    work: Callable[[Bench], int]
    limit_s: float


@dataclass(frozen=True)
class Outcome:
    """How a job ended; `code` is None where its time was up."""

    name: str
    code: int | None
    seconds: float
    bench: Bench


def finished(jobs: Iterable[Job], benches: list[Bench]) -> Iterator[Outcome]:
    """Outcomes in the order in which jobs end, one job at a time on each bench; none goes on when the caller stops."""
    waiting = iter(jobs)
    running: dict[int, tuple[Job, Bench, float]] = {}
    try:
        while True:
            for place in benches:
                if not place.busy and (job := next(waiting, None)) is not None:
                    place.busy = True
                    running[_forked(job, place)] = (job, place, time.monotonic())
            if not running:
                return
            time.sleep(0.02)
            for child, (job, place, start) in list(running.items()):
                spent = time.monotonic() - start
                ended, status = os.waitpid(child, os.WNOHANG)
                if ended or spent > WAITING * job.limit_s:
                    _kill(child, reap=not ended)
                    del running[child]
                    place.busy = False
                    code = os.waitstatus_to_exitcode(status) if ended else None
                    yield Outcome(job.name, None if code in TIMES_UP else code, spent, place)
    finally:
        for child in running:
            _kill(child, reap=True)


def _kill(child: int, *, reap: bool) -> None:
    """Ends a fork with whatever it started."""
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if reap:
        os.waitpid(child, 0)


def _forked(job: Job, place: Bench) -> int:
    child = os.fork()
    if not child:
        leave(partial(_at_work, job, place))
    return child


def _at_work(job: Job, place: Bench) -> int:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell started this in the background
    _move_to(place)
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_BYTES, MAX_BYTES))
    seconds = math.ceil(job.limit_s)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    return job.work(place)


def leave(work: Callable[[], int]) -> NoReturn:
    """Ends this fork with the exit code that `work` gives, 70 where it raises."""
    code = 70
    try:
        code = work()
    except BaseException:  # noqa: BLE001 - this process ends here, and its log should say of what
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _move_to(place: Bench) -> None:
    origin = Path.cwd()
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(place.root)
    temporary = place.root.parent / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    here = {"", str(origin), *os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    os.environ |= {"PYTHONPATH": str(place.root), "TMPDIR": str(temporary), "PYTEST_DEBUG_TEMPROOT": str(temporary)}
    sys.path[:] = [str(place.root), *(entry for entry in sys.path if entry not in here)]
