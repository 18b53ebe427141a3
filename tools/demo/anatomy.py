"""Where the parts of one animal are: its proportions by build, its pose, the tilt of its head."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tools.demo.canvas import Canvas
from tools.demo.shapes import Outline, Point
from tools.demo.traits import Traits

GROUND = 92.0
_BUILDS = {  # half widths of shoulders, haunches and a leg; head size; height of the neck
    "slender": (10.5, 14.5, 2.8, 15.2, 47.0),
    "medium": (13.0, 17.0, 3.6, 16.4, 48.0),
    "cobby": (15.5, 20.0, 4.2, 18.2, 51.0),
    "stocky": (17.0, 18.0, 4.8, 17.2, 51.0),
    "giant": (17.5, 21.5, 5.0, 17.4, 46.0),
    "toy": (10.0, 13.0, 2.7, 17.2, 55.0),
    "low": (15.0, 20.0, 4.6, 17.0, 57.0),
}
FUR_LENGTH = {"none": 0.0, "short": 0.0, "plush": 0.9, "wire": 1.6, "medium": 1.9, "long": 2.9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """Lengths and places in the units of the canvas. `turn` in [-0.2, 0.2] is how far the face looks aside."""

    pose: str
    shoulder: float
    haunch: float
    leg: float
    neck: Point
    head: Point
    head_size: tuple[float, float]
    tilt: float
    turn: float

    def on_head(self, points: Sequence[Point]) -> Outline:
        """Head units (the skull reaches from about -1 to 1 in both directions) to canvas units."""
        (x, y), (half_width, half_height) = self.head, self.head_size
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        scaled = ((u * half_width, v * half_height) for u, v in points)
        return [(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in scaled]

    def on_face(self, points: Sequence[Point]) -> Outline:
        """As `on_head`, for what moves aside when the head turns: eyes, nose, muzzle, blaze."""
        return self.on_head([(u + self.turn * (1 - 0.25 * u * u), v) for u, v in points])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """All that a drawing function needs: who sits, how, on which canvas, and the animal's own random numbers."""

    canvas: Canvas
    traits: Traits
    anatomy: Anatomy
    random: Random

    @property
    def tuft(self) -> float:
        """Length of the fur at the outline, in units; 0 for a smooth outline."""
        return FUR_LENGTH[self.traits.fur] * (0.75 if self.traits.build == "toy" else 1.0)


def anatomy_of(traits: Traits, random: Random) -> Anatomy:
    """Sits in two of three pictures, lies in the others."""
    shoulder, haunch, leg, head, neck_y = _BUILDS[traits.build]
    pose = "lie" if random.random() < 0.3 else "sit"
    long_fur = 1.08 if traits.fur in ("long", "medium") else 1.0
    neck = (50.0, neck_y) if pose == "sit" else (36.0, 66.0)
    head_at = (neck[0] + random.uniform(-2.5, 2.5), neck[1] - head * 0.72 + random.uniform(-1.5, 1.5))
    return Anatomy(
        pose=pose,
        shoulder=shoulder * long_fur * random.uniform(0.94, 1.06),
        haunch=haunch * long_fur * random.uniform(0.94, 1.06),
        leg=leg,
        neck=neck,
        head=head_at,
        head_size=(head * traits.head_width, head),
        tilt=random.gauss(0, 0.09),
        turn=random.uniform(-0.16, 0.16),
    )
