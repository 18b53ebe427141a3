"""What the drawn breeds look like, and how much one animal differs from the next."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from random import Random
from typing import Any

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """One animal to be drawn; the words are those of traits.toml. Proportions are factors around 1."""

    species: str
    coat: Colour
    pattern: str
    second: Colour
    ears: str
    muzzle: str
    fur: str
    build: str
    eyes: Colour
    extra: str
    head_width: float = 1.0
    ear_length: float = 1.0
    mark_size: float = 1.0


def read_traits() -> Mapping[str, Traits]:
    """The 37 breeds in the order of the Oxford class ids."""
    text = (resources.files("reportgen") / "demo" / "traits.toml").read_text(encoding="utf-8")
    return {name: Traits(**_with_tuples(table)) for name, table in tomllib.loads(text).items()}


def _with_tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def individual(breed: str, traits: Traits, random: Random) -> Traits:
    """One animal of the breed. Some animals of look-alike breeds carry the other breed's mark, as they do in life."""
    own = replace(
        traits,
        coat=_near(traits.coat, random, 14),
        second=_near(traits.second, random, 12),
        eyes=_near(traits.eyes, random, 16),
        head_width=random.uniform(0.93, 1.07),
        ear_length=random.uniform(0.9, 1.1),
        mark_size=random.uniform(0.8, 1.2),
    )
    return _borrowed(breed, own, random.random(), random.random())


def _borrowed(breed: str, own: Traits, first: float, second: float) -> Traits:  # noqa: C901, PLR0911  # a table
    """`first` and `second` are drawn from [0, 1): small values give the look-alike's traits."""
    match breed:
        case "Bengal" if first < 0.35:
            return replace(own, pattern="spots", coat=(204, 168, 122), mark_size=1.15)
        case "Egyptian_Mau" if first < 0.30:
            return replace(own, coat=(206, 166, 116), mark_size=1.25)
        case "Ragdoll" if first < 0.45:
            return replace(own, extra="gloves", build="medium" if second < 0.6 else "giant")
        case "Birman" if first < 0.20:
            return replace(own, extra="" if second < 0.5 else "bicolour")
        case "Siamese" if first < 0.20:
            return replace(own, fur="long", muzzle="medium", ears="round")
        case "British_Shorthair" if first < 0.25:
            return replace(own, eyes=(140, 160, 70), head_width=0.94, fur="short", build="medium")
        case "Russian_Blue" if first < 0.25:
            return replace(own, eyes=(180, 160, 70), head_width=1.06, ears="round", build="medium")
        case "american_pit_bull_terrier" if first < 0.45:
            return replace(own, muzzle="short", build="stocky", head_width=1.05)
        case "staffordshire_bull_terrier" if first < 0.30:
            return replace(own, muzzle="medium", build="medium", head_width=0.97)
        case "english_cocker_spaniel" if first < 0.30:
            return replace(own, coat=(230, 214, 198), muzzle="long", build="slim")
        case "english_setter" if first < 0.25:
            return replace(own, coat=(214, 190, 168), muzzle="medium", build="medium")
    return own


def _near(colour: Colour, random: Random, spread: int) -> Colour:
    shift = random.randint(-spread, spread)
    red, green, blue = (max(0, min(255, part + shift + random.randint(-6, 6))) for part in colour)
    return red, green, blue
