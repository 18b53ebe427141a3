"""What the fur shows: spots, rosettes, stripes, patches, roan, white places, and single hairs."""

import math
from collections.abc import Callable

from tools.demo.anatomy import GROUND, Sitter
from tools.demo.canvas import Region
from tools.demo.shapes import Outline, Point, oval, round_halves, smooth, thick, tufted
from tools.demo.traits import Colour, blend, shade

WHITE: Colour = (246, 243, 237)
_HAIRS = {"none": 0, "short": 50, "plush": 110, "wire": 200, "medium": 220, "long": 270}


def draw_coat(sitter: Sitter, region: Region, outline: Outline) -> None:
    """Pattern, white places, hairs and roundness of one part of the body."""
    pattern = _PATTERNS.get(sitter.traits.coat_pattern)
    if pattern:
        pattern(sitter, region, outline)
    _draw_white(sitter, region)
    draw_fur(sitter, region, outline)
    if "wrinkles" in sitter.traits.extras and sitter.traits.fur == "none":
        _draw_wrinkles(sitter, region)
    sitter.canvas.shade_edges(region, 0.5)


def draw_fur(sitter: Sitter, region: Region, outline: Outline) -> None:
    """Hairs that fall away from the middle of the part, darker and lighter than what they lie on."""
    random = sitter.random
    left, top, right, bottom = _box(outline)
    length = 1.2 + sitter.tuft * 1.5
    for tone, opacity in (((24, 16, 20), 0.13), ((255, 250, 240), 0.15)):
        lines: list[tuple[Point, Point]] = []
        for _ in range(int(_HAIRS[sitter.traits.fur] * (right - left) * (bottom - top) / 2800)):
            x, y = random.uniform(left, right), random.uniform(top, bottom)
            lean = (x - (left + right) / 2) / (right - left) + random.uniform(-0.25, 0.25)
            lines.append(((x, y), (x + lean * length * 1.3, y + length)))
        sitter.canvas.hairs(lines, tone, within=region, opacity=opacity)


def scattered(sitter: Sitter, outline: Outline, spacing: float) -> list[Point]:
    """Places on a shaken grid over the box of `outline`."""
    left, top, right, bottom = _box(outline)
    random = sitter.random
    return [
        (
            left + (column + 0.5 * (row % 2) + random.uniform(-0.3, 0.3)) * spacing,
            top + (row + random.uniform(-0.3, 0.3)) * spacing,
        )
        for row in range(int((bottom - top) / spacing) + 1)
        for column in range(int((right - left) / spacing) + 1)
    ]


def blob(sitter: Sitter, at: Point, size: float) -> Outline:
    """An uneven round patch."""
    random = sitter.random
    angles = [math.tau * step / 8 for step in range(8)]
    knots = [
        (at[0] + size * random.uniform(0.7, 1.15) * math.cos(a), at[1] + size * random.uniform(0.7, 1.15) * math.sin(a))
        for a in angles
    ]
    return smooth(knots)


def _box(outline: Outline) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    return min(xs), min(ys), max(xs), max(ys)


def _draw_white(sitter: Sitter, region: Region) -> None:
    traits, anatomy = sitter.traits, sitter.anatomy
    (x, y), white = anatomy.neck, set(traits.white)
    light = WHITE if white & {"chest"} else traits.coat.light
    if not (white & {"chest"} or traits.coat_pattern in ("two-tone", "tabby", "ticked", "rosette", "spotted", "tan")):
        return
    width = anatomy.shoulder * (0.62 if traits.coat_pattern in ("saddle", "two-tone", "pointed", "patches") else 0.42)
    depth = (GROUND - y) * (0.62 if traits.coat_pattern in ("saddle", "two-tone", "pointed") else 0.42)
    bib = oval((x, y + depth * 0.45), (width, depth * 0.62))
    if sitter.tuft > 0.5:
        bib = tufted(bib, sitter.random, length=sitter.tuft)
    strong = "chest" in white or traits.coat_pattern in ("two-tone", "tan")
    sitter.canvas.marks([bib], light, within=region, opacity=1.0 if strong else 0.55)


def _draw_spots(sitter: Sitter, region: Region, outline: Outline) -> None:
    size, random = sitter.traits.mark_size, sitter.random
    spots = [
        oval((x, y), (size * random.uniform(0.75, 1.35), size * random.uniform(0.6, 1.0)))
        for x, y in scattered(sitter, outline, 4.1 * size)
    ]
    sitter.canvas.marks(spots, sitter.traits.coat.mark, within=region, opacity=0.9)


def _draw_rosettes(sitter: Sitter, region: Region, outline: Outline) -> None:
    size, coat, random = sitter.traits.mark_size, sitter.traits.coat, sitter.random
    places = scattered(sitter, outline, 6.4 * size)
    rings = [blob(sitter, at, 2.35 * size) for at in places]
    sitter.canvas.marks(rings, coat.mark, within=region, opacity=0.92)
    cores = [
        oval((x + random.uniform(-0.5, 0.5), y + random.uniform(-0.5, 0.5)), (1.3 * size, 1.1 * size))
        for x, y in places
    ]
    sitter.canvas.marks(cores, blend(coat.base, coat.mark, 0.3), within=region)


