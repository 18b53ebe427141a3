"""A small convolutional net for the drawn pets: 5 stages, global average pooling, one linear head."""

import torch
from torch import nn


class TinyNet(nn.Module):
    """(N, 3, H, W) to (N, K) logits; `features` gives (N, 128, H/16, W/16)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            _stage(3, 16, 2), _stage(16, 32, 2), _stage(32, 64, 2), _stage(64, 96, 2), _stage(96, 128, 1)
        )
        self.head = nn.Linear(128, num_classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The logits."""
        pooled = self.features(inputs).mean(dim=(2, 3))
        logits: torch.Tensor = self.head(pooled)
        return logits


def _stage(n_in: int, n_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()
    )


def tiny_net(num_classes: int = 37) -> nn.Module:
    """The factory that `--arch` names."""
    return TinyNet(num_classes)
