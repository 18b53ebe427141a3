"""Page one: the verdict in figures, the three things to know, and what to do next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reportgen.analyse.intervals import wilson
from reportgen.analyse.previous_runs import PastRun
from reportgen.compose.figures import TrendNight, trend_chart
from reportgen.compose.section import Material, Section
from reportgen.language import N_

_SHOWN = 3
_WITH_ACTION = (
    *("class_order", "unreadable", "worse", "broken"),
    *("outputs", "order_assumed", "group", "cross_species", "interval"),
)
_WIDE = 0.10  # an accuracy interval wider than this (as a fraction) is said to be wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
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


def summary(material: Material) -> Section:
    """The most pressing points first: faults of the set-up, then the confusions that cost most, then the odd errors."""
    findings = material.findings
    points = _points(material)
    in_groups = sum(group.errors for group in findings.groups)
    trend = _trend(material)
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
            "first_night": findings.night.history.compare and findings.comparison is None,
            "n_errors": findings.scores.n - findings.scores.correct,
            "n_group_errors": in_groups,
            "n_groups": len(findings.groups),
            "n_cross_species": len(findings.cross_species),
            "has_species": bool(findings.predictions.facts.taxonomy.species),
            "trend": trend,
        },
        assets={"trend.svg": trend_chart(trend, material.language)} if trend else {},
    )


def _trend(material: Material) -> tuple[TrendNight, ...]:
    """The comparable nights, oldest first, tonight last; none where tonight stands alone."""
    scores, against = material.findings.scores, material.findings.comparison
    if against is None or not against.nights:
        return ()
    tonight = TrendNight(day=material.findings.night.today, accuracy=scores.accuracy, accuracy_ci=scores.accuracy_ci)
    return (*(_past(night) for night in against.nights), tonight)


def _past(night: PastRun) -> TrendNight:
    right = night.correct()
    return TrendNight(
        day=datetime.fromisoformat(night.created_at).date(),
        accuracy=float(right.mean()),
        accuracy_ci=wilson(int(right.sum()), right.size),
    )


def _points(material: Material) -> list[Point]:
    findings, facts = material.findings, material.findings.predictions.facts
    points = []
    if findings.class_order.suspicious:
        points.append(Point(kind="class_order", target="data", values={"order": findings.class_order}))
    failing = ("fail", "invalid", *(("inconclusive",) if findings.gate.strict else ()))
    failed = [rule for rule in findings.gate.rules if rule.outcome in failing]
    if failed:
        points.append(Point(kind="gate", target="gate", values={"rules": failed}))
    if findings.predictions.unreadable:
        n = len(findings.predictions.unreadable)
        points.append(Point(kind="unreadable", target="data", values={"n": n, "n_listed": facts.data.n_listed}))
    if facts.remark or facts.outputs.numbers in ("sigmoids", "one_logit", "one_sigmoid"):
        points.append(Point(kind="outputs", target="data", values={"facts": facts}))
    groups = [_group_point(material, place) for place in range(min(2, len(findings.groups)))]
    strangers = [_stranger_point(material)] if findings.cross_species else []
    points += [*_changed(material), *groups[:1], *strangers, *groups[1:], *_weak_class(material)]
    if facts.alignment.named_by == "data_set" and not findings.class_order.suspicious:
        points.append(Point(kind="order_assumed", target="data", values={}))
    low, high = findings.scores.accuracy_ci
    if high - low > _WIDE:
        points.append(Point(kind="interval", target="classes", values={"width": high - low, "n": findings.scores.n}))
    return points or [Point(kind="none", target="matrix", values={})]


def _changed(material: Material) -> list[Point]:
    """Classes and pairs that are worse than in the baseline; else, if any image broke, how many did."""
    against = material.findings.comparison
    if against is None or not against.comparable or against.overall is None:
        return []
    classes = [one for one in against.classes if one.change.verdict == "worse"]
    pairs = [one for one in against.pairs if one.change.verdict == "worse"]
    values = {"overall": against.overall, "classes": classes, "pairs": pairs}
    if classes or pairs or against.overall.verdict == "worse":
        return [Point(kind="worse", target="changes", values=values)]
    return [Point(kind="broken", target="changes", values=values)] if against.overall.lost else []


def _group_point(material: Material, place: int) -> Point:
    group = material.findings.groups[place]
    names = [material.classes[k] for k in group.classes]
    pair = next(pair for pair in material.findings.pairs if pair.evident and {pair.a, pair.b} <= set(group.classes))
    note = material.notes.pairs.get(frozenset((material.classes[pair.a], material.classes[pair.b])))
    training = note.fields.get("training") if note else None
    return Point(
        kind="group",
        target=f"group-{place + 1}",
        values={
            "names": names,
            "errors": group.errors,
            "impact": group.impact,
            "pair": (material.classes[pair.a], material.classes[pair.b]),
            "training": material.notes.told(training) if training else None,
        },
    )


def _stranger_point(material: Material) -> Point:
    first = material.findings.cross_species[0]
    return Point(
        kind="cross_species",
        target="cross-species",
        values={
            "n": len(material.findings.cross_species),
            "target": material.classes[first.target],
            "pred": material.classes[first.pred],
            "confidence": first.confidence,
        },
    )


def _weak_class(material: Material) -> list[Point]:
    """The class with the lowest upper end of its recall interval, when that is below the accuracy of the whole."""
    scores = material.findings.scores
    rows = [row for row in scores.per_class if row.n]
    worst = min(rows, key=lambda row: (row.recall_ci[1], row.name))
    if worst.recall_ci[1] >= scores.accuracy:
        return []
    return [Point(kind="weak_class", target="classes", values={"row": worst, "accuracy": scores.accuracy})]
