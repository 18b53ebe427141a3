"""Points 1 and 2: nothing stored in a bundle runs, no link is followed, and no odd file is opened."""

from shutil import copytree

import numpy as np
import pytest

from reportgen.compose.report import RunStamp
from reportgen.deliver.stored_evaluation import read_evaluation
from reportgen.deliver.stored_run import StoredRun, read_stored_run
from reportgen.errors import InputError
from reportgen.inputs.history import read_past_run
from reportgen.pipeline.report import make_report
from tests.hostile.odd_files import ODD_FILES, odd_files, put
from tests.synthetic import attributions_of, findings_of

pytestmark = pytest.mark.timeout(60)
RUN_ID = "20261123T080000000Z-1a2b3c4d"
STAMP = RunStamp(run_id=RUN_ID, created_at="2026-11-23T08:00:00+00:00", languages=("en",), timing={})
EVALUATION = ("logits.npz", "evaluation.json", "manifest.json")
READERS = {  # and the files that each reads
    read_stored_run: (*EVALUATION, "run.json", "predictions.parquet", "attributions.npz", "thumbnails.parquet"),
    read_evaluation: EVALUATION,
    read_past_run: ("findings.json", "predictions.parquet", "manifest.json"),
}
READ = [(reader, name) for reader, names in READERS.items() for name in names]


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A whole bundle in its archive, of ten images; to be copied."""
    findings = findings_of(5 * np.eye(2, dtype=int))
    run = StoredRun(
        predictions=findings.predictions,
        attributions=attributions_of(findings),
        thumbnails={},
        rule=findings.rule,
        night=findings.night,
        stamp=STAMP,
        sections=("summary",),
    )
    archive = tmp_path_factory.mktemp("made") / "reports"
    make_report(run, findings, formats=("html",), bundle_dir=archive / "m" / RUN_ID)
    return archive


@pytest.fixture
def bundle(made, tmp_path):
    copytree(made, tmp_path / "reports")
    return tmp_path / "reports" / "m" / RUN_ID


def test_a_sound_bundle_is_read(bundle):
    for reader in READERS:
        reader(bundle)


@pytest.mark.parametrize(("reader", "name"), READ, ids=lambda value: getattr(value, "__name__", value))
def test_a_file_that_is_none_is_a_fault_of_the_bundle(bundle, reader, name):
    for kind in ODD_FILES:
        put(kind, bundle / name)
        with pytest.raises(InputError, match=f"{name}: {kind.partition(' to ')[0]}, not a file") as told:
            reader(bundle)
        assert str(bundle) in told.value.thing


@odd_files
def test_what_is_no_folder_is_no_bundle(bundle, kind):
    path = put(kind, bundle.with_name("another"))
    for reader in READERS:
        with pytest.raises(InputError, match="run directory"):
            reader(path)


def test_a_bundle_may_be_named_by_a_link(bundle):
    bundle.with_name("latest").symlink_to(bundle.name)
    for reader in READERS:
        reader(bundle.with_name("latest"))


def test_a_link_to_the_very_bytes_is_no_file_of_the_bundle(bundle, tmp_path):
    """The manifest holds, and still whoever has the other file can change it."""
    for name in ("run.json", "findings.json", "evaluation.json"):
        (bundle / name).rename(tmp_path / name)
        (bundle / name).symlink_to(tmp_path / name)
    for reader in READERS:
        with pytest.raises(InputError, match="a link, not a file"):
            reader(bundle)
