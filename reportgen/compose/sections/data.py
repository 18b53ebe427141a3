"""What went in: names, order, preprocessing, unreadable images. Faults here look like a confused model."""

from reportgen.compose.section import Section, SectionContext
from reportgen.inputs.checkpoints.fitting import in_groups
from reportgen.inputs.facts import RunFacts
from reportgen.language import N_

PASSED_OVER = {  # kinds of `inputs.passed_over` in the reader's words
    "windows": N_("left by Windows"),
    "macos": N_("left by macOS"),
    "nas": N_("left by network storage"),
    "volume": N_("of the volume"),
    "cloud": N_("of cloud storage"),
    "version_control": N_("of version control"),
    "editor": N_("of editors"),
    "photo_program": N_("of photo programs"),
    "hidden": N_("hidden"),
    "beside": N_("beside the class folders"),
    "loop": N_("links back to a folder above them"),
}
_PARTS = ("resize_px", "crop_px", "interpolation", "mean", "std")


def data(context: SectionContext) -> Section:
    """Always there: an error analysis is worth what its inputs are worth."""
    predictions = context.findings.predictions
    return Section(
        id="data",
        title=N_("Data and set-up"),
        template="sections/data.html.j2",
        data={
            "facts": predictions.facts,
            "preprocessing": _by_source(predictions.facts),
            "unreadable": predictions.unreadable,
            "files": context.findings.files,
            "passed_over": [(PASSED_OVER.get(kind, kind), n) for kind, n in predictions.facts.data.passed_over.items()],
            "same": _same_files(context),
            "left_out": in_groups(predictions.facts.model.left_out),
            "order": context.findings.class_order,
            "n_read": len(predictions.sample_ids),
        },
    )


def _same_files(context: SectionContext) -> tuple[tuple[tuple[str, str], ...], ...]:
    """(sample id, label) of each image of each file that is there more than once."""
    predictions = context.findings.predictions
    return tuple(
        tuple((predictions.sample_ids[row], predictions.facts.classes[predictions.targets[row]]) for row in one.rows)
        for one in context.findings.files.same
    )


def _by_source(facts: RunFacts) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(who said it, the fields of the preprocessing that it said), in the order of the fields."""
    parts = (*_PARTS, "channels") if facts.preprocessing.channels == 1 else _PARTS
    by_source: dict[str, list[str]] = {}
    for name in parts:
        by_source.setdefault(facts.preprocessing_sources.get(name, facts.preprocessing_source), []).append(name)
    return tuple((source, tuple(names)) for source, names in by_source.items())
