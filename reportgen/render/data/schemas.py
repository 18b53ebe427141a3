"""The published JSON Schemas (Draft 2020-12) by name: what `reportgen schema` prints."""

from typing import Any

from reportgen.render.data.findings_json import FindingsJson
from reportgen.render.data.verdict_json import verdict_schema
from reportgen.runs.predictions_table import PredictionRow
from reportgen.runs.published import DIALECT, json_schema

NAMES = ("findings", "verdict", "predictions")


def published_schema(name: str) -> dict[str, Any]:
    """The schema of findings.json, of verdict.json, or of one row of predictions.parquet."""
    if name == "predictions":
        return json_schema(PredictionRow, name="predictions.parquet")
    findings = json_schema(FindingsJson, name="findings.json")
    if name == "findings":
        return findings
    head = {"$schema": DIALECT, "$id": "urn:reportgen:verdict.json:1", "title": "verdict.json of reportgen"}
    return {**head, **verdict_schema(findings)}
