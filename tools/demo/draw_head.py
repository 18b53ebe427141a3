"""Skull, ears and the markings of the head."""

from tools.demo.anatomy import Sitter
from tools.demo.canvas import Region
from tools.demo.draw_coat import WHITE, blob, draw_fur, scattered
from tools.demo.shapes import Outline, Point, both_sides, oval, round_halves, smooth, thick, tufted
from tools.demo.traits import Colour, blend, shade

_SKULLS = {  # right half from the crown to the chin, in head units
    "round": [(0.0, -0.93), (0.52, -0.86), (0.9, -0.48), (1.02, 0.08), (0.86, 0.58), (0.46, 0.86), (0.0, 0.94)],
    "wedge": [(0.0, -0.93), (0.47, -0.87), (0.82, -0.48), (0.88, 0.0), (0.68, 0.46), (0.36, 0.84), (0.0, 0.98)],
    "oval": [(0.0, -0.95), (0.49, -0.88), (0.84, -0.48), (0.93, 0.06), (0.77, 0.56), (0.4, 0.87), (0.0, 0.98)],
    "square": [(0.0, -0.88), (0.58, -0.84), (0.92, -0.5), (1.0, 0.06), (0.92, 0.56), (0.58, 0.92), (0.0, 1.0)],
    "long": [(0.0, -0.98), (0.44, -0.92), (0.74, -0.52), (0.77, 0.0), (0.62, 0.48), (0.45, 0.92), (0.0, 1.08)],
}
_EARS = {  # one right ear in head units; the first knot is at the inner base
    "upright": [(0.22, -0.78), (0.62, -1.5), (0.72, -1.52), (0.92, -0.42)],
    "large": [(0.2, -0.78), (0.74, -1.72), (0.86, -1.74), (0.98, -0.34)],
    "small": [(0.34, -0.74), (0.66, -1.22), (0.78, -1.2), (0.92, -0.4)],
    "bat": [(0.24, -0.74), (0.92, -1.74), (1.14, -1.66), (1.02, -0.1)],
    "tufted": [(0.26, -0.72), (0.62, -1.66), (0.7, -1.68), (0.94, -0.4)],
}
_FLAPS = {  # ears that hang, in head units, drawn over the head
    "button": [(0.34, -0.86), (0.68, -0.98), (0.98, -0.66), (0.98, -0.24), (0.8, -0.1), (0.62, -0.42)],
    "rose": [(0.46, -0.82), (0.74, -1.08), (1.08, -0.92), (1.2, -0.58), (0.98, -0.56), (0.8, -0.58)],
    "drop": [(0.56, -0.78), (0.92, -0.78), (1.14, -0.3), (1.18, 0.28), (0.98, 0.5), (0.8, 0.1)],
    "long-drop": [(0.54, -0.62), (0.9, -0.66), (1.16, 0.0), (1.3, 0.9), (1.06, 1.36), (0.82, 0.9), (0.76, 0.2)],
    "feathered": [(0.52, -0.68), (0.92, -0.7), (1.2, -0.1), (1.34, 0.66), (1.04, 1.0), (0.82, 0.56), (0.78, 0.0)],
}


def draw_head(sitter: Sitter) -> None:
    """Upright ears, skull, markings, then ears that hang; the face comes after, see `draw_face`."""
    if sitter.traits.ears in _EARS:
        for side in (-1, 1):
            _draw_upright_ear(sitter, side)
    outline = sitter.anatomy.on_head(smooth(both_sides(_SKULLS[sitter.traits.head])))
    if sitter.tuft > 0.5:
        outline = tufted(outline, sitter.random, length=sitter.tuft * 0.7)
    region = sitter.canvas.add(outline, sitter.traits.coat.base)
    _draw_markings(sitter, region, outline)
    draw_fur(sitter, region, outline)
    sitter.canvas.shade_edges(region, 0.42)


def draw_flaps(sitter: Sitter) -> None:
    """The ears that hang, over head and face."""
    knots = _FLAPS.get(sitter.traits.ears)
    for side in (-1, 1) if knots else ():
        outline = sitter.anatomy.on_head(_sized(sitter, smooth(knots or []), side, pivot=(0.7, -0.8)))
        if sitter.traits.ears == "feathered" or sitter.tuft > 1.5:
            outline = tufted(outline, sitter.random, length=max(sitter.tuft, 1.6))
        region = sitter.canvas.add(outline, _ear_colour(sitter))
        draw_fur(sitter, region, outline)
        sitter.canvas.shade_edges(region, 0.75)


def _draw_upright_ear(sitter: Sitter, side: int) -> None:
    knots = _EARS[sitter.traits.ears]
    (ax, ay), tip_in, tip_out, (bx, by) = knots
    bulge = 0.1 if sitter.traits.species == "cat" else 0.04
    around = [(ax, ay), (ax * 0.55 + tip_in[0] * 0.45 - bulge, (ay + tip_in[1]) / 2), tip_in, tip_out]
    around += [(bx * 0.5 + tip_out[0] * 0.5 + bulge, (by + tip_out[1]) / 2), (bx, by), (0.5, -0.3)]
    outline = _sized(sitter, around, side, pivot=(0.56, -0.6))
    outer = sitter.anatomy.on_head(outline)
    if sitter.tuft > 0.5:
        outer = tufted(outer, sitter.random, length=sitter.tuft * 0.45)
    colour = _ear_colour(sitter)
    region = sitter.canvas.add(outer, colour)
    inner = [(0.62 * side + (u - 0.62 * side) * 0.6, -0.72 + (v + 0.72) * 0.72) for u, v in outline]
    sitter.canvas.marks([sitter.anatomy.on_head(inner)], _inner_ear(colour), within=region, opacity=0.85)
    sitter.canvas.shade_edges(region, 0.4)
    if "tufts" in sitter.traits.extras:
        tip = outline[2]
        hair = thick([tip, (tip[0] + 0.03 * side, tip[1] - 0.26)], [0.07, 0.01])
        sitter.canvas.add(sitter.anatomy.on_head(hair), shade(sitter.traits.coat.mark, 1.0))


