"""Earlier nights: what archived runs said about each image, read from their public files alone.

Of a bundle, findings.json and predictions.parquet are read (docs/json-contract.md).
"""

import io
import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter

from reportgen.errors import InputError
from reportgen.inputs.bundle_files import MANIFEST, bundle_read
from reportgen.inputs.names import nfc
from reportgen.inputs.plain_files import folders_in
from reportgen.inputs.preprocessing import OLDER, Preprocessing

N_NIGHTS = 14  # how far back strips and churn look
FILES = ("manifest.json", "findings.json", "predictions.parquet")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One archived run. targets and preds: (N,) int64 class numbers of `classes`, in the order of `sample_ids`.

    passed: whether its gate let it pass: it passed, judged nothing, or was inconclusive and not strict. surroundings:
    as the function of this name gives them; recorded: whether all of them were, which older versions did not.
    """

    run_id: str
    created_at: str
    fingerprint: str
    checkpoint_sha256: str
    precision: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    sample_ids: tuple[str, ...]
    sha256: tuple[str, ...]
    targets: NDArray[np.int64]
    preds: NDArray[np.int64]
    passed: bool = True
    surroundings: Mapping[str, str] = field(default_factory=dict)
    recorded: bool = False

    def correct(self) -> NDArray[np.bool_]:
        """(N,) whether the model was right."""
        right: NDArray[np.bool_] = self.targets == self.preds
        return right


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The last N_NIGHTS runs of this model, oldest first, and the run that the user named as baseline, if any.

    `compare` is False where no comparison was asked for (--baseline none); with `only_passed` a night whose gate failed
    is no baseline (--baseline passed); if all have failed, the last that passed comes before them. With
    `across_precision` runs of another precision are comparable.
    """

    nights: tuple[PastRun, ...] = ()
    given: PastRun | None = None
    compare: bool = True
    only_passed: bool = False
    across_precision: bool = False


def read_history(model_dirs: tuple[Path, ...], baseline: str) -> History:
    """Up to N_NIGHTS runs in the folders of a model, which need not exist.

    `baseline` is latest, passed, none, or a run directory. With passed it is looked for as far back as need be: a
    regression that stays must not be left without a baseline by growing old. A damaged run in the archive is passed
    over with a warning. Raises InputError when the run that `baseline` names cannot be read.
    """
    if baseline == "none":
        return History(compare=False)
    given = None if baseline in ("latest", "passed") else read_past_run(Path(baseline))
    runs, only_passed = _readable(model_dirs), baseline == "passed"
    nights = list(islice(runs, N_NIGHTS))
    if only_passed and not any(night.passed for night in nights):
        nights += islice((run for run in runs if run.passed), 1)
    return History(nights=tuple(reversed(nights)), given=given, only_passed=only_passed)


def _readable(model_dirs: tuple[Path, ...]) -> Iterator[PastRun]:
    """Newest first, each read when it is asked for."""
    for run_dir in _newest_first(model_dirs):
        try:
            yield read_past_run(run_dir)
        except InputError as error:
            log.warning("not compared with %s: %s", run_dir, error.found)


def _newest_first(model_dirs: tuple[Path, ...]) -> Iterator[Path]:
    """Whole bundles; run ids sort by time."""
    found = (path for model_dir in model_dirs if model_dir.is_dir() for path in folders_in(model_dir))
    for run_dir in sorted(found, key=lambda path: path.name, reverse=True):
        unfinished = run_dir.name.startswith(".") or run_dir.suffix in (".unrendered", ".audit-failed")
        if not unfinished and os.path.lexists(run_dir / MANIFEST):
            yield run_dir


def read_past_run(run_dir: Path) -> PastRun:
    """The run archived in `run_dir`. Raises InputError when it is no bundle, or a file of it is damaged."""
    with bundle_read(run_dir, FILES) as files:
        columns = ["sample_id", "sha256", "target", "pred"]
        rows = pd.read_parquet(io.BytesIO(files["predictions.parquet"]), columns=columns)
        return past_run(json.loads(files["findings.json"]), rows)


def surroundings(compute: Mapping[str, Any]) -> dict[str, str]:
    """What may change an answer and is not in the fingerprint: device, torch and other libraries, by name.

    `compute`: the key of findings.json. A device of CUDA counts by its model, others by their kind.
    """
    kind = str(compute["device"]).partition(":")[0]
    device = f"{kind} ({compute['device_name']})" if kind == "cuda" else kind
    return {"device": device, "torch": compute["torch_version"], **compute.get("software", {})}


def past_run(contract: dict[str, Any], table: pd.DataFrame) -> PastRun:
    """A run from the keys of its findings.json that describe it, and from its rows: sample_id, sha256, target, pred.

    Raises ValueError, KeyError or TypeError for content that is not that.
    """
    classes = tuple(contract["confusion"]["classes"])
    number = {name: k for k, name in enumerate(classes)}
    return PastRun(
        run_id=contract["run_id"],
        created_at=contract["created_at"],
        fingerprint=contract["data"]["fingerprint"],
        checkpoint_sha256=contract["model"]["checkpoint_sha256"],
        precision=contract["compute"]["precision"],
        classes=tuple(nfc(name) for name in classes),
        preprocessing=TypeAdapter(Preprocessing).validate_python({**OLDER, **contract["preprocessing"]}),
        sample_ids=tuple(table["sample_id"]),
        sha256=tuple(table["sha256"]),
        targets=np.array([number[name] for name in table["target"]], dtype=np.int64),
        preds=np.array([number[name] for name in table["pred"]], dtype=np.int64),
        passed=bool(contract["gate"]["passed"]),
        surroundings=surroundings(contract["compute"]) if "device" in contract["compute"] else {},
        recorded=bool(contract["compute"].get("software")),
    )
