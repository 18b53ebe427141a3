"""The confused groups, biggest impact first, each with its pairs, notes and examples."""

from reportgen.analyse.groups import ConfusedGroup
from reportgen.analyse.pairs import ConfusedPair
from reportgen.compose.panels import Panel
from reportgen.compose.section import Material, Section
from reportgen.language import N_


def groups(material: Material) -> Section:
    """Every group is listed; the first `rule.n_groups` come with examples."""
    return Section(
        id="groups",
        title=N_("Confused groups"),
        template="sections/groups.html.j2",
        data={
            "groups": [_group(material, place, group) for place, group in enumerate(material.findings.groups)],
            "n_with_examples": material.findings.rule.n_groups,
            "methods": material.attributions.methods,
            "left_out": material.attributions.failed,
        },
    )


def _group(material: Material, place: int, group: ConfusedGroup) -> dict[str, object]:
    findings, classes = material.findings, material.classes
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
        "notes": _notes(material, inside),
        "error_panels": _panels(material, place, "group_error"),
        "correct_panels": _panels(material, place, "group_correct"),
        "elsewhere": _elsewhere(material, members),
    }


def _notes(material: Material, inside: list[ConfusedPair]) -> list[dict[str, object]]:
    """A pair note for each evident pair that has one; of the other members of evident pairs, what each looks like."""
    found: list[dict[str, object]] = []
    covered: set[str] = set()
    evident = [(material.classes[pair.a], material.classes[pair.b]) for pair in inside if pair.evident]
    for names in evident:
        note = material.notes.pairs.get(frozenset(names))
        if note:
            found.append({"names": note.classes, "fields": note.fields})
            covered |= set(names)
    left_over = dict.fromkeys(name for names in evident for name in names if name not in covered)
    found += [
        {"names": (name,), "fields": {"look": material.notes.breeds[name].look}}
        for name in left_over
        if name in material.notes.breeds
    ]
    return found


def _panels(material: Material, place: int, reason: str) -> list[Panel]:
    chosen = [example for example in material.findings.examples if (example.group, example.reason) == (place, reason)]
    return [material.panels[example.idx] for example in chosen]


def _elsewhere(material: Material, members: set[int]) -> list[Panel]:
    """Errors inside the group that are shown among the cross-species errors, so that no one looks for them here."""
    shown = material.findings.cross_species[: material.findings.rule.n_cross_species]
    inside = (error.idx for error in shown if {error.target, error.pred} <= members)
    return [material.panels[idx] for idx in inside if idx in material.panels]
