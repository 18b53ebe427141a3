"""Where the evidence lies, over the whole run, and how far the maps can be trusted."""

from reportgen.analyse.intervals import difference
from reportgen.compose.material import Material, Section
from reportgen.explain.attributions import MethodUse
from reportgen.explain.maps import HeatValues
from reportgen.explain.run_focus import lying
from reportgen.language import N_


def evidence(material: Material) -> Section | None:
    """None when nothing was explained."""
    attributions = material.attributions
    if not attributions.methods and not attributions.refusals:
        return None
    errors, hits = (lying([row for row in attributions.focus if row.correct == right]) for right in (False, True))
    return Section(
        id="evidence",
        title=N_("Where the evidence lies"),
        template="sections/evidence.html.j2",
        data={
            "errors": errors,
            "hits": hits,
            "difference": difference((errors.n_off, errors.n), (hits.n_off, hits.n)),
            "methods": [_trust(material, use) for use in attributions.methods],
            "refusals": attributions.refusals,
            "options": attributions.options,
            "n_examples": len(attributions.examples),
        },
    )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _trust(material: Material, use: MethodUse) -> dict[str, object]:
    """What is known of a method's maps in this run."""
    maps = [heat for one in material.attributions.examples for heat in one.maps if heat.method == use.name]
    judged = [heat.faithfulness for heat in maps if heat.faithfulness is not None]
    certificates = {one.method: one for one in material.attributions.certificates}
    return {
        "name": use.name,
        "n": len(maps),
        "n_blank": sum(heat.peak <= 0 for heat in maps),
        "n_judged": len(judged),
        "n_better": sum(one.better_than_random for one in judged),
        "insertion": _mean([one.insertion for one in judged]),
        "random": _mean([max(one.random) for one in judged]),
        "enrichment": _mean(_enrichments(maps)),
        "certificate": certificates.get(use.name),
    }


def _enrichments(maps: list[HeatValues]) -> list[float]:
    return [heat.focus.enrichment for heat in maps if heat.focus is not None]
