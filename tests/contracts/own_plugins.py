"""Plug-ins from outside the package, as a user would write them."""

import torch
from torch import nn

from reportgen.compose.section import Section, SectionContext
from reportgen.explain.attribution_method import AttributionRequest, Explainer, ModelContext, NotApplicableError
from reportgen.inputs.datasets.labelled_images import LabelledImages, Sample
from reportgen.inputs.options import DataSource


def one_picture(source: DataSource) -> LabelledImages:
    """A data set of one picture."""
    sample = Sample(sample_id="one", path=source.root / "one.png", label="only")
    return LabelledImages(name="own", split=source.split, classes=("only",), samples=(sample,))


def own_section(context: SectionContext) -> Section:
    """A section that borrows a built-in template."""
    return Section(id="own", title="Our own", template="sections/confident.html.j2", data={"panels": []})


def same_id(context: SectionContext) -> Section:
    """Another section of the same id."""
    return own_section(context)


def broken_section(context: SectionContext) -> Section:
    """A section with a fault in it."""
    return Section(id="own", title=str(1 / 0), template="", data={})


def no_section(context: SectionContext) -> str:
    """A section that gives something else."""
    return "<p>"


def crashes(source: DataSource) -> LabelledImages:
    """A reader with a fault in it."""
    return 1 / 0


not_callable = 3


def brightness_map(context: ModelContext) -> Explainer:
    """An attribution method that looks at the picture alone, and not at the model."""
    return Explainer(maps=lambda request: request.inputs.sum(dim=1).abs().expand(len(request.class_idx), -1, -1, -1))


def weights_map(context: ModelContext) -> Explainer:
    """A method that draws the first convolution's weights and looks at nothing else."""
    weights = next(module for module in context.model.modules() if isinstance(module, nn.Conv2d)).weight
    values = weights.detach().abs().sum(dim=1).flatten(1)
    return Explainer(maps=lambda request: values.expand(len(request.class_idx), len(request.inputs), -1, -1))


def head_map(context: ModelContext) -> Explainer:
    """A method that draws the weights of the first linear layer and looks at nothing else."""
    weight = next(module for module in context.model.modules() if isinstance(module, nn.Linear)).weight
    values = weight.detach().exp()
    return Explainer(maps=lambda request: values.expand(len(request.class_idx), len(request.inputs), -1, -1))


def _odd(found: object) -> Explainer:
    return Explainer(maps=lambda request: found(request) if callable(found) else found)


def numbers_map(context: ModelContext) -> Explainer:
    """A method that gives an array of NumPy, and other things that are no tensor of four dimensions, below."""
    return _odd(lambda request: request.inputs.sum(dim=1)[None].numpy())


def nothing_map(context: ModelContext) -> Explainer:
    """None."""
    return _odd(None)


def coloured_map(context: ModelContext) -> Explainer:
    """(M, N, C, h, w)."""
    return _odd(lambda request: request.inputs.abs()[None])


def flat_map(context: ModelContext) -> Explainer:
    """(N, h, w)."""
    return _odd(lambda request: request.inputs.abs().sum(dim=1))


def one_map(context: ModelContext) -> Explainer:
    """(1, N + 1, h, w)."""
    return _odd(lambda request: torch.ones(1, len(request.inputs) + 1, 2, 2))


def empty_map(context: ModelContext) -> Explainer:
    """(M, N, 0, 0)."""
    return _odd(lambda request: torch.ones(len(request.class_idx), len(request.inputs), 0, 0))


def complex_map(context: ModelContext) -> Explainer:
    """Complex numbers."""
    return _odd(lambda request: torch.ones(len(request.class_idx), len(request.inputs), 2, 2, dtype=torch.complex64))


def raising_map(context: ModelContext) -> Explainer:
    """An exception of no kind that is expected."""
    return _odd(lambda _question: {}["no such key"])


def unbuilt_map(context: ModelContext) -> Explainer:
    """A method that fails as it is made ready."""
    raise ZeroDivisionError("on purpose")


def nan_map(context: ModelContext) -> Explainer:
    """NaN alone."""
    return _odd(lambda request: torch.full((len(request.class_idx), len(request.inputs), 2, 2), torch.nan))


def negative_map(context: ModelContext) -> Explainer:
    """A signed map."""
    return _odd(lambda request: -torch.ones(len(request.class_idx), len(request.inputs), 2, 2))


def whole_numbers_map(context: ModelContext) -> Explainer:
    """Whole numbers, which are as good as others."""
    return _odd(lambda request: torch.ones(len(request.class_idx), len(request.inputs), 2, 2, dtype=torch.int64))


def sometimes_nan_map(context: ModelContext) -> Explainer:
    """NaN for pictures of an odd seed."""

    def maps(request: AttributionRequest) -> torch.Tensor:
        found = torch.rand(len(request.class_idx), len(request.inputs), 4, 4)
        for place, seed in enumerate(request.seeds):
            found[:, place] += torch.nan if seed % 2 else 0
        return found

    return Explainer(maps=maps)


def blank_map(context: ModelContext) -> Explainer:
    """A method that never finds anything."""
    return Explainer(maps=lambda request: torch.zeros(len(request.class_idx), len(request.inputs), 2, 2))


def never_holds(context: ModelContext) -> Explainer:
    """A method that holds for no model."""
    raise NotApplicableError("no_rule", "Everything")


def no_explainer(context: ModelContext) -> str:
    """A method with a fault in it."""
    return "a map"


def falters(context: ModelContext) -> Explainer:
    """A method that holds for one picture at a time, and fails on more."""

    def maps(request):
        if len(request.inputs) > 1:
            raise NotApplicableError("failed", "too many")
        return torch.ones(len(request.class_idx), 1, 2, 2)

    return Explainer(maps=maps)
