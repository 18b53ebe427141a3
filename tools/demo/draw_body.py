"""Tail, trunk, legs and paws of a sitting or lying animal."""

from tools.demo.anatomy import GROUND, Sitter
from tools.demo.canvas import Region
from tools.demo.draw_coat import WHITE, draw_coat, draw_fur
from tools.demo.shapes import Outline, Point, oval, smooth, thick, tufted
from tools.demo.traits import Colour, blend, shade

_TAILS: dict[str, tuple[list[Point], list[float]]] = {  # from the rump, in units; half widths from root to tip
    "thin": ([(0, 0), (7, 1), (12, -5), (12, -14), (15, -20)], [2.2, 1.9, 1.6, 1.2]),
    "brush": ([(0, 0), (8, 1), (13, -6), (12, -16)], [2.8, 3.4, 3.4, 2.4]),
    "plume": ([(0, 0), (9, 0), (15, -8), (13, -20), (17, -27)], [2.6, 5.0, 5.8, 4.6, 1.4]),
    "curl": ([(0, 2), (8, -5), (9, -16), (2, -20), (-3, -14)], [3.0, 3.8, 4.0, 3.4, 1.6]),
    "stub": ([(0, -3), (4, -6), (6, -9)], [2.2, 1.8, 1.2]),
}


def draw_body(sitter: Sitter) -> None:
    """Everything below the head, from back to front."""
    _draw_tail(sitter)
    trunk = _trunk(sitter)
    region = sitter.canvas.add(_furry(sitter, trunk), sitter.traits.coat.base)
    draw_coat(sitter, region, trunk)
    if sitter.anatomy.pose == "sit":
        _draw_sitting_legs(sitter, region)
    else:
        _draw_lying_legs(sitter, region)


def leg_colour(sitter: Sitter) -> Colour:
    """The colour of the legs above the paws."""
    traits = sitter.traits
    if "legs" in traits.white:
        return WHITE
    if traits.coat_pattern in ("pointed", "tan"):
        return blend(traits.coat.point, traits.coat.base, 0.12)
    return shade(traits.coat.base, 0.97)


def paw_colour(sitter: Sitter) -> Colour:
    """The colour of the paws."""
    return WHITE if {"paws", "legs"} & set(sitter.traits.white) else shade(leg_colour(sitter), 1.02)


