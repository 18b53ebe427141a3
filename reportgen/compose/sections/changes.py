"""Tonight against the baseline: what broke, what was fixed, and whether that is more than chance."""

from collections.abc import Mapping
from types import MappingProxyType

from reportgen.analyse.comparison import Comparison
from reportgen.analyse.examples import Reason
from reportgen.analyse.flips import Flip
from reportgen.compose.panels import Panel
from reportgen.compose.section import Material, Section
from reportgen.language import N_

_N_FLIPS = 20  # rows of the tables; all are in changes.csv
_N_ROWS = 8
SECTION_OF: Mapping[Reason | None, str] = MappingProxyType(  # where the panel of an example stands
    {
        "cross_species": "cross-species",
        "group_error": "groups",
        "group_correct": "groups",
        "newly_wrong": "changes",
        "newly_right": "changes",
        "confident_error": "confident",
    }
)


def changes(material: Material) -> Section | None:
    """None without an earlier run to compare with."""
    against = material.findings.comparison
    if against is None:
        return None
    judged_classes = [one for one in against.classes if one.change.verdict in ("worse", "better")]
    judged_pairs = [one for one in against.pairs if one.change.verdict in ("worse", "better")]
    broken, fixed = (_flips(material, against, kind) for kind in ("broken", "fixed"))
    return Section(
        id="changes",
        title=N_("What changed"),
        template="sections/changes.html.j2",
        data={
            "against": against,
            "same_checkpoint": _same_checkpoint(material, against),
            "classes": judged_classes[:_N_ROWS],
            "pairs": judged_pairs[:_N_ROWS],
            "n_more": max(0, len(judged_classes) - _N_ROWS) + max(0, len(judged_pairs) - _N_ROWS),
            "n_weak": _n_weak(against),
            "broken": broken[:_N_FLIPS],
            "n_broken": len(broken),
            "fixed": fixed[:_N_FLIPS],
            "n_fixed": len(fixed),
            "newly_wrong": _panels(material, "newly_wrong"),
            "newly_right": _panels(material, "newly_right"),
        },
    )


def _same_checkpoint(material: Material, against: Comparison) -> bool:
    return against.baseline.checkpoint_sha256 == material.findings.predictions.facts.model.checkpoint_sha256


def _n_weak(against: Comparison) -> dict[str, int]:
    """How many changed classes and pairs have too few changes to tell."""
    return {
        "classes": sum(one.change.verdict == "underpowered" for one in against.classes),
        "pairs": sum(one.change.verdict == "underpowered" for one in against.pairs),
    }


def _flips(material: Material, against: Comparison, kind: str) -> list[dict[str, object]]:
    predictions = material.findings.predictions
    preds = predictions.preds()
    reasons = {example.idx: example.reason for example in material.findings.examples}

    def row(flip: Flip) -> dict[str, object]:
        return {
            "idx": flip.idx,
            "sample_id": predictions.sample_ids[flip.idx],
            "target": material.classes[predictions.targets[flip.idx]],
            "pred": material.classes[preds[flip.idx]],
            "before": material.classes[flip.before],
            "state": flip.state,
            "strip": flip.strip,
            "shown_in": SECTION_OF.get(reasons.get(flip.idx)),
        }

    return [row(flip) for flip in against.flips if flip.kind == kind]


def _panels(material: Material, reason: Reason) -> list[Panel]:
    """Those that stand in no other section."""
    return [material.panels[example.idx] for example in material.findings.examples if example.reason == reason]
