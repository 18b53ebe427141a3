"""Classification metrics: accuracy, balanced accuracy, macro F1, top-5, and by class precision, recall, F1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reportgen.analyse.confusion import ConfusionCounts
from reportgen.analyse.intervals import ConfidenceInterval, wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """One class. `precision` is None for a class never predicted, `recall` and `f1` for one without images."""

    name: str
    species: str | None
    n: int
    correct: int
    n_predicted: int
    precision: float | None
    recall: float | None
    recall_ci: ConfidenceInterval
    f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Fractions in [0, 1]; averages over classes take the classes that have images.

    top5_accuracy is None with five classes or fewer (it would be 1 by definition); species_accuracy without taxonomy.
    """

    n: int
    correct: int
    accuracy: float
    accuracy_ci: ConfidenceInterval
    balanced_accuracy: float
    macro_f1: float
    top5_accuracy: float | None
    species_accuracy: float | None
    per_class: tuple[ClassScore, ...]


def class_scores(counts: ConfusionCounts, classes: tuple[str, ...], species: tuple[str, ...]) -> tuple[ClassScore, ...]:
    """One row a class, in the order of `classes`. f1 = 2 tp / (2 tp + fp + fn)."""
    counts = csr_array(counts)
    sizes, predicted, right = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    rows = []
    for k, name in enumerate(classes):
        n, n_predicted, correct = int(sizes[k]), int(predicted[k]), int(right[k])
        rows.append(
            ClassScore(
                name=name,
                species=species[k] if species else None,
                n=n,
                correct=correct,
                n_predicted=n_predicted,
                precision=correct / n_predicted if n_predicted else None,
                recall=correct / n if n else None,
                recall_ci=wilson(correct, n),
                f1=2 * correct / (n + n_predicted) if n else None,
            )
        )
    return tuple(rows)


def scores(counts: ConfusionCounts, top5_hits: int, *, classes: tuple[str, ...], species: tuple[str, ...]) -> Scores:
    """All scores from the (K, K) confusion counts of N >= 1 images; `top5_hits` is from `n_top5_hits`."""
    n, correct = int(counts.sum()), int(counts.trace())
    rows = class_scores(counts, classes, species)
    with_images = [row for row in rows if row.n]
    return Scores(
        n=n,
        correct=correct,
        accuracy=correct / n,
        accuracy_ci=wilson(correct, n),
        balanced_accuracy=float(np.mean([row.recall for row in with_images])),
        macro_f1=float(np.mean([row.f1 for row in with_images])),
        top5_accuracy=top5_hits / n if len(classes) > 5 else None,
        species_accuracy=_n_same_species(counts, species) / n if species else None,
        per_class=rows,
    )


def n_top5_hits(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> int:
    """Images whose true class is among the five largest logits; a class tied with the fifth counts as outside it.

    (N, K) and (N,). The rank of the true class is 1 + the number of classes with a logit as large or larger, which is
    the cautious reading of ties.
    """
    own = logits[np.arange(len(targets)), targets]
    rank = (logits >= own[:, None]).sum(axis=1)
    return int((rank <= 5).sum())


def _n_same_species(counts: ConfusionCounts, species: tuple[str, ...]) -> int:
    names, entries = np.array(species), csr_array(counts).tocoo()
    return int(entries.data[names[entries.row] == names[entries.col]].sum())
