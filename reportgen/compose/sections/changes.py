"""The run against its baseline: what broke, what was fixed, and whether that is more than chance."""

from collections.abc import Mapping
from types import MappingProxyType

from reportgen.analyse.comparison import Comparison
from reportgen.analyse.examples import ExampleReason
from reportgen.analyse.flips import Flip
from reportgen.compose.panels import Panel
from reportgen.compose.section import Section, SectionContext
from reportgen.language import N_

_N_FLIPS = 20  # rows of the tables; all are in changes.csv
_N_ROWS = 8
SECTION_OF: Mapping[ExampleReason | None, str] = MappingProxyType(  # where the panel of an example stands
    {
        "cross_species": "cross-species",
        "group_error": "groups",
        "group_correct": "groups",
        "newly_wrong": "changes",
        "newly_right": "changes",
        "confident_error": "confident",
    }
)


def changes(context: SectionContext) -> Section | None:
    """None without an earlier run to compare with."""
    against = context.findings.comparison
    if against is None:
        return None
    judged_classes = [one for one in against.classes if one.change.verdict in ("worse", "better")]
    judged_pairs = [one for one in against.pairs if one.change.verdict in ("worse", "better")]
    broken, fixed = (_flips(context, against, kind) for kind in ("broken", "fixed"))
    return Section(
        id="changes",
        title=N_("What changed"),
        template="sections/changes.html.j2",
        data={
            "against": against,
            "same_checkpoint": _same_checkpoint(context, against),
            "classes": judged_classes[:_N_ROWS],
            "pairs": judged_pairs[:_N_ROWS],
            "n_more": max(0, len(judged_classes) - _N_ROWS) + max(0, len(judged_pairs) - _N_ROWS),
            "n_weak": _n_weak(against),
            "broken": broken[:_N_FLIPS],
            "n_broken": len(broken),
            "fixed": fixed[:_N_FLIPS],
            "n_fixed": len(fixed),
            "newly_wrong": _panels(context, "newly_wrong"),
            "newly_right": _panels(context, "newly_right"),
        },
    )


def _same_checkpoint(context: SectionContext, against: Comparison) -> bool:
    return against.baseline.checkpoint_sha256 == context.findings.predictions.facts.model.checkpoint_sha256


def _n_weak(against: Comparison) -> dict[str, int]:
    """How many changed classes and pairs have too few changes to tell."""
    return {
        "classes": sum(one.change.verdict == "underpowered" for one in against.classes),
        "pairs": sum(one.change.verdict == "underpowered" for one in against.pairs),
    }


def _flips(context: SectionContext, against: Comparison, kind: str) -> list[dict[str, object]]:
    predictions = context.findings.predictions
    preds = predictions.preds()
    reasons = {example.idx: example.reason for example in context.findings.examples}

    def row(flip: Flip) -> dict[str, object]:
        return {
            "idx": flip.idx,
            "sample_id": predictions.sample_ids[flip.idx],
            "target": context.classes[predictions.targets[flip.idx]],
            "pred": context.classes[preds[flip.idx]],
            "before": context.classes[flip.before],
            "state": flip.state,
            "strip": flip.strip,
            "shown_in": SECTION_OF.get(reasons.get(flip.idx)),
        }

    return [row(flip) for flip in against.flips if flip.kind == kind]


def _panels(context: SectionContext, reason: ExampleReason) -> list[Panel]:
    """Those that stand in no other section."""
    return [context.panels[example.idx] for example in context.findings.examples if example.reason == reason]
