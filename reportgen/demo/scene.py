"""A drawn photograph: a background, one pet somewhere on it, light, and a camera that is not perfect."""

import hashlib
from dataclasses import replace
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from reportgen.demo.draw import Pet
from reportgen.demo.traits import Colour, Traits, individual

_GROUNDS: tuple[tuple[Colour, Colour], ...] = (
    ((150, 190, 222), (112, 152, 82)),  # sky over grass
    ((206, 196, 182), (150, 118, 88)),  # wall over boards
    ((182, 108, 100), (142, 78, 74)),  # red sofa
    ((122, 136, 158), (88, 98, 118)),  # blue cushion
    ((226, 222, 214), (196, 190, 180)),  # studio
    ((96, 110, 84), (70, 86, 62)),  # bushes
    ((210, 176, 120), (184, 150, 98)),  # sand
    ((90, 82, 92), (58, 54, 62)),  # dusk
)
# Three odd ones, as in the article that the report comes from: they betray faults in data or preprocessing.
_ODD = {"Ragdoll": "snow", "shiba_inu": "bald", "scottish_terrier": "dark"}


def photograph(breed: str, traits: Traits, *, key: str, px: int, odd: bool = False) -> tuple[Image.Image, Image.Image]:
    """(picture, mask of the animal), both `px` x `px`; the same arguments give the same pixels."""
    random = Random(hashlib.sha256(f"{breed}/{key}".encode()).digest())
    fault = _ODD.get(breed) if odd else None
    own = _faulty(individual(breed, traits, random), fault)
    large = px * 2
    pet = Pet(own, random, large)
    picture = _ground(random, large, fault)
    size = int(large * random.uniform(0.82, 1.12))
    turned = random.uniform(-9, 9)
    place = (
        int((large - size) / 2 + large * random.uniform(-0.1, 0.1)),
        int(large - size + large * random.uniform(-0.02, 0.1)),
    )
    body, mask = (
        layer.resize((size, size), Image.Resampling.BILINEAR).rotate(turned, Image.Resampling.BILINEAR)
        for layer in (pet.image, pet.mask)
    )
    shadow = mask.filter(ImageFilter.BoxBlur(large // 60)).point(lambda value: value * 0.35)
    picture.paste((20, 20, 24), (place[0] + large // 50, place[1] + large // 60), shadow)
    picture.paste(body, place, mask)
    whole_mask = Image.new("L", (large, large), 0)
    whole_mask.paste(mask, place)
    if random.random() < 0.5:
        picture, whole_mask = (layer.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for layer in (picture, whole_mask))
    picture, whole_mask = (layer.resize((px, px), Image.Resampling.BOX) for layer in (picture, whole_mask))
    return _exposed(picture, random, fault), whole_mask


def _faulty(own: Traits, fault: str | None) -> Traits:
    match fault:
        case "snow":
            return replace(
                own, pattern="solid", extra="", coat=(247, 246, 243), second=(240, 236, 228), eyes=(60, 60, 70)
            )
        case "bald":
            return replace(
                own, fur="none", pattern="wrinkles", coat=(222, 176, 158), second=(196, 146, 130), ears="bat"
            )
        case "dark":
            return replace(own, extra="", fur="short", eyes=(200, 150, 60))
    return own


def _ground(random: Random, px: int, fault: str | None) -> Image.Image:
    top, bottom = ((232, 238, 244), (250, 250, 252)) if fault == "snow" else random.choice(_GROUNDS)
    horizon = int(px * random.uniform(0.5, 0.75))
    picture = Image.new("RGB", (px, px), top)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, horizon, px, px), fill=bottom)
    for _ in range(26):
        x, y, r = random.randrange(px), float(random.randrange(px)), random.uniform(0.02, 0.13) * px
        base = top if y < horizon else bottom
        shift = random.randint(-18, 18)
        fill = tuple(max(0, min(255, part + shift)) for part in base)
        pen.ellipse((x - r, y - r * 0.6, x + r, y + r * 0.6), fill=fill)
    if random.random() < 0.35:  # a ball, a cushion: something that is not the animal
        x, y, r = random.randrange(px), random.uniform(0.75, 0.95) * px, random.uniform(0.05, 0.1) * px
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(random.randint(40, 230) for _ in range(3)))
    return picture.filter(ImageFilter.BoxBlur(px // 70))


def _exposed(picture: Image.Image, random: Random, fault: str | None) -> Image.Image:
    """Light, tint, a little blur and sensor noise."""
    picture = ImageEnhance.Brightness(picture).enhance(0.45 if fault == "dark" else random.uniform(0.8, 1.15))
    picture = ImageEnhance.Color(picture).enhance(random.uniform(0.75, 1.2))
    if random.random() < 0.25:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0.4, 1.1)))
    pixels = np.asarray(picture, dtype=np.float32)
    tint = np.array([random.uniform(-9, 9) for _ in range(3)], dtype=np.float32)
    noise = np.random.default_rng(random.getrandbits(64)).normal(0, 5, pixels.shape[:2]).astype(np.float32)
    return Image.fromarray((pixels + tint + noise[..., None]).clip(0, 255).astype(np.uint8))