def _draw_stripes(sitter: Sitter, region: Region, outline: Outline) -> None:
    left, top, right, bottom = _box(outline)
    stripes = []
    for number in range(7):
        y = top + (bottom - top) * (0.2 + 0.12 * number) + sitter.random.uniform(-0.8, 0.8)
        middle = (left + right) / 2
        for side, edge in ((-1, left), (1, right)):
            inner = middle + side * (right - left) * sitter.random.uniform(0.12, 0.2)
            line = smooth([(edge, y - 2.5), ((edge + inner) / 2, y), (inner, y + 2.2)], closed=False)
            stripes.append(thick(line, [1.15, 1.25, 0.3]))
    sitter.canvas.marks(stripes, sitter.traits.coat.mark, within=region, opacity=0.8)


def _draw_brindle(sitter: Sitter, region: Region, outline: Outline) -> None:
    random = sitter.random
    lines = [
        thick([(x, y - 3), (x + random.uniform(-1, 1), y), (x + random.uniform(-1.5, 1.5), y + 3)], [0.1, 0.45, 0.1])
        for x, y in scattered(sitter, outline, 2.6)
    ]
    sitter.canvas.marks(lines, sitter.traits.coat.mark, within=region, opacity=0.75)


def _draw_ticking(sitter: Sitter, region: Region, outline: Outline) -> None:
    hairs = [
        thick([(x, y), (x + sitter.random.uniform(-0.3, 0.3), y + 1.5)], [0.28, 0.12])
        for x, y in scattered(sitter, outline, 1.7)
    ]
    sitter.canvas.marks(hairs, sitter.traits.coat.mark, within=region, opacity=0.6)


def _draw_roan(sitter: Sitter, region: Region, outline: Outline) -> None:
    random = sitter.random
    specks = [
        oval((x, y), round_halves(random.uniform(0.2, 0.85) * sitter.traits.mark_size))
        for x, y in scattered(sitter, outline, 2.3)
    ]
    sitter.canvas.marks(specks, sitter.traits.coat.mark, within=region, opacity=0.85)
    if random.random() < 0.6:
        x, y = random.choice(outline)
        sitter.canvas.marks([blob(sitter, (x, y), 6.5)], sitter.traits.coat.mark, within=region, opacity=0.9)


def _draw_patches(sitter: Sitter, region: Region, outline: Outline) -> None:
    left, top, right, bottom = _box(outline)
    random, wide = sitter.random, right - left
    places = [(random.choice((left, right)), random.uniform(top + 8, bottom - 6)) for _ in range(2)]
    places.append(((left + right) / 2 + random.uniform(-0.3, 0.3) * wide, random.uniform(top, bottom)))
    patches = [blob(sitter, at, wide * random.uniform(0.18, 0.34)) for at in places[: random.choice((2, 3))]]
    sitter.canvas.marks(patches, sitter.traits.coat.mark, within=region)


def _draw_saddle(sitter: Sitter, region: Region, outline: Outline) -> None:
    left, top, right, bottom = _box(outline)
    if sitter.anatomy.pose == "lie":
        cover = [blob(sitter, (left + (right - left) * 0.66, top + 5), (right - left) * 0.3)]
    else:
        half = (right - left) * 0.3
        cover = [blob(sitter, (edge, top + (bottom - top) * 0.42), half) for edge in (left, right)]
    sitter.canvas.marks(cover, sitter.traits.coat.mark, within=region)


def _draw_points(sitter: Sitter, region: Region, outline: Outline) -> None:
    """Pointed cats are darker towards the rump and the legs."""
    left, _, right, bottom = _box(outline)
    low = [oval(((left + right) / 2, bottom), ((right - left) * 0.55, 9)), oval((right, bottom - 8), (8, 14))]
    for mark in low:
        sitter.canvas.marks(
            [mark], blend(sitter.traits.coat.base, sitter.traits.coat.point, 0.5), within=region, opacity=0.45
        )


def _draw_tan(sitter: Sitter, region: Region, outline: Outline) -> None:
    """Yorkshire terriers are steel blue with a tan chest, pinschers black with two tan spots on it."""
    del outline
    (x, y), coat = sitter.anatomy.neck, sitter.traits.coat
    sitter.canvas.marks([oval((x + side * 4.2, y + 9.5), (3.0, 2.4)) for side in (-1, 1)], coat.point, within=region)


def _draw_two_tone(sitter: Sitter, region: Region, outline: Outline) -> None:
    """Dark tips over the back, for the keeshond; nearly unseen on the shiba."""
    hairs = [
        thick([(x, y), (x + sitter.random.uniform(-1, 1), y + 3)], [0.4, 0.1])
        for x, y in scattered(sitter, outline, 3.0)
    ]
    sitter.canvas.marks(hairs, shade(sitter.traits.coat.mark, 0.95), within=region, opacity=0.5)


def _draw_wrinkles(sitter: Sitter, region: Region) -> None:
    (x, y), width = sitter.anatomy.neck, sitter.anatomy.shoulder
    folds = [
        thick(smooth([(x - width * 0.8, top), (x, top + 2.6), (x + width * 0.8, top)], closed=False), [0.15, 0.4, 0.15])
        for top in (y + 4, y + 8, y + 12, y + 17, y + 23, y + 29)
    ]
    sitter.canvas.marks(folds, sitter.traits.coat.mark, within=region, opacity=0.7)


_PATTERNS: dict[str, Callable[[Sitter, Region, Outline], None]] = {
    "spotted": _draw_spots,
    "rosette": _draw_rosettes,
    "tabby": _draw_stripes,
    "brindle": _draw_brindle,
    "ticked": _draw_ticking,
    "roan": _draw_roan,
    "patches": _draw_patches,
    "saddle": _draw_saddle,
    "pointed": _draw_points,
    "tan": _draw_tan,
    "two-tone": _draw_two_tone,
}