def _draw_tail(sitter: Sitter) -> None:
    traits, anatomy = sitter.traits, sitter.anatomy
    line, widths = _TAILS[traits.tail]
    root = (50 + anatomy.haunch * 0.72, GROUND - 7) if anatomy.pose == "sit" else (84, GROUND - 9)
    points = smooth([(root[0] + x, root[1] + y) for x, y in line], closed=False)
    colour = traits.coat.point if traits.coat_pattern == "pointed" else shade(traits.coat.base, 0.93)
    band = thick(points, widths)
    region = sitter.canvas.add(_furry(sitter, band), colour)
    if traits.coat_pattern in ("tabby", "spotted", "rosette"):
        for step in range(4, len(points) - 1, 4):
            sitter.canvas.marks([oval(points[step], (3.2, 1.0))], traits.coat.mark, within=region, opacity=0.8)
    if "tail" in traits.white:
        sitter.canvas.marks([oval(points[-1], (4.0, 5.0))], WHITE, within=region)
    if traits.coat_pattern == "saddle":
        sitter.canvas.marks([oval(points[len(points) // 2], (4.0, 6.0))], traits.coat.mark, within=region)
    sitter.canvas.shade_edges(region, 0.45)


def _trunk(sitter: Sitter) -> Outline:
    anatomy = sitter.anatomy
    (x, y), shoulder, haunch = anatomy.neck, anatomy.shoulder, anatomy.haunch
    if anatomy.pose == "lie":
        top = y - 5 - haunch * 0.22
        back = [(x - shoulder * 0.8, y), (x + 6, y - 8), (64, top), (84, top + 6), (91, 82)]
        belly = [(86, GROUND), (60, GROUND + 0.5), (x - shoulder * 0.6, GROUND), (x - shoulder, 80)]
        return smooth([*back, *belly])
    right = [
        (shoulder * 0.62, y - 2),
        (shoulder, y + 9),
        (haunch * 0.94, y + (GROUND - y) * 0.62),
        (haunch, GROUND - 6),
    ]
    right.append((haunch * 0.8, GROUND))
    side = [(x + dx, py) for dx, py in right]
    other = [(x - dx, py) for dx, py in reversed(right)]
    return smooth([(x, y - 5), *side, (x, GROUND + 0.5), *other])


def _draw_sitting_legs(sitter: Sitter, trunk: Region) -> None:
    canvas, anatomy, x = sitter.canvas, sitter.anatomy, sitter.anatomy.neck[0]
    for side in (-1, 1):
        thigh = oval((x + side * anatomy.haunch * 0.72 + 0.5, GROUND - 8.8), (anatomy.haunch * 0.34, 9.0))
        canvas.marks([thigh], shade(sitter.traits.coat.base, 0.6), within=trunk, opacity=0.22)
        _draw_paw(sitter, (x + side * anatomy.haunch * 0.78, GROUND - 0.8), anatomy.leg * 1.35)
    between = oval((x, GROUND - 7), (anatomy.leg + 1.4, 12))
    canvas.marks([between], shade(sitter.traits.coat.base, 0.45), within=trunk, opacity=0.3)
    for side in (-1, 1):
        _draw_foreleg(sitter, x + side * (anatomy.leg + 0.7 + anatomy.shoulder * 0.1))


def _draw_foreleg(sitter: Sitter, x: float) -> None:
    canvas, anatomy, traits = sitter.canvas, sitter.anatomy, sitter.traits
    top = anatomy.neck[1] + (GROUND - anatomy.neck[1]) * 0.4
    line, widths = (
        [(x, top), (x, top + 2), (x, GROUND - 1)],
        [anatomy.leg * 0.7, anatomy.leg * 1.12, anatomy.leg * 0.88],
    )
    leg = thick(smooth(line, closed=False), widths)
    region = canvas.add(_furry(sitter, leg, 0.45), traits.coat.base)
    if leg_colour(sitter) == shade(traits.coat.base, 0.97):
        draw_coat(sitter, region, leg)
    else:
        for step in range(5):
            lower = thick([(x, top + 1 + step * 2.4), (x, GROUND)], [anatomy.leg * 2.2] * 2)
            canvas.marks([lower], leg_colour(sitter), within=region, opacity=0.45)
        draw_fur(sitter, region, leg)
        canvas.shade_edges(region, 0.28)
    _draw_paw(sitter, (x, GROUND - 0.6), anatomy.leg * 1.2)


def _draw_lying_legs(sitter: Sitter, trunk: Region) -> None:
    canvas, anatomy, x = sitter.canvas, sitter.anatomy, sitter.anatomy.neck[0]
    canvas.marks([oval((79, 81), (10.5, 10.0))], shade(sitter.traits.coat.base, 0.6), within=trunk, opacity=0.2)
    _draw_paw(sitter, (72, GROUND - 1.2), anatomy.leg * 1.4)
    for offset in (8.5, -3.5):
        start, end = (x + offset + 3, GROUND - 7), (x + offset - 5, GROUND - 2.2)
        leg = thick([start, end], [anatomy.leg * 1.1, anatomy.leg * 0.95])
        region = canvas.add(_furry(sitter, leg, 0.45), leg_colour(sitter))
        canvas.shade_edges(region, 0.35)
        _draw_paw(sitter, (x + offset - 6, GROUND - 1.6), anatomy.leg * 1.2)


def _draw_paw(sitter: Sitter, at: Point, size: float) -> None:
    (x, y), colour = at, paw_colour(sitter)
    region = sitter.canvas.add(_furry(sitter, oval((x, y), (size, size * 0.62)), 0.4), colour)
    sitter.canvas.shade_edges(region, 0.25)
    for offset in (-0.3, 0.3):
        toe = [(x + offset * size, y - size * 0.02), (x + offset * size * 1.1, y + size * 0.5)]
        sitter.canvas.line(toe, shade(colour, 0.62), 0.35)


def _furry(sitter: Sitter, outline: Outline, share: float = 1.0) -> Outline:
    length = sitter.tuft * share
    return tufted(outline, sitter.random, length=length) if length > 0.5 else outline


def draw_ruff(sitter: Sitter) -> None:
    """The long fur around the neck that lies over the body and behind the head: a small ruff or a mane."""
    traits, anatomy = sitter.traits, sitter.anatomy
    size = 1.32 if "mane" in traits.extras else 1.14
    if not {"mane", "ruff"} & set(traits.extras):
        return
    colour = (
        shade(traits.coat.light, 0.97)
        if traits.coat_pattern == "two-tone"
        else blend(traits.coat.base, traits.coat.light, 0.3)
    )
    if "chest" in traits.white:
        colour = WHITE
    if traits.coat_pattern == "masked":
        colour = shade(traits.coat.base, 0.86)
    outline = anatomy.on_head(oval((0, 0.32), (1.02 * size, 1.05 * size)))
    region = sitter.canvas.add(tufted(outline, sitter.random, length=sitter.tuft * 1.25), colour)
    sitter.canvas.shade_edges(region, 0.5)
    draw_fur(sitter, region, outline)
