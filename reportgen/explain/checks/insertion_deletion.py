"""Insertion and deletion curves (Petsiuk et al., RISE, 2018, section 4.1): does the model need what the map marks?

Insertion starts from a blurred picture and uncovers the pixels in the map's order; deletion starts from the picture and
paints them over with the mean colour. The score is the softmax probability of the explained class, or, for a contrast,
its probability against its rival alone. Departures: a few steps instead of 224, and the same curve is drawn for random
maps of the same picture and the same resolution, without which the number says nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import t as students_t

from reportgen.evaluate.memory import in_memory
from reportgen.explain.attribution_method import ModelContext
from reportgen.explain.checks.localisation import enlarged
from reportgen.inputs.images.reading import blurred

_TIES = 7  # seed of the order of equally hot pixels, the same for every map
_RANDOM = 0x5EED
LEAST_MARGIN = 0.02  # fine maps of noise differ by less from each other, and two digits are printed
InsertionVerdict = Literal["supported", "not_distinguishable", "contradicted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faithfulness:
    """Areas under the curves, in [0, 1]. `random`: insertion of random maps of the same picture and resolution.

    Only insertion is judged: deletion does not tell maps from noise (METHODS 5.3), it is there to be read.
    """

    insertion: float
    deletion: float
    random: tuple[float, ...]

    @property
    def better_than_random(self) -> bool:
        """Whether insertion beats every one of the random maps."""
        return self.insertion > max(self.random)

    @property
    def by_chance(self) -> tuple[float, float] | None:
        """Where one more random map's insertion would lie 95 times in 100, in [0, 1]; None for a single random map.

        The normal distribution's prediction interval: mean -/+ t(0.975, n - 1) s sqrt(1 + 1 / n), with s the standard
        deviation of the n random maps, and at least LEAST_MARGIN to either side.
        """
        n = len(self.random)
        if n < 2:
            return None
        mean, spread = float(np.mean(self.random)), float(np.std(self.random, ddof=1))
        margin = max(float(students_t.ppf(0.975, n - 1)) * spread * math.sqrt(1 + 1 / n), LEAST_MARGIN)
        return max(mean - margin, 0.0), min(mean + margin, 1.0)

    @property
    def verdict(self) -> InsertionVerdict:
        """On which side of `by_chance` insertion lies, all three rounded to the two digits that are printed.

        A single random map shows no spread, so that nothing can be distinguished from it.
        """
        if self.by_chance is None:
            return "not_distinguishable"
        low, high = (round(end, 2) for end in self.by_chance)
        found = round(self.insertion, 2)
        return "supported" if found > high else "contradicted" if found < low else "not_distinguishable"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapToScore:
    """One map to be judged: values (h, w) >= 0, the model output it explains, and the rival of a contrast."""

    values: NDArray[np.float32]
    class_idx: int
    rival_idx: int | None = None


def faithfulness(
    context: ModelContext, pixels: torch.Tensor, claims: Sequence[MapToScore], *, seed: int
) -> tuple[Faithfulness, ...]:
    """One Faithfulness a claim, for one picture `pixels` (C, H, W), normalised, on the model's device.

    Random maps are uniform noise at the claim's own (h, w), enlarged like it; their seed is `seed`. Claims of equal
    size are compared with the same ones.
    """
    options = context.options
    sizes = list(dict.fromkeys(claim.values.shape for claim in claims))
    random = {size: _random_maps(size, options.random_maps, seed) for size in sizes}
    orders = [_order(claim.values, pixels) for claim in claims]
    orders += [_order(values, pixels) for size in sizes for values in random[size]]
    blur, mean = blurred(pixels[None])[0], torch.zeros_like(pixels)
    uncovered = _curves(context, orders, bottom=blur, top=pixels)
    covered = _curves(context, orders[: len(claims)], bottom=pixels, top=mean)
    found = []
    for number, claim in enumerate(claims):
        first = len(claims) + sizes.index(claim.values.shape) * options.random_maps
        rivals = uncovered[first : first + options.random_maps]
        found.append(
            Faithfulness(
                insertion=_area(_scores(uncovered[number], claim)),
                deletion=_area(_scores(covered[number], claim)),
                random=tuple(_area(_scores(logits, claim)) for logits in rivals),
            )
        )
    return tuple(found)


def _random_maps(size: tuple[int, ...], n: int, seed: int) -> list[NDArray[np.float32]]:
    generator = np.random.default_rng((_RANDOM, seed, *size))
    return list(generator.random((n, *size), dtype=np.float32))


def _order(values: NDArray[np.float32], pixels: torch.Tensor) -> torch.Tensor:
    """(H W,) int64: the place of every pixel, 0 for the hottest. Ties lie in a fixed, scattered order."""
    height, width = pixels.shape[-2:]
    large = torch.from_numpy(enlarged(values, (height, width)).copy()).flatten()
    scattered = torch.randperm(height * width, generator=torch.Generator().manual_seed(_TIES))
    order = scattered[large[scattered].argsort(descending=True, stable=True)]
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    return place.to(pixels.device)


def _curves(
    context: ModelContext, orders: list[torch.Tensor], *, bottom: torch.Tensor, top: torch.Tensor
) -> torch.Tensor:
    """(C, steps + 1, K) logits while each order lays `top` (C, H, W) over `bottom`, from no pixel to all."""
    steps = context.options.insertion_steps
    n_pixels = bottom.shape[-2] * bottom.shape[-1]
    jobs = [(order, round(step * n_pixels / steps)) for order in orders for step in range(1, steps)]

    def work(size: int) -> torch.Tensor:
        ends = torch.stack([bottom, top])
        parts = [_logits(context, ends)]
        for start in range(0, len(jobs), size):
            pictures = [_laid_over(order, n, bottom, top) for order, n in jobs[start : start + size]]
            parts.append(_logits(context, torch.stack(pictures)))
        return torch.cat(parts)

    logits = in_memory(work, context.options.batch_size, on=context.on, thing="insertion and deletion")
    inner = logits[2:].reshape(len(orders), steps - 1, -1)
    first, last = (logits[end].expand(len(orders), 1, -1) for end in (0, 1))
    return torch.cat([first, inner, last], dim=1)


def _laid_over(order: torch.Tensor, n: int, bottom: torch.Tensor, top: torch.Tensor) -> torch.Tensor:
    return torch.where((order < n).view(bottom.shape[-2:]), top, bottom)


def _logits(context: ModelContext, pictures: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        scores: torch.Tensor = context.model(pictures)
    return scores.float().cpu()


def _scores(logits: torch.Tensor, claim: MapToScore) -> NDArray[np.float64]:
    """(steps + 1,) probabilities."""
    if claim.rival_idx is None:
        probs = logits.double().softmax(dim=1)[:, claim.class_idx]
    else:
        probs = (logits[:, claim.class_idx] - logits[:, claim.rival_idx]).double().sigmoid()
    scores: NDArray[np.float64] = probs.numpy()
    return scores


def _area(scores: NDArray[np.float64]) -> float:
    """Trapezoid over [0, 1]."""
    return float((scores.sum() - scores[0] / 2 - scores[-1] / 2) / (len(scores) - 1))
