"""A run as files, and back: what `reportgen render` starts from.

predictions.parquet            one row an image, for people and programs
logits.npz, evaluation.json    see `stored_evaluation`
attributions.npz               for example i: crop-i (h, w, 3) uint8; for its map j: map-i-j, see `_packed`
history.parquet                the rows of the earlier runs that it was compared with
thumbnails.parquet             sample_id and JPEG file of each error with a picture; older runs have no such file
run.json                       everything else
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reportgen.analyse.examples import Example, ExampleRule
from reportgen.analyse.findings import Night
from reportgen.analyse.gate_rules import GateRules
from reportgen.compose.look import PLAIN, Look
from reportgen.compose.report import RunStamp
from reportgen.deliver.stored_evaluation import FILES as EVALUATION_FILES
from reportgen.deliver.stored_evaluation import evaluation_of, npz, restored, stored_evaluation
from reportgen.deliver.stored_look import restored_look, stored_look
from reportgen.evaluate.predictions import Predictions
from reportgen.explain.attributions import Attribution, Attributions, MethodUse, Refusal
from reportgen.explain.certificate import Certificate
from reportgen.explain.chosen import Gone
from reportgen.explain.faithfulness import Faithfulness
from reportgen.explain.focus import Focus
from reportgen.explain.maps import HeatValues
from reportgen.explain.methods import ExplainOptions
from reportgen.explain.precision import PrecisionCheck
from reportgen.explain.run_focus import FocusRow
from reportgen.inputs.bundle_files import bundle_read
from reportgen.inputs.history import History, PastRun, past_run
from reportgen.render.tables import predictions_table

_ROWS = {  # the lists of plain values in Attributions
    "methods": MethodUse,
    "refusals": Refusal,
    "certificates": Certificate,
    "focus": FocusRow,
    "precision": PrecisionCheck,
    "gone": Gone,  # not in runs of older versions
}
THUMBNAILS = "thumbnails.parquet"
OWN_FILES = ("predictions.parquet", "attributions.npz", "history.parquet", "run.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """All that the stages from `analyse` on start from. thumbnails: JPEG files by row of the predictions."""

    predictions: Predictions
    attributions: Attributions
    thumbnails: Mapping[int, bytes]
    rule: ExampleRule
    night: Night
    stamp: RunStamp
    sections: tuple[str, ...]
    look: Look = PLAIN


def stored_run(run: StoredRun) -> Mapping[str, bytes]:
    """The files by name."""
    attributions, history = run.attributions, run.night.history
    record = {
        "rule": asdict(run.rule),
        "stamp": {**asdict(run.stamp), "timing": dict(run.stamp.timing)},
        "sections": run.sections,
        "look": stored_look(run.look),
        "night": {"today": run.night.today.isoformat(), "rules": asdict(run.night.rules)},
        "history": {
            "compare": history.compare,
            "only_passed": history.only_passed,
            "across_precision": history.across_precision,
            "nights": [_described(past) for past in history.nights],
            "given": _described(history.given) if history.given else None,
        },
        "explain": {
            "options": asdict(attributions.options),
            **{name: [asdict(row) for row in getattr(attributions, name)] for name in _ROWS},
            "switched": dict(attributions.switched),
        },
        "maps": [
            {
                "example": asdict(one.example),
                "maps": [
                    {name: value for name, value in asdict(heat).items() if name != "values"} | {"peak": heat.peak}
                    for heat in one.maps
                ],
            }
            for one in attributions.examples
        ],
    }
    return {
        **stored_evaluation(run.predictions),
        "predictions.parquet": _parquet(predictions_table(run.predictions)),
        "attributions.npz": npz(_arrays(attributions)),
        "history.parquet": _parquet(_history_table(history)),
        THUMBNAILS: _parquet(_thumbnail_table(run)),
        "run.json": json.dumps(record, ensure_ascii=False, indent=1, default=str).encode(),
    }


def read_stored_run(run_dir: Path) -> StoredRun:
    """What `stored_run` stored. Raises InputError when `run_dir` is no bundle or a file of it is damaged."""
    with bundle_read(run_dir, (*OWN_FILES, *EVALUATION_FILES), optional=(THUMBNAILS,)) as files:
        record = json.loads(files["run.json"])
        with np.load(io.BytesIO(files["attributions.npz"])) as arrays:
            predictions = evaluation_of(files)
            return StoredRun(
                predictions=predictions,
                attributions=_attributions(record, arrays),
                thumbnails=_thumbnails(files.get(THUMBNAILS), predictions),
                rule=restored(ExampleRule, record["rule"]),
                night=_night(record, pd.read_parquet(io.BytesIO(files["history.parquet"]))),
                stamp=restored(RunStamp, record["stamp"]),
                sections=tuple(record["sections"]),
                look=restored_look(record),
            )


def _described(past: PastRun) -> dict[str, Any]:
    """The part of a past run's findings.json from which `past_run` makes it again, without its rows."""
    return {
        "run_id": past.run_id,
        "created_at": past.created_at,
        "data": {"fingerprint": past.fingerprint},
        "model": {"checkpoint_sha256": past.checkpoint_sha256},
        "compute": _compute(past),
        "confusion": {"classes": past.classes},
        "preprocessing": asdict(past.preprocessing),
        "gate": {"passed": past.passed},
    }


