"""Fixtures for all tests: the five breeds, their net, and the shared photographs where they are."""

import shutil
from pathlib import Path

import pytest
import torch

from reportgen.evaluate.device import compute
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.options import LoopOptions
from reportgen.evaluate.predictions import Predictions
from reportgen.inputs.options import DataSource, InputOptions
from reportgen.inputs.run_inputs import RunInputs, read_inputs
from tests.pets import hand_checkpoint, write_five_breeds

PATIENCE_MS = 30_000  # a browser on a busy machine: only a test that fails waits so long
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True, scope="session")
def _few_threads():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The shared photographs and checkpoints; CI has them, a user's machine need not."""
    if not (SHARED / "oxford-iiit-pet").is_dir():
        pytest.skip(f"NOT RUN: the shared photographs are missing: ../shared ({SHARED})")
    return SHARED


@pytest.fixture
def five_breeds(tmp_path) -> Path:
    """A data root with the five breeds."""
    return write_five_breeds(tmp_path / "data")


@pytest.fixture
def hand_inputs(tmp_path, five_breeds) -> RunInputs:
    """The five breeds and the hand-weighted net, read and aligned."""
    options = InputOptions(
        checkpoint=hand_checkpoint(tmp_path / "hand.pt"),
        dataset="oxford-iiit-pet",
        source=DataSource(root=five_breeds),
        arch="tests.pets:hand_net",
    )
    return read_inputs(options)


@pytest.fixture
def hand_predictions(hand_inputs) -> Predictions:
    """Its predictions on the CPU."""
    return evaluate(hand_inputs, on=compute("cpu", "fp32"), loop=LoopOptions(batch_size=16), max_unreadable=0.0)


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, started once; CI has it."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("NOT RUN: no browser: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium):
    """`opened(path, fragment="", **options)` is a page, offline and from its file, as a reader has it.

    The options are those of Playwright's `new_context`. A page that writes anything to the console, a violation of its
    policy among it, fails the test; `opened.said` has what was written.
    """
    contexts = []

    def open_page(path, fragment="", **options):
        contexts.append(chromium.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: open_page.said.append(message.text))
        page.on("pageerror", lambda error: open_page.said.append(str(error)))
        page.goto(path.as_uri() + fragment)
        return page

    open_page.said = []
    yield open_page
    for context in contexts:
        context.close()
    assert open_page.said == []
