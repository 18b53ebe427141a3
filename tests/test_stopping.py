"""Signals that are held back for a moment: when they come, and what they say is left."""

import os
import signal

import pytest

from reportgen.stopping import Stopped, deferred_signals, let_through, stoppable

NAMES = ("SIGTERM", "SIGINT", "SIGHUP")


def send(name):
    os.kill(os.getpid(), getattr(signal, name))


def at_the_end(name, steps):
    with deferred_signals("a"):
        send(name)
        steps.append("kept")


def after_two(name, steps):
    with deferred_signals("a"):
        send(name)
        send("SIGINT")
        steps.append("kept")


def before_long_work(name, steps):
    with deferred_signals("a"):
        send(name)
        with let_through():
            steps.append("not reached")


def in_long_work(name, steps):
    with deferred_signals("a"), let_through():
        send(name)
        steps.append("not reached")


def after_long_work(name, steps):
    with deferred_signals("a"):
        with let_through():
            steps.append("worked")
        send(name)
        steps.append("kept")


def outside(name, steps):
    with deferred_signals("a"):
        steps.append("kept")
    send(name)
    steps.append("not reached")


ROWS = {  # what is reached, and whether the signal says what is left
    at_the_end: (["kept"], True),
    after_two: (["kept"], True),
    before_long_work: ([], False),
    in_long_work: ([], False),
    after_long_work: (["worked", "kept"], True),
    outside: (["kept"], False),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("do", ROWS, ids=lambda do: do.__name__)
def test_a_signal_comes_where_it_may(do, name):
    steps, told = [], f"stopped by {name}" + ("; a" if ROWS[do][1] else "")
    with pytest.raises(Stopped) as caught, stoppable():
        do(name, steps)
    assert steps == ROWS[do][0]
    assert str(caught.value) == told


def test_an_error_is_told_before_a_signal_that_was_held_back():
    with pytest.raises(ZeroDivisionError), stoppable(), deferred_signals("a"):
        send("SIGTERM")
        raise ZeroDivisionError


def test_without_anyone_who_heeds_signals_nothing_is_done():
    before = signal.getsignal(signal.SIGTERM)
    with deferred_signals("a"), let_through():
        assert signal.getsignal(signal.SIGTERM) is before
