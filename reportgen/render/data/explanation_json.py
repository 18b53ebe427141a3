"""What findings.json says of the maps."""

from dataclasses import asdict
from typing import Any

from reportgen.compose.report import Report
from reportgen.explain.checks.run_localisation import localisation_summary
from reportgen.explain.checks.standing import standings
from reportgen.explain.maps import AttributionMap


def panels_json(report: Report) -> list[dict[str, Any]]:
    """One entry an example, with its maps; what was not measured is None."""
    predictions, attributions = report.findings.predictions, report.attributions
    return [
        {
            "sample_id": predictions.sample_ids[explained.example.idx],
            "reason": explained.example.reason,
            "methods": [
                _map(attribution, predictions.facts.classes) | {"standing": standing}
                for attribution, standing in zip(
                    explained.maps,
                    standings(explained.maps, methods=attributions.methods, failed=attributions.failed),
                    strict=True,
                )
            ],
        }
        for explained in attributions.examples
    ]


def _map(attribution: AttributionMap, classes: tuple[str, ...]) -> dict[str, Any]:
    faithful, focus = attribution.faithfulness, attribution.focus
    return {
        "name": attribution.method,
        "class": classes[attribution.class_idx],
        "rival": None if attribution.rival_idx is None else classes[attribution.rival_idx],
        "target_layer": attribution.layer or None,
        "peak": attribution.peak,
        "insertion": faithful and faithful.insertion,
        "insertion_random": faithful and list(faithful.random),
        "insertion_by_chance": faithful and faithful.by_chance and list(faithful.by_chance),
        "deletion": faithful and faithful.deletion,
        "better_than_random": faithful and faithful.better_than_random,
        "energy_on_object": focus and focus.energy,
        "object_area": focus and focus.area,
        "peak_on_object": focus and focus.hit,
    }


def explanation_json(report: Report) -> dict[str, Any]:
    """Methods, refusals and randomisation tests, and where the evidence lies over the whole run."""
    attributions, sample_ids = report.attributions, report.findings.predictions.sample_ids
    return {
        "options": asdict(attributions.options),
        "methods": [asdict(use) for use in attributions.methods],
        "refused": [asdict(one) for one in attributions.refusals],
        "certificates": [
            asdict(one) | {"interval": one.interval and list(one.interval), "outcome": one.outcome}
            for one in attributions.randomization_tests
        ],
        "precision": [asdict(one) for one in attributions.precision],
        "switched": {name: list(switches) for name, switches in attributions.switched.items()},
        "gone": [
            {"sample_id": sample_ids[one.example.idx], "reason": one.reason, "detail": one.detail}
            for one in attributions.gone
        ],
        "peak_off_object": {
            name: asdict(found) | {"share": found.share}
            for name, right in (("errors", False), ("hits", True))
            for found in [localisation_summary([row for row in attributions.focus if row.correct == right])]
        },
    }
