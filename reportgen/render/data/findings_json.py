"""The machine-readable contract, findings.json: schema version 1. Keys are added, never changed in meaning."""

from dataclasses import asdict
from typing import Any

from reportgen.analyse.calibration import N_BINS
from reportgen.analyse.confusion import MAX_WHOLE
from reportgen.analyse.findings import Findings
from reportgen.compose.report import Report
from reportgen.render.data.comparison_json import comparison_json
from reportgen.render.data.explanation_json import explanation_json, panels_json
from reportgen.render.data.gate_json import gate_json

SCHEMA_VERSION = 1


def findings_json(report: Report) -> dict[str, Any]:
    """The contract as plain values: fractions in [0, 1], counts as int, unknown as None."""
    findings, predictions = report.findings, report.findings.predictions
    facts = predictions.facts
    classes, species = facts.classes, facts.taxonomy.species
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": report.stamp.run_id,
        "created_at": report.stamp.created_at,
        "language": report.stamp.language,
        "languages": list(report.stamp.languages),
        "model": _model(report),
        "data": _data(findings),
        "scores": _scores(findings),
        "confusion": {"classes": list(classes), **_counts(findings)},
        "pairs": _pairs(findings),
        "groups": [
            {"classes": [classes[k] for k in group.classes], "errors": group.errors, "impact": group.impact}
            for group in findings.groups
        ],
        "cross_species": _cross_species(findings),
        "panels": panels_json(report),
        "comparison": comparison_json(findings, report.stamp.language),
        "gate": gate_json(findings, report.stamp.language),
        "timing": dict(report.stamp.timing),
        "taxonomy": {"source": facts.taxonomy.source or None, "reason": facts.taxonomy.reason or None}
        | {"species": dict(zip(classes, species, strict=True)) if species else None},
        "class_names_from": facts.alignment.named_by,
        "class_order": asdict(findings.class_order),
        "preprocessing": asdict(facts.preprocessing) | {"sources": dict(facts.preprocessing_sources)},
        "outputs": {
            "numbers": facts.outputs.numbers,
            "place": list(facts.outputs.steps),
            "program": facts.outputs.program,
            "remark": facts.remark,
        },
        "calibration": {"ece": findings.calibration_error, "n_bins": N_BINS},
        "compute": asdict(predictions.compute)
        | {"argmax_check": asdict(predictions.argmax) if predictions.argmax else None},
        "explanation": explanation_json(report),
    }


def _counts(findings: Findings) -> dict[str, Any]:
    """The whole matrix, and its cells alone; with more classes than a whole one is written for, only these."""
    entries = findings.confusion.tocoo()
    cells = zip(entries.row.tolist(), entries.col.tolist(), entries.data.tolist(), strict=True)
    whole = entries.shape[0] <= MAX_WHOLE
    return {"counts": findings.confusion.toarray().tolist() if whole else None, "cells": sorted(map(list, cells))}


def _model(report: Report) -> dict[str, Any]:
    model = report.findings.predictions.facts.model
    return {
        "name": model.name,
        "arch": model.arch,
        "checkpoint_sha256": model.checkpoint_sha256,
        "n_params": model.n_params,
        "target_layer": report.attributions.target_layer or None,
        "weights_prefix": model.weights_prefix or None,
        "weights_left_out": list(model.left_out),
    }


def _cross_species(findings: Findings) -> list[dict[str, Any]]:
    predictions, classes = findings.predictions, findings.predictions.facts.classes
    return [
        {
            "sample_id": predictions.sample_ids[error.idx],
            "path": predictions.paths[error.idx],
            "target": classes[error.target],
            "pred": classes[error.pred],
            "target_species": error.target_species,
            "pred_species": error.pred_species,
            "confidence": error.confidence,
            "prob_species": error.prob_species,
        }
        for error in findings.cross_species
    ]


def _data(findings: Findings) -> dict[str, Any]:
    predictions, data = findings.predictions, findings.predictions.facts.data
    return {
        "name": data.name,
        "split": data.split,
        "n_samples": len(predictions.sample_ids),
        "n_classes": len(predictions.facts.classes),
        "n_unreadable": len(predictions.unreadable),
        "unreadable": [{"sample_id": image.sample_id, "reason": image.reason} for image in predictions.unreadable],
        "fingerprint": predictions.fingerprint,
        "notice": data.notice,
        "passed_over": dict(data.passed_over),
        "same_files": [
            {"sample_ids": [predictions.sample_ids[row] for row in one.rows], "several_labels": one.several_labels}
            for one in findings.files.same
        ],
        "n_turned": findings.files.n_turned,
        "n_turned_wrong": findings.files.n_turned_wrong,
    }


def _scores(findings: Findings) -> dict[str, Any]:
    scores = findings.scores
    return {
        "n": scores.n,
        "correct": scores.correct,
        "accuracy": scores.accuracy,
        "accuracy_ci": list(scores.accuracy_ci),
        "balanced_accuracy": scores.balanced_accuracy,
        "macro_f1": scores.macro_f1,
        "top5_accuracy": scores.top5_accuracy,
        "species_accuracy": scores.species_accuracy,
        "per_class": [
            {
                "class": row.name,
                "species": row.species,
                "n": row.n,
                "correct": row.correct,
                "precision": row.precision,
                "recall": row.recall,
                "f1": row.f1,
            }
            for row in scores.per_class
        ],
    }


def _pairs(findings: Findings) -> list[dict[str, Any]]:
    classes = findings.predictions.facts.classes
    return [
        {
            "rank": pair.rank,
            "a": classes[pair.a],
            "b": classes[pair.b],
            "a_as_b": pair.a_as_b,
            "b_as_a": pair.b_as_a,
            "n_a": pair.n_a,
            "n_b": pair.n_b,
            "rate": pair.rate,
            "rate_ci": list(pair.rate_ci),
            "impact": pair.impact,
            "p_scatter": pair.p_value,
            "evident": pair.significant,
            "direction": pair.direction,
        }
        for pair in findings.pairs
    ]
