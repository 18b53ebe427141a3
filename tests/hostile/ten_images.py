"""A whole bundle of ten images in its archive, and the ways of somebody who may write there."""

import json

import numpy as np

from reportgen.deliver.archive.bundle import manifest_json
from reportgen.pipeline.render import make_report
from reportgen.runs.bundle_files import MANIFEST
from reportgen.runs.stamp import RunStamp
from reportgen.runs.stored_run import StoredRun
from tests.synthetic import attributions_of, findings_of

RUN_ID = "20261123T080000000Z-1a2b3c4d"
STAMP = RunStamp(run_id=RUN_ID, created_at="2026-11-23T08:00:00+00:00", languages=("en",), timing={})


def write_ten_images(archive):
    """The bundle archive/m/RUN_ID, with an HTML report of the section summary."""
    findings = findings_of(5 * np.eye(2, dtype=int))
    run = StoredRun(
        predictions=findings.predictions,
        attributions=attributions_of(findings),
        thumbnails={},
        rule=findings.rule,
        run_context=findings.run_context,
        stamp=STAMP,
        sections=("summary",),
    )
    make_report(run, findings, formats=("html",), bundle_dir=archive / "m" / RUN_ID)


def sealed(bundle):
    """Its manifest is made anew, as somebody would who may write into the archive."""
    files = {path.name: path.read_bytes() for path in bundle.iterdir() if path.is_file() and path.name != MANIFEST}
    (bundle / MANIFEST).write_bytes(manifest_json(files))
    return bundle


def with_pdf(bundle):
    (bundle / "report.pdf").write_bytes(b"%PDF-1.7")
    return sealed(bundle)


def edited(bundle, change):
    """Its run.json is changed by `change`, and sealed."""
    record = json.loads((bundle / "run.json").read_bytes())
    change(record)
    (bundle / "run.json").write_text(json.dumps(record))
    return sealed(bundle)
