"""A run as files, and back: what `reportgen render` starts from.

predictions.parquet            one row per image, for people and programs
logits.npz, evaluation.json    see `stored_evaluation`
attributions.npz               for example i: crop-i (h, w, 3) uint8; for its map j: map-i-j, see `packed`
history.parquet                the rows of the earlier runs that it was compared with
thumbnails.parquet             sample_id and JPEG file of each error with a picture; older runs have no such file
run.json                       everything else
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import RunContext
from reportgen.analyse.previous_runs import History
from reportgen.evaluate.predictions import Predictions
from reportgen.explain.attributions import Attributions
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance
from reportgen.runs.bounded_files import json_bytes, typed_json
from reportgen.runs.bundle_files import bundle_read
from reportgen.runs.history import facts_of
from reportgen.runs.predictions_table import predictions_table
from reportgen.runs.run_head import HISTORY, ContextRecord, HistoryRecord, context_of
from reportgen.runs.run_record import (
    MAPS,
    THUMBNAILS,
    RunRecord,
    attributions_of,
    explanation_records,
    packed,
    thumbnails_of,
    unpacked,
)
from reportgen.runs.stamp import RunStamp
from reportgen.runs.stored_appearance import restored_appearance, stored_appearance
from reportgen.runs.stored_evaluation import EVALUATION_FILES, evaluation_of, npz, stored_evaluation

OWN_FILES = ("predictions.parquet", MAPS, HISTORY, "run.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """All that the stages from `analyse` on start from. thumbnails: JPEG files by row of the predictions."""

    predictions: Predictions
    attributions: Attributions
    thumbnails: Mapping[int, bytes]
    rule: ExampleRule
    run_context: RunContext
    stamp: RunStamp
    sections: tuple[str, ...]
    appearance: Appearance = DEFAULT_APPEARANCE


def stored_run(run: StoredRun) -> Mapping[str, bytes]:
    """The files by name."""
    attributions, context = run.attributions, run.run_context
    history = context.history
    explained, maps = explanation_records(attributions)
    record = RunRecord(
        rule=run.rule,
        stamp=run.stamp,
        sections=run.sections,
        look=stored_appearance(run.appearance),
        night=ContextRecord(today=context.today, rules=context.rules),
        history=HistoryRecord(
            compare=history.compare,
            only_passed=history.only_passed,
            across_precision=history.across_precision,
            nights=tuple(facts_of(past) for past in history.runs),
            given=facts_of(history.given) if history.given else None,
        ),
        explain=explained,
        maps=maps,
    )
    return {
        **stored_evaluation(run.predictions),
        "predictions.parquet": _parquet(predictions_table(run.predictions)),
        MAPS: npz(_arrays(attributions)),
        HISTORY: _parquet(_history_table(history)),
        THUMBNAILS: _parquet(_thumbnail_table(run)),
        "run.json": json_bytes(record),
    }


def read_stored_run(run_dir: Path) -> StoredRun:
    """What `stored_run` stored. Raises InputError when `run_dir` is no bundle or a file of it is damaged."""
    with bundle_read(run_dir, (*OWN_FILES, *EVALUATION_FILES), optional=(THUMBNAILS,)) as files:
        record: RunRecord = typed_json(files, "run.json", RunRecord)
        predictions = evaluation_of(files)
        return StoredRun(
            predictions=predictions,
            attributions=attributions_of(record, files, predictions),
            thumbnails=thumbnails_of(files, predictions),
            rule=record.rule,
            run_context=context_of(record, files),
            stamp=record.stamp,
            sections=record.sections,
            appearance=restored_appearance({"look": record.look}),
        )


def _history_table(history: History) -> pd.DataFrame:
    """The rows of all past runs, by run_id; in Parquet the ids and hashes that runs share are stored once."""
    by_id = {past.run_id: past for past in (*history.runs, *([history.given] if history.given else []))}
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
        for past in by_id.values()
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(columns), dtype=str)


def _thumbnail_table(run: StoredRun) -> pd.DataFrame:
    ids = [run.predictions.sample_ids[idx] for idx in run.thumbnails]
    return pd.DataFrame({"sample_id": ids, "jpeg": list(run.thumbnails.values())}, dtype=object)


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _arrays(attributions: Attributions) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for i, one in enumerate(attributions.examples):
        arrays[f"crop-{i}"] = one.crop
        arrays |= {f"map-{i}-{j}": packed(heat) for j, heat in enumerate(one.maps)}
    return arrays


def as_stored(attributions: Attributions) -> Attributions:
    """The attributions with their maps rounded as they are stored, so that a first and a later report are the same."""
    examples = tuple(
        replace(one, maps=tuple(replace(heat, values=unpacked(packed(heat), heat.peak)) for heat in one.maps))
        for one in attributions.examples
    )
    return replace(attributions, examples=examples)
