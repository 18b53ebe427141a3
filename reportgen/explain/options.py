"""The options of the explanation."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Interval

from reportgen.explain.methods.options import MethodOptions
from reportgen.option import Checked, Group, Option


def _is_a_curve(value: int) -> int:
    if value == 1:
        raise ValueError("a curve needs 2 steps or more; 0 for no curves")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainOptions(MethodOptions):
    """What to work out. The noise of a picture comes from `seed` and its row, so it is the same in every run.

    `batch_size`: pictures in memory at a time, at most; halved on out-of-memory, and no map depends on it.
    `insertion_steps`: pictures a curve of insertion and deletion, 0 for none; `random_maps`: how many random maps each
    is compared with.
    `certificate_pictures`: pictures of the randomisation test at most, 0 for none. `focus_pictures`: errors, and as
    many hits, whose masks are compared with the maps, at most.
    """

    GROUP: ClassVar = Group("Explanation", table="explain", about="how much is computed for the maps")

    seed: Annotated[
        int, Interval(ge=0, le=2**32 - 1), Option("Seed of everything that is drawn at random.", key="seed")
    ] = 0
    batch_size: Annotated[
        int, Interval(ge=1, le=65_536), Option("Images in memory at a time; halved when memory runs out.")
    ] = 16
    insertion_steps: Annotated[
        int,
        Interval(ge=0, le=1000),
        Checked(_is_a_curve),
        Option("Steps of the insertion and deletion curves; 0 for no curves."),
    ] = 8
    random_maps: Annotated[
        int,
        Interval(ge=1, le=10_000),
        Option(
            "Random maps per image that each map is compared with; one alone shows no spread, so that no map is "
            "supported."
        ),
    ] = 8
    certificate_pictures: Annotated[
        int,
        Interval(ge=0, le=100_000),
        Option("Images of the randomisation test, at most; 0 for no test."),
    ] = 12
    focus_pictures: Annotated[
        int,
        Interval(ge=0, le=10_000_000),
        Option("Errors, and as many correct images, whose masks are compared with the maps, at most; 0 for none."),
    ] = 200
