"""Marks on the body: spots, rosettes, stripes, patches, a white chest, wrinkles."""

from random import Random

from PIL import Image, ImageDraw

from reportgen.demo.traits import Traits

UNITS = 1000  # the drawings' canvas, whatever its pixels
Body = tuple[float, float, float, float]  # centre x, centre y, half width, half height, in units
_SCATTERED = {"spots": (85, 15), "rosettes": (44, 30), "roan": (210, 8), "ticked": (260, 5)}  # number, size
_WHITE = (247, 244, 238)


def coat_marks(traits: Traits, body: Body, *, random: Random, px: int) -> tuple[Image.Image, Image.Image]:
    """(colours, mask) of the marks on a canvas of `px` x `px`; not yet cut to the animal's outline."""
    layer, mask = Image.new("RGB", (px, px), traits.second), Image.new("L", (px, px), 0)
    pen = ImageDraw.Draw(mask)
    if traits.pattern in _SCATTERED:
        _scattered(pen, traits, body, random, px)
    elif traits.pattern in ("patches", "bicolour", "saddle"):
        _patches(pen, traits, body, random, px)
    elif traits.pattern in ("tabby", "wrinkles"):
        _stripes(pen, traits, body, px)
    if traits.pattern in ("chest", "belly", "urajiro", "saddle", "ruff") or traits.extra in ("chest", "bicolour"):
        if traits.extra in ("chest", "bicolour"):
            layer.paste(_WHITE, (0, 0, px, px))
        x, y, width, height = body
        pen.ellipse(_box(x - width * 0.45, y - height * 0.8, x + width * 0.45, y + height * 0.5, px), fill=255)
    return layer, mask


def _box(left: float, top: float, right: float, bottom: float, px: int) -> list[float]:
    return [value * px / UNITS for value in (left, top, right, bottom)]


def _scattered(pen: ImageDraw.ImageDraw, traits: Traits, body: Body, random: Random, px: int) -> None:
    x, y, width, height = body
    n, size = _SCATTERED[traits.pattern]
    for _ in range(n):
        across, down = random.uniform(x - width * 1.2, x + width * 1.2), random.uniform(y - height, 930)
        r = size * traits.mark_size * random.uniform(0.6, 1.3)
        pen.ellipse(
            _box(across - r, down - r * 0.8, across + r, down + r * 0.8, px),
            fill=150 if traits.pattern == "ticked" else 255,
        )
        if traits.pattern == "rosettes":
            pen.ellipse(_box(across - r * 0.5, down - r * 0.35, across + r * 0.5, down + r * 0.35, px), fill=90)


def _patches(pen: ImageDraw.ImageDraw, traits: Traits, body: Body, random: Random, px: int) -> None:
    x, y, width, height = body
    for _ in range(3 if traits.pattern == "patches" else 2):
        across = x + random.choice((-1, 1)) * width * random.uniform(0.3, 0.9)
        down = y + height * random.uniform(-0.5, 0.5)
        r = width * random.uniform(0.4, 0.65)
        pen.ellipse(_box(across - r, down - r, across + r, down + r, px), fill=255)


def _stripes(pen: ImageDraw.ImageDraw, traits: Traits, body: Body, px: int) -> None:
    x, y, width, height = body
    if traits.pattern == "tabby":
        for step in range(9):
            level = y - height + step * height * 0.24
            pen.arc(_box(x - width * 1.1, level, x + width * 1.1, level + 170, px), 200, 340, 255, width=px // 45)
        return
    for step in range(8):
        level = y - height * 0.8 + step * 55
        pen.arc(_box(x - width * 0.8, level, x + width * 0.8, level + 90, px), 20, 160, 200, width=max(2, px // 150))
