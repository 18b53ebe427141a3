"""All confused pairs at a glance."""

from reportgen.compose.figures import pair_chart
from reportgen.compose.material import Material, Section

_N_ROWS = 15


def pairs(material: Material) -> Section:
    """The evident pairs, best evidence first, filled up with the next ones to _N_ROWS; the rest is in pairs.csv."""
    found = material.findings.pairs
    evident = [pair for pair in found if pair.evident]
    charted = sorted(evident, key=lambda pair: (-pair.errors, pair.rank))[:_N_ROWS]
    rows = [
        (material.notes.name(material.classes[p.a]), material.notes.name(material.classes[p.b]), p.a_as_b, p.b_as_a)
        for p in charted
    ]
    return Section(
        id="pairs",
        title="Confused pairs",
        template="sections/pairs.html.j2",
        data={
            "pairs": (evident + [pair for pair in found if not pair.evident])[:_N_ROWS],
            "n_pairs": len(found),
            "n_evident": len(evident),
            "charted": charted,
        },
        assets={"pairs.svg": pair_chart(rows)} if rows else {},
    )
