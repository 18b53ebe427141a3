"""What lies there after a run that failed, was repeated or shares its archive: tonight's word and nobody else's loss."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from reportgen.deliver.archive.bundle import write_bundle
from reportgen.deliver.archive.retention import retention
from tests.archives import archived, run_id_of
from tests.pets import hand_checkpoint, write_five_breeds
from tests.program import reportgen

QUICK = """
[explain]
certificate_pictures = 0
focus_pictures = 0
insertion_steps = 0
smooth_grad_samples = 2
"""
INPUTS = (
    *("--checkpoint", "hand.pt", "--dataset", "oxford-iiit-pet", "--data-root", "data", "--format", "html"),
    *("--arch", "tests.pets:hand_net", "--model-name", "hand", "--methods", "grad_cam"),
)
OURS = ("verdict.json", "junit.xml", "summary.md")
# What is wrong: the words of the command line after "run", the TOML file, the exit code, what the verdict says.
FAILURES = {
    "an unknown option": (("--ci-dir", "ci", "--nonsense"), "", 2, "--nonsense"),
    "the option with =": (("--nonsense", "--ci-dir=ci"), "", 2, "--nonsense"),
    "a number that is none": (("--ci-dir", "ci", "--batch-size", "many"), "", 2, "--batch-size"),
    "an option without its value": (("--ci-dir", "ci", "--lang"), "", 2, "--lang"),
    "an argument too many": (("--ci-dir", "ci", "more"), "", 2, "more"),
    "a wrong value": ((*INPUTS, "--ci-dir", "ci", "--lang", "xx"), "", 2, "xx"),
    "a missing option": (("--ci-dir", "ci"), "", 2, "--checkpoint"),
    "a file that is not there": (("--ci-dir", "ci", "--config", "gone.toml"), "", 2, "gone.toml"),
    "named in a file with a wrong key": (("--config", "r.toml"), 'ci_dir = "ci"\nnonsense = 1\n', 2, "nonsense"),
    "named in a file with a wrong value": ((*INPUTS, "--config", "r.toml"), 'ci_dir = "ci"\nbatch_size = -1\n', 2, "batch_size"),
    "named in a file that is no TOML": (("--config", "r.toml"), "ci_dir = 'ci'\n[gate\n", 2, "r.toml"),
    "named in a file with a byte order mark": (("--config", "r.toml"), '\ufeffci_dir = "ci"\nx = 1\n', 2, "x"),
    "a plug-in that is not there": ((*INPUTS, "--ci-dir", "ci", "--arch", "nowhere:net"), "", 2, "nowhere"),
    "no such data": ((*INPUTS, "--ci-dir", "ci", "--data-root", "gone"), "", 3, "gone"),
    "a fault of ours": ((*INPUTS, "--ci-dir", "ci", "--split", "test"), "", 70, "Error"),
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("left")
    write_five_breeds(place / "data")
    hand_checkpoint(place / "hand.pt")
    (place / "quick.toml").write_text(QUICK)
    return place


@pytest.mark.parametrize("name", FAILURES)
def test_ci_never_reads_last_nights_verdict_after_a_failure(name, place, monkeypatch):
    words, toml, code, told = FAILURES[name]
    (place / "r.toml").write_text(toml, encoding="utf-8")
    (place / "ci").mkdir(exist_ok=True)
    for file in OURS:
        (place / "ci" / file).write_text('{"outcome": "pass", "passed": true, "night": "last"}')
    if code == 70:
        monkeypatch.setattr("reportgen.pipeline.run.run", faulty_run)
    done = reportgen("run", *words, cwd=place)
    assert done.returncode == code, done.stderr
    verdict = json.loads((place / "ci" / "verdict.json").read_text())
    assert (verdict["outcome"], verdict["passed"], verdict["exit_code"]) == ("error", False, code)
    assert told in verdict["error"]
    assert all("last" not in (place / "ci" / file).read_text() for file in OURS)


def faulty_run(config, *, now, watch):
    raise ZeroDivisionError("Error of ours, for the test")


@pytest.mark.parametrize(
    "words", [("run", "--help", "--ci-dir", "ci"), ("verify", "--ci-dir", "ci"), ("demo", "--ci-dir", "ci")]
)
def test_what_is_no_run_leaves_the_folder_alone(words, tmp_path):
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "verdict.json").write_text("kept")
    reportgen(*words, cwd=tmp_path)
    assert (tmp_path / "ci" / "verdict.json").read_text() == "kept"


def test_the_same_moment_again_is_refused_before_anything_is_evaluated(place, monkeypatch):
    """Elsewhere it makes the same report; after a run that died the same moment is free."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1793507400")
    run = ("run", *INPUTS, "--config", "quick.toml", "--out")
    assert reportgen(*run, "one", cwd=place).returncode == 0
    again = reportgen(*run, "one", cwd=place)
    assert again.returncode == 2
    assert "SOURCE_DATE_EPOCH" in again.stderr
    assert "evaluating" not in again.stderr
    (bundle,) = (place / "one" / "hand").glob("2*")
    write_bundle(place / "two" / "hand" / f".evaluated-{bundle.name}", {"logits.npz": b"of a run that died"})
    assert reportgen(*run, "two", cwd=place).returncode == 0
    assert (place / "two" / "hand" / bundle.name / "report.html").read_bytes()


def test_notes_given_to_render_stay_with_the_run(place):
    (place / "notes.toml").write_text('[breeds.boxer]\nname.en = "Boxer of the house"\nlook.en = "square"\n')
    assert reportgen("run", *INPUTS, "--config", "quick.toml", "--out", "noted", cwd=place).returncode == 0
    (bundle,) = (place / "noted" / "hand").glob("2*")
    assert "Boxer of the house" not in (bundle / "report.html").read_text()
    for words in (("--notes", "notes.toml"), ("--lang", "en")):
        assert reportgen("render", bundle, "--format", "html", *words, cwd=place).returncode == 0
        assert "Boxer of the house" in (bundle / "report.html").read_text()
    (place / "bad.toml").write_text("[breeds.boxer]\nname = 3\n")
    assert reportgen("render", bundle, "--format", "html", "--notes", "bad.toml", cwd=place).returncode != 0
    assert "Boxer of the house" in (bundle / "report.html").read_text()


NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)  # the night 20


@pytest.mark.parametrize(("age", "goes"), [(0.1, False), (13.9, False), (14.1, True)])
def test_an_evaluation_to_resume_is_kept_as_long_as_results_to_render(age, goes, tmp_path):
    made = f"{NOW - timedelta(days=age):%Y%m%dT%H%M%S}000Z-1a2b3c4d"
    write_bundle(tmp_path / "other" / f".evaluated-{made}", {"logits.npz": b"x"})
    assert bool(retention(tmp_path, keep=None, keep_days=None, now=NOW)) == goes


def test_the_end_of_a_run_prunes_its_own_model_alone(tmp_path):
    """Another model has other limits; what dead runs of it left is its own."""
    for day in (1, 2, 3):
        archived(tmp_path, day, model="mine")
        archived(tmp_path, day, model="other")
    (tmp_path / "other" / f".{run_id_of(2)}.partial-0a1b2c3d").mkdir()
    gone = retention(tmp_path, keep=1, keep_days=None, now=NOW, of=(tmp_path / "mine",))
    assert [one.path for one in gone] == [tmp_path / "mine" / run_id_of(day) for day in (1, 2)]
