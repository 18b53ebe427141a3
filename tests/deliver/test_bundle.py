"""A bundle appears whole or not at all, and comes back as it was."""

import hashlib
import json
import os

import numpy as np
import pytest

from reportgen.analyse.examples import ExampleRule
from reportgen.compose.report import RunStamp
from reportgen.deliver.bundle import write_bundle, write_files
from reportgen.deliver.stored_run import read_stored_run, stored_run
from reportgen.errors import DeliveryError, InputError
from tests.synthetic import attributions_of, findings_of

STAMP = RunStamp(run_id="r1", created_at="2026-11-23T08:00:00+00:00", language="en", timing={"evaluate": 1.25})


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_manifest_holds_the_hash_of_every_file(tmp_path):
    files = {"b.txt": b"two", "a.txt": b"one"}
    write_bundle(tmp_path / "run", files)
    listed = json.loads((tmp_path / "run" / "manifest.json").read_text())["files"]
    assert list(listed) == ["a.txt", "b.txt"]
    for name, content in files.items():
        assert listed[name] == {"sha256": hashlib.sha256(content).hexdigest(), "n_bytes": len(content)}
    assert left_in(tmp_path) == ["run"]


def test_an_existing_bundle_is_left_alone_unless_it_is_to_be_replaced(tmp_path):
    write_bundle(tmp_path / "run", {"a": b"old"})
    with pytest.raises(DeliveryError, match="there already") as caught:
        write_bundle(tmp_path / "run", {"a": b"new"})
    assert caught.value.exit_code == 6
    assert (tmp_path / "run" / "a").read_bytes() == b"old"
    write_bundle(tmp_path / "run", {"a": b"new", "b": b"more"}, replace=True)
    assert left_in(tmp_path) == ["run"]
    assert left_in(tmp_path / "run") == ["a", "b", "manifest.json"]


def test_a_run_that_dies_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(DeliveryError):
        write_bundle(tmp_path / "run", {"a": b"x", "no/such/folder": b"y"})
    assert left_in(tmp_path) == []


def test_a_place_that_cannot_be_written_is_exit_6(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DeliveryError, match="--out") as caught:
        write_bundle(tmp_path / "file" / "run", {"a": b"x"})
    assert caught.value.exit_code == 6


def test_files_take_the_place_of_older_ones_whole(tmp_path):
    written = write_files(tmp_path / "new", {"a.png": b"one", "b.html": b"two"})
    assert written == (tmp_path / "new" / "a.png", tmp_path / "new" / "b.html")
    write_files(tmp_path / "new", {"a.png": b"three"})
    assert (tmp_path / "new" / "a.png").read_bytes() == b"three"
    assert left_in(tmp_path / "new") == ["a.png", "b.html"]
    (tmp_path / "new" / "c").mkdir()
    with pytest.raises(DeliveryError, match="--out"):
        write_files(tmp_path / "new", {"c": b"a folder is in the way"})
    assert left_in(tmp_path / "new") == ["a.png", "b.html", "c"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_archive_is_exit_6(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DeliveryError):
        write_bundle(tmp_path / "run", {"a": b"x"})


@pytest.fixture
def stored(tmp_path):
    counts = np.diag([12, 12, 12])
    counts[0, 1] = 5
    findings = findings_of(counts, species=("a", "a", "b"), unreadable=1, notice="note")
    attributions = attributions_of(findings)
    files = stored_run(findings.predictions, attributions, rule=ExampleRule(n_confident=3), stamp=STAMP)
    write_bundle(tmp_path / "run", files)
    return tmp_path / "run", findings, attributions


def test_a_stored_run_comes_back_as_it_was(stored):
    run_dir, findings, attributions = stored
    predictions, back, rule, stamp = read_stored_run(run_dir)
    assert predictions.facts == findings.predictions.facts
    assert predictions.unreadable == findings.predictions.unreadable
    assert predictions.compute == findings.predictions.compute
    assert np.array_equal(predictions.logits, findings.predictions.logits)
    assert (rule, stamp) == (ExampleRule(n_confident=3), STAMP)
    for name in ("options", "methods", "refusals", "certificates", "focus", "precision"):
        assert getattr(back, name) == getattr(attributions, name)
    for one, other in zip(back.examples, attributions.examples, strict=True):
        assert one.example == other.example
        assert np.array_equal(one.crop, other.crop)
        for heat, original in zip(one.maps, other.maps, strict=True):
            assert heat.values == pytest.approx(original.values, abs=original.peak * 2**-11)
            assert heat.peak == pytest.approx(original.peak, rel=1e-6)
            for name in ("method", "class_idx", "rival_idx", "layer", "faithfulness", "focus"):
                assert getattr(heat, name) == getattr(original, name)


def test_a_folder_that_is_no_bundle_is_exit_3(tmp_path):
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(InputError, match="reports/<model name>/<run_id>") as caught:
            read_stored_run(folder)
        assert caught.value.exit_code == 3


@pytest.mark.parametrize("name", ["run.json", "logits.npz", "attributions.npz"])
def test_a_damaged_bundle_is_named(stored, name):
    (stored[0] / name).write_bytes(b"PK damaged")
    with pytest.raises(InputError, match="damaged"):
        read_stored_run(stored[0])
