"""What went in: names, order, preprocessing, unreadable images. Faults here look like a confused model."""

from reportgen.compose.material import Material, Section
from reportgen.language import N_


def data(material: Material) -> Section:
    """Always there: an error analysis is worth what its inputs are worth."""
    predictions = material.findings.predictions
    return Section(
        id="data",
        title=N_("Data and set-up"),
        template="sections/data.html.j2",
        data={
            "facts": predictions.facts,
            "unreadable": predictions.unreadable,
            "order": material.findings.class_order,
            "n_read": len(predictions.sample_ids),
        },
    )
