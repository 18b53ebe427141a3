"""The results of the device stages as files, and back: what `reportgen render` starts from.

predictions.parquet   one row an image, for people and programs
logits.npz            logits (N, K) float32, targets (N,), in the order of predictions.parquet
attributions.npz      for example i: crop-i (h, w, 3) uint8; for its map j: map-i-j, see `_packed`
run.json              everything else
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from reportgen.analyse.examples import Example, ExampleRule
from reportgen.compose.report import RunStamp
from reportgen.errors import InputError, in_one_line
from reportgen.evaluate.device import Compute
from reportgen.evaluate.predictions import Predictions, Unreadable
from reportgen.explain.attributions import Attribution, Attributions, MethodUse, Refusal
from reportgen.explain.certificate import Certificate
from reportgen.explain.faithfulness import Faithfulness
from reportgen.explain.focus import Focus
from reportgen.explain.maps import HeatValues
from reportgen.explain.methods import ExplainOptions
from reportgen.explain.precision import PrecisionCheck
from reportgen.explain.run_focus import FocusRow
from reportgen.inputs.run_inputs import RunFacts
from reportgen.render.tables import predictions_table

_ROWS = {  # the lists of plain values in Attributions
    "methods": MethodUse,
    "refusals": Refusal,
    "certificates": Certificate,
    "focus": FocusRow,
    "precision": PrecisionCheck,
}
FILES = ("predictions.parquet", "logits.npz", "attributions.npz", "run.json")


def stored_run(
    predictions: Predictions, attributions: Attributions, *, rule: ExampleRule, stamp: RunStamp
) -> Mapping[str, bytes]:
    """The four files by name."""
    table = io.BytesIO()
    predictions_table(predictions).to_parquet(table, index=False)
    record = {
        "facts": asdict(predictions.facts),
        "compute": asdict(predictions.compute),
        "unreadable": [asdict(image) for image in predictions.unreadable],
        "fingerprint": predictions.fingerprint,
        "sample_ids": predictions.sample_ids,
        "paths": predictions.paths,
        "sha256": predictions.sha256,
        "rule": asdict(rule),
        "stamp": {**asdict(stamp), "timing": dict(stamp.timing)},
        "explain": {
            "options": asdict(attributions.options),
            **{name: [asdict(row) for row in getattr(attributions, name)] for name in _ROWS},
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
        "predictions.parquet": table.getvalue(),
        "logits.npz": _npz({"logits": predictions.logits, "targets": predictions.targets}),
        "attributions.npz": _npz(_arrays(attributions)),
        "run.json": json.dumps(record, ensure_ascii=False, indent=1).encode(),
    }


def read_stored_run(run_dir: Path) -> tuple[Predictions, Attributions, ExampleRule, RunStamp]:
    """What `stored_run` stored. Raises InputError when `run_dir` is no bundle or a file of it is damaged."""
    missing = [name for name in FILES if not (run_dir / name).is_file()]
    if missing:
        raise InputError(
            f"run directory {run_dir}",
            found=f"no {', '.join(missing)}" if run_dir.is_dir() else "no such directory",
            expected="a bundle that `reportgen run` left",
            todo="name the run's own directory, such as reports/<model name>/<run_id>",
        )
    try:
        record = json.loads((run_dir / "run.json").read_text(encoding="utf-8"))
        with np.load(run_dir / "logits.npz") as logits, np.load(run_dir / "attributions.npz") as arrays:
            return (
                _predictions(record, logits["logits"], logits["targets"]),
                _attributions(record, arrays),
                _as(ExampleRule, record["rule"]),
                _as(RunStamp, record["stamp"]),
            )
    except (ValueError, KeyError, OSError, ValidationError) as error:
        raise InputError(
            f"run directory {run_dir}",
            found=f"damaged: {in_one_line(error)}",
            expected="the files as `reportgen run` left them (SHA-256 in manifest.json)",
            todo="restore the bundle from the archive, or run again",
        ) from error


def _as(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def _predictions(record: dict[str, Any], logits: NDArray[np.float32], targets: NDArray[np.int64]) -> Predictions:
    return Predictions(
        facts=_as(RunFacts, record["facts"]),
        compute=_as(Compute, record["compute"]),
        sample_ids=tuple(record["sample_ids"]),
        paths=tuple(record["paths"]),
        sha256=tuple(record["sha256"]),
        targets=targets,
        logits=logits,
        unreadable=tuple(_as(Unreadable, image) for image in record["unreadable"]),
        fingerprint=record["fingerprint"],
    )


def _attributions(record: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Attributions:
    examples = [
        Attribution(
            example=_as(Example, one["example"]),
            crop=arrays[f"crop-{i}"],
            maps=tuple(_heat(heat, arrays[f"map-{i}-{j}"]) for j, heat in enumerate(one["maps"])),
        )
        for i, one in enumerate(record["maps"])
    ]
    explained = record["explain"]
    rows = {name: tuple(_as(kind, row) for row in explained[name]) for name, kind in _ROWS.items()}
    return Attributions(examples=tuple(examples), options=_as(ExplainOptions, explained["options"]), **rows)


def _heat(facts: dict[str, Any], shares: NDArray[np.float16]) -> HeatValues:
    peak = facts["peak"]
    known = {name: value for name, value in facts.items() if name != "peak"}
    known["faithfulness"] = _as(Faithfulness | None, facts["faithfulness"])
    known["focus"] = _as(Focus | None, facts["focus"])
    return HeatValues(**known, values=_unpacked(shares, peak))


def _arrays(attributions: Attributions) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for i, one in enumerate(attributions.examples):
        arrays[f"crop-{i}"] = one.crop
        arrays |= {f"map-{i}-{j}": _packed(heat) for j, heat in enumerate(one.maps)}
    return arrays


def _packed(heat: HeatValues) -> NDArray[np.float16]:
    """The map as shares of its peak in float16 (error up to 2^-11): half the bytes, and no underflow of small maps."""
    return (heat.values / (heat.peak or 1.0)).astype(np.float16)


def _unpacked(shares: NDArray[np.float16], peak: float) -> NDArray[np.float32]:
    values: NDArray[np.float32] = shares.astype(np.float32) * np.float32(peak)
    return values


def _npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # the stub takes its flag for one of the arrays
    return buffer.getvalue()
