"""predictions.parquet: one row an image."""

import numpy as np
import pandas as pd

from reportgen.evaluate.predictions import Predictions


def predictions_table(predictions: Predictions) -> pd.DataFrame:
    """One row an image, in the data set's order: see docs/json-contract.md for the columns."""
    probs, preds, targets = predictions.probs(), predictions.preds(), predictions.targets
    rows, names = np.arange(len(targets)), np.array(predictions.facts.classes, dtype=object)
    second = np.sort(probs, axis=1)[:, -2] if probs.shape[1] > 1 else np.zeros(len(probs))
    return pd.DataFrame(
        {
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
    )
