"""An appearance as plain values in run.json, and back."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from reportgen.errors import ConfigError
from reportgen.inputs.logo import Logo, logo_of
from reportgen.runs.appearance import (
    DARK_COLOURS,
    DEFAULT_APPEARANCE,
    FONTS,
    LIGHT_COLOURS,
    Appearance,
    Theme,
    checked_colour,
    checked_family,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredLogo:
    """The picture in base64, the ending of its kind, and its words."""

    content: str
    ending: Literal["png", "jpg", "svg"]
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredAppearance:
    """The key `look`."""

    templates: dict[str, str]
    folder: str
    colours: dict[str, str]
    dark: dict[str, str]
    fonts: dict[str, str]
    logo: _StoredLogo | None


_APPEARANCE = TypeAdapter(_StoredAppearance)


def stored_appearance(appearance: Appearance) -> dict[str, Any]:
    """The key `look` of run.json; the logo's bytes in base64."""
    theme, logo = appearance.theme, appearance.theme.logo
    return {
        "templates": dict(appearance.templates),
        "folder": appearance.folder,
        "colours": dict(theme.colours),
        "dark": dict(theme.dark),
        "fonts": dict(theme.fonts),
        "logo": {"content": b64encode(logo.content).decode(), "ending": logo.ending, "alt": logo.alt} if logo else None,
    }


def restored_appearance(record: Mapping[str, Any]) -> Appearance:
    """What `stored_appearance` stored in this run.json; the house's own appearance for a run of an older version.

    The values pass the checks that those of [theme] pass. Raises ValueError.
    """
    if record.get("look") is None:
        return DEFAULT_APPEARANCE
    stored = _APPEARANCE.validate_python(record["look"])
    logo = stored.logo
    return Appearance(
        templates=stored.templates,
        folder=stored.folder,
        theme=Theme(
            colours=_colours(stored.colours, LIGHT_COLOURS),
            dark=_colours(stored.dark, DARK_COLOURS),
            fonts={_known(name, FONTS): checked_family(family) for name, family in stored.fonts.items()},
            logo=_restored_logo(logo) if logo else None,
        ),
        stored=True,
    )


def _colours(stored: Mapping[str, str], names: tuple[str, ...]) -> Mapping[str, str]:
    return {_known(name, names): checked_colour(colour) for name, colour in stored.items()}


def _known(name: str, names: tuple[str, ...]) -> str:
    if name not in names:
        raise ValueError(f"look: {name[:40]!r} is none of {', '.join(names)}")
    return name


def _restored_logo(stored: _StoredLogo) -> Logo:
    try:
        logo = logo_of(b64decode(stored.content, validate=True), stored.alt, "look: logo")
    except ConfigError as error:
        raise ValueError(f"{error.thing}: {error.found}") from error
    if logo.ending != stored.ending:
        raise ValueError(f"look: logo: an image of the kind {logo.ending}, called {stored.ending}")
    return logo
