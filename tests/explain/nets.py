"""Nets for the tests of this folder."""

import torch
from torch import nn


class NeedsMemory(nn.Module):
    """A net on a device with room for `at_most` pictures; `largest` is the largest batch that went through."""

    def __init__(self, net, at_most):
        super().__init__()
        self.net, self.at_most, self.largest = net, at_most, 0

    def forward(self, inputs):
        if len(inputs) > self.at_most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.largest = max(self.largest, len(inputs))
        return self.net(inputs)
