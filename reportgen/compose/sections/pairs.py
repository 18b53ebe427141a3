"""All confused pairs at a glance."""

from reportgen.compose.figures import pair_chart
from reportgen.compose.section import Material, Section
from reportgen.language import N_

_N_ROWS = 15
_N_QUIET = 3  # pairs without evidence, shown so that a reader sees where the line was drawn


def pairs(material: Material) -> Section:
    """The evident pairs, best evidence first, up to _N_ROWS, and the next few; the rest is in pairs.csv."""
    found = material.findings.pairs
    evident = [pair for pair in found if pair.evident]
    charted = sorted(evident, key=lambda pair: (-pair.errors, pair.rank))[:_N_ROWS]
    rows = [
        (material.notes.name(material.classes[p.a]), material.notes.name(material.classes[p.b]), p.a_as_b, p.b_as_a)
        for p in charted
    ]
    return Section(
        id="pairs",
        title=N_("Confused pairs"),
        template="sections/pairs.html.j2",
        data={
            "pairs": evident[:_N_ROWS] + [pair for pair in found if not pair.evident][:_N_QUIET],
            "n_pairs": len(found),
            "n_evident": len(evident),
            "charted": charted,
        },
        assets={"pairs.svg": pair_chart(rows, material.language)} if rows else {},
    )
