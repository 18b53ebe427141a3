"""The picture being drawn: pixels, the animal's mask, and the camera that turns units into pixels.

Units: the animal stands on y = 92 of a frame from 0 to 100 in x and y, y downwards. Every effect touches only the box
of the part that it works on; with whole-canvas layers a picture took four times as long.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tools.demo.shapes import Outline, Point
from tools.demo.traits import Colour

Box = tuple[int, int, int, int]
_SHADOW: Colour = (34, 22, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """`centre` (in units) comes to lie at `place_px`; `turn` is in radians, `px_per_unit` sets the size."""

    px_per_unit: float
    centre: Point
    place_px: Point
    turn: float = 0.0
    mirrored: bool = False

    def seen(self, points: Sequence[Point], *, origin: Sequence[int] = (0, 0)) -> list[Point]:
        """Units to pixels, counted from `origin`."""
        down = self.px_per_unit
        across = -down if self.mirrored else down
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        (x, y), to_x, to_y = self.centre, self.place_px[0] - origin[0], self.place_px[1] - origin[1]
        xx, xy, yx, yy = across * cos, -down * sin, across * sin, down * cos
        to_x, to_y = to_x - xx * x - xy * y, to_y - yx * x - yy * y
        return [(to_x + xx * px + xy * py, to_y + yx * px + yy * py) for px, py in points]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of the animal: `stencil` (mode L, 255 inside) lies over `box` of the canvas."""

    stencil: Image.Image
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """Draws on `image` (RGB) in place; `mask` (mode L) collects where the animal is. See `canvas_over`."""

    image: Image.Image
    camera: Camera
    mask: Image.Image
    pen: ImageDraw.ImageDraw
    mask_pen: ImageDraw.ImageDraw

    def add(self, outline: Outline, colour: Colour) -> Region:
        """Paints a part of the animal and returns where it is."""
        seen = self.camera.seen(outline)
        self.mask_pen.polygon(seen, fill=255)
        self.pen.polygon(seen, fill=colour)
        box = self._box(seen, margin=0.06)
        stencil = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
        ImageDraw.Draw(stencil).polygon([(x - box[0], y - box[1]) for x, y in seen], fill=255)
        return Region(stencil=stencil, box=box)

    def patch(self, outline: Outline, colour: Colour) -> None:
        """Paints over everything; for what cannot leave the animal, such as eyes."""
        self.pen.polygon(self.camera.seen(outline), fill=colour)

    def marks(self, outlines: list[Outline], colour: Colour, *, within: Region, opacity: float = 1.0) -> None:
        """Paints many outlines in one colour, cut off at the edge of a part."""
        layer = Image.new("L", within.stencil.size, 0)
        pen = ImageDraw.Draw(layer)
        for outline in outlines:
            pen.polygon(self.camera.seen(outline, origin=within.box), fill=round(255 * opacity))
        self._paint(layer, colour, within)

    def hairs(self, lines: list[tuple[Point, Point]], colour: Colour, *, within: Region, opacity: float) -> None:
        """As `marks`, but lines of 0.4 units."""
        if not lines:
            return
        layer = Image.new("L", within.stencil.size, 0)
        pen, width = ImageDraw.Draw(layer), self._width_px(0.4)
        ends = iter(self.camera.seen([point for line in lines for point in line], origin=within.box))
        for line in zip(ends, ends, strict=True):
            pen.line(line, fill=round(255 * opacity), width=width)
        self._paint(layer, colour, within)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A line on top of everything; `width` in units."""
        self.pen.line(self.camera.seen(points), fill=colour, width=self._width_px(width), joint="curve")

    def shade_edges(self, region: Region, strength: float) -> None:
        """Darkens a part towards its lower right edge, which makes it look round; `strength` in [0, 1]."""
        small = region.stencil.resize((28, 28), Image.Resampling.BOX).filter(ImageFilter.BoxBlur(2))
        dark = ImageChops.offset(small, -1, -1).point(_darkness(strength))
        self._paint(dark.resize(region.stencil.size, Image.Resampling.BILINEAR), _SHADOW, region)

    def _paint(self, layer: Image.Image, colour: Colour, within: Region) -> None:
        self.image.paste(colour, within.box, ImageChops.multiply(layer, within.stencil))

    def _width_px(self, width: float) -> int:
        return max(1, round(width * self.camera.px_per_unit))

    def _box(self, seen: list[Point], *, margin: float) -> Box:
        """The box around `seen`, wider by a share, cut off at the canvas; at least one pixel in each direction."""
        xs, ys, (width, height) = [x for x, _ in seen], [y for _, y in seen], self.image.size
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        wide, high = (right - left) * margin, (bottom - top) * margin
        left_px, top_px = (
            min(max(0, int(low)), size - 1) for low, size in ((left - wide, width), (top - high, height))
        )
        return (
            left_px,
            top_px,
            min(max(left_px + 1, int(right + wide) + 1), width),
            min(max(top_px + 1, int(bottom + high) + 1), height),
        )


def canvas_over(image: Image.Image, camera: Camera) -> Canvas:
    """A canvas whose background is `image`, which will be drawn on; no animal on it yet."""
    mask = Image.new("L", image.size, 0)
    return Canvas(image=image, camera=camera, mask=mask, pen=ImageDraw.Draw(image), mask_pen=ImageDraw.Draw(mask))


@cache
def _darkness(strength: float) -> list[int]:
    """A table from brightness to how much shadow lies there."""
    return [round((255 - value) * strength) for value in range(256)]
