"""Design tokens: colours, type sizes and fonts, declared in templates/css/tokens.css and nowhere else.

Style sheets take them by var(); what is no CSS (charts, the mail, the PNG of the method sheet) takes them from here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

import tinycss2
from tinycss2.color4 import Color, parse_color

from reportgen.package_files import templates_dir

Scheme = Literal["light", "dark"]
_COLOUR = re.compile("#[0-9a-f]{6}")
_VAR = re.compile(r"var\(\s*--([\w-]+)\s*\)")
_OF_SRGB = {"rgb", "rgba", "hsl", "hsla", "hwb"}  # the others of CSS Color 4 need a device's profile, or a conversion
_TEXTS, _GROUNDS = ("ink", "soft", "accent", "alarm"), ("paper", "wash")


@dataclass(frozen=True, slots=True)
class Tokens:
    """`values` by name, without its hyphens: opaque colours as "#rrggbb", everything else as the style sheet has it.

    `dark-NAME` is the colour NAME in the dark scheme, `on-NAME` the colour of text on NAME.
    """

    values: Mapping[str, str]

    def text(self, name: str, scheme: Scheme = "light") -> str:
        """The value; of one that is another token by var(), that one's. Raises KeyError for a name that is none."""
        for _ in self.values:  # a circle of names ends too
            value = self.values.get(f"dark-{name}" if scheme == "dark" else name) or self.values[name]
            if not (other := _VAR.fullmatch(value)):
                return value
            name = other[1]
        raise KeyError(name)

    def colours(self, scheme: Scheme = "light") -> Mapping[str, str]:
        """Every colour of a scheme, "#rrggbb" by name; one that has no dark value is the same in both."""
        names = [name for name in self.values if not name.startswith("dark-")]
        values = {name: self.text(name, scheme) for name in names}
        return {name: value for name, value in values.items() if _COLOUR.fullmatch(value)}

    def families(self, name: str) -> tuple[str, ...]:
        """The font families of a token, the first choice first."""
        parts = [part.strip() for part in self.text(name).split(",")]
        others = (
            self.families(other[1]) if (other := _VAR.fullmatch(part)) else (part.strip("\"'"),) for part in parts
        )
        return tuple(family for families in others for family in families)

    def points(self, name: str) -> float:
        """A type size in points. Raises ValueError for one in another unit."""
        return float(self.text(name).removesuffix("pt"))

    def but(self, values: Mapping[str, str]) -> "Tokens":
        """The same tokens with these values in place of theirs."""
        return Tokens(MappingProxyType({**self.values, **values}))

    def with_colours_of(self, css: str) -> "Tokens":
        """The same tokens with the colours that another style sheet declares for them.

        What is no opaque colour of sRGB there stays as it is here: a browser may know it, a chart cannot show it.
        """
        try:
            given = dict(token_values(css))
        except RecursionError:  # brackets in brackets, in a style sheet of the user's
            return self
        names = [name for name in given if name in self.values and _COLOUR.fullmatch(self.text(name))]
        return self.but({name: value for name in names if (value := _colour_in(given, given[name]))})


@cache
def house_tokens() -> Tokens:
    """Those of templates/css/tokens.css. Raises RenderingError where the templates are missing."""
    css = (templates_dir() / "css" / "tokens.css").read_text(encoding="utf-8")
    return Tokens(MappingProxyType(dict(token_values(css))))


def token_values(css: str) -> Iterator[tuple[str, str]]:
    """Name and value of each custom property in the :root rules of a style sheet, in order; none of those in @media."""
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule" or tinycss2.serialize(rule.prelude).strip() != ":root":
            continue
        for part in tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True):
            if part.type == "declaration" and part.name.startswith("--"):
                yield part.name[2:], _value([token for token in part.value if token.type != "comment"])


def text_pairs(tokens: Tokens, scheme: Scheme) -> Iterator[tuple[str, str, float]]:
    """Every text and the ground it stands on, by their names, with their contrast (1 to 21).

    Colours of text stand on paper and wash, each `on-NAME` on NAME; the words in a chart, which is drawn for the light
    scheme, on paper. A contrast is the same the other way round: paper on ink, as in a notice, is among them.
    """
    colours = tokens.colours(scheme)
    pairs = [(text, ground) for text in _TEXTS for ground in _GROUNDS]
    pairs += [("opposite", "paper")] if scheme == "light" else []
    pairs += [(name, name.removeprefix("on-")) for name in colours if name.startswith("on-")]
    for text, ground in pairs:
        yield text, ground, contrast(colours[text], colours[ground])


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours "#rrggbb", 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2, definition of relative luminance)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _colour_in(values: Mapping[str, str], value: str) -> str | None:
    """The colour that `value` is, directly or by names in `values`; None for what is none."""
    if other := _VAR.fullmatch(value):
        value = values.get(other[1], "")
    return value if _COLOUR.fullmatch(value) else None


def _value(parts: list[Any]) -> str:
    """An opaque colour of sRGB, however it is written, as "#rrggbb"; anything else as it is."""
    written = [token for token in parts if token.type != "whitespace"]
    token = written[0] if len(written) == 1 else None
    if token is not None and (token.type in ("hash", "ident") or getattr(token, "lower_name", "") in _OF_SRGB):
        colour = parse_color(token)
        if isinstance(colour, Color) and colour.alpha == 1:
            channels = (max(0.0, min(1.0, channel or 0.0)) for channel in colour.to("srgb").coordinates)
            return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)
    return " ".join(tinycss2.serialize(parts).split())
