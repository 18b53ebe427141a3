"""What the model said, as files, and back: what `--resume` and `reportgen render` start from.

logits.npz        logits (N, K) float32, targets (N,), in the order of `sample_ids`
evaluation.json   everything else
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from reportgen.deliver.bundle import EVALUATED
from reportgen.evaluate.device import Compute
from reportgen.evaluate.predictions import ArgmaxCheck, Predictions, Unreadable
from reportgen.inputs.bundle_files import bundle_read
from reportgen.inputs.plain_files import folders_in
from reportgen.inputs.preprocessing import OLDER
from reportgen.inputs.run_inputs import RunFacts

FILES = ("logits.npz", "evaluation.json")


def stored_evaluation(predictions: Predictions) -> Mapping[str, bytes]:
    """The two files by name."""
    record = {
        "facts": asdict(predictions.facts),
        "compute": asdict(predictions.compute),
        "unreadable": [asdict(image) for image in predictions.unreadable],
        "fingerprint": predictions.fingerprint,
        "argmax": asdict(predictions.argmax) if predictions.argmax else None,
        "sample_ids": predictions.sample_ids,
        "paths": predictions.paths,
        "sha256": predictions.sha256,
        "orientations": predictions.orientations,
    }
    return {
        "logits.npz": npz({"logits": predictions.logits, "targets": predictions.targets}),
        "evaluation.json": json.dumps(record, ensure_ascii=False, indent=1).encode(),
    }


def read_evaluation(folder: Path) -> Predictions:
    """What `stored_evaluation` stored. Raises InputError for files that are missing or damaged."""
    with bundle_read(folder, FILES) as files:
        return evaluation_of(files)


def kept_evaluations(model_dirs: tuple[Path, ...]) -> tuple[Path, ...]:
    """The folders of evaluations kept for --resume, newest first; a link is none. Raises OSError."""
    found = [path for model_dir in model_dirs if model_dir.is_dir() for path in folders_in(model_dir)]
    kept = (path for path in found if path.name.startswith(EVALUATED))
    return tuple(sorted(kept, key=lambda path: path.name, reverse=True))


def evaluation_of(files: Mapping[str, bytes]) -> Predictions:
    """What `stored_evaluation` stored, from FILES. Raises whatever its parsers do for other bytes."""
    record = json.loads(files["evaluation.json"])
    record["facts"]["preprocessing"] = {**OLDER, **record["facts"]["preprocessing"]}
    with np.load(io.BytesIO(files["logits.npz"])) as arrays:
        return Predictions(
            facts=restored(RunFacts, record["facts"]),
            compute=restored(Compute, record["compute"]),
            sample_ids=tuple(record["sample_ids"]),
            paths=tuple(record["paths"]),
            sha256=tuple(record["sha256"]),
            orientations=tuple(record.get("orientations", ())),
            targets=arrays["targets"],
            logits=arrays["logits"],
            unreadable=tuple(restored(Unreadable, image) for image in record["unreadable"]),
            fingerprint=record["fingerprint"],
            argmax=restored(ArgmaxCheck | None, record["argmax"]),
        )


def restored(kind: Any, value: object) -> Any:
    """A value of the type `kind` from its plain form. Raises ValueError when it is not that."""
    return TypeAdapter(kind).validate_python(value)


def npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays as the bytes of a compressed .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # the stub takes its flag for one of the arrays
    return buffer.getvalue()
