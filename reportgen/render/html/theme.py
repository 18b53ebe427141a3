"""A theme as a style sheet, and whether it can be read: its contrasts, by WCAG 2.2."""

import re
from collections.abc import Mapping

from markupsafe import Markup

from reportgen.errors import ConfigError
from reportgen.language import Language
from reportgen.package_files import templates_dir
from reportgen.runs.appearance import COLOURS, FONTS, Theme

LEAST_CONTRAST = 4.5  # of text, WCAG 2.2, success criterion 1.4.3 (AA)
_TEXTS, _GROUNDS = ("ink", "soft", "accent", "alarm"), ("paper", "wash")


def theme_css(theme: Theme) -> Markup:
    """Custom properties that go after those of css/tokens.css; "" for no theme."""
    light = [f"--{name}: {theme.colours[name]}" for name in COLOURS if name in theme.colours]
    light += [f'--font-{name}: "{theme.fonts[name]}", var(--{name}-else)' for name in FONTS if name in theme.fonts]
    return Markup(f":root {{ {'; '.join(light)} }}" if light else "")  # noqa: S704  # colours and families were checked


def dark_theme_css(theme: Theme) -> Markup:
    """Those that go after css/dark.css, which is for screens alone: WeasyPrint does not know these media queries."""
    dark = "; ".join(f"--{name}: {theme.dark[name]}" for name in COLOURS if name in theme.dark)
    by_system = ':root:not([data-theme="light"])'
    rules = (
        f"@media screen and (prefers-color-scheme: dark) {{ {by_system} {{ {dark} }} }}",
        f'@media screen {{ :root[data-theme="dark"] {{ {dark} }} }}',
    )
    return Markup("\n".join(rules) if dark else "")  # noqa: S704  # the colours were checked


def refuse_unreadable(theme: Theme) -> None:
    """Raises ConfigError for a text colour too near to the ground it stands on; what is not given is the house's."""
    for table, colours, given in (
        ("theme", house_colours("tokens.css"), theme.colours),
        ("theme.dark", house_colours("dark.css"), theme.dark),
    ):
        for text in _TEXTS:
            for ground in _GROUNDS:
                _refuse_low_contrast(table, (text, ground), {**colours, **given})


def house_colours(name: str) -> Mapping[str, str]:
    """The colours of a style sheet of tokens, "#rrggbb" by COLOURS."""
    css = (templates_dir() / "css" / name).read_text(encoding="utf-8")
    return {token: colour for token, colour in re.findall(r"--([\w-]+): (#[0-9a-f]{6})\b", css) if token in COLOURS}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours "#rrggbb", 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2, definition of relative luminance)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _refuse_low_contrast(table: str, names: tuple[str, str], colours: Mapping[str, str]) -> None:
    text, ground = names
    found = contrast(colours[text], colours[ground])
    if found < LEAST_CONTRAST:
        told = Language.apart(found, (LEAST_CONTRAST,), lambda value, digits: f"{value:.{digits}f}", digits=1)
        raise ConfigError(
            f"[{table}] {text} on {ground}",
            found=f"{colours[text]} on {colours[ground]}, a contrast of {told} to 1",
            expected=f"at least {LEAST_CONTRAST} to 1, so that it can be read",
            todo=f"make {text} or {ground} darker or lighter",
        )
