"""The key `comparison` of findings.json."""

from dataclasses import asdict
from typing import Any

from reportgen.analyse.comparison import Comparison
from reportgen.analyse.findings import Findings
from reportgen.analyse.flips import Flip
from reportgen.analyse.paired import PairedChange
from reportgen.language import LANGUAGES
from reportgen.render.words import differences_text, mismatch_text


def comparison_json(findings: Findings, code: str) -> dict[str, Any] | None:
    """None without an earlier run. Where the runs are not comparable: the reason, and counts over the common images."""
    against = findings.comparison
    if against is None:
        return None
    baseline, overall = against.baseline, against.overall
    right = baseline.correct()
    return {
        "baseline_run_id": baseline.run_id,
        "baseline_created_at": baseline.created_at,
        "baseline_accuracy": float(right.mean()) if right.size else None,
        "same_checkpoint": baseline.checkpoint_sha256 == findings.predictions.facts.model.checkpoint_sha256,
        "comparable": against.comparable,
        "reason": mismatch_text(against, code) or None,
        "reasons": {each: mismatch_text(against, each) for each in LANGUAGES},
        "differences": [asdict(one) for one in against.differences],
        "across": differences_text(against, code) or None,
        "acrosses": {each: differences_text(against, each) for each in LANGUAGES},
        "n_paired": overall.n if overall else 0,
        "fixed": overall.n_fixed if overall else 0,
        "broken": overall.n_broken if overall else 0,
        "p_value": overall.p_value if overall and against.comparable else None,
        "accuracy_difference": overall.difference if overall else None,
        "accuracy_difference_ci": list(overall.difference_ci) if overall else None,
        "verdict": overall.verdict if overall else None,
        "negative_flip_rate": overall.n_broken / overall.n if overall else None,
        "passed_over": list(against.passed_over),
        **_details(findings, against),
    }


def _details(findings: Findings, against: Comparison) -> dict[str, Any]:
    classes, churn = findings.predictions.facts.classes, against.churn
    return {
        "flips": [_flip(findings, flip) for flip in against.flips],
        "pairs": [
            {
                "a": classes[one.a],
                "b": classes[one.b],
                "newly_confused": one.change.n_broken,
                "no_longer_confused": one.change.n_fixed,
                **_judgement(one.change),
            }
            for one in against.pairs
        ],
        "classes": [
            {
                "class": classes[one.k],
                "fixed": one.change.n_fixed,
                "broken": one.change.n_broken,
                **_judgement(one.change),
            }
            for one in against.classes
        ],
        "entered_top_ten": [[classes[one.a], classes[one.b]] for one in against.entered],
        "left_top_ten": [[classes[one.a], classes[one.b]] for one in against.left],
        "new_cross_species": [findings.predictions.sample_ids[idx] for idx in against.new_cross_species],
        "churn": {"tonight": churn.this_run, "usual": list(churn.usual)} if churn else None,
        "errors": {"new": churn.n_new, "chronic": churn.n_chronic, "flaky": churn.n_flaky} if churn else None,
        "nights": [{"run_id": run.run_id, "created_at": run.created_at} for run in against.runs],
    }


def _flip(findings: Findings, flip: Flip) -> dict[str, Any]:
    predictions, classes = findings.predictions, findings.predictions.facts.classes
    return {
        "sample_id": predictions.sample_ids[flip.idx],
        "path": predictions.paths[flip.idx],
        "kind": flip.kind,
        "target": classes[predictions.targets[flip.idx]],
        "pred": classes[predictions.logits[flip.idx].argmax()],
        "pred_before": classes[flip.before],
        "state": flip.state,
        "strip": list(flip.strip),
    }


def _judgement(change: PairedChange) -> dict[str, Any]:
    """difference: of the share of good answers (right; or not called the other one of the pair)."""
    return {
        "n": change.n,
        "p_value": change.p_value,
        "difference": change.difference,
        "difference_ci": list(change.difference_ci),
        "verdict": change.verdict,
    }
