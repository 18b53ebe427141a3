"""The tables that a reader downloads, as CSV in UTF-8."""

import csv
from collections.abc import Mapping
from dataclasses import asdict, fields

import numpy as np
import pandas as pd

from reportgen.analyse.confusion import MAX_WHOLE, occurring
from reportgen.analyse.findings import Findings
from reportgen.analyse.pairs import ConfusedPair
from reportgen.analyse.scores import ClassScore
from reportgen.plain_text import for_csv
from reportgen.runs.predictions_table import predictions_table


def csv_files(findings: Findings) -> Mapping[str, bytes]:
    """errors.csv (most confident first), confusion.csv (rows true, columns predicted), pairs.csv, classes.csv.

    And changes.csv: images that broke or were fixed since the baseline; no rows without a comparable one.
    """
    classes = findings.predictions.facts.classes
    table = predictions_table(findings.predictions)
    errors = table[~table["correct"]].sort_values(["confidence", "sample_id"], ascending=[False, True])
    everybody = range(len(classes)) if len(classes) <= MAX_WHOLE else occurring(findings.confusion).tolist()
    shown = [classes[k] for k in everybody]
    matrix = findings.confusion[list(everybody)][:, list(everybody)].toarray()
    rows = pd.Index(shown, name="true \\ predicted")
    return {
        "errors.csv": _csv(errors.drop(columns="correct"), index=False),
        "confusion.csv": _csv(pd.DataFrame(matrix, index=rows, columns=shown), index=True),
        "pairs.csv": _csv(_pairs(findings.pairs, classes), index=False),
        "classes.csv": _csv(_classes(findings.scores.per_class), index=False),
        "changes.csv": _csv(_changes(findings), index=False),
    }


def _changes(findings: Findings) -> pd.DataFrame:
    """strip: a letter a run, oldest first, this run last: r right, w wrong."""
    columns = ("sample_id", "kind", "target", "pred", "pred_before", "state", "strip")
    predictions, names = findings.predictions, findings.predictions.facts.classes
    preds = predictions.preds()
    rows = [
        (
            predictions.sample_ids[flip.idx],
            flip.kind,
            names[predictions.targets[flip.idx]],
            names[preds[flip.idx]],
            names[flip.before],
            flip.state,
            "".join("r" if right else "w" for right in flip.strip),
        )
        for flip in (findings.comparison.flips if findings.comparison else ())
    ]
    return pd.DataFrame(rows, columns=list(columns))


def _pairs(pairs: tuple[ConfusedPair, ...], classes: tuple[str, ...]) -> pd.DataFrame:
    table = pd.DataFrame([asdict(pair) for pair in pairs], columns=[field.name for field in fields(ConfusedPair)])
    names = np.array(classes, dtype=object)
    table["a"], table["b"] = names[table["a"].astype(int)], names[table["b"].astype(int)]
    return _with_ends(table, "rate_ci", ("rate_low", "rate_high"))


def _classes(rows: tuple[ClassScore, ...]) -> pd.DataFrame:
    table = pd.DataFrame([asdict(row) for row in rows]).rename(columns={"name": "class"})
    return _with_ends(table, "recall_ci", ("recall_low", "recall_high"))


def _with_ends(table: pd.DataFrame, column: str, names: tuple[str, str]) -> pd.DataFrame:
    """The column of (low, high) as two columns in its place."""
    place = int(table.columns.get_indexer(pd.Index([column]))[0])
    for end, name in enumerate(names):
        table.insert(place + end, name, [ends[end] for ends in table[column]])
    return table.drop(columns=column)


def _csv(table: pd.DataFrame, *, index: bool) -> bytes:
    """Numbers as they are, text by `plain_text.for_csv`; every text is quoted where one holds a bare CR."""
    columns = [for_csv(str(column)) for column in table.columns]
    cells = table.map(lambda cell: for_csv(cell) if isinstance(cell, str) else cell).set_axis(columns, axis=1)
    if index:
        cells.index = pd.Index([for_csv(str(name)) for name in table.index], name=table.index.name)
    text = cells.to_csv(index=index, lineterminator="\n")
    if "\r" in text:  # csv.writer quotes for the line end that it was given alone
        text = cells.to_csv(index=index, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text.encode()
