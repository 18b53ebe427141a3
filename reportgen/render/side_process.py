"""One piece of work in a process of its own, spawned, killed and watched: with limits on time and memory.

Nothing here waits without end. The process is given a connection and no work when it starts, which fits into the pipe
that starts it; a thread hands the work over, takes the result and sees at once when the other end is closed.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_TO_END_S = 10.0  # for the kernel to take down a process that was killed


class LateError(Exception):
    """The work was not done in its time."""


class DiedError(Exception):
    """The process ended without a result: how, in words, and what to do about it."""

    def __init__(self, words: str, todo: str) -> None:
        super().__init__(words)
        self.todo = todo


def worked_out(work: Callable[[_Job], _Result], job: _Job, *, time_s: float, memory_bytes: int) -> _Result:
    """`work(job)`, worked out in a process of its own; all three are pickled, `work` is a function of a module.

    The process is gone when this returns, whatever happened, also when this process dies. `memory_bytes` bounds its
    address space where the system can do that (Linux; macOS cannot). Raises LateError and DiedError; `work` itself is
    to raise nothing but MemoryError.
    """
    context = multiprocessing.get_context("spawn")  # fork would copy a process that may hold threads and a GPU
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work, memory_bytes), daemon=True)
    answers: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
    try:
        process.start()
        theirs.close()  # or its end would never be seen as closed
        Thread(target=_exchange, args=(ours, job, answers), daemon=True).start()
        answered, result = answers.get(timeout=time_s)
        if not answered:
            process.join(_TO_END_S)
            raise DiedError(*_death(process)) from result
    except Empty as error:
        raise LateError from error
    except OSError as error:  # no process to be had, no descriptor, no memory for one
        raise DiedError(f"no process for the work: {error}", "free memory or processes, then try again") from error
    finally:
        _end(process)
        ours.close()
    if result is None:
        raise DiedError(f"over the memory limit of {memory_bytes / 2**30:.1f} GiB", "fewer panels")
    value: _Result = result[0]
    return value


def _exchange(ours: Connection, job: object, answers: "SimpleQueue[tuple[bool, Any]]") -> None:
    """In a thread, for a process that lives and neither reads nor writes would block this one."""
    try:
        ours.send(job)
        answers.put((True, ours.recv()))
    except Exception as error:  # noqa: BLE001  # whatever it is, the one who waits for an answer must get one
        answers.put((False, error))


def _death(process: BaseProcess) -> tuple[str, str]:
    """How the process ended, in words, and what to do."""
    code = process.exitcode
    if code is None or code >= 0:
        return f"its process died (exit code {code})", "see above for its last words, and `reportgen doctor`"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
    words = f"its process died (signal {-code}, {name})"
    if -code == signal.SIGKILL:
        return f"{words}: killed by the system for want of memory, or by somebody", "free memory, or fewer panels"
    return words, "run `reportgen doctor`: a library that it checks may be broken"


def _end(process: BaseProcess) -> None:
    if process.pid is not None:
        process.kill()
        process.join(_TO_END_S)


def _serve(theirs: Connection, work: Callable[[Any], Any], memory_bytes: int) -> None:
    """The process itself: one job in, one result out; None for one that would not fit into the memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this process
    Thread(target=_leave_with_parent, daemon=True).start()
    _limit_memory(memory_bytes)
    try:
        result = (work(theirs.recv()),)
    except MemoryError:
        result = None
    theirs.send(result)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # as long as the work lasts, which the parent bounds
    os._exit(1)


def _limit_memory(memory_bytes: int) -> None:
    """As far as the system has such a limit and lets it be set."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no `resource`, macOS refuses RLIMIT_AS
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
