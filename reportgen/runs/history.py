"""Earlier runs: what archived runs said about each image, read from their public files alone.

Of a bundle, findings.json and predictions.parquet are read (docs/json-contract.md).
"""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reportgen.analyse.previous_runs import N_STRIP_RUNS, History, PastRun, surroundings
from reportgen.errors import InputError
from reportgen.inputs.images.preprocessing import StoredPreprocessing
from reportgen.inputs.names import nfc
from reportgen.inputs.plain_files import folders_in
from reportgen.inputs.stored_fields import Moment, Name, RunId, Sha256, refuse_other_run
from reportgen.runs.bounded_files import about, typed_json
from reportgen.runs.bounded_tables import columns
from reportgen.runs.bundle_files import MANIFEST, bundle_read

HISTORY_FILES = ("manifest.json", "findings.json", "predictions.parquet")
COLUMNS = {"sample_id": str, "sha256": str, "target": str, "pred": str}  # of the rows of a past run

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    fingerprint: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    checkpoint_sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compute:
    """Older versions recorded the precision alone, or no software."""

    precision: Name
    device: Name = ""
    device_name: Name = ""
    torch_version: Name = ""
    software: Mapping[Name, Name] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Confusion:
    classes: tuple[Name, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRunFacts:
    """The keys of findings.json that tell what a past run was; others are not looked at."""

    run_id: RunId
    created_at: Moment
    data: _Data
    model: _Model
    compute: _Compute
    confusion: _Confusion
    preprocessing: StoredPreprocessing
    gate: _Gate


def read_history(model_dirs: tuple[Path, ...], baseline: str) -> History:
    """Up to N_STRIP_RUNS runs in the folders of a model, which need not exist.

    `baseline` is latest, passed, none, or a run directory. With passed it is looked for as far back as need be: a
    regression that stays must not be left without a baseline by growing old. A damaged run in the archive is passed
    over with a warning. Raises InputError when the run that `baseline` names cannot be read.
    """
    if baseline == "none":
        return History(compare=False)
    given = None if baseline in ("latest", "passed") else read_past_run(Path(baseline))
    candidates, only_passed = _readable(model_dirs), baseline == "passed"
    runs = list(islice(candidates, N_STRIP_RUNS))
    if only_passed and not any(run.passed for run in runs):
        runs += islice((run for run in candidates if run.passed), 1)
    return History(runs=tuple(reversed(runs)), given=given, only_passed=only_passed)


def _readable(model_dirs: tuple[Path, ...]) -> Iterator[PastRun]:
    """Newest first, each read when it is asked for. Of two with the same run_id the first counts."""
    known: dict[str, Path] = {}
    for run_dir in _newest_first(model_dirs):
        try:
            found = read_past_run(run_dir)
            refuse_other_run(run_dir, found.run_id)
        except InputError as error:
            log.warning("not compared with %s: %s", run_dir, error.found)
            continue
        if found.run_id in known:
            log.warning("not compared with %s: the same run_id as %s", run_dir, known[found.run_id])
            continue
        known[found.run_id] = run_dir
        yield found


def _newest_first(model_dirs: tuple[Path, ...]) -> Iterator[Path]:
    """Whole bundles; run ids sort by time."""
    found = (path for model_dir in model_dirs if model_dir.is_dir() for path in folders_in(model_dir))
    for run_dir in sorted(found, key=lambda path: path.name, reverse=True):
        unfinished = run_dir.name.startswith(".") or run_dir.suffix in (".unrendered", ".audit-failed")
        if not unfinished and os.path.lexists(run_dir / MANIFEST):
            yield run_dir


def read_past_run(run_dir: Path) -> PastRun:
    """The run archived in `run_dir`. Raises InputError when it is no bundle, or a file of it is damaged."""
    with bundle_read(run_dir, HISTORY_FILES) as files:
        rows = columns(files, "predictions.parquet", COLUMNS)
        described = typed_json(files, "findings.json", StoredRunFacts)
        with about("predictions.parquet"):
            return past_run(described, rows)


def past_run(told: StoredRunFacts, rows: Mapping[str, ArrayLike]) -> PastRun:
    """The run that is described, with its rows: COLUMNS by name, (N,) each. Raises ValueError for rows of another."""
    classes = tuple(nfc(name) for name in told.confusion.classes)
    number = {name: k for k, name in enumerate(classes)}
    texts = {name: tuple(np.asarray(rows[name], dtype=object)) for name in COLUMNS}
    ids, labels = texts["sample_id"], {nfc(name) for name in {*texts["target"], *texts["pred"]}}
    for problem, wrong in (
        ("no image", not ids),
        ("an image twice", len(set(ids)) < len(ids)),
        ("a class twice", len(number) < len(classes)),
        ("a class that it does not list", not labels <= number.keys()),
    ):
        if wrong:
            raise ValueError(f"rows of the run {told.run_id} with {problem}")
    return PastRun(
        run_id=told.run_id,
        created_at=told.created_at,
        fingerprint=told.data.fingerprint,
        checkpoint_sha256=told.model.checkpoint_sha256,
        precision=told.compute.precision,
        classes=classes,
        preprocessing=told.preprocessing,
        sample_ids=ids,
        sha256=texts["sha256"],
        targets=_numbers(texts["target"], number),
        preds=_numbers(texts["pred"], number),
        passed=told.gate.passed,
        surroundings=surroundings(asdict(told.compute)) if told.compute.device else {},
        recorded=bool(told.compute.software),
    )


def facts_of(past: PastRun) -> StoredRunFacts:
    """From which `past_run` makes it again, with its rows."""
    return StoredRunFacts(
        run_id=past.run_id,
        created_at=past.created_at,
        data=_Data(fingerprint=past.fingerprint),
        model=_Model(checkpoint_sha256=past.checkpoint_sha256),
        compute=_compute(past),
        confusion=_Confusion(classes=past.classes),
        preprocessing=past.preprocessing,
        gate=_Gate(passed=past.passed),
    )


def _compute(past: PastRun) -> _Compute:
    """From which `analyse.previous_runs.surroundings` gives the same again."""
    known = dict(past.surroundings)
    if "device" not in known:  # a run of an older version that had it from one still older
        return _Compute(precision=past.precision)
    kind, _, name = known.pop("device").removesuffix(")").partition(" (")
    torch_version = known.pop("torch")
    return _Compute(
        precision=past.precision, device=kind, device_name=name, torch_version=torch_version, software=known
    )


def _numbers(names: tuple[str, ...], number: Mapping[str, int]) -> NDArray[np.int64]:
    known = {name: number[nfc(name)] for name in set(names)}
    return np.array([known[name] for name in names], dtype=np.int64)
