"""Appearance: what a user changes about how the pages look, with templates and a theme of their own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reportgen.inputs.logo import Logo

COLOURS = ("ink", "soft", "rule", "paper", "wash", "accent", "alarm")
FONTS = ("body", "heading", "mono")


def checked_colour(value: str) -> str:
    """The colour, "#rrggbb" in small letters. Raises ValueError for anything else, which could end the style."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError('a colour such as "#1c5d86"')
    return value.lower()


def checked_family(value: str) -> str:
    """The name of a font family. Raises ValueError for what is none."""
    if not re.fullmatch(r"\w[\w .-]{0,199}", value):
        raise ValueError("one font family: letters, digits, blanks, dots and hyphens")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Tokens in place of those of css/tokens.css. colours, dark: "#rrggbb" by COLOURS; fonts: families by FONTS."""

    colours: Mapping[str, str] = field(default_factory=dict)
    dark: Mapping[str, str] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    logo: Logo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """`templates`: texts by name, such as "sections/summary.html.j2" or "css/page.css". folder: where they lay.

    stored: they came with a stored run, and nobody has named their folder for this rendering.
    """

    templates: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    theme: Theme = field(default_factory=Theme)
    stored: bool = field(default=False, compare=False)

    @property
    def scripts(self) -> Mapping[str, str]:
        """What browsers would run. Nothing stored runs."""
        return {} if self.stored else {name: text for name, text in self.templates.items() if name.endswith(".js")}

    @property
    def pages(self) -> Mapping[str, str]:
        """Templates and style sheets."""
        return {name: text for name, text in self.templates.items() if not name.endswith(".js")}

    @property
    def assets(self) -> Mapping[str, bytes]:
        """The pictures that it brings, by file name."""
        logo = self.theme.logo
        return {logo.asset: logo.content} if logo else {}


DEFAULT_APPEARANCE = Appearance()
