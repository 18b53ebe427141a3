"""From [theme] and --templates to the appearance of the report; refused before device time is spent."""

import logging
from collections.abc import Mapping
from pathlib import Path

from reportgen.inputs.logo import read_logo
from reportgen.nearest import nearest
from reportgen.render.html.theme import refuse_unreadable
from reportgen.render.own_templates import read_templates
from reportgen.render.pdf.fonts import installed_families
from reportgen.runs.appearance import Appearance, Theme, ThemeOptions

log = logging.getLogger(__name__)


def read_appearance(templates: Path | None, options: ThemeOptions) -> Appearance:
    """What the user changes. Raises ConfigError for what cannot be read, by the program or on the page.

    `templates`: a folder; "none" for ours alone, where a stored run has others.
    """
    theme = Theme(
        colours=options.colours.given(),
        dark=options.dark.given(),
        fonts=options.fonts(),
        logo=read_logo(options.logo, options.logo_alt) if options.logo else None,
    )
    _warn_of_missing_fonts(theme.fonts)
    if templates is None or str(templates) == "none":
        read = Appearance(theme=theme)
    else:
        read = Appearance(templates=read_templates(templates), folder=str(templates), theme=theme)
    refuse_unreadable(read)
    return read


def _warn_of_missing_fonts(fonts: Mapping[str, str]) -> None:
    """A family may be meant for the readers' machines alone; that the PDF goes without it must not go unsaid."""
    here = installed_families()
    for name, family in fonts.items():
        if here and family.casefold() not in {each.casefold() for each in here}:
            near = nearest(family, here)
            log.warning("[theme] font_%s: no family %r here%s", name, family, f" (nearest: {near[0]})" if near else "")
