"""How everything was worked out, on what machine, and what the words mean."""

from reportgen.compose.figures import colour_bar
from reportgen.compose.panels import JPEG_QUALITY
from reportgen.compose.section import Material, Section
from reportgen.explain.checks.randomization import ALIKE, N_DRAWS
from reportgen.language import N_


def methods(material: Material) -> Section:
    """The appendix."""
    predictions = material.findings.predictions
    return Section(
        id="methods",
        title=N_("Methods and provenance"),
        template="sections/methods.html.j2",
        data={
            "facts": predictions.facts,
            "compute": predictions.compute,
            "fingerprint": predictions.fingerprint,
            "rule": material.findings.rule,
            "options": material.attributions.options,
            "uses": material.attributions.methods,
            "randomization_tests": material.attributions.randomization_tests,
            "alike": ALIKE,
            "n_draws": N_DRAWS,
            "jpeg_quality": JPEG_QUALITY,
            "precision": material.attributions.precision,
            "argmax": predictions.argmax,
            "switched": material.attributions.switched,
        },
        assets={"colour-bar.svg": colour_bar(material.language)},
    )
