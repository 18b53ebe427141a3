"""Cross-species (super-class) errors, ranked by the probability mass on the true species."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossSpeciesError:
    """Row `idx` of the predictions. prob_species: probability mass, in [0, 1], on classes of the true species."""

    idx: int
    target: int
    pred: int
    target_species: str
    pred_species: str
    confidence: float
    prob_species: float


def cross_species_errors(
    probs: NDArray[np.float64], targets: NDArray[np.int64], preds: NDArray[np.int64], *, species: tuple[str, ...]
) -> tuple[CrossSpeciesError, ...]:
    """Most surprising first: least mass on the true species, then highest confidence, then row; () without species."""
    if not species:
        return ()
    names = np.array(species)
    found = [
        CrossSpeciesError(
            idx=int(idx),
            target=int(targets[idx]),
            pred=int(preds[idx]),
            target_species=species[targets[idx]],
            pred_species=species[preds[idx]],
            confidence=float(probs[idx, preds[idx]]),
            prob_species=min(float(probs[idx, names == species[targets[idx]]].sum()), 1.0),
        )
        for idx in np.flatnonzero(names[targets] != names[preds])
    ]
    return tuple(sorted(found, key=lambda error: (error.prob_species, -error.confidence, error.idx)))
