"""How sure a sentence about a map may be: one word for each map of a picture, from all that is known against it."""

from collections.abc import Collection, Sequence
from typing import Literal

from reportgen.explain.maps import AttributionMap

ON_ONE_SCALE = ("grad_cam", "contrast")
"""Methods whose maps of one picture are weights of the same kind, of scores or their difference: they share a scale."""
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


def standings(maps: Sequence[AttributionMap], *, failed: Collection[str]) -> tuple[Standing, ...]:
    """One word for each of the maps of one picture, the first that holds in the order above.

    `failed`: the methods that fail the randomisation test.
    """
    scale = shared_scale(maps)
    return tuple(_standing(attribution, scale, failed) for attribution in maps)


def shared_scale(maps: Sequence[AttributionMap]) -> float:
    """The largest peak among the picture's maps that share a scale; 0 where there are none."""
    return max((attribution.peak for attribution in maps if attribution.method in ON_ONE_SCALE), default=0.0)


def _standing(attribution: AttributionMap, scale: float, failed: Collection[str]) -> Standing:
    if attribution.method in failed:
        return "fails_randomisation"
    if attribution.peak <= 0:
        return "no_evidence"
    if attribution.method in ON_ONE_SCALE and attribution.peak < PRACTICALLY_NONE * scale:
        return "practically_no_evidence"
    return attribution.faithfulness.verdict if attribution.faithfulness else "not_tested"
