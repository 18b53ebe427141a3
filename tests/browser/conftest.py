"""A report for the browser: report_path is report.html of a small run with errors of known numbers.

report.ja.html lies beside it.
"""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.compose.report import compose
from reportgen.inputs.notes import read_notes
from reportgen.render.rendered import render
from reportgen.runs.stamp import RunStamp
from tests.synthetic import FIRST_NIGHT, attributions_of, predictions_of

HOSTILE = "<script>document.title='taken'</script>"
CLASSES = ["Abyssinian", "Bengal", "Egyptian_Mau", "boxer", "pug", HOSTILE]
COUNTS = np.array(
    [
        [20, 6, 0, 3, 0, 0],
        [4, 20, 8, 0, 0, 0],
        [1, 1, 20, 0, 0, 0],
        [0, 0, 0, 20, 5, 0],
        [0, 0, 0, 0, 20, 2],
        [0, 0, 0, 0, 0, 20],
    ]
)


@pytest.fixture(scope="session")
def report_path(tmp_path_factory):
    """Errors are the surer, the later their row: the logit of the predicted class is 2 + row / 100."""
    drawn = predictions_of(COUNTS, classes=CLASSES)
    rows = np.arange(len(drawn.targets))
    logits = drawn.logits.copy()
    logits[rows, drawn.preds()] += rows / 100
    findings = analyse(replace(drawn, logits=logits), ExampleRule(), FIRST_NIGHT)
    report = compose(
        findings,
        attributions_of(findings),
        notes=read_notes(),
        stamp=RunStamp(run_id="r1", created_at="2026-11-23T08:00:00+00:00", languages=("en", "ja"), timing={}),
        thumbnails={idx: _jpeg(idx) for idx in findings.gallery.rows},
    )
    folder = tmp_path_factory.mktemp("report")
    for name, content in render(report, formats=("html",)).files.items():
        (folder / name).write_bytes(content)
    return folder / "report.html"


def _jpeg(idx):
    file = io.BytesIO()
    Image.new("RGB", (112, 112), (idx % 256, 128, 128)).save(file, "JPEG")
    return file.getvalue()
