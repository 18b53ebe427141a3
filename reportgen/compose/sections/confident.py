"""The most confident of the errors that are shown nowhere else."""

from reportgen.compose.section import Section, SectionContext
from reportgen.language import N_


def confident(context: SectionContext) -> Section | None:
    """None when every error stands in another section, or there is none."""
    chosen = [
        context.panels[example.idx] for example in context.findings.examples if example.reason == "confident_error"
    ]
    if not chosen:
        return None
    return Section(
        id="confident",
        title=N_("Other confident errors"),
        template="sections/confident.html.j2",
        data={"panels": chosen},
    )
