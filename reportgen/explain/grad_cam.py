"""Grad-CAM (Selvaraju et al., ICCV 2017, eq. 1 and 2)."""

import torch
from torch import nn

from reportgen.explain.target_layers import TargetLayer, tapped


def grad_cam(model: nn.Module, layer: TargetLayer, inputs: torch.Tensor, *, class_idx: torch.Tensor) -> torch.Tensor:
    """Maps for M classes of each of N inputs from one forward pass: (M, N, h, w) float32, at the layer's resolution.

    `inputs` (N, 3, H, W); `class_idx` (M, N) model outputs. L = ReLU(sum_k alpha_k A_k) with alpha_k the mean over
    (u, v) of d y / d A_k(u, v), and y the pre-softmax score. Not normalised: the maximum is the evidence, and a map of
    zeros means that there is none. For a GAP + linear head this is ReLU(CAM) / (h w).
    """
    with torch.enable_grad():
        watched = inputs.detach().requires_grad_(True)  # torch's own signature
        scores, tap = tapped(layer.module, lambda: model(watched))
        features = layer.as_nchw(tap.detach(), (inputs.shape[-2], inputs.shape[-1]))
        maps = []
        for number, idx in enumerate(class_idx):
            chosen = scores.gather(1, idx.view(-1, 1)).sum()
            (raw,) = torch.autograd.grad(chosen, tap, retain_graph=number + 1 < len(class_idx))
            gradients = layer.as_nchw(raw, (inputs.shape[-2], inputs.shape[-1]))
            weights = gradients.mean(dim=(2, 3), keepdim=True)
            maps.append((weights * features).sum(dim=1).clamp_min_(0))
    return torch.stack(maps).float().detach()
