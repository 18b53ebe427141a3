"""Reliability of each map, from the randomization test and its insertion score: what the page may say of it."""

from collections.abc import Callable, Collection, Sequence
from typing import Literal

from reportgen.explain.maps import AttributionMap
from reportgen.explain.method_traits import MethodUse

PRACTICALLY_NONE = 0.02  # share of the scale; a map below it has less than 2 of its 100 steps of colour

Standing = Literal[
    "fails_randomisation",  # the method shows the picture, not the model: nothing is said of its maps
    "no_evidence",  # a map of zeros
    "practically_no_evidence",  # its peak is below PRACTICALLY_NONE of the picture's scale
    "contradicted",  # insertion is below that of random maps
    "not_distinguishable",  # insertion is as by chance: nothing is said of where the map lies
    "supported",  # insertion is above that of random maps
    "not_tested",  # no insertion curves were drawn
]


def standings(
    maps: Sequence[AttributionMap], *, methods: Sequence[MethodUse], failed: Collection[str]
) -> tuple[Standing, ...]:
    """One word for each of the maps of one picture, the first that holds in the order above.

    `methods`: those that made the maps; `failed`: the ones among them that fail the randomisation test.
    """
    scales = scales_of(maps, methods)
    return tuple(_standing(one, scale, failed) for one, scale in zip(maps, scales, strict=True))


def scales_of(
    maps: Sequence[AttributionMap], methods: Sequence[MethodUse], top: Callable[[AttributionMap], float] | None = None
) -> tuple[float, ...]:
    """Of each map of one picture the largest `top` among all that share its scale; the peak where no `top` is given."""
    names = {use.name: use.scale for use in methods}
    tops = [(names.get(one.method, one.method), top(one) if top else one.peak) for one in maps]
    return tuple(max(value for other, value in tops if other == scale) for scale, _ in tops)


def _standing(one: AttributionMap, scale: float, failed: Collection[str]) -> Standing:
    if one.method in failed:
        return "fails_randomisation"
    if one.peak <= 0:
        return "no_evidence"
    if one.peak < PRACTICALLY_NONE * scale:
        return "practically_no_evidence"
    return one.faithfulness.verdict if one.faithfulness else "not_tested"
