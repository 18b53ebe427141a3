"""The confused groups, biggest impact first, each with its pairs, notes and examples."""

from reportgen.analyse.groups import ConfusedGroup
from reportgen.analyse.pairs import ConfusedPair
from reportgen.compose.panels import Panel
from reportgen.compose.section import Section, SectionContext
from reportgen.language import N_


def groups(context: SectionContext) -> Section:
    """Every group is listed; the first `rule.n_groups` come with examples."""
    return Section(
        id="groups",
        title=N_("Confused groups"),
        template="sections/groups.html.j2",
        data={
            "groups": [_group(context, place, group) for place, group in enumerate(context.findings.groups)],
            "n_with_examples": context.findings.rule.n_groups,
            "methods": context.attributions.methods,
            "left_out": context.attributions.failed,
        },
    )


def _group(context: SectionContext, place: int, group: ConfusedGroup) -> dict[str, object]:
    findings, classes = context.findings, context.classes
    members = set(group.classes)
    inside = [pair for pair in findings.pairs if {pair.a, pair.b} <= members]
    size = sum(int(findings.confusion[[k]].sum()) for k in group.classes)
    right = sum(int(findings.confusion[k, k]) for k in group.classes)
    return {
        "id": f"group-{place + 1}",
        "names": [classes[k] for k in group.classes],
        "errors": group.errors,
        "impact": group.impact,
        "n_images": size,
        "n_outside": size - right - group.errors,
        "pairs": inside,
        "notes": _notes(context, inside),
        "error_panels": _panels(context, place, "group_error"),
        "correct_panels": _panels(context, place, "group_correct"),
        "elsewhere": _elsewhere(context, members),
    }


def _notes(context: SectionContext, inside: list[ConfusedPair]) -> list[dict[str, object]]:
    """A pair note for each evident pair that has one; of the other members of evident pairs, what each looks like."""
    found: list[dict[str, object]] = []
    covered: set[str] = set()
    significant = [(context.classes[pair.a], context.classes[pair.b]) for pair in inside if pair.significant]
    for names in significant:
        note = context.notes.pairs.get(frozenset(names))
        if note:
            found.append({"names": note.classes, "fields": note.fields})
            covered |= set(names)
    left_over = dict.fromkeys(name for names in significant for name in names if name not in covered)
    found += [
        {"names": (name,), "fields": {"look": context.notes.breeds[name].look}}
        for name in left_over
        if name in context.notes.breeds
    ]
    return found


def _panels(context: SectionContext, place: int, reason: str) -> list[Panel]:
    chosen = [example for example in context.findings.examples if (example.group, example.reason) == (place, reason)]
    return [context.panels[example.idx] for example in chosen]


def _elsewhere(context: SectionContext, members: set[int]) -> list[Panel]:
    """Errors inside the group that are shown among the cross-species errors, so that no one looks for them here."""
    shown = context.findings.cross_species[: context.findings.rule.n_cross_species]
    inside = (error.idx for error in shown if {error.target, error.pred} <= members)
    return [context.panels[idx] for idx in inside if idx in context.panels]
