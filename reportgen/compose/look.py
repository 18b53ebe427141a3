"""What a user changes about how the pages look: templates of one's own, and a theme."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

COLOURS = ("ink", "soft", "rule", "paper", "wash", "accent", "alarm")
FONTS = ("body", "heading", "mono")


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture for the head of the page. alt: what it says to those who do not see it."""

    content: bytes
    ending: Literal["png", "jpg", "svg"]
    alt: str

    @property
    def asset(self) -> str:
        """Its file name among the pictures of the report."""
        return f"logo.{self.ending}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Tokens in place of those of css/tokens.css. colours, dark: "#rrggbb" by COLOURS; fonts: families by FONTS."""

    colours: Mapping[str, str] = field(default_factory=dict)
    dark: Mapping[str, str] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    logo: Logo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`templates`: texts by name, such as "sections/summary.html.j2" or "css/page.css". folder: where they lay."""

    templates: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    theme: Theme = field(default_factory=Theme)

    @property
    def assets(self) -> Mapping[str, bytes]:
        """The pictures that it brings, by file name."""
        logo = self.theme.logo
        return {logo.asset: logo.content} if logo else {}


PLAIN = Look()
