"""Previous runs as a comparison takes them: `PastRun`, with its predictions, and `History`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.inputs.images.preprocessing import Preprocessing

N_STRIP_RUNS = 14  # how far back strips and churn look


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
    """The last N_STRIP_RUNS runs of this model, oldest first, and the run that the user named as baseline, if any.

    `compare` is False where no comparison was asked for (--baseline none); with `only_passed` a run whose gate failed
    is no baseline (--baseline passed); if all have failed, the last that passed comes before them. With
    `across_precision` runs of another precision are comparable.
    """

    runs: tuple[PastRun, ...] = ()
    given: PastRun | None = None
    compare: bool = True
    only_passed: bool = False
    across_precision: bool = False


def surroundings(compute: Mapping[str, Any]) -> dict[str, str]:
    """What may change an answer and is not in the fingerprint: device, torch and other libraries, by name.

    `compute`: the key of findings.json. A device of CUDA counts by its model, others by their kind.
    """
    kind = str(compute["device"]).partition(":")[0]
    device = f"{kind} ({compute['device_name']})" if kind == "cuda" else kind
    return {"device": device, "torch": compute["torch_version"], **compute.get("software", {})}
