"""Muzzle, nose, mouth, eyes, whiskers, beard: what a reader looks at first."""

from collections.abc import Callable

from tools.demo.anatomy import Sitter
from tools.demo.draw_coat import WHITE, draw_fur
from tools.demo.shapes import Outline, Point, both_sides, oval, smooth, thick, tufted
from tools.demo.traits import Colour, blend, shade

_DOG_MUZZLES = {  # half width, half height, middle, nose, half width of the nose; in head units
    "flat": (0.56, 0.37, 0.46, 0.2, 0.17),
    "short": (0.58, 0.44, 0.52, 0.3, 0.19),
    "medium": (0.44, 0.47, 0.54, 0.38, 0.18),
    "long": (0.41, 0.58, 0.66, 0.58, 0.19),
}
_CAT_MUZZLES = {  # nose, pads, half width of one pad
    "flat": (0.06, 0.3, 0.33),
    "short": (0.2, 0.42, 0.32),
    "medium": (0.27, 0.48, 0.28),
    "long": (0.4, 0.6, 0.24),
}
_DARK: Colour = (38, 30, 32)


def draw_face(sitter: Sitter) -> None:
    """The face over the skull; `draw_flaps` comes after."""
    draw = _draw_cat_muzzle if sitter.traits.species == "cat" else _draw_dog_muzzle
    _draw_eyes(sitter)
    draw(sitter)
    for extra, effect in _EXTRAS.items():
        if extra in sitter.traits.extras:
            effect(sitter)


def _draw_cat_muzzle(sitter: Sitter) -> None:
    traits, face, canvas = sitter.traits, sitter.anatomy.on_face, sitter.canvas
    nose_y, pads_y, half = _CAT_MUZZLES[traits.muzzle]
    colour = _muzzle_colour(sitter)
    canvas.add(face(oval((0, pads_y + 0.2), (half * 0.8, 0.2))), colour)
    for side in (-1, 1):
        pad = canvas.add(face(oval((side * half * 0.78, pads_y), (half, 0.22))), colour)
        canvas.shade_edges(pad, 0.16)
    dark = sum(colour) < 330 or (sum(traits.coat.base) < 420 and traits.fur != "none")
    nose = blend((64, 46, 48), colour, 0.25) if dark else (206, 136, 132)
    knots = both_sides([(0.0, nose_y - 0.05), (0.14, nose_y - 0.07), (0.1, nose_y + 0.03), (0.0, nose_y + 0.11)])
    canvas.patch(face(smooth(knots)), nose)
    _draw_mouth(sitter, (nose_y + 0.1, pads_y + 0.14, half * 0.85), shade(nose, 0.55))
    _draw_whiskers(sitter, pads_y, half)


def _draw_dog_muzzle(sitter: Sitter) -> None:
    traits, face, canvas = sitter.traits, sitter.anatomy.on_face, sitter.canvas
    width, height, middle, nose_y, nose = _DOG_MUZZLES[traits.muzzle]
    jowls = 1.14 if "jowls" in traits.extras else 1.0
    knots = [(0.0, middle - height), (width * 0.62, middle - height * 0.8), (width * 0.95, middle)]
    knots += [
        (width * 0.98 * jowls, middle + height * 0.55),
        (width * 0.55, middle + height),
        (0.0, middle + height * 0.96),
    ]
    outline = face(smooth(both_sides(knots)))
    region = canvas.add(outline, _muzzle_colour(sitter))
    draw_fur(sitter, region, outline)
    canvas.shade_edges(region, 0.4)
    dark = sum(_muzzle_colour(sitter)) < 200
    lips = (12, 10, 11) if dark else shade(_DARK, 1.0)
    _draw_mouth(sitter, (nose_y + nose * 0.6, middle + height * 0.42, width * 0.78), lips)
    canvas.patch(face(oval((0, nose_y), (nose, nose * 0.76))), (16, 13, 15) if dark else _DARK)
    canvas.patch(face(oval((-nose * 0.3, nose_y - nose * 0.3), (nose * 0.34, nose * 0.17))), (104, 97, 102))


def _muzzle_colour(sitter: Sitter) -> Colour:
    traits = sitter.traits
    if "muzzle" in traits.white:
        return WHITE
    if traits.coat_pattern in ("masked", "pointed"):
        return shade(traits.coat.mark, 1.08) if "blaze" not in traits.white else WHITE
    if traits.coat_pattern == "tan":
        return traits.coat.point
    return traits.coat.light


