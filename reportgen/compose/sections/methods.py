"""How everything was worked out, on what machine, and what the words mean."""

from reportgen.compose.figures import colour_bar
from reportgen.compose.panels import JPEG_QUALITY
from reportgen.compose.section import Section, SectionContext
from reportgen.explain.checks.randomization import FAILING_CORRELATION, N_DRAWS
from reportgen.language import N_


def methods(context: SectionContext) -> Section:
    """The appendix."""
    predictions = context.findings.predictions
    return Section(
        id="methods",
        title=N_("Methods and provenance"),
        template="sections/methods.html.j2",
        data={
            "facts": predictions.facts,
            "compute": predictions.compute,
            "fingerprint": predictions.fingerprint,
            "rule": context.findings.rule,
            "options": context.attributions.options,
            "uses": context.attributions.methods,
            "randomization_tests": context.attributions.randomization_tests,
            "alike": FAILING_CORRELATION,
            "n_draws": N_DRAWS,
            "jpeg_quality": JPEG_QUALITY,
            "precision": context.attributions.precision,
            "argmax": predictions.argmax,
            "switched": context.attributions.switched,
        },
        assets={"colour-bar.svg": colour_bar(context.language, tokens=context.tokens)},
    )
