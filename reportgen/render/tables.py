"""The tables that a reader downloads, as CSV in UTF-8."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reportgen.analyse.findings import Findings
from reportgen.evaluate.predictions import Predictions


def predictions_table(predictions: Predictions) -> pd.DataFrame:
    """One row an image, in the data set's order: see docs/json-contract.md for the columns."""
    probs, preds, targets = predictions.probs(), predictions.preds(), predictions.targets
    rows, names = np.arange(len(targets)), np.array(predictions.facts.classes, dtype=object)
    top_two = np.sort(probs, axis=1)[:, -2:]
    return pd.DataFrame(
        {
            "sample_id": predictions.sample_ids,
            "path": predictions.paths,
            "target": names[targets],
            "pred": names[preds],
            "confidence": probs[rows, preds],
            "prob_target": probs[rows, targets],
            "margin": top_two[:, 1] - top_two[:, 0],
            "loss": -np.log(np.maximum(probs[rows, targets], np.finfo(np.float64).tiny)),
            "correct": preds == targets,
            "sha256": predictions.sha256,
        }
    )


def csv_files(findings: Findings) -> Mapping[str, bytes]:
    """errors.csv (most confident first), confusion.csv (rows true, columns predicted), pairs.csv, classes.csv."""
    classes = findings.predictions.facts.classes
    table = predictions_table(findings.predictions)
    errors = table[~table["correct"]].sort_values(["confidence", "sample_id"], ascending=[False, True])
    confusion = pd.DataFrame(
        findings.confusion, index=pd.Index(classes, name="true \\ predicted"), columns=list(classes)
    )
    pairs = pd.DataFrame(
        [
            {
                "rank": p.rank,
                "a": classes[p.a],
                "b": classes[p.b],
                "a_as_b": p.a_as_b,
                "b_as_a": p.b_as_a,
                "n_a": p.n_a,
                "n_b": p.n_b,
                "rate": p.rate,
                "rate_low": p.rate_ci[0],
                "rate_high": p.rate_ci[1],
                "impact": p.impact,
                "p_scatter": p.p_scatter,
                "evident": p.evident,
                "direction": p.direction,
            }
            for p in findings.pairs
        ]
    )
    per_class = pd.DataFrame(
        [
            {
                "class": row.name,
                "species": row.species,
                "n": row.n,
                "correct": row.correct,
                "n_predicted": row.n_predicted,
                "precision": row.precision,
                "recall": row.recall,
                "recall_low": row.recall_ci[0],
                "recall_high": row.recall_ci[1],
                "f1": row.f1,
            }
            for row in findings.scores.per_class
        ]
    )
    return {
        "errors.csv": _csv(errors.drop(columns="correct"), index=False),
        "confusion.csv": _csv(confusion, index=True),
        "pairs.csv": _csv(pairs, index=False),
        "classes.csv": _csv(per_class, index=False),
    }


def _csv(table: pd.DataFrame, *, index: bool) -> bytes:
    return table.to_csv(index=index, lineterminator="\n").encode()