def _draw_mouth(sitter: Sitter, at: tuple[float, float, float], colour: Colour) -> None:
    """A line down from the nose and two curves; `at` is top, corner height and half width in head units."""
    top, low, half = at
    face, canvas = sitter.anatomy.on_face, sitter.canvas
    smiles = "smile" in sitter.traits.extras
    if smiles:
        tongue = smooth(
            both_sides([(0.0, low), (half * 0.42, low + 0.02), (half * 0.4, low + 0.26), (0.0, low + 0.34)])
        )
        canvas.add(face(tongue), (222, 122, 130))
    canvas.line(face([(0, top), (0, low)]), colour, 0.45)
    corner = low - (0.14 if smiles else 0.04)
    for side in (-1, 1):
        curve = smooth([(0, low), (side * half * 0.5, low + 0.09), (side * half, corner)], closed=False)
        canvas.line(face(curve), colour, 0.5)


def _draw_whiskers(sitter: Sitter, pads_y: float, half: float) -> None:
    if sitter.traits.fur == "none":
        return
    dark = sum(sitter.traits.coat.base) < 200
    colour = (120, 116, 122) if dark else (250, 248, 244)
    for side in (-1, 1):
        for slope in (-0.14, 0.0, 0.14):
            start = (side * half * 1.1, pads_y + slope * 0.4)
            points = smooth(
                [start, (side * 0.85, pads_y + slope), (side * 1.3, pads_y + slope * 2.2 + 0.06)], closed=False
            )
            sitter.canvas.line(sitter.anatomy.on_face(points), colour, 0.18)


def _draw_eyes(sitter: Sitter) -> None:
    traits = sitter.traits
    cat = traits.species == "cat"
    y = {"flat": -0.04, "short": -0.06, "medium": -0.08, "long": -0.1}[traits.muzzle]
    apart = 0.43 if cat or traits.head in ("round", "square") else 0.39
    size = (
        (0.235 if cat else 0.165) * traits.eye_size * (1.2 if traits.muzzle == "flat" or traits.build == "toy" else 1.0)
    )
    asleep = sitter.random.random() < 0.05
    for side in (-1, 1):
        if asleep:
            lid = smooth(
                [(side * apart - size, y), (side * apart, y + size * 0.7), (side * apart + size, y)], closed=False
            )
            sitter.canvas.line(sitter.anatomy.on_face(lid), _DARK, 0.7)
        else:
            _draw_eye(sitter, (side * apart, y), size if cat else -size)


def _draw_eye(sitter: Sitter, at: Point, size: float) -> None:
    """`size` is the half width in head units: positive for a cat's almond eye, negative for a dog's round one."""
    (x, y), face, canvas = at, sitter.anatomy.on_face, sitter.canvas
    iris, cat, r = sitter.traits.eyes[0], size > 0, abs(size)
    outer = 1 if x > 0 else -1
    if cat:
        lid = smooth(
            [
                (x - outer * r, y + r * 0.25),
                (x - outer * r * 0.1, y - r * 0.8),
                (x + outer * r, y - r * 0.35),
                (x + outer * r * 0.15, y + r * 0.72),
            ]
        )
        canvas.patch(face(_grown(lid, at, 1.16)), _DARK)
        canvas.patch(face(lid), iris)
        canvas.patch(face(oval((x, y - r * 0.05), (r * 0.3, r * 0.64))), (14, 12, 14))
    else:
        canvas.patch(face(oval((x, y), (r * 1.14, r * 1.16))), blend(_DARK, sitter.traits.coat.base, 0.1))
        canvas.patch(face(oval((x, y), (r, r))), iris)
        canvas.patch(face(oval((x, y), (r * 0.66, r * 0.66))), (16, 12, 12))
    canvas.patch(face(oval((x - r * 0.28, y - r * 0.34), (r * 0.2, r * 0.2))), (252, 252, 252))
    if "droopy" in sitter.traits.extras:
        canvas.line(
            face([(x - outer * r, y + r * 0.5), (x, y + r * 1.3), (x + outer * r * 1.2, y + r * 0.9)]),
            (150, 84, 72),
            0.6,
        )


