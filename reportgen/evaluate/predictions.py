"""`Predictions`: logits, targets, file hashes and unreadable images of a run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.evaluate.compute import Compute
from reportgen.inputs.facts import RunFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableImage:
    """A listed image that could not be decoded, and why."""

    sample_id: str
    path: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgmaxCheck:
    """What bfloat16 changed: on how many of the first `n` images the predicted class is another than in float32."""

    n: int
    n_differ: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """N readable images, in the data set's order, over K classes in the order of `facts.classes`.

    logits: (N, K) float32, pre-softmax, read-only. targets: (N,) int64, true class. sha256: of each file's bytes.
    fingerprint: SHA-256 over (sample id, label, file hash) of every image, the class list and the preprocessing; two
    runs with the same fingerprint saw the same pictures through the same crop. argmax: None in float32.
    orientations: EXIF orientation, 1 to 8, of each file; () in runs of older versions, which did not keep it.
    """

    facts: RunFacts
    compute: Compute
    sample_ids: tuple[str, ...]
    paths: tuple[str, ...]
    sha256: tuple[str, ...]
    targets: NDArray[np.int64]
    logits: NDArray[np.float32]
    unreadable: tuple[UnreadableImage, ...]
    fingerprint: str
    argmax: ArgmaxCheck | None = None
    orientations: tuple[int, ...] = ()

    @property
    def any_turned(self) -> bool:
        """Whether some file has an EXIF orientation other than 1."""
        return any(one > 1 for one in self.orientations)

    def __post_init__(self) -> None:
        n, k = len(self.sample_ids), len(self.facts.classes)
        if self.logits.shape != (n, k) or self.targets.shape != (n,) or len(set(self.sample_ids)) != n:
            raise ValueError(f"{n} ids, targets {self.targets.shape}, logits {self.logits.shape} for {k} classes")
        self.logits.setflags(write=False)
        self.targets.setflags(write=False)

    def probs(self) -> NDArray[np.float64]:
        """(N, K) softmax of the logits, float64, rows sum to 1."""
        shifted = self.logits.astype(np.float64)
        shifted -= shifted.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        probs: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return probs

    def preds(self) -> NDArray[np.int64]:
        """(N,) argmax of the logits; of equal logits the class that comes first."""
        preds: NDArray[np.int64] = self.logits.argmax(axis=1).astype(np.int64)
        return preds
