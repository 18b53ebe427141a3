"""What a model returns, read as logits: each kind of number against the formula of a textbook."""

import math

import pytest
import torch
from torch import nn

from reportgen.inputs.models.adapted import Adapted
from reportgen.inputs.models.output_reading import Reading


class Gives(nn.Module):
    """The same row for every picture."""

    def __init__(self, *row):
        super().__init__()
        self.row = torch.tensor([row])

    def forward(self, pictures):
        return self.row.expand(len(pictures), -1)


@pytest.mark.parametrize(
    ("numbers", "given", "expected"),
    [
        ("logits", (1.5, -2.0, 0.25), (1.5, -2.0, 0.25)),
        # The logarithms less their mean: of 1/7, 2/7 and 4/7 the mean is that of 2/7.
        ("probabilities", (1 / 7, 2 / 7, 4 / 7), (-math.log(2), 0.0, math.log(2))),
        ("log_probabilities", (math.log(1 / 7), math.log(2 / 7), math.log(4 / 7)), (-math.log(2), 0.0, math.log(2))),
        ("sigmoids", (0.5, 0.8, 0.1), (0.0, math.log(4), -math.log(9))),
        ("one_logit", (3.0,), (-1.5, 1.5)),
        ("one_sigmoid", (0.8,), (-math.log(4) / 2, math.log(4) / 2)),
    ],
)
def test_each_kind_of_number(numbers, given, expected):
    reading = Reading(n_columns=len(given), numbers=numbers)
    found = Adapted(Gives(*given), reading)(torch.zeros(2, 3, 4, 4))
    assert found.dtype == torch.float32
    assert found.tolist() == [pytest.approx(expected, abs=1e-5)] * 2


@pytest.mark.parametrize(("n", "sizes"), [(1, [2]), (2, [2]), (3, [3]), (4, [3, 2]), (6, [3, 3]), (7, [3, 3, 2])])
def test_batches_of_a_size_that_the_model_bears(n, sizes):
    """Two to three pictures at a time: a rest of one is filled up with itself, and its copy is left out."""
    seen = []

    class Sums(nn.Module):
        def forward(self, pictures):
            seen.append(len(pictures))
            return pictures.sum(dim=(1, 2, 3))[:, None].expand(-1, 2)

    pictures = torch.arange(n, dtype=torch.float32)[:, None, None, None].expand(-1, 1, 1, 1)
    found = Adapted(Sums(), Reading(n_columns=2, batch=(2, 3)))(pictures)
    assert found.tolist() == [[k, k] for k in range(n)]
    assert seen == sizes
