"""The rules of the gate, each with its outcome and why."""

from reportgen.analyse.gate_outcome import OUTCOMES
from reportgen.compose.section import Section, SectionContext
from reportgen.language import N_


def gate(context: SectionContext) -> Section:
    """Worst outcome first; equal ones in the order of the rules."""
    found = context.findings.gate
    return Section(
        id="gate",
        title=N_("Gate"),
        template="sections/gate.html.j2",
        data={
            "gate": found,
            "rules": sorted(found.rules, key=lambda rule: -OUTCOMES.index(rule.outcome)),
        },
    )
