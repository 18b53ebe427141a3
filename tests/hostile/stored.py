"""A whole bundle of a small run with two earlier nights, made once, and its files damaged and sealed again."""

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from reportgen.analyse.gate_rules import GateRules
from reportgen.analyse.previous_runs import History
from reportgen.pipeline.render import make_report
from reportgen.runs.stamp import RunStamp
from reportgen.runs.stored_run import StoredRun
from tests.synthetic import attributions_of, findings_of, past_run_of, predictions_of

RUN_ID, OTHER = "20261123T080000000Z-1a2b3c4d", "20261122T080000000Z-1a2b3c4d"
COUNTS = np.array([[5, 2], [1, 6]])
OPTIONS = {"species": ("a", "b"), "unreadable": 1, "notice": "note"}


def _thumbnail():
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(buffer, "JPEG")
    return buffer.getvalue()


def small_run(run_id=RUN_ID):
    """14 images of two classes, compared with the night before and with a run that was named."""
    predictions = predictions_of(COUNTS, **OPTIONS)
    earlier = [
        past_run_of(predictions, np.roll(predictions.preds(), k), run_id=f"2026112{k}T080000000Z-1a2b3c4d")
        for k in (1, 2)
    ]
    history = History(runs=(earlier[1],), given=replace(earlier[0], surroundings={"device": "cpu", "torch": "2"}))
    findings = findings_of(COUNTS, history=history, rules=GateRules(min_recall={"class_000": 0.5}), **OPTIONS)
    run = StoredRun(
        predictions=findings.predictions,
        attributions=attributions_of(findings),
        thumbnails={5: _thumbnail()},
        rule=findings.rule,
        run_context=findings.run_context,
        stamp=RunStamp(run_id=run_id, created_at="2026-11-23T08:00:00+00:00", languages=("en",), timing={"x": 1.5}),
        sections=("summary", "pairs", "groups", "changes", "images", "evidence", "gate", "methods"),
    )
    return run, findings


def whole_bundle(archive: Path, run_id=RUN_ID) -> Path:
    """As `reportgen run --format html` leaves it."""
    run, findings = small_run(run_id)
    make_report(run, findings, formats=("html",), bundle_dir=archive / "m" / run_id)
    return archive / "m" / run_id


def sealed(bundle: Path, **files: bytes | None) -> Path:
    """The bundle with these files (None: without), and a manifest that agrees: damage that no hash tells."""
    listed = json.loads((bundle / "manifest.json").read_text())
    for name, content in files.items():
        if content is None:
            (bundle / name).unlink()
            del listed["files"][name]
        else:
            (bundle / name).write_bytes(content)
            listed["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "n_bytes": len(content)}
    (bundle / "manifest.json").write_text(json.dumps(listed))
    return bundle


def paths_in(value, at=()):
    """The way to every value of plain JSON; of a list its first and its last element."""
    yield at
    if isinstance(value, dict):
        for key in value:
            yield from paths_in(value[key], (*at, key))
    elif isinstance(value, list):
        for place in sorted({0, len(value) - 1} & set(range(len(value)))):
            yield from paths_in(value[place], (*at, place))


def exchanged(value, path, other):
    """A copy of plain JSON in which the value at `path` is another."""
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = exchanged(copy[path[0]], path[1:], other)
    return copy


class PeakMemory:
    """How much the resident memory of this process rose at most inside, in bytes."""

    def __enter__(self):
        Path("/proc/self/clear_refs").write_text("5")
        self._before = self._now("VmRSS")
        return self

    def __exit__(self, *_):
        self.n_bytes = self._now("VmHWM") - self._before

    @staticmethod
    def _now(key):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))