def _compute(past: PastRun) -> dict[str, Any]:
    """From which `inputs.history.surroundings` gives the same again."""
    known = dict(past.surroundings)
    if "device" not in known:  # a run of an older version that had it from one still older
        return {"precision": past.precision}
    kind, _, name = known.pop("device").removesuffix(")").partition(" (")
    device = {"device": kind, "device_name": name, "torch_version": known.pop("torch")}
    return {"precision": past.precision, **device, "software": known}


def _history_table(history: History) -> pd.DataFrame:
    """The rows of all past runs, by run_id; in Parquet the ids and hashes that nights share are stored once."""
    runs = {past.run_id: past for past in (*history.nights, *([history.given] if history.given else []))}
    columns = ("run_id", "sample_id", "sha256", "target", "pred")
    tables = [
        pd.DataFrame(
            {
                "run_id": past.run_id,
                "sample_id": past.sample_ids,
                "sha256": past.sha256,
                "target": np.array(past.classes, dtype=object)[past.targets],
                "pred": np.array(past.classes, dtype=object)[past.preds],
            }
        )
        for past in runs.values()
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(columns), dtype=str)


def _thumbnail_table(run: StoredRun) -> pd.DataFrame:
    ids = [run.predictions.sample_ids[idx] for idx in run.thumbnails]
    return pd.DataFrame({"sample_id": ids, "jpeg": list(run.thumbnails.values())}, dtype=object)


def _thumbnails(content: bytes | None, predictions: Predictions) -> Mapping[int, bytes]:
    """By row. Empty for a run stored before there were any. Raises KeyError for a picture of no image of the run."""
    if content is None:
        return {}
    table = pd.read_parquet(io.BytesIO(content))
    row = {sample_id: idx for idx, sample_id in enumerate(predictions.sample_ids)}
    return {row[sample_id]: jpeg for sample_id, jpeg in zip(table["sample_id"], table["jpeg"], strict=True)}


def _night(record: dict[str, Any], rows: pd.DataFrame) -> Night:
    by_run = dict(tuple(rows.groupby("run_id", sort=False)))

    def past(described: dict[str, Any]) -> PastRun:
        return past_run(described, by_run[described["run_id"]])

    stored = record["history"]
    return Night(
        today=date.fromisoformat(record["night"]["today"]),
        history=History(
            compare=stored["compare"],
            only_passed=stored["only_passed"],
            across_precision=stored.get("across_precision", False),
            nights=tuple(past(one) for one in stored["nights"]),
            given=past(stored["given"]) if stored["given"] else None,
        ),
        rules=restored(GateRules, record["night"]["rules"]),
    )


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _attributions(record: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Attributions:
    examples = [
        Attribution(
            example=restored(Example, one["example"]),
            crop=arrays[f"crop-{i}"],
            maps=tuple(_heat(heat, arrays[f"map-{i}-{j}"]) for j, heat in enumerate(one["maps"])),
        )
        for i, one in enumerate(record["maps"])
    ]
    explained = record["explain"]
    known = {"gone": [], **explained}
    rows = {name: tuple(restored(kind, row) for row in known[name]) for name, kind in _ROWS.items()}
    return Attributions(
        examples=tuple(examples),
        options=restored(ExplainOptions, explained["options"]),
        switched={name: tuple(switches) for name, switches in explained.get("switched", {}).items()},
        **rows,
    )


def _heat(facts: dict[str, Any], shares: NDArray[np.float16]) -> HeatValues:
    peak = facts["peak"]
    known = {name: value for name, value in facts.items() if name != "peak"}
    known["faithfulness"] = restored(Faithfulness | None, facts["faithfulness"])
    known["focus"] = restored(Focus | None, facts["focus"])
    return HeatValues(**known, values=_unpacked(shares, peak))


def _arrays(attributions: Attributions) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for i, one in enumerate(attributions.examples):
        arrays[f"crop-{i}"] = one.crop
        arrays |= {f"map-{i}-{j}": _packed(heat) for j, heat in enumerate(one.maps)}
    return arrays


def as_stored(attributions: Attributions) -> Attributions:
    """The attributions with their maps rounded as they are stored, so that a first and a later report are the same."""
    examples = tuple(
        replace(one, maps=tuple(replace(heat, values=_unpacked(_packed(heat), heat.peak)) for heat in one.maps))
        for one in attributions.examples
    )
    return replace(attributions, examples=examples)


def _packed(heat: HeatValues) -> NDArray[np.float16]:
    """The map as shares of its peak in float16 (error up to 2^-11): half the bytes, and no underflow of small maps."""
    return (heat.values / (heat.peak or 1.0)).astype(np.float16)  # noqa: PD011  # no data frame


def _unpacked(shares: NDArray[np.float16], peak: float) -> NDArray[np.float32]:
    values: NDArray[np.float32] = shares.astype(np.float32) * np.float32(peak)
    return values
