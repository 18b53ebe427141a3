"""What the model said, as files, and back: what `--resume` and `reportgen render` start from.

logits.npz        logits (N, K) float32, targets (N,), in the order of `sample_ids`
evaluation.json   everything else
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reportgen.evaluate.compute import Compute
from reportgen.evaluate.predictions import ArgmaxCheck, Predictions, UnreadableImage
from reportgen.inputs.facts import RunFacts
from reportgen.inputs.plain_files import folders_in
from reportgen.inputs.stored_fields import PathText, Sha256
from reportgen.runs.bounded_files import about, json_bytes, typed_json
from reportgen.runs.bounded_tables import arrays
from reportgen.runs.bundle_files import EVALUATED, bundle_read

EVALUATION_FILES = ("logits.npz", "evaluation.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """evaluation.json."""

    facts: RunFacts
    compute: Compute
    unreadable: tuple[UnreadableImage, ...]
    fingerprint: Sha256
    argmax: ArgmaxCheck | None
    sample_ids: tuple[PathText, ...]
    paths: tuple[PathText, ...]
    sha256: tuple[Sha256, ...]
    orientations: tuple[Annotated[int, Field(ge=1, le=8)], ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError where two parts do not go together."""
        n, facts, classes = len(self.sample_ids), self.facts, self.facts.classes
        for problem, wrong in (
            ("no image, or one twice", not n or len(set(self.sample_ids)) < n),
            ("not one path and one hash an image", not len(self.paths) == len(self.sha256) == n),
            ("not one orientation an image", len(self.orientations) not in (0, n)),
            ("no class, or one twice", not classes or len(set(classes)) < len(classes)),
            (
                "outputs that are not those of the classes",
                sorted(facts.alignment.output_idx) != list(range(len(classes))),
            ),
            ("species that are not those of the classes", len(facts.taxonomy.species) not in (0, len(classes))),
            ("classes without images that are none", not set(facts.alignment.without_images) <= set(classes)),
        ):
            if wrong:
                raise ValueError(problem)


def stored_evaluation(predictions: Predictions) -> Mapping[str, bytes]:
    """The two files by name."""
    record = _Record(**{one.name: getattr(predictions, one.name) for one in fields(_Record)})
    return {
        "logits.npz": npz({"logits": predictions.logits, "targets": predictions.targets}),
        "evaluation.json": json_bytes(record),
    }


def read_evaluation(folder: Path) -> Predictions:
    """What `stored_evaluation` stored. Raises InputError for files that are missing or damaged."""
    with bundle_read(folder, EVALUATION_FILES) as files:
        return evaluation_of(files)


def kept_evaluations(model_dirs: tuple[Path, ...]) -> tuple[Path, ...]:
    """The folders of evaluations kept for --resume, newest first; a link is none. Raises OSError."""
    found = [path for model_dir in model_dirs if model_dir.is_dir() for path in folders_in(model_dir)]
    kept = (path for path in found if path.name.startswith(EVALUATED))
    return tuple(sorted(kept, key=lambda path: path.name, reverse=True))


def evaluation_of(files: Mapping[str, bytes]) -> Predictions:
    """What `stored_evaluation` stored, from FILES. Raises BadFileError."""
    record: _Record = typed_json(files, "evaluation.json", _Record)
    n, k = len(record.sample_ids), len(record.facts.classes)
    found = arrays(files, "logits.npz", {"logits": (n, k), "targets": (n,)})
    logits, targets = found["logits"], found["targets"]
    with about("logits.npz"):
        if logits.dtype != np.float32 or not np.isfinite(logits).all():
            raise ValueError(f"logits of {logits.dtype}, or that are not finite")
        if targets.dtype != np.int64 or targets.min() < 0 or targets.max() >= k:
            raise ValueError(f"targets of {targets.dtype}, or outside of the {k} classes")
    return Predictions(
        targets=targets, logits=logits, **{field.name: getattr(record, field.name) for field in fields(record)}
    )


def npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays as the bytes of a compressed .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # the stub takes its flag for one of the arrays
    return buffer.getvalue()
