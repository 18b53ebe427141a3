"""predictions.parquet: one row an image."""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from reportgen.evaluate.predictions import Predictions
from reportgen.inputs.stored_fields import Fraction, Name, PathText
from reportgen.runs.published import NotNegative, Published, Sha256Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRow(Published):
    """What the model said of one readable image; rows are in the data set's order.

    Probabilities are the softmax of `logits` in logits.npz.
    """

    sample_id: PathText
    """The image's id in the data set."""
    path: PathText
    """Its file."""
    target: Name
    """The true class."""
    pred: Name
    """The predicted class."""
    confidence: Fraction
    """Largest probability."""
    prob_target: Fraction
    """Probability of the true class."""
    margin: Fraction
    """Largest probability less the second largest."""
    loss: NotNegative
    """-ln prob_target."""
    correct: bool
    """Whether pred is target."""
    sha256: Sha256Text
    """SHA-256 of the file's bytes."""


def predictions_table(predictions: Predictions) -> pd.DataFrame:
    """One row an image, in the data set's order: the columns are the fields of PredictionRow."""
    probs, preds, targets = predictions.probs(), predictions.preds(), predictions.targets
    rows, names = np.arange(len(targets)), np.array(predictions.facts.classes, dtype=object)
    second = np.sort(probs, axis=1)[:, -2] if probs.shape[1] > 1 else np.zeros(len(probs))
    columns = {
        "sample_id": predictions.sample_ids,
        "path": predictions.paths,
        "target": names[targets],
        "pred": names[preds],
        "confidence": probs[rows, preds],
        "prob_target": probs[rows, targets],
        "margin": probs[rows, preds] - second,
        "loss": -np.log(np.maximum(probs[rows, targets], np.finfo(np.float64).tiny)),
        "correct": preds == targets,
        "sha256": predictions.sha256,
    }
    return pd.DataFrame({field.name: columns[field.name] for field in fields(PredictionRow)})
