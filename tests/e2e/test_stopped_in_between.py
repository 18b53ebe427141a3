"""A signal between the last answer of the model and the kept evaluation: nothing that was evaluated is lost."""

import os
import signal
import sys
from contextlib import contextmanager

import pytest

from tests.pets import BREEDS, N_IMAGES, hand_checkpoint
from tests.program import reportgen

FAST = "[explain]\ncertificate_pictures = 0\nfocus_pictures = 0\ninsertion_steps = 0\nrandom_maps = 1\n"
# Functions that run in between, in their order, by module and name; the signal comes as each is called.
BETWEEN = (
    "reportgen.evaluate.device:recorded",
    "reportgen.evaluate.evaluation:_refuse_too_many",
    "reportgen.evaluate.evaluation:fingerprint",
    "reportgen.runs.stored_evaluation:stored_evaluation",
    "reportgen.runs.stored_evaluation:npz",
    "reportgen.deliver.archive.bundle:write_bundle",
    "reportgen.deliver.archive.bundle:manifest_json",
    "reportgen.deliver.writing:fsync_folder",
)
BEFORE = ("tests.pets:forward", "reportgen.inputs.images.reading:read_picture")


@contextmanager
def sent(name, place, *, at_call=1):
    """The signal, for real, as the function `place` is called for the `at_call`-th time."""
    module, _, function = place.partition(":")
    n_calls = 0

    def look(frame, event, _arg):
        nonlocal n_calls
        if event == "call" and (frame.f_globals.get("__name__"), frame.f_code.co_name) == (module, function):
            n_calls += 1
            if n_calls == at_call:
                os.kill(os.getpid(), getattr(signal, name))

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)
    assert n_calls >= at_call, f"{place} was called {n_calls} times"


def run(folder, data, *more):
    (folder / "fast.toml").write_text(FAST)
    given = ("--checkpoint", hand_checkpoint(folder / "hand.pt"), "--arch", "tests.pets:hand_net", "--out", "reports")
    given += ("--dataset", "oxford-iiit-pet", "--data-root", data, "--batch-size", 4, "--format", "html")
    return reportgen("run", *given, "--methods", "grad_cam", "--config", "fast.toml", *more, cwd=folder)


@pytest.mark.parametrize(
    ("name", "place"), [("SIGTERM", place) for place in BETWEEN] + [("SIGINT", BETWEEN[0]), ("SIGHUP", BETWEEN[4])]
)
def test_what_was_evaluated_is_kept_and_taken_over(name, place, tmp_path, five_breeds):
    with sent(name, place):
        done = run(tmp_path, five_breeds)
    assert done.returncode == 128 + getattr(signal, name)
    assert f"stopped by {name}; the evaluation is kept" in done.stderr
    n_images = len(BREEDS) * N_IMAGES
    again = run(tmp_path, five_breeds, "--resume")
    assert again.returncode == 0, again.stderr
    assert "evaluation taken over from" in again.stderr
    assert f"of {n_images} images" in again.stdout


@pytest.mark.parametrize("place", BEFORE)
def test_before_that_a_signal_ends_the_run_at_once(place, tmp_path, five_breeds):
    with sent("SIGTERM", place, at_call=12):
        done = run(tmp_path, five_breeds)
    assert done.returncode == 143
    assert "kept" not in done.stderr
    assert not list((tmp_path / "reports").rglob("*evaluation*"))
