"""Draws one pet, sitting and facing the viewer, on a square canvas of 1000 units."""

import math
from random import Random

from PIL import Image, ImageChops, ImageDraw

from reportgen.demo.coat import UNITS, coat_marks
from reportgen.demo.traits import Colour, Traits

_BUILD = {  # body width, body height, head size, leg length
    "slim": (210, 300, 158, 150),
    "medium": (255, 300, 172, 130),
    "stocky": (305, 285, 186, 95),
    "giant": (330, 325, 178, 130),
    "toy": (200, 235, 182, 105),
    "low": (330, 250, 178, 50),
}
_MUZZLE = {
    "flat": (0.52, 0.26, 0.12),
    "short": (0.56, 0.36, 0.30),
    "medium": (0.46, 0.44, 0.40),
    "long": (0.36, 0.56, 0.52),
}


def shade(colour: Colour, factor: float) -> Colour:
    """The colour made darker (factor < 1) or lighter (> 1)."""
    red, green, blue = (max(0, min(255, round(part * factor))) for part in colour)
    return red, green, blue


class Pet:
    """A canvas of `px` x `px` with one animal; `image` is its colours, `mask` where it is."""

    def __init__(self, traits: Traits, random: Random, px: int) -> None:
        self.traits, self.random, self.px = traits, random, px
        self.image = Image.new("RGB", (px, px), traits.coat)
        self.mask = Image.new("L", (px, px), 0)
        self._draw, self._shape = ImageDraw.Draw(self.image), ImageDraw.Draw(self.mask)
        width, height, head, legs = _BUILD[traits.build]
        self.body = (500, 930 - legs - height * 0.9, width * 0.9, height)
        self.head = (500 + random.randint(-45, 45), self.body[1] - height * 0.92, head * traits.head_width, head)
        self.legs = legs
        self._body()
        self._ears()
        self._head()
        self._face()
        if traits.fur in ("long", "plush"):
            self._fringe()

    def _px(self, *units: float) -> list[float]:
        return [value * self.px / UNITS for value in units]

    def _oval(
        self, x: float, y: float, half_width: float, half_height: float, fill: Colour, *, shape: bool = True
    ) -> None:
        box = self._px(x - half_width, y - half_height, x + half_width, y + half_height)
        self._draw.ellipse(box, fill=fill)
        if shape:
            self._shape.ellipse(box, fill=255)

    def _polygon(self, points: list[tuple[float, float]], fill: Colour, *, shape: bool = True) -> None:
        flat = [tuple(self._px(x, y)) for x, y in points]
        self._draw.polygon(flat, fill=fill)
        if shape:
            self._shape.polygon(flat, fill=255)

    def _on_animal(self, layer: Image.Image, layer_mask: Image.Image) -> None:
        """Lays `layer` over the animal only."""
        self.image.paste(layer, (0, 0), ImageChops.multiply(layer_mask, self.mask))

    def _body(self) -> None:
        traits, (x, y, width, height) = self.traits, self.body
        tail = traits.second if traits.pattern == "pointed" else traits.coat
        side = self.random.choice((-1, 1))
        thickness = 62 if traits.fur == "long" else 26
        for step in range(26):
            angle = math.pi * (0.05 + 0.6 * step / 25)
            tail_x = x + side * (width * 0.75 + 120 * math.sin(angle))
            self._oval(tail_x, y + height * 0.8 - 260 * step / 25, thickness, thickness, shade(tail, 0.9))
        self._oval(x, y, width, height, traits.coat)
        self._oval(x, y + height * 0.45, width * 1.12, height * 0.6, traits.coat)
        leg = traits.second if traits.pattern in ("pointed", "tan") else shade(traits.coat, 0.93)
        paw = (246, 243, 236) if traits.extra == "gloves" or traits.pattern in ("saddle", "chest") else leg
        for offset in (-0.5, 0.5):
            top, foot = y + height * 0.35, 925
            leg_width = width * (0.24 if traits.build != "slim" else 0.19)
            self._draw.rectangle(
                self._px(x + offset * width - leg_width, top, x + offset * width + leg_width, foot), leg
            )
            self._shape.rectangle(
                self._px(x + offset * width - leg_width, top, x + offset * width + leg_width, foot), 255
            )
            self._oval(x + offset * width, foot, leg_width * 1.25, leg_width * 0.75, paw)
            if traits.extra == "gloves":
                self._oval(x + offset * width, foot - 40, leg_width, 40, paw)
        self._on_animal(*coat_marks(traits, self.body, random=self.random, px=self.px))

    def _ears(self) -> None:
        traits, (x, y, width, height) = self.traits, self.head
        colour = (
            traits.second
            if traits.pattern in ("pointed", "saddle", "mask", "patches", "bicolour", "roan")
            else shade(traits.coat, 0.88)
        )
        long = traits.ear_length
        for side in (-1, 1):
            if traits.ears in ("drop", "long", "fold", "half"):
                reach = {"drop": 1.0, "long": 1.75, "fold": 0.5, "half": 0.62}[traits.ears] * height * long
                lift = 0.75 if traits.ears in ("half", "fold") else 0.55
                for step in range(12):
                    share = step / 11
                    self._oval(
                        x + side * width * (0.82 + 0.28 * share),
                        y - height * lift + reach * share,
                        width * (0.22 + 0.1 * math.sin(math.pi * share)),
                        height * 0.2,
                        shade(colour, 0.95),
                    )
            else:
                tip, base = {
                    "up": (1.0, 0.3),
                    "tall": (1.2, 0.36),
                    "bat": (1.28, 0.5),
                    "small": (0.55, 0.24),
                    "round": (0.8, 0.32),
                }[traits.ears]
                centre, rise = x + side * width * 0.62, height * (0.55 + tip * 0.72 * long)
                outer = [
                    (centre - width * base, y - height * 0.45),
                    (centre + side * width * 0.18, y - rise),
                    (centre + width * base, y - height * 0.35),
                ]
                self._polygon(outer, colour)
                inner = [(px * 0.62 + centre * 0.38, py * 0.66 + (y - height * 0.5) * 0.34) for px, py in outer]
                self._polygon(inner, shade((226, 178, 168), 0.9 if traits.coat[0] > 90 else 0.5), shape=False)
                if traits.extra == "tufts":
                    self._oval(outer[1][0], outer[1][1] + 10, 9, 34, shade(traits.second, 0.8))

    def _head(self) -> None:
        traits, (x, y, width, height) = self.traits, self.head
        if traits.pattern == "ruff" or (traits.fur == "long" and traits.build == "giant"):
            self._oval(
                x,
                y + height * 0.55,
                width * 1.4,
                height * 1.05,
                shade(traits.second if traits.pattern == "ruff" else traits.coat, 1.05),
            )
        self._oval(x, y, width, height * (0.95 if traits.muzzle == "flat" else 1.0), traits.coat)
        if traits.muzzle == "long":
            self._oval(x, y + height * 0.5, width * 0.58, height * 0.75, traits.coat)
        self._head_marks()

    def _head_marks(self) -> None:
        traits, (x, y, width, height) = self.traits, self.head
        muzzle_y = y + height * 0.45
        white = (247, 244, 238)
        if traits.pattern == "pointed":
            self._oval(x, y + height * 0.3, width * 0.66, height * 0.66, traits.second, shape=False)
        if traits.pattern == "mask":
            self._oval(x, y + height * 0.45, width * 0.62, height * 0.52, traits.second, shape=False)
        if traits.pattern in ("bicolour", "saddle", "urajiro") or traits.extra == "bicolour":
            self._polygon(
                [(x, y - height * 0.75), (x - width * 0.55, y + height), (x + width * 0.55, y + height)],
                white,
                shape=False,
            )
        if traits.pattern == "patches":
            self._oval(x - width * 0.45, y - height * 0.15, width * 0.45, height * 0.5, traits.second, shape=False)
        if traits.pattern == "tan":
            self._oval(x, muzzle_y, width * 0.6, height * 0.5, traits.second, shape=False)
        if traits.pattern in ("spots", "tabby", "rosettes"):
            for offset in (-0.3, -0.1, 0.1, 0.3):
                self._draw.line(
                    self._px(x + offset * width, y - height * 0.85, x + offset * width * 1.4, y - height * 0.35),
                    traits.second,
                    width=max(2, self.px // 70),
                )
        if traits.extra == "spectacles":
            for side in (-1, 1):
                self._draw.ellipse(
                    self._px(x + side * width * 0.4 - 52, y - 66, x + side * width * 0.4 + 52, y + 38),
                    outline=(50, 48, 48),
                    width=self.px // 80,
                )

    def _face(self) -> None:
        traits, (x, y, width, height) = self.traits, self.head
        half_width, drop, half_height = _MUZZLE[traits.muzzle]
        dark = traits.pattern in ("pointed", "mask")
        muzzle = shade(traits.second, 0.92) if dark else shade(traits.coat, 1.14 if traits.coat[0] < 225 else 0.96)
        if traits.species == "cat":
            half_width, half_height = half_width * 0.85, half_height * 0.62
        self._oval(
            x, y + height * drop, width * half_width, height * half_height, muzzle, shape=traits.muzzle == "long"
        )
        nose_y = y + height * (drop - half_height * 0.45)
        nose = (205, 140, 136) if traits.species == "cat" and not dark and traits.coat[0] > 60 else (36, 30, 32)
        r = width * (0.13 if traits.species == "cat" else 0.2)
        self._oval(x, nose_y, r, r * 0.72, nose, shape=False)
        line = max(2, self.px // 160)
        mouth_y = nose_y + r * 0.6
        up = 0 if traits.extra != "smile" else 20
        for side in (-1, 1):
            box = self._px(*sorted((x, x + side * width * 0.42)), 0, 0)
            self._draw.arc(
                [box[0], *self._px(mouth_y - 12 - up), box[1], *self._px(mouth_y + 44)],
                20,
                160,
                shade(nose, 0.8),
                width=line,
            )
        self._eyes(x, y - height * 0.1, width)
        if traits.extra in ("beard", "fringe"):
            self._oval(
                x,
                y + height * 0.85,
                width * 0.55,
                height * 0.42,
                shade(traits.coat if traits.extra == "beard" else traits.second, 0.95),
            )

    def _eyes(self, x: float, y: float, width: float) -> None:
        traits = self.traits
        cat = traits.species == "cat"
        r = width * (0.2 if cat else 0.15)
        closed = self.random.random() < 0.06
        for side in (-1, 1):
            eye_x = x + side * width * 0.42
            if closed:
                self._draw.arc(
                    self._px(eye_x - r, y - r * 0.5, eye_x + r, y + r * 0.7),
                    10,
                    170,
                    (40, 32, 30),
                    width=max(2, self.px // 120),
                )
                continue
            self._oval(eye_x, y, r * 1.12, r * (0.95 if cat else 1.1), (34, 28, 26), shape=False)
            self._oval(eye_x, y, r, r * (0.84 if cat else 0.98), traits.eyes, shape=False)
            self._oval(eye_x, y, r * (0.3 if cat else 0.55), r * (0.78 if cat else 0.55), (16, 14, 14), shape=False)
            self._oval(eye_x - r * 0.3, y - r * 0.35, r * 0.17, r * 0.17, (250, 250, 250), shape=False)

    def _fringe(self) -> None:
        """Strands along the outline, so that long fur has a soft edge; plush fur gets short ones."""
        reach = (34 if self.traits.fur == "long" else 12) * self.px / UNITS
        inner = self.mask.copy()
        outline = ImageChops.subtract(
            inner,
            inner.transform(inner.size, Image.Transform.AFFINE, (1.02, 0, -self.px * 0.01, 0, 1.02, -self.px * 0.01)),
        )
        box = outline.getbbox()
        if box is None:
            return
        pixels = outline.load()
        centre_x, centre_y = self._px(500, 560)
        for _ in range(2600):
            x, y = self.random.randrange(box[0], box[2]), self.random.randrange(box[1], box[3])
            if not pixels or pixels[x, y] == 0:
                continue
            angle = math.atan2(y - centre_y, x - centre_x) + self.random.uniform(-0.5, 0.5)
            end = (x + reach * math.cos(angle), y + reach * (math.sin(angle) + 0.35))
            colour = self.image.getpixel((x, y))
            assert isinstance(colour, tuple)
            self._draw.line(
                [(x, y), end],
                fill=shade((colour[0], colour[1], colour[2]), self.random.uniform(0.85, 1.1)),
                width=max(1, self.px // 200),
            )
            self._shape.line([(x, y), end], fill=255, width=max(1, self.px // 200))
