"""All confused pairs at a glance."""

from reportgen.compose.figures import pair_chart
from reportgen.compose.section import Section, SectionContext
from reportgen.language import N_

_N_ROWS = 15
_N_QUIET = 3  # pairs without evidence, shown so that a reader sees where the line was drawn


def pairs(context: SectionContext) -> Section:
    """The evident pairs, best evidence first, up to _N_ROWS, and the next few; the rest is in pairs.csv."""
    found = context.findings.pairs
    significant = [pair for pair in found if pair.significant]
    charted = sorted(significant, key=lambda pair: (-pair.errors, pair.rank))[:_N_ROWS]
    rows = [
        (context.notes.name(context.classes[p.a]), context.notes.name(context.classes[p.b]), p.a_as_b, p.b_as_a)
        for p in charted
    ]
    return Section(
        id="pairs",
        title=N_("Confused pairs"),
        template="sections/pairs.html.j2",
        data={
            "pairs": significant[:_N_ROWS] + [pair for pair in found if not pair.significant][:_N_QUIET],
            "n_pairs": len(found),
            "n_significant": len(significant),
            "charted": charted,
        },
        assets={"pairs.svg": pair_chart(rows, context.language, tokens=context.tokens)} if rows else {},
    )
