"""A model to explain, and a request, without a run around them."""

import torch

from reportgen.evaluate.device import compute
from reportgen.explain.attribution_method import AttributionRequest, ModelContext
from reportgen.explain.options import ExplainOptions

BLACK, WHITE = torch.full((3, 1, 1), -2.0), torch.full((3, 1, 1), 2.5)


def context_for(model, example, **options):
    return ModelContext(
        model=model.eval().requires_grad_(False),
        on=compute("cpu", "fp32"),
        example=example,
        black=BLACK,
        white=WHITE,
        target_layer=None,
        options=ExplainOptions(**options),
    )


def asked(inputs, class_idx, seeds=None):
    """`class_idx` (M, N), or one number for all."""
    classes = torch.full((1, len(inputs)), class_idx) if isinstance(class_idx, int) else torch.tensor(class_idx)
    return AttributionRequest(
        inputs=inputs, class_idx=classes, rival_idx=classes, seeds=seeds or tuple(range(100, 100 + len(inputs)))
    )
