"""A run on real photographs, and the page in a real browser."""

import json
from datetime import UTC, datetime

import pytest

from reportgen.analyse.comparison import comparison
from reportgen.analyse.previous_runs import History
from reportgen.deliver.archive.options import ArchiveOptions
from reportgen.evaluate.device import compute
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.options import LoopOptions
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.options import DataSource, InputOptions
from reportgen.inputs.run_inputs import read_inputs
from reportgen.options import RunOptions
from reportgen.pipeline.run import run
from reportgen.runs.stored_evaluation import read_evaluation
from tests.synthetic import past_run_of

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def bundle(shared_dir, tmp_path_factory):
    """Night 3, whose class order differs from the data set's, explained with few noisy copies to save time."""
    options = RunOptions(
        inputs=InputOptions(
            checkpoint=shared_dir / "checkpoints" / "mobilenet_v2-night3.pt",
            dataset="oxford-iiit-pet",
            source=DataSource(root=shared_dir),
        ),
        archive=ArchiveOptions(out=tmp_path_factory.mktemp("reports")),
        explain=ExplainOptions(
            smooth_grad_samples=2, insertion_steps=2, random_maps=1, certificate_pictures=1, focus_pictures=30
        ),
    )
    return run(options, now=NOW, watch=lambda *_: None).receipts.bundle_dir


def test_the_report_of_night_3_holds_what_its_readme_promises(bundle):
    found = json.loads((bundle / "findings.json").read_text())
    assert round(found["scores"]["accuracy"], 3) == 0.748
    assert found["class_names_from"] == "checkpoint"
    assert found["gate"]["outcome"] == "not_judged"
    assert sum(map(sum, found["confusion"]["counts"])) == found["data"]["n_samples"] == 305
    assert found["pairs"][0]["evident"]
    reasons = {panel["reason"] for panel in found["panels"]}
    assert reasons == {"cross_species", "group_error", "group_correct", "confident_error"}


def test_the_documents_are_small_enough_to_send(bundle):
    assert (bundle / "report.pdf").stat().st_size < 8e6
    assert (bundle / "report.html").stat().st_size < 8e6


def test_every_error_across_species_has_its_card(bundle):
    found = json.loads((bundle / "findings.json").read_text())
    page = (bundle / "report.html").read_text()
    cards = page.split('class="card"')[1:]
    assert len(cards) == len(found["cross_species"])
    for card, error in zip(cards, found["cross_species"], strict=True):
        assert error["sample_id"].replace("_", "_\u200b") in card
        assert f"{error['target_species']} predicted as {error['pred_species']}" in card


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_in_a_browser_without_an_error_and_does_not_overflow(opened, bundle, width):
    page = opened(bundle / "report.html", viewport={"width": width, "height": 900})
    pictures = page.evaluate(
        "[...document.querySelectorAll('main img')].filter(i => i.loading != 'lazy').map(i => i.complete && i.naturalWidth > 0)"
    )
    assert len(pictures) > 60
    assert all(pictures)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="module")
def nights(shared_dir, bundle):
    """What the three nights say of the 305 photographs; the third was evaluated for the report."""
    evaluated = []
    for night in (1, 2):
        options = InputOptions(
            checkpoint=shared_dir / "checkpoints" / f"mobilenet_v2-night{night}.pt",
            dataset="oxford-iiit-pet",
            source=DataSource(root=shared_dir),
            arch="mobilenet_v2",
        )
        loop = LoopOptions(batch_size=64, n_workers=0)
        evaluated.append(evaluate(read_inputs(options), on=compute("cpu", "fp32"), loop=loop, max_unreadable=0.0))
    return [*evaluated, read_evaluation(bundle)]


def test_each_night_has_the_accuracy_of_its_readme(nights):
    found = [round(float((night.preds() == night.targets).mean()), 3) for night in nights]
    assert found == [0.728, 0.767, 0.748]


@pytest.mark.parametrize(
    ("night", "fixed", "broken", "p_value", "verdict"),
    [(2, 16, 4, 0.012, "better"), (3, 3, 9, 0.146, "no_evidence")],  # stated with the checkpoints
)
def test_each_night_is_compared_with_the_one_before(nights, night, fixed, broken, p_value, verdict):
    before, tonight = nights[night - 2], nights[night - 1]
    found = comparison(tonight, History(runs=(past_run_of(before, fingerprint=before.fingerprint),)))
    assert found.comparable
    assert (found.overall.n, found.overall.n_fixed, found.overall.n_broken) == (305, fixed, broken)
    assert round(found.overall.p_value, 3) == p_value
    assert found.overall.verdict == verdict
