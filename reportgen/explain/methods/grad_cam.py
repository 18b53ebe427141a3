"""Grad-CAM (Selvaraju et al., ICCV 2017, eq. 1 and 2), and its contrast of two classes."""

from functools import partial

import torch
from torch import nn

from reportgen.errors import ConfigError
from reportgen.evaluate.memory import in_memory
from reportgen.explain.attribution_method import (
    AttributionMethod,
    AttributionRequest,
    Explainer,
    ModelContext,
    NotApplicableError,
)
from reportgen.explain.methods.target_layers import TargetLayer, tapped, target_layer
from reportgen.language import N_

_SCALE = "channel_weights"  # of one score and of the difference of two: comparable


def grad_cam(
    model: nn.Module,
    layer: TargetLayer,
    inputs: torch.Tensor,
    *,
    class_idx: torch.Tensor,
    rival_idx: torch.Tensor | None = None,
) -> torch.Tensor:
    """Maps for M classes of each of N inputs from one forward pass: (M, N, h, w) float32, at the layer's resolution.

    `inputs` (N, 3, H, W); `class_idx` (M, N) model outputs. L = ReLU(sum_k alpha_k A_k) with alpha_k the mean over
    (u, v) of d y / d A_k(u, v), and y the pre-softmax score. Not normalised: the maximum is the evidence, and a map of
    zeros means that there is none. For a GAP + linear head this is ReLU(CAM) / (h w).

    With `rival_idx` (M, N), y is the score of the class minus that of the rival: what speaks for the one and against
    the other (the contrast with a similar class of Finer-CAM, Zhang et al., CVPR 2025, with gamma = 1).
    """
    with torch.enable_grad():
        scores, tap = tapped(layer.module, lambda: model(inputs.detach()))
        features = layer.as_nchw(tap.detach(), (inputs.shape[-2], inputs.shape[-1]))
        maps = []
        for number, idx in enumerate(class_idx):
            chosen = scores.gather(1, idx.view(-1, 1)).sum()
            if rival_idx is not None:
                chosen = chosen - scores.gather(1, rival_idx[number].view(-1, 1)).sum()
            (raw,) = torch.autograd.grad(chosen, tap, retain_graph=number + 1 < len(class_idx))
            gradients = layer.as_nchw(raw, (inputs.shape[-2], inputs.shape[-1]))
            weights = gradients.mean(dim=(2, 3), keepdim=True)
            maps.append((weights * features).sum(dim=1).clamp_min_(0))
    return torch.stack(maps).float().detach()


def _prepared(context: ModelContext, *, contrast: bool) -> Explainer:
    """At the target layer. A known architecture needs no layer named; raises NotApplicableError else."""
    try:
        with torch.no_grad():
            layer = target_layer(context.model, context.target_layer, context.example)
    except ConfigError as error:
        raise NotApplicableError("no_feature_map", error.found) from error

    def maps(request: AttributionRequest) -> torch.Tensor:
        def work(size: int) -> torch.Tensor:
            parts = [slice(start, start + size) for start in range(0, len(request.inputs), size)]
            made = [
                grad_cam(
                    context.model,
                    layer,
                    request.inputs[part],
                    class_idx=request.class_idx[:, part],
                    rival_idx=request.rival_idx[:, part] if contrast else None,
                )
                for part in parts
            ]
            return torch.cat(made, dim=1)

        return in_memory(work, context.options.batch_size, on=context.on, thing="Grad-CAM")

    return Explainer(maps=maps, layer=layer.path)


GRAD_CAM = AttributionMethod(
    prepare=partial(_prepared, contrast=False),
    title="Grad-CAM",
    description=N_(
        "Selvaraju et al. 2017, from the score before the softmax, at %(layer)s. Predicted and true class and their "
        "contrast share one scale, from 0 to the largest peak. Coarse: it shows where a class found support, not why."
    ),
    explains="predicted_and_rival",
    at="layer",
    overlay=True,
    scale=_SCALE,
    localises=True,
)
CONTRAST = AttributionMethod(
    prepare=partial(_prepared, contrast=True),
    title=N_("Contrast"),
    description=N_(
        "Grad-CAM of the score of the predicted class minus that of the class it is compared with, at %(layer)s: what "
        "spoke for the one and against the other."
    ),
    explains="predicted_against_rival",
    at="layer",
    overlay=True,
    scale=_SCALE,
)
