"""Errors that even miss the species, each on its own card; without a taxonomy, why there are none."""

from reportgen.compose.material import Material, Section
from reportgen.language import N_


def cross_species(material: Material) -> Section:
    """Every cross-species error is listed; cards with pictures for the first `rule.n_cross_species`."""
    findings = material.findings
    taxonomy = findings.predictions.facts.taxonomy
    return Section(
        id="cross-species",
        title=N_("Errors across species"),
        template="sections/cross_species.html.j2",
        data={
            "taxonomy": taxonomy,
            "species_names": sorted(set(taxonomy.species)),
            "errors": findings.cross_species,
            "cards": [(e, material.panels[e.idx]) for e in findings.cross_species[: findings.rule.n_cross_species]],
        },
    )
