"""A small convolutional net for the drawn pets: five blocks, global average pooling, one linear head.

With nothing between the last feature map and the head but the average, Grad-CAM of a class equals CAM up to a factor.
About 155 000 parameters and 44 million multiplications for a picture of 128 x 128.
"""

import torch
from torch import nn

WIDTHS = (16, 32, 64, 80, 112)


class TinyNet(nn.Module):
    """(N, 3, H, W) float to (N, K) logits; `features` gives (N, 112, H/8, W/8), 16 x 16 for a crop of 128."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        first, second, third, fourth, last = WIDTHS
        self.features = nn.Sequential(
            _block(3, first, stride=2),
            _block(first, second, stride=2),
            _block(second, third, stride=2),
            _block(third, fourth),
            _block(fourth, last, dilation=2),
        )
        self.head = nn.Linear(last, num_classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(N, K) logits."""
        logits: torch.Tensor = self.head(self.features(inputs).mean(dim=(2, 3)))
        return logits


def tiny_net(num_classes: int = 37) -> nn.Module:
    """The net with random weights; what `arch` names in the checkpoint."""
    return TinyNet(num_classes)


def _block(n_in: int, n_out: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Each ReLU is its own module and not in place, so that attribution methods may hook it."""
    convolution = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=dilation, dilation=dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(n_out), nn.ReLU())
