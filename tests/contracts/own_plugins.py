"""Plug-ins from outside the package, as a user would write them."""

from reportgen.compose.material import Material, Section
from reportgen.inputs.labelled_images import DataSource, LabelledImages, Sample


def one_picture(source: DataSource) -> LabelledImages:
    """A data set of one picture."""
    sample = Sample(sample_id="one", path=source.root / "one.png", label="only")
    return LabelledImages(name="own", split=source.split, classes=("only",), samples=(sample,))


def own_section(material: Material) -> Section:
    """A section that borrows a built-in template."""
    return Section(id="own", title="Our own", template="sections/confident.html.j2", data={"panels": []})


def crashes(source: DataSource) -> LabelledImages:
    """A reader with a fault in it."""
    return 1 / 0


not_callable = 3
