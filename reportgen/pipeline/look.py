"""From [theme] and --templates to the look of the report; refused before device time is spent."""

import io
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from PIL import Image, UnidentifiedImageError

from reportgen.compose.look import COLOURS, FONTS, Logo, Look, Theme
from reportgen.config_tables import Colours, ThemeTable
from reportgen.errors import ConfigError, in_one_line
from reportgen.nearest import nearest
from reportgen.render.fonts import installed_families
from reportgen.render.own_templates import read_templates
from reportgen.render.theme import refuse_unreadable

log = logging.getLogger(__name__)
_LARGEST_LOGO = 300_000  # bytes; it stands in every HTML report
_ENDINGS: dict[str | None, Literal["png", "jpg"]] = {"PNG": "png", "JPEG": "jpg"}


def look(templates: Path | None, table: ThemeTable) -> Look:
    """What the user changes. Raises ConfigError for what cannot be read, by the program or on the page.

    `templates`: a folder; "none" for ours alone, where a stored run has others.
    """
    fonts = {name: getattr(table, f"font_{name}") for name in FONTS if getattr(table, f"font_{name}")}
    theme = Theme(
        colours=_given(table),
        dark=_given(table.dark),
        fonts=fonts,
        logo=_logo(table.logo, table.logo_alt) if table.logo else None,
    )
    refuse_unreadable(theme)
    _warn_of_missing_fonts(fonts)
    if templates is None or str(templates) == "none":
        return Look(theme=theme)
    return Look(templates=read_templates(templates), folder=str(templates), theme=theme)


def _warn_of_missing_fonts(fonts: Mapping[str, str]) -> None:
    """A family may be meant for the readers' machines alone; that the PDF goes without it must not go unsaid."""
    here = installed_families()
    for name, family in fonts.items():
        if here and family.casefold() not in {each.casefold() for each in here}:
            near = nearest(family, here)
            log.warning("[theme] font_%s: no family %r here%s", name, family, f" (nearest: {near[0]})" if near else "")


def _given(table: Colours) -> dict[str, str]:
    return {name: getattr(table, name) for name in COLOURS if getattr(table, name)}


def _logo(path: Path, alt: str) -> Logo:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused(path, in_one_line(error)) from error
    if len(content) > _LARGEST_LOGO:
        raise _refused(path, f"{len(content):,} bytes")
    ending = _ending(content)
    if ending is None:
        raise _refused(path, "no picture of these kinds")
    return Logo(content=content, ending=ending, alt=alt)


def _ending(content: bytes) -> Literal["png", "jpg", "svg"] | None:
    """The kind by the content, whatever the file is called."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            return _ENDINGS.get(picture.format)
    except UnidentifiedImageError:
        pass
    except OSError:
        return None
    try:
        return "svg" if ET.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg" else None  # noqa: S314  # the user's own file
    except ET.ParseError:
        return None


def _refused(path: Path, found: str) -> ConfigError:
    return ConfigError(
        f"[theme] logo {path}",
        found=found,
        expected=f"a PNG, JPEG or SVG of at most {_LARGEST_LOGO:,} bytes",
        todo="correct logo, or save the picture smaller",
    )
