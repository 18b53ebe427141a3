"""What the drawn breeds look like, and how one animal differs from the next."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from random import Random
from typing import Any

Colour = tuple[int, int, int]
_COLOUR_SPREAD = 9  # standard deviation of lightness between two animals of a breed, in 8-bit steps
_CATEGORIES = ("head", "ears", "muzzle", "fur", "build", "tail", "pattern", "white", "extras", "eyes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coat:
    """The colours of one animal, RGB 0 to 255. `pattern` overrides the breed's where a colour has its own."""

    base: Colour
    mark: Colour
    point: Colour
    light: Colour
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """A breed, or one animal of it when there is one coat and no kin; the words are those of traits.toml.

    `head_width`, `ear_size`, `eye_size` and `mark_size` are factors around 1. `kin` holds the look-alikes, themselves
    without kin; a share `kin_share` in [0, 1] of the animals takes some traits from one of them.
    """

    species: str
    head: str
    ears: str
    muzzle: str
    fur: str
    build: str
    tail: str
    pattern: str
    coats: tuple[Coat, ...]
    eyes: tuple[Colour, ...]
    white: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    head_width: float = 1.0
    ear_size: float = 1.0
    eye_size: float = 1.0
    mark_size: float = 1.0
    kin: tuple["Traits", ...] = ()
    kin_share: float = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError for no coat, no eye colour or a share outside [0, 1]."""
        if not self.coats or not self.eyes or not 0 <= self.kin_share <= 1:
            raise ValueError(f"traits need a coat, an eye colour and a kin_share in [0, 1], found {self}")

    @property
    def coat(self) -> Coat:
        """The animal's colours; a breed's first coat."""
        return self.coats[0]

    @property
    def coat_pattern(self) -> str:
        """The pattern of this animal: its colour's own, or else the breed's."""
        return self.coat.pattern or self.pattern


def read_traits() -> Mapping[str, Traits]:
    """The 37 breeds by name, in the order of the Oxford class ids. Raises TypeError for an unknown or missing key."""
    text = Path(__file__).with_name("traits.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    alone = {name: _traits({**table, "kin": (), "kin_share": 0.0}) for name, table in tables.items()}
    return {
        name: replace(
            alone[name],
            kin=tuple(alone[other] for other in table.get("kin", ())),
            kin_share=table.get("kin_share", 0.0),
        )
        for name, table in tables.items()
    }


def individual(breed: Traits, random: Random) -> Traits:
    """One animal of `breed`: one coat with its own tint, its own proportions, sometimes with traits of a look-alike."""
    own = replace(breed, coats=(random.choice(breed.coats),), eyes=(random.choice(breed.eyes),))
    if random.random() < breed.kin_share:
        own = _mixed(own, random.choice(breed.kin), random)
    lightness, warmth = random.gauss(0, _COLOUR_SPREAD), random.gauss(0, _COLOUR_SPREAD * 0.4)
    shift = [lightness + warmth, lightness, lightness - warmth]
    return replace(
        own,
        coats=(_tinted(own.coat, shift, random),),
        eyes=(_shifted(own.eyes[0], [random.gauss(0, _COLOUR_SPREAD * 0.8) for _ in range(3)]),),
        head_width=own.head_width * random.uniform(0.94, 1.06),
        ear_size=own.ear_size * random.uniform(0.88, 1.12),
        eye_size=own.eye_size * random.uniform(0.92, 1.08),
        mark_size=own.mark_size * random.uniform(0.8, 1.2),
        kin=(),
        kin_share=0.0,
    )


def shade(colour: Colour, factor: float) -> Colour:
    """`colour` darker (factor under 1) or lighter (over 1), cut off at 255."""
    return _shifted(colour, [part * (factor - 1) for part in colour])


def blend(colour: Colour, other: Colour, share: float) -> Colour:
    """The mix with `share` in [0, 1] of `other`."""
    return _shifted(colour, [(theirs - ours) * share for ours, theirs in zip(colour, other, strict=True)])


def _mixed(own: Traits, kin: Traits, random: Random) -> Traits:
    """Each category comes from `kin` with one probability, drawn per animal; colours are blended by it."""
    share = random.uniform(0.35, 0.75)
    theirs = random.choice(kin.coats)
    borrowed: dict[str, Any] = {
        name: getattr(kin, name) for name in _CATEGORIES if name != "eyes" and random.random() < share
    }
    coat = Coat(
        **{part: blend(getattr(own.coat, part), getattr(theirs, part), share) for part in _coat_colours()},
        pattern=theirs.pattern if "pattern" in borrowed else own.coat.pattern,
    )
    return replace(own, **borrowed, coats=(coat,), eyes=(blend(own.eyes[0], kin.eyes[0], share),))


def _tinted(coat: Coat, shift: list[float], random: Random) -> Coat:
    own = {part: [value + random.gauss(0, _COLOUR_SPREAD * 0.2) for value in shift] for part in _coat_colours()}
    colours: dict[str, Any] = {part: _shifted(getattr(coat, part), by) for part, by in own.items()}
    return replace(coat, **colours)


def _coat_colours() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Coat) if field.name != "pattern")


def _shifted(colour: Colour, by: list[float]) -> Colour:
    red, green, blue = (max(0, min(255, round(part + step))) for part, step in zip(colour, by, strict=True))
    return red, green, blue


def _traits(table: Mapping[str, Any]) -> Traits:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    values["coats"] = tuple(_coat(coat) for coat in table["coats"])
    values["eyes"] = tuple(_colour(text) for text in table["eyes"])
    return Traits(**values)


def _coat(table: Mapping[str, str]) -> Coat:
    values: dict[str, Any] = {part: text if part == "pattern" else _colour(text) for part, text in table.items()}
    return Coat(**values)


def _colour(text: str) -> Colour:
    """`#rrggbb` as RGB."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue
