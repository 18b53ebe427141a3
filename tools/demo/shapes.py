"""Outlines as lists of points: ovals, smooth curves, fur edges. Units are the caller's; y grows downwards."""

import math
from collections.abc import Sequence
from random import Random

Point = tuple[float, float]
Outline = list[Point]
_STEPS = 5  # points that a spline has between two of its knots
_CIRCLE = tuple((math.cos(math.tau * step / 28), math.sin(math.tau * step / 28)) for step in range(28))


def oval(middle: Point, halves: Point) -> Outline:
    """28 points of an ellipse around `middle`; `halves` are half its width and half its height."""
    (x, y), (half_width, half_height) = middle, halves
    return [(x + half_width * cos, y + half_height * sin) for cos, sin in _CIRCLE]


def round_halves(radius: float) -> Point:
    """The halves of an oval that is a circle."""
    return radius, radius


def smooth(knots: Sequence[Point], *, closed: bool = True) -> Outline:
    """A Catmull-Rom curve through `knots`; an open one starts and ends at its first and last knot."""
    n = len(knots)
    around = [knots[-1], *knots, knots[0], knots[1]] if closed else [knots[0], *knots, knots[-1]]
    curve: Outline = []
    for start in range(n if closed else n - 1):
        curve.extend(_between(around[start : start + 4]))
    return curve if closed else [*curve, knots[-1]]


def _between(knots: Sequence[Point]) -> Outline:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = knots
    curve = []
    for step in range(_STEPS):
        t = step / _STEPS
        a, b = -0.5 * t + t**2 - 0.5 * t**3, 1 - 2.5 * t**2 + 1.5 * t**3
        c, d = 0.5 * t + 2 * t**2 - 1.5 * t**3, -0.5 * t**2 + 0.5 * t**3
        curve.append((a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy))
    return curve


def both_sides(right_half: Sequence[Point]) -> list[Point]:
    """Knots from top to bottom on the right (x >= 0), with their mirror image; points on the axis stay single."""
    return [*right_half, *((-x, y) for x, y in reversed(right_half) if x > 0)]


def tufted(outline: Outline, random: Random, *, length: float) -> Outline:
    """The outline with fur: every other point of an even walk along it is a tip, `length` out and hanging a little."""
    walk = _even_walk(outline, max(length * 0.62, 0.35))
    centre_x = sum(x for x, _ in walk) / len(walk)
    centre_y = sum(y for _, y in walk) / len(walk)
    edge: Outline = []
    for number, (x, y) in enumerate(walk):
        if number % 2 == 0:
            edge.append((x, y))
            continue
        away = math.hypot(x - centre_x, y - centre_y) or 1.0
        reach = length * random.uniform(0.35, 1.15) / away
        edge.append((x + (x - centre_x) * reach, y + (y - centre_y) * reach + length * 0.3))
    return edge


def _even_walk(outline: Outline, stride: float) -> Outline:
    walk, left = [], 0.0
    for (ax, ay), (bx, by) in zip(outline, [*outline[1:], outline[0]], strict=True):
        span = math.hypot(bx - ax, by - ay)
        while left < span:
            walk.append((ax + (bx - ax) * left / span, ay + (by - ay) * left / span))
            left += stride
        left -= span
    return walk


def thick(line: Sequence[Point], widths: Sequence[float]) -> Outline:
    """The band along an open line of two or more points; half widths are read off `widths` from start to end."""
    sides: tuple[Outline, Outline] = ([], [])
    last = len(line) - 1
    for number, (x, y) in enumerate(line):
        (ax, ay), (bx, by) = line[max(0, number - 1)], line[min(last, number + 1)]
        span = math.hypot(bx - ax, by - ay) or 1.0
        half = _read(widths, number / last)
        normal = (-(by - ay) / span * half, (bx - ax) / span * half)
        sides[0].append((x + normal[0], y + normal[1]))
        sides[1].append((x - normal[0], y - normal[1]))
    return [*sides[0], *reversed(sides[1])]


def _read(values: Sequence[float], at: float) -> float:
    """Linear interpolation, `at` in [0, 1]."""
    place = at * (len(values) - 1)
    low = min(int(place), len(values) - 2)
    return values[low] + (values[low + 1] - values[low]) * (place - low)
