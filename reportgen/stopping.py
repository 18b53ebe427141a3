"""Signals that ask the program to end: SIGTERM of a runner, SIGINT of Ctrl-C, SIGHUP of a terminal that has gone.

Each raises `Stopped` wherever the program is, so that what is half done is put away as after any other error. A second
signal changes nothing: runners send SIGINT, then SIGTERM. Where the exception does not get through (a long call in
compiled code, a library that swallows it) the program ends without it after a time of grace.

Where the exception would lose what has just been worked out, it is held back for a moment: see `deferred_signals`.
"""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP")


class Stopped(BaseException):
    """A signal ended the program. Its notes say what is left, such as an evaluation to resume.

    No KeyboardInterrupt, which command line libraries turn into an exit code of their own.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name = signal.Signals(number).name
        self.exit_code = 128 + number  # as shells have it

    def __str__(self) -> str:
        return "; ".join([f"stopped by {self.name}", *getattr(self, "__notes__", ())])


class _Stop:
    """The handler of every signal that is heeded: it raises Stopped, once, where it may."""

    def __init__(self) -> None:
        self.holding = False
        self._stopping = False
        self._held: int | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self._stopping:  # signals that come together are handed over one after the other
            return
        self._stopping = True
        self._held = number
        if not self.holding:
            self.come()

    def come(self, left: str = "") -> None:
        """Raises Stopped for a signal that was held back."""
        number, self._held = self._held, None
        if number is not None:
            stopped = Stopped(number)
            if left:
                stopped.add_note(left)
            raise stopped


@contextmanager
def stoppable(grace_s: float = 8.0) -> Iterator[None]:
    """While it lasts a signal raises Stopped in the main thread; a program that is still there `grace_s` later ends.

    Signals that are ignored stay ignored (nohup, a shell's background jobs). Outside the main thread nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _heeded()}
    heard, wakes = socket.socketpair()
    wakes.setblocking(False)
    done = threading.Event()
    threading.Thread(target=_see_to_the_end, args=(heard, frozenset(before), done, grace_s), daemon=True).start()

    stop = _Stop()
    woken_before = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        _put_back(before, woken_before)
        done.set()
        wakes.close()


@contextmanager
def deferred_signals(left: str) -> Iterator[None]:
    """While it lasts a signal waits, and is raised at its end with the note `left`: what the run has by then.

    For moments; the grace of `stoppable` goes on. Outside of `stoppable` nothing is done.
    """
    stop = _installed()
    if stop is None:
        yield
        return
    stop.holding = True
    try:
        yield
    finally:
        stop.holding = False
    stop.come(left)


@contextmanager
def let_through() -> Iterator[None]:
    """In `deferred_signals`, for long work that leaves nothing: a signal comes through, also an earlier one."""
    stop = _installed()
    if stop is None or not stop.holding:
        yield
        return
    stop.holding = False
    try:
        stop.come()
        yield
    finally:
        stop.holding = True


def _installed() -> _Stop | None:
    if threading.current_thread() is not threading.main_thread():  # only there signals are heeded
        return None
    found = (signal.getsignal(getattr(signal, name)) for name in _NAMES if hasattr(signal, name))
    return next((handler for handler in found if isinstance(handler, _Stop)), None)


def _heeded() -> tuple[int, ...]:
    numbers = (getattr(signal, name) for name in _NAMES if hasattr(signal, name))
    return tuple(number for number in numbers if signal.getsignal(number) not in (signal.SIG_IGN, None))


def _put_back(before: Mapping[int, object], woken_before: int) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)  # type: ignore[arg-type]  # what getsignal gave
    signal.set_wakeup_fd(woken_before)


def _see_to_the_end(heard: socket.socket, numbers: frozenset[int], done: threading.Event, grace_s: float) -> None:
    """In a thread: Python writes the number of every signal to the socket, whatever the main thread is doing."""
    with heard:
        while woken := heard.recv(1):
            if woken[0] in numbers and not done.wait(grace_s):
                for child in multiprocessing.active_children():
                    child.kill()
                os.write(2, f"reportgen: stopped by {signal.Signals(woken[0]).name}, in the midst of a step\n".encode())
                os._exit(128 + woken[0])
