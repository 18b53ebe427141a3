"""Appearance: what a user changes about how the pages look, with templates and a theme of their own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, ClassVar

from reportgen.inputs.logo import Logo
from reportgen.option import Checked, Group, Option, Table
from reportgen.tokens import Tokens, house_tokens


def checked_colour(value: str) -> str:
    """The colour, "#rrggbb" in small letters. Raises ValueError for anything else, which could end the style."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError(f'a colour such as "{house_tokens().colours()["accent"]}"')
    return value.lower()


def checked_family(value: str) -> str:
    """The name of a font family. Raises ValueError for what is none."""
    if not re.fullmatch(r"\w[\w .-]{0,199}", value):
        raise ValueError("one font family: letters, digits, blanks, dots and hyphens")
    return value


_Colour = Annotated[str, Checked(checked_colour)]
_Family = Annotated[str, Checked(checked_family)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """Colours in place of the house's, "#rrggbb"."""

    ink: Annotated[_Colour | None, Option("Text.")] = None
    soft: Annotated[_Colour | None, Option("Secondary text.")] = None
    rule: Annotated[_Colour | None, Option("Lines.")] = None
    paper: Annotated[_Colour | None, Option("The page.")] = None
    wash: Annotated[_Colour | None, Option("Background of tables and notes.")] = None
    accent: Annotated[_Colour | None, Option("Links and marks.")] = None
    alarm: Annotated[_Colour | None, Option("What went wrong.")] = None

    def given(self) -> Mapping[str, str]:
        """Those that are given, by name."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name))}


@dataclass(frozen=True, slots=True, kw_only=True)
class LightColours(Colours):
    """Those, and what is drawn for the light scheme alone."""

    opposite: Annotated[
        _Colour | None, Option("In charts, the second direction of a pair; the first has the accent.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeOptions:
    """What a user sets of the theme. What is not given stays as it is; a text too pale to read is refused."""

    GROUP: ClassVar = Group(
        "Theme", table="theme", about="what is not given stays as it is; a text too pale to read is refused"
    )

    logo: Annotated[
        Path | None,
        Option("PNG, JPEG or SVG of at most 300,000 bytes, for the head of page one.", example='"logo.svg"'),
    ] = None
    logo_alt: Annotated[str, Option("Text for those who do not see the logo.")] = "Logo"
    colours: LightColours = field(default_factory=LightColours)
    font_body: Annotated[
        _Family | None,
        Option("A font family that is installed; characters it lacks come from ours.", example='"Noto Sans"'),
    ] = None
    font_heading: Annotated[_Family | None, Option("Of headings.", example='"Noto Serif"')] = None
    font_mono: Annotated[_Family | None, Option("Of numbers and names of files.", example='"Noto Sans Mono"')] = None
    dark: Annotated[Colours, Table("theme.dark", about="the same colours on a dark screen")] = field(
        default_factory=Colours
    )

    def fonts(self) -> Mapping[str, str]:
        """The families that are given, by FONTS."""
        return {name: value for name in FONTS if (value := getattr(self, f"font_{name}"))}


DARK_COLOURS = tuple(each.name for each in fields(Colours))
LIGHT_COLOURS = tuple(each.name for each in fields(LightColours))
FONTS = tuple(each.name.removeprefix("font_") for each in fields(ThemeOptions) if each.name.startswith("font_"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Tokens in place of those of css/tokens.css. colours, dark: "#rrggbb" by name; fonts: families by FONTS.

    Names: those of LIGHT_COLOURS and of DARK_COLOURS.
    """

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
    def tokens(self) -> Tokens:
        """Ours, with those of the user's own style sheet in their place, and with the theme over both."""
        dark = {f"dark-{name}": colour for name, colour in self.theme.dark.items()}
        fonts = {f"font-{name}": f'"{family}", var(--{name}-else)' for name, family in self.theme.fonts.items()}
        return self.tokens_of_sheets.but({**self.theme.colours, **dark, **fonts})

    @property
    def tokens_of_sheets(self) -> Tokens:
        """Ours, with the colours of a css/tokens.css of the user's in their place: what the style sheets say."""
        return house_tokens().with_colours_of(self.templates.get("css/tokens.css", ""))

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
