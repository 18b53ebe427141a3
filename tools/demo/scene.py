"""Where the animal is: eight backgrounds that have nothing to do with the breed, a toy now and then, and the light."""

from collections.abc import Callable
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from tools.demo.traits import Colour, shade

_TOYS: tuple[Colour, ...] = ((206, 70, 62), (72, 118, 190), (232, 184, 66), (96, 160, 96), (168, 96, 172))


def background(random: Random, px: int, scene: str = "") -> Image.Image:
    """A (px, px) RGB picture without an animal; `scene` is a key of `SCENES`, else one is picked."""
    draw = SCENES[scene] if scene else random.choice([SCENES[name] for name in sorted(SCENES) if name != "snow"])
    picture = draw(random, px)
    if random.random() < 0.3 and not scene:
        _draw_toy(picture, random)
    return picture


def photographed(picture: Image.Image, random: Random, exposure: float = 0.0) -> Image.Image:
    """`picture` as a camera sees it: exposure (a factor, 0 picks one), colour cast, vignette, sometimes blur, noise."""
    n = picture.width
    if random.random() < 0.15:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0.4, 0.9)))
    picture = ImageEnhance.Color(picture).enhance(random.uniform(0.8, 1.2))
    across = np.linspace(-1, 1, n, dtype=np.float32)
    distance = across[:, None] ** 2 + across[None, :] ** 2
    side = random.uniform(-0.09, 0.09) * across[None, :] + random.uniform(-0.06, 0.06) * across[:, None]
    light = (exposure or random.uniform(0.8, 1.13)) * (1 - random.uniform(0.02, 0.14) * distance + side)
    warmth = random.uniform(-0.055, 0.055)
    cast = np.array([1 + warmth, 1 + random.uniform(-0.012, 0.012), 1 - warmth], dtype=np.float32)
    noise = np.random.default_rng(random.getrandbits(64)).standard_normal((n, n), dtype=np.float32)
    pixels = np.asarray(picture) * (light[..., None] * cast)
    pixels += (noise * random.uniform(1.5, 5))[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


def _mottled(random: Random, px: int, colour: Colour, *, grain: int, contrast: float) -> Image.Image:
    """One colour with soft clouds; `grain` is their number across."""
    generator = np.random.default_rng(random.getrandbits(64))
    tone = generator.normal(1, contrast, (grain, grain, 1)) + generator.normal(0, contrast * 0.25, (grain, grain, 3))
    small = np.clip(tone * np.array(colour), 0, 255).astype(np.uint8)
    return Image.fromarray(small).resize((px, px), Image.Resampling.BICUBIC)


def _any(random: Random, *colours: Colour) -> Colour:
    return shade(random.choice(colours), random.uniform(0.85, 1.12))


def _meadow(random: Random, px: int) -> Image.Image:
    picture = _mottled(
        random, px, _any(random, (150, 194, 228), (182, 208, 226), (222, 196, 176)), grain=6, contrast=0.05
    )
    horizon = int(px * random.uniform(0.42, 0.66))
    green = _any(random, (110, 154, 78), (132, 160, 88), (92, 134, 72))
    hills = _mottled(random, px, shade(green, 0.8), grain=9, contrast=0.08)
    pen = ImageDraw.Draw(picture)
    rise = px * random.uniform(0.05, 0.14)
    picture.paste(hills.crop((0, 0, px, px - horizon)), (0, horizon))
    pen.ellipse((-px * 0.3, horizon - rise, px * 0.6, horizon + rise * 2), fill=shade(green, 0.78))
    picture.paste(_mottled(random, px, green, grain=14, contrast=0.07), (0, horizon + int(rise * 0.6)))
    for _ in range(220):
        x, y = random.uniform(0, px), random.uniform(horizon + rise * 0.7, px)
        length = px * 0.012 + (y - horizon) * 0.06
        pen.line(
            (x, y, x + random.uniform(-0.3, 0.3) * length, y - length), fill=shade(green, random.uniform(0.75, 1.3))
        )
    return picture


def _room(random: Random, px: int) -> Image.Image:
    picture = _mottled(
        random,
        px,
        _any(random, (214, 204, 188), (186, 202, 204), (204, 184, 176), (176, 188, 160)),
        grain=5,
        contrast=0.04,
    )
    wood = _any(random, (162, 120, 82), (128, 92, 66), (188, 154, 116))
    edge = int(px * random.uniform(0.6, 0.74))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, edge, px, px), fill=wood)
    for board in range(-6, 13):
        top, low = px * (0.5 + board * 0.06), px * (0.5 + board * 0.21)
        pen.line((top, edge, low, px), fill=shade(wood, 0.8))
    pen.rectangle((0, edge - px * 0.035, px, edge), fill=(238, 234, 226))
    if random.random() < 0.6:
        x, y, w, h = px * random.uniform(0.02, 0.7), px * random.uniform(0.04, 0.14), px * 0.24, px * 0.3
        pen.rectangle((x, y, x + w, y + h), fill=shade(wood, 0.7))
        pen.rectangle((x + 4, y + 4, x + w - 4, y + h - 4), fill=_any(random, *_TOYS))
    return picture


