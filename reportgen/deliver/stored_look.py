"""A look as plain values in run.json, and back."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from reportgen.compose.look import PLAIN, Logo, Look, Theme


def stored_look(look: Look) -> dict[str, Any]:
    """The key `look` of run.json; the logo's bytes in base64."""
    theme, logo = look.theme, look.theme.logo
    return {
        "templates": dict(look.templates),
        "folder": look.folder,
        "colours": dict(theme.colours),
        "dark": dict(theme.dark),
        "fonts": dict(theme.fonts),
        "logo": {"content": b64encode(logo.content).decode(), "ending": logo.ending, "alt": logo.alt} if logo else None,
    }


def restored_look(record: Mapping[str, Any]) -> Look:
    """What `stored_look` stored in this run.json; the house's own look for a run of an older version."""
    stored = record.get("look")
    if stored is None:
        return PLAIN
    logo = stored["logo"]
    return Look(
        templates=stored["templates"],
        folder=stored["folder"],
        theme=Theme(
            colours=stored["colours"],
            dark=stored["dark"],
            fonts=stored["fonts"],
            logo=Logo(**{**logo, "content": b64decode(logo["content"])}) if logo else None,
        ),
    )
