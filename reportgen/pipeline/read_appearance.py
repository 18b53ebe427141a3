"""From [theme] and --templates to the appearance of the report; refused before device time is spent."""

import logging
from collections.abc import Mapping
from pathlib import Path

from reportgen.config_tables import Colours, ThemeTable
from reportgen.inputs.logo import read_logo
from reportgen.nearest import nearest
from reportgen.render.html.theme import refuse_unreadable
from reportgen.render.own_templates import read_templates
from reportgen.render.pdf.fonts import installed_families
from reportgen.runs.appearance import COLOURS, FONTS, Appearance, Theme

log = logging.getLogger(__name__)


def read_appearance(templates: Path | None, table: ThemeTable) -> Appearance:
    """What the user changes. Raises ConfigError for what cannot be read, by the program or on the page.

    `templates`: a folder; "none" for ours alone, where a stored run has others.
    """
    fonts = {name: getattr(table, f"font_{name}") for name in FONTS if getattr(table, f"font_{name}")}
    theme = Theme(
        colours=_given(table),
        dark=_given(table.dark),
        fonts=fonts,
        logo=read_logo(table.logo, table.logo_alt) if table.logo else None,
    )
    refuse_unreadable(theme)
    _warn_of_missing_fonts(fonts)
    if templates is None or str(templates) == "none":
        return Appearance(theme=theme)
    return Appearance(templates=read_templates(templates), folder=str(templates), theme=theme)


def _warn_of_missing_fonts(fonts: Mapping[str, str]) -> None:
    """A family may be meant for the readers' machines alone; that the PDF goes without it must not go unsaid."""
    here = installed_families()
    for name, family in fonts.items():
        if here and family.casefold() not in {each.casefold() for each in here}:
            near = nearest(family, here)
            log.warning("[theme] font_%s: no family %r here%s", name, family, f" (nearest: {near[0]})" if near else "")


def _given(table: Colours) -> dict[str, str]:
    return {name: getattr(table, name) for name in COLOURS if getattr(table, name)}