def _sofa(random: Random, px: int) -> Image.Image:
    colour = _any(random, (140, 78, 74), (86, 104, 134), (108, 124, 100), (158, 138, 116), (120, 96, 124))
    picture = _mottled(random, px, colour, grain=24, contrast=0.035)
    pen, seat = ImageDraw.Draw(picture), px * random.uniform(0.62, 0.74)
    pen.rectangle((0, seat, px, seat + px * 0.02), fill=shade(colour, 0.62))
    middle = px * random.uniform(0.3, 0.7)
    pen.line((middle, 0, middle, seat), fill=shade(colour, 0.7), width=3)
    pen.line((middle + 3, 0, middle + 3, seat), fill=shade(colour, 1.12), width=2)
    if random.random() < 0.6:
        x, r = random.choice((0.05, 0.95)) * px, px * 0.2
        pen.rounded_rectangle((x - r, seat - r * 1.5, x + r, seat + r * 0.2), r * 0.4, fill=_any(random, *_TOYS))
    return picture.filter(ImageFilter.BoxBlur(1))


def _studio(random: Random, px: int) -> Image.Image:
    colour = _any(random, (198, 190, 180), (142, 152, 166), (178, 166, 190), (112, 116, 122), (206, 180, 150))
    up = np.linspace(1.12, 0.8, px, dtype=np.float32)[:, None, None]
    cloud = np.asarray(_mottled(random, px, colour, grain=7, contrast=0.05), dtype=np.float32)
    return Image.fromarray(np.clip(cloud * up, 0, 255).astype(np.uint8))


def _garden(random: Random, px: int) -> Image.Image:
    """Leaves out of focus, with discs of light."""
    green = _any(random, (84, 108, 70), (104, 118, 80), (120, 108, 74), (70, 92, 84))
    picture = _mottled(random, px, green, grain=11, contrast=0.16)
    pen = ImageDraw.Draw(picture)
    for _ in range(16):
        x, y, r = random.uniform(0, px), random.uniform(0, px * 0.8), px * random.uniform(0.02, 0.07)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=shade(green, random.uniform(0.85, 1.4)))
    pen.rectangle((0, px * 0.84, px, px), fill=shade(green, 0.8))
    return picture.filter(ImageFilter.BoxBlur(px // 60))


def _beach(random: Random, px: int) -> Image.Image:
    picture = _mottled(random, px, _any(random, (216, 190, 146), (204, 180, 142)), grain=40, contrast=0.04)
    pen, shore = ImageDraw.Draw(picture), px * random.uniform(0.3, 0.5)
    pen.rectangle((0, 0, px, shore * 0.62), fill=_any(random, (176, 208, 230), (204, 214, 222)))
    pen.rectangle((0, shore * 0.62, px, shore), fill=_any(random, (84, 142, 168), (104, 150, 164)))
    pen.ellipse((-px * 0.2, shore - px * 0.03, px * 1.2, shore + px * 0.04), fill=(238, 238, 232))
    pen.ellipse((-px * 0.2, shore, px * 1.2, shore + px * 0.06), fill=(208, 184, 146))
    return picture.filter(ImageFilter.BoxBlur(1))


def _carpet(random: Random, px: int) -> Image.Image:
    """Seen from above: a rug with a border."""
    colour = _any(random, (150, 92, 78), (92, 108, 128), (176, 160, 132), (126, 132, 104), (88, 80, 96))
    picture = _mottled(random, px, colour, grain=56, contrast=0.06)
    pen, top = ImageDraw.Draw(picture), px * random.uniform(0.12, 0.3)
    pen.rectangle((0, 0, px, top), fill=_any(random, (196, 176, 150), (150, 118, 90)))
    for number in range(3):
        y = top + px * (0.05 + 0.05 * number)
        pen.line((0, y, px, y), fill=shade(colour, 0.72 if number % 2 else 1.3), width=px // 80)
    return picture


def _snow(random: Random, px: int) -> Image.Image:
    picture = _mottled(random, px, (226, 232, 240), grain=8, contrast=0.02)
    pen, horizon = ImageDraw.Draw(picture), px * random.uniform(0.5, 0.62)
    pen.ellipse((-px * 0.4, horizon, px * 1.2, px * 1.8), fill=(244, 247, 251))
    for _ in range(50):
        x, y, r = random.uniform(0, px), random.uniform(0, px), px * random.uniform(0.003, 0.008)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 255))
    return picture


def _draw_toy(picture: Image.Image, random: Random) -> None:
    px, colour = picture.width, random.choice(_TOYS)
    pen, r = ImageDraw.Draw(picture), picture.width * random.uniform(0.05, 0.085)
    x, y = random.choice((0.1, 0.9)) * px + random.uniform(-0.04, 0.04) * px, px * random.uniform(0.84, 0.93)
    pen.ellipse((x - r, y + r * 0.75, x + r * 1.1, y + r * 1.15), fill=(60, 54, 54))
    pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    pen.arc((x - r * 0.7, y - r * 0.9, x + r * 1.4, y + r * 0.9), 120, 240, fill=shade(colour, 1.4), width=px // 90)
    pen.ellipse((x - r * 0.55, y - r * 0.6, x - r * 0.2, y - r * 0.25), fill=shade(colour, 1.5))


SCENES: dict[str, Callable[[Random, int], Image.Image]] = {
    "beach": _beach,
    "carpet": _carpet,
    "garden": _garden,
    "meadow": _meadow,
    "room": _room,
    "snow": _snow,
    "sofa": _sofa,
    "studio": _studio,
}
