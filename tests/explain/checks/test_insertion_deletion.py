"""Insertion and deletion on pictures and models for which the curves are known by construction."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from reportgen.evaluate.device import compute
from reportgen.explain.attribution_method import ModelContext
from reportgen.explain.checks.insertion_deletion import MapToScore, faithfulness
from reportgen.explain.options import ExplainOptions
from tests.explain.nets import NeedsMemory

SIDE, STEPS = 24, 4


class QuarterDetector(nn.Module):
    """Logit 0 is 8 times the mean of x * checker over the upper left quarter; logit 1 is 0, logit 2 is -1.

    The picture is the checkerboard itself there: 8 * share of the quarter that is uncovered. The blur of the
    checkerboard is next to nothing (sum of an 11-tap alternating Gaussian, squared: 0.004).
    """

    def forward(self, inputs):
        quarter = (inputs * checkerboard())[..., : SIDE // 2, : SIDE // 2]
        score = 8 * quarter.mean(dim=(1, 2, 3))
        return torch.stack([score, torch.zeros_like(score), -torch.ones_like(score)], dim=1)


def checkerboard():
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    return torch.where((rows + columns) % 2 == 0, 1.0, -1.0)


def picture():
    image = torch.zeros(3, SIDE, SIDE)
    image[:, : SIDE // 2, : SIDE // 2] = checkerboard()[: SIDE // 2, : SIDE // 2]
    return image


def context(model=None, **options):
    amounts = ExplainOptions(insertion_steps=STEPS, random_maps=3, **options)
    unit = torch.ones(3, 1, 1)
    return ModelContext(
        model=model or QuarterDetector(),
        on=compute("cpu", "fp32"),
        example=picture()[None],
        black=-unit,
        white=unit,
        target_layer=None,
        options=amounts,
    )


def corner(row, column):
    values = np.zeros((2, 2), dtype=np.float32)
    values[row, column] = 1
    return np.kron(values, np.ones((SIDE // 2, SIDE // 2), dtype=np.float32))


def prob(score):
    """Softmax of (score, 0, -1) at the first."""
    return math.exp(score) / (math.exp(score) + 1 + math.exp(-1))


def test_the_right_quarter_first_is_the_best_curve_and_is_known():
    """Insertion: the quarter is there from the first of four steps on. Deletion: it is gone from the first step on."""
    (found,) = faithfulness(context(), picture(), [MapToScore(values=corner(0, 0), class_idx=0)], seed=1)
    assert found.insertion == pytest.approx((prob(0) / 2 + 3 * prob(8) + prob(8) / 2) / 4, abs=5e-3)
    assert found.deletion == pytest.approx((prob(8) / 2 + 3 * prob(0) + prob(0) / 2) / 4, abs=1e-6)
    assert found.better_than_random


def test_the_right_quarter_last_is_the_worst_curve_and_is_marked():
    worst = 1 - corner(0, 0)
    (found,) = faithfulness(context(), picture(), [MapToScore(values=worst, class_idx=0)], seed=1)
    assert found.insertion == pytest.approx((prob(0) / 2 + 3 * prob(0) + prob(8) / 2) / 4, abs=5e-3)
    assert found.deletion == pytest.approx((prob(8) / 2 + 3 * prob(8) + prob(0) / 2) / 4, abs=1e-6)
    assert not found.better_than_random


def test_a_contrast_is_scored_against_its_rival_alone():
    """Sigmoid of 8 - 0 instead of a softmax over three."""
    (found,) = faithfulness(context(), picture(), [MapToScore(values=corner(0, 0), class_idx=0, rival_idx=1)], seed=1)
    full = 1 / (1 + math.exp(-8))
    assert found.deletion == pytest.approx((full / 2 + 3 * 0.5 + 0.5 / 2) / 4, abs=1e-6)


def test_a_random_map_uncovers_the_quarter_evenly():
    """Noise of the picture's own size: after step k about k / 4 of the quarter is there (binomial, sd below 0.04)."""
    (found,) = faithfulness(context(), picture(), [MapToScore(values=corner(0, 0), class_idx=0)], seed=1)
    expected = (prob(0) / 2 + prob(2) + prob(4) + prob(6) + prob(8) / 2) / 4
    assert len(found.random) == 3
    assert found.random == pytest.approx([expected] * 3, abs=0.03)


def test_a_map_without_preference_is_no_better_than_random():
    """Ties lie scattered: the curve is that of noise, not that of reading the picture from the top."""
    (found,) = faithfulness(
        context(), picture(), [MapToScore(values=np.ones((SIDE, SIDE), dtype=np.float32), class_idx=0)], seed=1
    )
    assert found.insertion == pytest.approx(sum(found.random) / 3, abs=0.03)


def test_maps_of_one_size_are_compared_with_the_same_random_maps_and_coarse_ones_with_coarse_ones():
    coarse = np.array([[1, 0], [0, 0]], dtype=np.float32)
    claims = [MapToScore(values=values, class_idx=0) for values in (corner(0, 0), corner(1, 1), coarse)]
    first, second, third = faithfulness(context(), picture(), claims, seed=1)
    assert first.random == second.random != third.random
    assert np.std(third.random) > np.std(first.random)  # four blocks in random order, or 576 pixels


def test_the_numbers_depend_on_the_seed_only_and_not_on_the_memory():
    claims = [MapToScore(values=corner(0, 0), class_idx=0)]
    model = NeedsMemory(QuarterDetector(), at_most=3)
    (small,) = faithfulness(context(model), picture(), claims, seed=1)
    (large,) = faithfulness(
        replace(context(), options=ExplainOptions(insertion_steps=STEPS, random_maps=3)), picture(), claims, seed=1
    )
    (other,) = faithfulness(context(), picture(), claims, seed=2)
    assert small == large
    assert model.largest == 3
    assert small.insertion == other.insertion
    assert small.random != other.random
