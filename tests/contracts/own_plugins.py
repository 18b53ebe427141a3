"""Plug-ins from outside the package, as a user would write them."""

import torch
from torch import nn

from reportgen.compose.material import Material, Section
from reportgen.explain.methods import Explainer, NotApplicableError, Subject
from reportgen.inputs.labelled_images import DataSource, LabelledImages, Sample


def one_picture(source: DataSource) -> LabelledImages:
    """A data set of one picture."""
    sample = Sample(sample_id="one", path=source.root / "one.png", label="only")
    return LabelledImages(name="own", split=source.split, classes=("only",), samples=(sample,))


def own_section(material: Material) -> Section:
    """A section that borrows a built-in template."""
    return Section(id="own", title="Our own", template="sections/confident.html.j2", data={"panels": []})


def same_id(material: Material) -> Section:
    """Another section of the same id."""
    return own_section(material)


def broken_section(material: Material) -> Section:
    """A section with a fault in it."""
    return Section(id="own", title=str(1 / 0), template="", data={})


def no_section(material: Material) -> str:
    """A section that gives something else."""
    return "<p>"


def crashes(source: DataSource) -> LabelledImages:
    """A reader with a fault in it."""
    return 1 / 0


not_callable = 3


def brightness_map(subject: Subject) -> Explainer:
    """An attribution method that looks at the picture alone, and not at the model."""
    return Explainer(maps=lambda question: question.inputs.sum(dim=1).abs().expand(len(question.class_idx), -1, -1, -1))


def weights_map(subject: Subject) -> Explainer:
    """A method that draws the first convolution's weights and looks at nothing else."""
    weights = next(module for module in subject.model.modules() if isinstance(module, nn.Conv2d)).weight
    values = weights.detach().abs().sum(dim=1).flatten(1)
    return Explainer(maps=lambda question: values.expand(len(question.class_idx), len(question.inputs), -1, -1))


def blank_map(subject: Subject) -> Explainer:
    """A method that never finds anything."""
    return Explainer(maps=lambda question: torch.zeros(len(question.class_idx), len(question.inputs), 2, 2))


def never_holds(subject: Subject) -> Explainer:
    """A method that holds for no model."""
    raise NotApplicableError("no_rule", "Everything")


def no_explainer(subject: Subject) -> str:
    """A method with a fault in it."""
    return "a map"


def falters(subject: Subject) -> Explainer:
    """A method that holds for one picture at a time, and fails on more."""

    def maps(question):
        if len(question.inputs) > 1:
            raise NotApplicableError("failed", "too many")
        return torch.ones(len(question.class_idx), 1, 2, 2)

    return Explainer(maps=maps)
