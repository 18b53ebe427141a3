"""Work in processes of our own, started, watched and killed, with limits on time and memory: nothing waits without end.

A process is given a connection and no work when it starts, so that what starts it fits into a pipe and cannot block. A
thread hands the work over and takes the results. It alone holds the other end of the connection, so it sees at once
when the process ends, also in the middle of an answer. No shared memory is used: Docker gives a container 64 MB of it.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Generic, Literal, TypeVar

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_TO_END_S = 10.0  # for the kernel to take down a process that was killed
_OVER_MEMORY = "over its memory limit"


class LateError(Exception):
    """The work was not done in its time."""


class DiedError(Exception):
    """The process ended, or cannot be had: how, in words. signal: what ended it, 0 for another end."""

    def __init__(self, words: str, by_signal: int = 0) -> None:
        super().__init__(words)
        self.signal = by_signal


class SideProcess(Generic[_Job, _Result]):
    """A process that does `work` on what it is asked, one thing after the other. All three are pickled.

    `memory_bytes` bounds its address space where the system can do that (Linux; macOS cannot). It goes with the process
    that started it, however that ends. Raises DiedError where no process can be had.
    """

    def __init__(
        self,
        work: Callable[[_Job], _Result],
        *,
        method: Literal["spawn", "fork"] | None = None,
        memory_bytes: int | None = None,
    ) -> None:
        self._asked: SimpleQueue[tuple[_Job] | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
        context: BaseContext = multiprocessing.get_context(method)
        try:
            self._ours, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, work, memory_bytes), daemon=True)  # type: ignore[attr-defined]  # typeshed has it on each kind alone
            self._process.start()
        except OSError as error:  # too many processes or open files, or no memory for one more
            raise DiedError(f"no process to be had: {error.strerror or error}") from error
        theirs.close()  # or its end would never be seen as closed
        # Begins with the first job: until then more processes can be forked from one that has no threads.
        self._exchange = Thread(target=_exchange, args=(self._ours, self._asked, self._answers), daemon=True)

    def ask(self, job: _Job) -> None:
        """Queues `job`; never blocks."""
        self._asked.put((job,))
        if self._exchange.ident is None:
            self._exchange.start()

    def answer(self, time_s: float) -> _Result:
        """The result of the job that was asked first of those not yet answered.

        Raises LateError after `time_s`, DiedError when the process ended or the work did not fit into its memory,
        MemoryError and what cannot be pickled as DiedError too.
        """
        try:
            is_result, value = self._answers.get(timeout=time_s)
        except Empty as error:
            raise LateError from error
        if is_result:
            result: _Result = value
            return result
        if value == _OVER_MEMORY:
            raise DiedError(_OVER_MEMORY)
        self._process.join(_TO_END_S)
        raise _death(self._process.exitcode) from value

    def end(self) -> None:
        """Kills the process; again is no fault."""
        self._asked.put(None)
        self._process.kill()
        self._process.join(_TO_END_S)
        self._ours.close()


def _exchange(
    ours: Connection, asked: "SimpleQueue[tuple[Any] | None]", answers: "SimpleQueue[tuple[bool, Any]]"
) -> None:
    """In a thread, for a process that lives and neither reads nor writes would block this one."""
    try:
        while (job := asked.get()) is not None:
            ours.send(job)
            answers.put(ours.recv())
    except Exception as error:  # noqa: BLE001  # whatever it is, the one who waits for an answer must get one
        answers.put((False, error))


def _death(code: int | None) -> DiedError:
    if code is None or code >= 0:
        return DiedError("it went silent" if code is None else f"it died (exit code {code})")
    name = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
    why = (
        ": most likely for want of memory in the machine or container" if -code == getattr(signal, "SIGKILL", 9) else ""
    )
    return DiedError(f"it died (signal {-code}, {name}){why}", -code)


def _serve(theirs: Connection, work: Callable[[Any], Any], memory_bytes: int | None) -> None:
    """The process itself."""
    _forget_the_parents_signals()
    Thread(target=_leave_with_parent, daemon=True).start()
    if memory_bytes is not None:
        _limit_memory(memory_bytes)
    with suppress(EOFError, OSError):  # nobody asks any more
        while True:
            (job,) = theirs.recv()
            try:
                answer = (True, work(job))
            except MemoryError:
                answer = (False, _OVER_MEMORY)
            theirs.send(answer)


def _forget_the_parents_signals() -> None:
    """Ctrl-C reaches the whole group, and the parent ends this process; a forked one has the parent's handlers too."""
    signal.set_wakeup_fd(-1)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # as long as the parent lives, which is what is meant
    os._exit(1)


def address_space() -> int | None:
    """How many bytes of addresses this process has now: a forked one begins with as many. None where it is not told."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):  # not Linux
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _limit_memory(memory_bytes: int) -> None:
    """As far as the system has such a limit and lets it be set."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no `resource`, macOS refuses RLIMIT_AS
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
