"""Every misclassified image as a small picture, by cell of the confusion matrix: for the screen alone."""

from types import MappingProxyType

from reportgen.compose.section import Section, SectionContext
from reportgen.compose.sections.changes import SECTION_OF
from reportgen.inputs.images.thumbnails import SIDE_PX
from reportgen.language import N_


def images(context: SectionContext) -> Section | None:
    """None without an error, and where no thumbnail is stored. An error without one is listed without its picture."""
    gallery, made = context.findings.gallery, context.thumbnails
    shown = frozenset(gallery.rows)
    pictures = {idx: f"thumb-{idx}.jpg" for idx in gallery.rows if idx in made}
    if not pictures:
        return None
    whole = len(shown) == gallery.n_all
    return Section(
        id="images",
        title=N_("All misclassified images") if whole else N_("Misclassified images"),
        template="sections/images.html.j2",
        data={
            "gallery": gallery,
            "n_shown": len(shown),
            "whole": whole,
            "pictures": pictures,
            "side_px": SIDE_PX,
            "sample_ids": context.findings.predictions.sample_ids,
            "panel_in": {one.idx: SECTION_OF[one.reason] for one in context.findings.examples if one.idx in shown},
        },
        assets=MappingProxyType({name: made[idx] for idx, name in pictures.items()}),
        screen_only=True,
    )
