"""The program as a user runs it: a process, its exit code, its words, and what it leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest

from reportgen.render.pdf.fonts import families_for
from tests.pets import BREEDS, EXPECTED_CONFUSION, hand_checkpoint
from tests.program import reportgen

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments):
    return [sys.executable, "-m", "reportgen", *map(str, arguments)]


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}


def usual(tmp_path, five_breeds, **changed):
    options = {
        "--checkpoint": hand_checkpoint(tmp_path / "hand.pt"),
        "--dataset": "oxford-iiit-pet",
        "--data-root": five_breeds,
        "--arch": "tests.pets:hand_net",
        "--model-name": "hand",
        "--out": tmp_path / "reports",
        "--format": "html",
    } | changed
    return [word for pair in options.items() if pair[1] is not None for word in pair]


def bundle_of(tmp_path):
    (bundle,) = (tmp_path / "reports" / "hand").glob("2*")
    return bundle


def test_a_run_leaves_a_whole_bundle_and_renders_again_without_model_or_pictures(tmp_path, five_breeds):
    done = reportgen("run", *usual(tmp_path, five_breeds, **{"--format": "html,pdf"}), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sources = json.loads((bundle_of(tmp_path) / "run.json").read_text())["stamp"]["option_sources"]
    assert (sources["arch"], sources.get("batch_size")) == ("command line", None)
    assert "accuracy 90.0%: 45 of 50 images" in done.stdout
    bundle = bundle_of(tmp_path)
    assert str(bundle / "report.html") in done.stdout
    found = json.loads((bundle / "findings.json").read_text())
    assert found["confusion"]["classes"] == list(BREEDS)
    assert found["confusion"]["counts"] == EXPECTED_CONFUSION
    assert [group["classes"] for group in found["groups"]] == [["Bengal", "Egyptian_Mau"]]
    (stranger,) = found["cross_species"]
    assert (stranger["sample_id"], stranger["target"], stranger["pred"]) == ("Abyssinian_1", "Abyssinian", "boxer")
    listed = json.loads((bundle / "manifest.json").read_text())["files"]
    assert set(listed) | {"manifest.json"} == {path.name for path in bundle.iterdir()}
    table = pd.read_parquet(bundle / "predictions.parquet")
    assert len(table) == 50
    assert table["correct"].sum() == 45

    before = (bundle / "report.html").read_text()
    for path in (tmp_path / "hand.pt", *five_breeds.rglob("*.jpg")):
        path.unlink()
    (tmp_path / "n.toml").write_text('[[pair]]\nclasses = ["Bengal", "Egyptian_Mau"]\ncoat.en = "Our own words."\n')
    again = reportgen("render", bundle, "--notes", tmp_path / "n.toml", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    after = (bundle / "report.html").read_text()
    assert "Our own words." in after
    assert "Our own words." not in before
    assert (bundle / "report.pdf").read_bytes().startswith(b"%PDF")


def test_a_run_without_class_names_in_a_wrong_order_is_loud(tmp_path, five_breeds):
    rolled = (*BREEDS[1:], BREEDS[0])
    checkpoint = hand_checkpoint(tmp_path / "rolled.pt", order=rolled, classes=None)
    done = reportgen("run", *usual(tmp_path, five_breeds, **{"--checkpoint": checkpoint}), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "CLASS ORDER LOOKS WRONG" in done.stderr
    assert "class order looks wrong" in done.stdout
    page = (bundle_of(tmp_path) / "report.html").read_text()
    assert "The class order looks wrong." in page
    assert "90.0%" in page  # what the right order would give


@pytest.mark.parametrize(
    ("changed", "code", "told"),
    [
        ({"--checkpoint": "gone.pt"}, 3, "no such file"),
        ({"--data-root": "gone"}, 3, "--download"),
        ({"--dataset": "imagnet"}, 2, "imagefolder"),
        ({"--arch": "resnet05"}, 2, "resnet50"),
        ({"--target-layer": "nowhere"}, 2, "no module 'nowhere'"),
        ({"--split": "val"}, 3, "there are: list, test"),
        ({"--device": "cuda:77"}, 2, "--device"),
        ({"--lang": "ja,xx"}, 2, "some of en, ja"),
        ({"--templates": "nowhere"}, 2, "no such directory"),
        ({"--sections": "summary,pears"}, 2, "nearest: 'pairs'"),
        ({"--sections": "pairs,summary,pairs"}, 2, "pairs twice"),
        ({"--data-root": None}, 2, "give --data-root"),
    ],
)
def test_bad_input_has_its_exit_code_its_words_and_leaves_nothing(tmp_path, five_breeds, changed, code, told):
    done = reportgen("run", *usual(tmp_path, five_breeds, **changed), cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "to do:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "evaluating" not in done.stderr  # no device time is spent on what cannot become a report
    assert not (tmp_path / "reports").exists()


def test_when_a_section_fails_the_results_are_kept_for_another_try(tmp_path, five_breeds):
    options = {"--sections": "summary,tests.contracts.own_plugins:broken_section"}
    done = reportgen("run", *usual(tmp_path, five_breeds, **options), cwd=tmp_path)
    assert done.returncode == 5
    kept = bundle_of(tmp_path)
    assert kept.name.endswith(".unrendered")
    assert f"reportgen render {kept}" in done.stderr
    again = reportgen("render", kept, "--sections", "summary", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    bundle = bundle_of(tmp_path)
    assert bundle.name == kept.name.removesuffix(".unrendered")
    assert (bundle / "report.pdf").is_file()


def test_a_faulty_pdf_is_exit_5_and_its_bundle_is_kept_under_a_name_that_says_so(tmp_path, five_breeds):
    """A style sheet of the user's that makes every table wider than the paper."""
    sheet = tmp_path / "own" / "css" / "own.css"
    sheet.parent.mkdir(parents=True)
    sheet.write_text("table { width: 500mm !important; max-width: none !important }")
    options = {"--templates": tmp_path / "own", "--format": "html,pdf", "--sections": "summary,classes"}
    done = reportgen("run", *usual(tmp_path, five_breeds, **options), cwd=tmp_path)
    assert done.returncode == 5, done.stderr
    kept = bundle_of(tmp_path)
    assert kept.name.endswith(".audit-failed")
    assert (kept / "report.pdf").is_file()
    assert f"reportgen render {kept}" in done.stderr
    assert not list((tmp_path / "reports" / "hand").glob(".*"))
    again = reportgen("render", kept, "--templates", "none", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert bundle_of(tmp_path).name == kept.name.removesuffix(".audit-failed")
    assert bundle_of(tmp_path).name in (tmp_path / "reports" / "index.html").read_text()


def test_a_killed_run_leaves_no_half_bundle_and_its_evaluation_is_taken_over(tmp_path, five_breeds):
    options = usual(tmp_path, five_breeds)
    running = subprocess.Popen(
        command("run", *options),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    for line in running.stderr:
        if "analyse: done" in line or time.monotonic() > deadline:
            break
    running.send_signal(signal.SIGKILL)
    running.communicate()
    archive = tmp_path / "reports" / "hand"
    (left,) = archive.iterdir()
    assert left.name.startswith(".evaluated-")
    told = reportgen("doctor", tmp_path / "reports", cwd=tmp_path)
    assert left.name in told.stdout
    done = reportgen("run", *options, "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "evaluation taken over" in done.stderr
    assert "evaluating" not in done.stderr
    assert "accuracy 90.0%: 45 of 50 images" in done.stdout
    assert not list(archive.glob(".*"))


def test_resuming_without_anything_to_resume_evaluates_and_says_so(tmp_path, five_breeds):
    done = reportgen("run", *usual(tmp_path, five_breeds), "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "nothing to resume" in done.stderr
    assert "evaluating" in done.stderr


def test_an_unknown_command_is_exit_2(tmp_path):
    assert reportgen("nonsense", cwd=tmp_path).returncode == 2


def test_a_wrong_source_date_epoch_is_exit_2(tmp_path, five_breeds, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    done = reportgen("run", *usual(tmp_path, five_breeds), cwd=tmp_path)
    assert done.returncode == 2
    assert "SOURCE_DATE_EPOCH" in done.stderr


def test_a_reader_of_the_users_that_crashes_is_exit_3_in_its_own_words(tmp_path, five_breeds):
    done = reportgen(
        "run", *usual(tmp_path, five_breeds, **{"--dataset": "tests.contracts.own_plugins:crashes"}), cwd=tmp_path
    )
    assert done.returncode == 3
    assert "ZeroDivisionError" in done.stderr
    assert not (tmp_path / "reports").exists()


def test_doctor_names_what_is_there(tmp_path):
    done = reportgen("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    for name in ("torch", "CUDA", "Pango", "HarfBuzz", "Japanese font"):
        assert name in done.stdout


def test_a_language_without_a_font_is_refused_before_anything_is_evaluated(tmp_path, five_breeds, monkeypatch):
    """fontconfig shown a folder with DejaVu Sans alone, which has no Japanese; Chromium and others are not asked."""
    (tmp_path / "fonts.conf").write_text(
        f"<fontconfig><dir>{Path(mpl.get_data_path()) / 'fonts' / 'ttf'}</dir>"
        f"<cachedir>{tmp_path / 'cache'}</cachedir></fontconfig>"
    )
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    assert families_for("en")
    done = reportgen("run", *usual(tmp_path, five_breeds, **{"--lang": "en,ja", "--format": "pdf"}), cwd=tmp_path)
    assert done.returncode == 2
    assert "--lang ja" in done.stderr
    assert "fonts-noto-cjk" in done.stderr
    assert not (tmp_path / "reports").exists()


def test_a_section_of_the_users_that_fails_loses_nothing(tmp_path, five_breeds):
    named = "summary,tests.contracts.own_plugins:broken_section"
    done = reportgen("run", *usual(tmp_path, five_breeds, **{"--sections": named}), cwd=tmp_path)
    assert done.returncode == 5, done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "own_plugins.py, line" in done.stderr
    (kept,) = (tmp_path / "reports").rglob("*.unrendered")
    again = reportgen("render", kept, "--sections", "summary", "--format", "html", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