def _grown(outline: Outline, at: Point, factor: float) -> Outline:
    return [(at[0] + (x - at[0]) * factor, at[1] + (y - at[1]) * factor) for x, y in outline]


def _draw_hair(sitter: Sitter, outline: Outline, colour: Colour) -> None:
    """A lock of long hair over the face."""
    edge = tufted(sitter.anatomy.on_face(outline), sitter.random, length=max(1.8, sitter.tuft * 0.8))
    region = sitter.canvas.add(edge, colour)
    draw_fur(sitter, region, edge)
    sitter.canvas.shade_edges(region, 0.5)


def _draw_beard(sitter: Sitter) -> None:
    traits = sitter.traits
    _, height, middle, nose_y, nose = _DOG_MUZZLES[traits.muzzle]
    low = middle + height
    colour = traits.coat.light if traits.coat_pattern != "tan" else traits.coat.point
    half = smooth(
        both_sides(
            [(0.0, nose_y + nose), (0.46, nose_y + 0.05), (0.58, low * 0.8), (0.42, low + 0.3), (0.0, low + 0.42)]
        )
    )
    _draw_hair(sitter, half, shade(colour, 0.97))
    face = sitter.anatomy.on_face
    sitter.canvas.patch(face(oval((0, nose_y), (nose, nose * 0.76))), (20, 16, 18))
    mouth = smooth(
        [(-0.2, middle + height * 0.5), (0, middle + height * 0.62), (0.2, middle + height * 0.5)], closed=False
    )
    sitter.canvas.line(face(mouth), shade(colour, 0.4), 0.6)


def _draw_brows(sitter: Sitter) -> None:
    for side in (-1, 1):
        brow = thick([(side * 0.12, -0.2), (side * 0.45, -0.34), (side * 0.66, -0.02)], [0.06, 0.16, 0.05])
        _draw_hair(sitter, brow, shade(sitter.traits.coat.light, 1.15))


def _draw_fringe(sitter: Sitter) -> None:
    for side in (-1, 1):
        lock = smooth(
            [(0.0, -0.95), (side * 0.55, -0.85), (side * 0.76, -0.42), (side * 0.44, -0.34), (side * 0.14, -0.48)]
        )
        _draw_hair(sitter, lock, sitter.traits.coat.light)


def _draw_locks(sitter: Sitter) -> None:
    """Hair that falls straight beside the face."""
    for side in (-1, 1):
        lock = smooth(
            [(side * 0.72, -0.5), (side * 1.02, 0.0), (side * 1.06, 1.1), (side * 0.7, 1.3), (side * 0.62, 0.5)]
        )
        _draw_hair(sitter, lock, blend(sitter.traits.coat.point, sitter.traits.coat.light, 0.4))


def _draw_bow(sitter: Sitter) -> None:
    colour = sitter.random.choice(((206, 62, 84), (88, 120, 200), (236, 160, 60)))
    for side in (-1, 1):
        loop = smooth([(0.0, -0.88), (side * 0.3, -1.1), (side * 0.36, -0.78)])
        sitter.canvas.add(sitter.anatomy.on_head(loop), colour)
    sitter.canvas.patch(sitter.anatomy.on_head(oval((0, -0.9), (0.09, 0.09))), shade(colour, 0.75))


def _draw_spectacles(sitter: Sitter) -> None:
    """The keeshond's dark lines from the eye to the ear."""
    for side in (-1, 1):
        line = smooth([(side * 0.56, -0.06), (side * 0.72, -0.16), (side * 0.84, -0.4)], closed=False)
        sitter.canvas.line(sitter.anatomy.on_face(line), sitter.traits.coat.point, 1.1)


def _draw_wrinkles(sitter: Sitter) -> None:
    colour = shade(sitter.traits.coat.base, 0.62)
    for top in (-0.66, -0.5, -0.35):
        fold = smooth([(-0.34, top), (0, top + 0.09), (0.34, top)], closed=False)
        sitter.canvas.line(sitter.anatomy.on_face(fold), colour, 0.4)


_EXTRAS: dict[str, Callable[[Sitter], None]] = {
    "wrinkles": _draw_wrinkles,
    "spectacles": _draw_spectacles,
    "locks": _draw_locks,
    "beard": _draw_beard,
    "brows": _draw_brows,
    "fringe": _draw_fringe,
    "bow": _draw_bow,
}