def _sized(sitter: Sitter, outline: Outline, side: int, *, pivot: Point) -> Outline:
    size = sitter.traits.ear_size
    grown = ((pivot[0] + (u - pivot[0]) * size, pivot[1] + (v - pivot[1]) * size) for u, v in outline)
    return [(u * side, v) for u, v in grown]


def _ear_colour(sitter: Sitter) -> Colour:
    traits = sitter.traits
    if traits.coat_pattern in ("pointed", "masked", "patches", "roan", "saddle"):
        return traits.coat.point
    return blend(shade(traits.coat.base, 0.93), traits.coat.point, 0.5)


def _inner_ear(colour: Colour) -> Colour:
    dark = sum(colour) < 260
    return blend((222, 164, 156), colour, 0.72 if dark else 0.3)


def _draw_markings(sitter: Sitter, region: Region, outline: Outline) -> None:
    traits, anatomy, coat = sitter.traits, sitter.anatomy, sitter.traits.coat
    pattern = traits.coat_pattern
    if pattern in ("tabby", "spotted", "rosette"):
        _draw_tabby_face(sitter, region)
    elif pattern in ("pointed", "masked"):
        _draw_mask(sitter, region)
    elif pattern == "patches":
        sides = (-1, 1) if sitter.random.random() < 0.7 else (1,)
        eyes = [blob(sitter, anatomy.on_face([(side * 0.62, -0.25)])[0], anatomy.head_size[0] * 0.55) for side in sides]
        sitter.canvas.marks(eyes, coat.mark, within=region)
    elif pattern == "roan":
        specks = [
            oval((x, y), round_halves(sitter.random.uniform(0.25, 0.6))) for x, y in scattered(sitter, outline, 2.2)
        ]
        sitter.canvas.marks(specks, coat.mark, within=region, opacity=0.8)
        sitter.canvas.marks(
            [anatomy.on_face(oval((side * 0.72, -0.3), (0.42, 0.7))) for side in (-1, 1)], coat.point, within=region
        )
    elif pattern == "two-tone":
        cheeks = [anatomy.on_face(oval((side * 0.5, 0.5), (0.42, 0.5))) for side in (-1, 1)]
        sitter.canvas.marks(cheeks, coat.light, within=region, opacity=0.9)
    elif pattern == "tan" and "bow" in traits.extras:
        sitter.canvas.marks([outline], coat.point, within=region)
    if "blaze" in traits.white:
        wide = 0.5 if pattern == "pointed" else 0.2
        blaze = [(0.0, -0.62), (0.08, -0.4), (0.13 + wide * 0.3, 0.0), (0.28 + wide, 0.9), (0.0, 1.1)]
        sitter.canvas.marks([anatomy.on_face(both_sides(blaze))], WHITE, within=region)


def _draw_tabby_face(sitter: Sitter, region: Region) -> None:
    anatomy, coat = sitter.anatomy, sitter.traits.coat
    lines: list[list[Point]] = [[(side * 0.1, -0.42), (side * 0.14, -0.92)] for side in (-1, 1)]
    lines += [[(side * 0.3, -0.4), (side * 0.4, -0.86)] for side in (-1, 1)]
    lines += [[(side * 0.62, 0.1), (side * 1.0, 0.0)] for side in (-1, 1)]
    lines += [[(side * 0.58, 0.3), (side * 0.96, 0.36)] for side in (-1, 1)]
    marks = [anatomy.on_face(thick(line, [0.07, 0.05])) for line in lines]
    sitter.canvas.marks(marks, coat.mark, within=region, opacity=0.85)
    sitter.canvas.marks(
        [anatomy.on_face(oval((side * 0.42, -0.02), (0.33, 0.3))) for side in (-1, 1)],
        coat.light,
        within=region,
        opacity=0.35,
    )


def _draw_mask(sitter: Sitter, region: Region) -> None:
    """Soft towards the forehead: Siamese wear it over the whole face, boxers and pugs over the muzzle."""
    anatomy, traits = sitter.anatomy, sitter.traits
    pointed = traits.coat_pattern == "pointed"
    height = 0.72 if pointed else 0.5
    for step in range(4):
        grow = 1.12 - 0.13 * step
        middle = 0.18 if pointed else 0.52
        mask = anatomy.on_face(oval((0, middle), ((0.72 if pointed else 0.6) * grow, height * grow)))
        sitter.canvas.marks([mask], traits.coat.mark, within=region, opacity=0.5 if step < 3 else 0.8)
    if not pointed:
        rings = [anatomy.on_face(oval((side * 0.42, -0.06), (0.24, 0.24))) for side in (-1, 1)]
        sitter.canvas.marks(rings, traits.coat.mark, within=region, opacity=0.65)
