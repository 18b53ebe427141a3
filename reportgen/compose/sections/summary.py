"""Page one: the verdict in figures, the three things to know, and what to do next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reportgen.analyse.intervals import wilson
from reportgen.analyse.previous_runs import PastRun
from reportgen.compose.figures import TrendPoint, trend_chart
from reportgen.compose.section import Section, SectionContext
from reportgen.language import N_

_SHOWN = 3
_WITH_ACTION = (
    *("class_order", "unreadable", "worse", "broken"),
    *("outputs", "order_assumed", "group", "cross_species", "interval"),
)
_WIDE = 0.10  # an accuracy interval wider than this (as a fraction) is said to be wide


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPoint:
    """One thing to know; the template `points/<kind>` words it. `target` is the id of the section that shows it."""

    kind: Literal[
        "class_order",
        "gate",
        "unreadable",
        "worse",
        "broken",
        "outputs",
        "order_assumed",
        "group",
        "cross_species",
        "weak_class",
        "interval",
        "none",
    ]
    target: str
    values: dict[str, object]

    @property
    def section(self) -> str:
        """The id of the section that holds the target."""
        return "groups" if self.target.startswith("group-") else self.target


def summary(context: SectionContext) -> Section:
    """The most pressing points first: faults of the set-up, then the confusions that cost most, then the odd errors."""
    findings = context.findings
    points = _points(context)
    in_groups = sum(group.errors for group in findings.groups)
    trend = _trend(context)
    return Section(
        id="summary",
        title=N_("Summary"),
        template="sections/summary.html.j2",
        data={
            "scores": findings.scores,
            "points": points[:_SHOWN],
            "actions": [point for point in points if point.kind in _WITH_ACTION][:4],
            "gate": findings.gate,
            "against": findings.comparison,
            "first_run": findings.run_context.history.compare and findings.comparison is None,
            "n_errors": findings.scores.n - findings.scores.correct,
            "n_group_errors": in_groups,
            "n_groups": len(findings.groups),
            "n_cross_species": len(findings.cross_species),
            "has_species": bool(findings.predictions.facts.taxonomy.species),
            "trend": trend,
        },
        assets={"trend.svg": trend_chart(trend, context.language, tokens=context.tokens)} if trend else {},
    )


def _trend(context: SectionContext) -> tuple[TrendPoint, ...]:
    """The comparable runs, oldest first, this run last; none where this run stands alone."""
    scores, against = context.findings.scores, context.findings.comparison
    if against is None or not against.runs:
        return ()
    this_run = TrendPoint(
        day=context.findings.run_context.today, accuracy=scores.accuracy, accuracy_ci=scores.accuracy_ci
    )
    return (*(_past(run) for run in against.runs), this_run)


def _past(run: PastRun) -> TrendPoint:
    right = run.correct()
    return TrendPoint(
        day=datetime.fromisoformat(run.created_at).date(),
        accuracy=float(right.mean()),
        accuracy_ci=wilson(int(right.sum()), right.size),
    )


def _points(context: SectionContext) -> list[KeyPoint]:
    findings, facts = context.findings, context.findings.predictions.facts
    points = []
    if findings.class_order.suspicious:
        points.append(KeyPoint(kind="class_order", target="data", values={"order": findings.class_order}))
    failing = ("fail", "invalid", *(("inconclusive",) if findings.gate.strict else ()))
    failed = [rule for rule in findings.gate.rules if rule.outcome in failing]
    if failed:
        points.append(KeyPoint(kind="gate", target="gate", values={"rules": failed}))
    if findings.predictions.unreadable:
        n = len(findings.predictions.unreadable)
        points.append(KeyPoint(kind="unreadable", target="data", values={"n": n, "n_listed": facts.data.n_listed}))
    if facts.remark or facts.outputs.numbers in ("sigmoids", "one_logit", "one_sigmoid"):
        points.append(KeyPoint(kind="outputs", target="data", values={"facts": facts}))
    groups = [_group_point(context, place) for place in range(min(2, len(findings.groups)))]
    species_errors = [_cross_species_point(context)] if findings.cross_species else []
    points += [*_changed(context), *groups[:1], *species_errors, *groups[1:], *_weak_class(context)]
    if facts.alignment.named_by == "data_set" and not findings.class_order.suspicious:
        points.append(KeyPoint(kind="order_assumed", target="data", values={}))
    low, high = findings.scores.accuracy_ci
    if high - low > _WIDE:
        points.append(KeyPoint(kind="interval", target="classes", values={"width": high - low, "n": findings.scores.n}))
    return points or [KeyPoint(kind="none", target="matrix", values={})]


def _changed(context: SectionContext) -> list[KeyPoint]:
    """Classes and pairs that are worse than in the baseline; else, if any image broke, how many did."""
    against = context.findings.comparison
    if against is None or not against.comparable or against.overall is None:
        return []
    classes = [one for one in against.classes if one.change.verdict == "worse"]
    pairs = [one for one in against.pairs if one.change.verdict == "worse"]
    values = {"overall": against.overall, "classes": classes, "pairs": pairs}
    if classes or pairs or against.overall.verdict == "worse":
        return [KeyPoint(kind="worse", target="changes", values=values)]
    return [KeyPoint(kind="broken", target="changes", values=values)] if against.overall.n_broken else []


def _group_point(context: SectionContext, place: int) -> KeyPoint:
    group = context.findings.groups[place]
    names = [context.classes[k] for k in group.classes]
    pair = next(pair for pair in context.findings.pairs if pair.significant and {pair.a, pair.b} <= set(group.classes))
    note = context.notes.pairs.get(frozenset((context.classes[pair.a], context.classes[pair.b])))
    training = note.fields.get("training") if note else None
    return KeyPoint(
        kind="group",
        target=f"group-{place + 1}",
        values={
            "names": names,
            "errors": group.errors,
            "impact": group.impact,
            "pair": (context.classes[pair.a], context.classes[pair.b]),
            "training": context.notes.localised(training) if training else None,
        },
    )


def _cross_species_point(context: SectionContext) -> KeyPoint:
    first = context.findings.cross_species[0]
    return KeyPoint(
        kind="cross_species",
        target="cross-species",
        values={
            "n": len(context.findings.cross_species),
            "target": context.classes[first.target],
            "pred": context.classes[first.pred],
            "confidence": first.confidence,
        },
    )


def _weak_class(context: SectionContext) -> list[KeyPoint]:
    """The class with the lowest upper end of its recall interval, when that is below the accuracy of the whole."""
    scores = context.findings.scores
    rows = [row for row in scores.per_class if row.n]
    worst = min(rows, key=lambda row: (row.recall_ci[1], row.name))
    if worst.recall_ci[1] >= scores.accuracy:
        return []
    return [KeyPoint(kind="weak_class", target="classes", values={"row": worst, "accuracy": scores.accuracy})]
