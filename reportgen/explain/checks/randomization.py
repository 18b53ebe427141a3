"""Model parameter randomisation test: do the maps depend on what the model has learnt?

Cascading randomisation (Adebayo et al., Sanity Checks for Saliency Maps, 2018): the weights are drawn anew from the
head downwards (`random_weights`), and each map is compared with the original one by Spearman's rank correlation. A map
that stays alike shows the picture, not the model. Departures: three stages instead of every layer; the judged stage is
drawn several times, and what is judged is an interval over pictures and draws.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeGuard

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from reportgen.analyse.intervals import t_interval
from reportgen.explain.attribution_method import AttributionRequest, ModelContext, NotApplicableError, method
from reportgen.explain.checks.random_weights import randomised
from reportgen.explain.maps import checked_maps
from reportgen.explain.methods.captum_calls import foreign_code

log = logging.getLogger(__name__)
Stage = Literal["head", "upper_half", "all"]
RandomizationOutcome = Literal["pass", "borderline", "fail", "unknown"]
JUDGED: Stage = "upper_half"
FAILING_CORRELATION = 0.5
"""Where the interval of the mean correlation lies above it, with the upper half of the layers random, a method fails.

On the real models measured, Guided Backprop has 0.7 to 0.9 there and all gradients, SmoothGrad and Grad-CAM below 0.4;
with the head alone random a plain gradient is still at 0.3 and SmoothGrad at 0.6, rightly: all else is as it was.
"""
STAGES: Mapping[Stage, float] = {"head": 0.0, "upper_half": 0.5, "all": 1.0}
N_DRAWS = 4
"""Of the judged stage; the pictures are dealt out to them.

MobileNetV2 on pets, 12 pictures and 4 draws: the correlations of gradients, SmoothGrad and Guided Backprop differ by
0.05 to 0.10 between pictures and by 0.007 between the means of draws (standard deviations), those of Grad-CAM, with
its 49 values a map, by 0.25 and 0.11. So 12 pictures give intervals of +-0.06 and, for Grad-CAM, +-0.16.
"""

Maps = Sequence[NDArray[np.float32] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomizationTest:
    """What the test said of one method. `correlation`: mean Spearman correlation with the original map, by stage.

    A stage is None where no picture could be compared: maps were constant, or the method does not hold for random
    weights. `n_pictures` took part in the judged stage, of which `by_picture` holds each correlation in [-1, 1]; with
    fewer pictures than draws a picture has several. Empty in a run stored by an older version, and where none could be
    compared.
    """

    method: str
    correlation: Mapping[Stage, float | None]
    n_pictures: int
    by_picture: tuple[float, ...] = ()

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval of the mean correlation at the judged stage (Student's t), in [-1, 1]; None below two."""
        ends = t_interval(self.by_picture)
        return ends and (max(ends[0], -1.0), min(ends[1], 1.0))

    @property
    def outcome(self) -> RandomizationOutcome:
        """fail: the maps stay alike although the upper half of the layers is random. Only pass is a pass.

        borderline: ALIKE lies in the interval. unknown: fewer than two correlations. Runs of older versions stored
        the mean alone, and are judged by it.
        """
        if self.interval is not None:
            low, high = self.interval
            return "fail" if low >= FAILING_CORRELATION else "pass" if high < FAILING_CORRELATION else "borderline"
        mean = self.correlation[JUDGED]
        if mean is None or self.by_picture:
            return "unknown"
        return "fail" if mean >= FAILING_CORRELATION else "pass"


def randomization_tests(
    context: ModelContext, originals: Mapping[str, Maps], request: AttributionRequest
) -> tuple[RandomizationTest, ...]:
    """One test a method, from the N pictures of `request` (M = 1); the model is left as it is.

    `originals`: by method its maps (h, w) of these pictures, None for a picture that it has no map of.
    """
    found: dict[str, dict[Stage, list[float]]] = {name: {stage: [] for stage in STAGES} for name in originals}
    hands = _dealt(len(request.inputs))
    for stage, share in STAGES.items():
        for draw, dealt in enumerate(hands if stage == JUDGED else hands[:1]):
            random = _random(context, share, draw)
            for name, maps in originals.items():
                again = _maps_of(name, random, _part(request, dealt))
                found[name][stage] += _correlations([maps[picture] for picture in dealt], again)
    return tuple(
        RandomizationTest(
            method=name,
            correlation={stage: float(np.mean(values)) if values else None for stage, values in stages.items()},
            n_pictures=len(request.inputs),
            by_picture=tuple(stages[JUDGED]),
        )
        for name, stages in found.items()
    )


def _dealt(n: int) -> list[list[int]]:
    """Which of `n` pictures each draw gets: in turn, from the first again where there are fewer than draws."""
    return [[place % n for place in range(draw, max(n, N_DRAWS), N_DRAWS)] for draw in range(N_DRAWS)]


def _part(request: AttributionRequest, pictures: Sequence[int]) -> AttributionRequest:
    rows = list(pictures)
    return AttributionRequest(
        inputs=request.inputs[rows],
        class_idx=request.class_idx[:, rows],
        rival_idx=request.rival_idx[:, rows],
        seeds=tuple(request.seeds[row] for row in rows),
    )


def _random(context: ModelContext, share: float, draw: int) -> ModelContext | None:
    """The context with random weights; None where the model cannot be copied."""
    try:
        with foreign_code():
            model = randomised(context.model, context.example, share=share, seed=context.options.seed + draw)
    except NotApplicableError as error:
        log.warning("no randomisation test, as the model cannot be copied: %s", error.detail)
        return None
    return replace(context, model=model)


def _maps_of(name: str, random: ModelContext | None, request: AttributionRequest) -> Maps:
    """(h, w) of each picture, None where the method does not hold."""
    try:
        return checked_maps(name, method(name, random), request)[0] if random else [None] * len(request.inputs)
    except NotApplicableError:
        return [None] * len(request.inputs)


def _correlations(first: Maps, second: Maps) -> list[float]:
    """Of the pictures of which both have a map that is not constant."""
    pairs = [(a.ravel(), b.ravel()) for a, b in zip(first, second, strict=True) if _varies(a) and _varies(b)]
    return [float(spearmanr(a, b).statistic) for a, b in pairs]


def _varies(values: NDArray[np.float32] | None) -> TypeGuard[NDArray[np.float32]]:
    return values is not None and bool(np.ptp(values) > 0)
