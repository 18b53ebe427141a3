"""Precision, recall and F1 of every class."""

from reportgen.compose.figures import recall_chart
from reportgen.compose.section import Section, SectionContext
from reportgen.language import N_

_N_ROWS = 40


def classes(context: SectionContext) -> Section:
    """Lowest recall first (ties by name); with more than _N_ROWS classes the rest is in classes.csv."""
    scores = context.findings.scores
    rows = sorted(
        (row for row in scores.per_class if row.n and row.recall is not None),
        key=lambda row: (row.recall or 0.0, row.recall_ci[0], row.name),
    )
    shown = rows[:_N_ROWS]
    names = [context.notes.name(row.name) for row in shown]
    return Section(
        id="classes",
        title=N_("Class by class"),
        template="sections/classes.html.j2",
        data={"rows": shown, "n_rows": len(rows), "scores": scores},
        assets={"recall.svg": recall_chart(shown, names, context.language, tokens=context.tokens)},
    )
