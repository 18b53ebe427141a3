"""Earlier nights, read from real bundles."""

import io
import json
from shutil import copytree

import numpy as np
import pandas as pd
import pytest

from reportgen.analyse.previous_runs import N_STRIP_RUNS
from reportgen.deliver.archive.bundle import write_bundle
from reportgen.errors import InputError
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.runs.history import read_history, read_past_run

ROWS = {"sample_id": ["a", "b"], "sha256": ["1" * 64, "2" * 64], "target": ["pug", "boxer"], "pred": ["pug", "pug"]}


def bundle(model_dir, night, *, rows=ROWS, passed=True):
    """A bundle with the two files that matter, by hand."""
    run_id = f"202611{night:02d}T043000000Z-00000000"
    table = io.BytesIO()
    pd.DataFrame({**rows, "confidence": 0.5}).to_parquet(table)
    contract = {
        "run_id": run_id,
        "created_at": f"2026-11-{night:02d}T04:30:00+00:00",
        "model": {"checkpoint_sha256": "c" * 64},
        "data": {"fingerprint": "f" * 64},
        "compute": {"precision": "fp32"},
        "confusion": {"classes": ["boxer", "pug"]},
        "preprocessing": {
            "resize_px": 232,
            "crop_px": 224,
            "interpolation": "bicubic",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
        },
        "gate": {"passed": passed},
    }
    files = {"findings.json": json.dumps(contract).encode(), "predictions.parquet": table.getvalue()}
    return write_bundle(model_dir / run_id, files)


def test_a_bundle_is_read_by_name(tmp_path):
    found = read_past_run(bundle(tmp_path, 1, passed=False))
    assert (found.classes, found.sample_ids) == (("boxer", "pug"), ("a", "b"))
    assert (found.targets.tolist(), found.preds.tolist()) == ([1, 0], [1, 1])
    assert found.correct().tolist() == [True, False]
    assert found.preprocessing == Preprocessing(
        resize_px=232, crop_px=224, mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bicubic", exif="apply"
    )  # which versions that stored no word of EXIF did
    assert not found.passed


def test_the_last_nights_are_read_oldest_first_and_what_is_no_night_is_left_out(tmp_path):
    """The hidden and the unfinished ones hold whole files: only their names tell."""
    for night in range(1, N_STRIP_RUNS + 3):
        last = bundle(tmp_path, night)
    (tmp_path / "latest").symlink_to(last.name)
    for name in (
        ".evaluated-20261130T000000000Z",
        "20261130T000000000Z.unrendered",
        "20261130T000000000Z.audit-failed",
    ):
        copytree(last, tmp_path / name)
    (tmp_path / "20261130T000000000Z-foreign").mkdir()
    nights = read_history((tmp_path,), "latest").runs
    assert [night.run_id[6:8] for night in nights] == [f"{night:02d}" for night in range(3, N_STRIP_RUNS + 3)]


def test_a_damaged_night_is_passed_over_with_a_warning(tmp_path, caplog):
    bundle(tmp_path, 1)
    (bundle(tmp_path, 2) / "predictions.parquet").write_bytes(b"cut")
    (bundle(tmp_path, 3) / "findings.json").write_text("{}")
    bundle(tmp_path, 4, rows={**ROWS, "pred": ["pug", "unicorn"]})
    assert [night.run_id[6:8] for night in read_history((tmp_path,), "latest").runs] == ["01"]
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 3


def test_before_the_first_night_there_is_nothing(tmp_path):
    assert read_history((tmp_path / "gone",), "latest").runs == ()


def test_a_named_run_is_read_wherever_it_lies(tmp_path):
    named = bundle(tmp_path / "elsewhere", 1)
    bundle(tmp_path / "here", 2)
    found = read_history((tmp_path / "here",), str(named))
    assert found.given.run_id == named.name
    assert len(found.runs) == 1
    assert np.array_equal(found.given.preds, found.runs[0].preds)


@pytest.mark.parametrize("name", ["gone", "."])
def test_a_named_run_that_is_none_is_exit_3(tmp_path, name):
    with pytest.raises(InputError, match="reports/<model name>/<run_id>") as caught:
        read_history((tmp_path,), str(tmp_path / name))
    assert caught.value.exit_code == 3


def test_the_last_run_that_passed_is_found_however_long_ago(tmp_path):
    """Nights 1 and 3 passed; of those that failed since then only the last N_NIGHTS are read."""
    for night in range(1, N_STRIP_RUNS + 7):
        bundle(tmp_path, night, passed=night in (1, 3))
    days = [night.run_id[6:8] for night in read_history((tmp_path,), "passed").runs]
    assert days == ["03", *(f"{night:02d}" for night in range(7, N_STRIP_RUNS + 7))]
    assert len(read_history((tmp_path,), "latest").runs) == N_STRIP_RUNS


def test_passed_and_none_are_asked_for(tmp_path):
    bundle(tmp_path, 1)
    assert read_history((tmp_path,), "passed").only_passed
    assert not read_history((tmp_path,), "latest").only_passed
    assert not read_history((tmp_path,), "none").compare
