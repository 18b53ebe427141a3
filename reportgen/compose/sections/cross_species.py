"""Errors that even miss the species, each on its own card; without a taxonomy, why there are none."""

from reportgen.compose.section import Section, SectionContext
from reportgen.language import N_


def cross_species(context: SectionContext) -> Section:
    """Every cross-species error is listed; cards for the first `rule.n_cross_species`, where they have pictures."""
    findings = context.findings
    taxonomy = findings.predictions.facts.taxonomy
    first = findings.cross_species[: findings.rule.n_cross_species]
    return Section(
        id="cross-species",
        title=N_("Cross-species errors"),
        template="sections/cross_species.html.j2",
        data={
            "taxonomy": taxonomy,
            "species_names": sorted(set(taxonomy.species)),
            "errors": findings.cross_species,
            "n_first": len(first),
            "cards": [(e, context.panels[e.idx]) for e in first if e.idx in context.panels],
        },
    )
