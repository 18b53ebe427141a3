"""Tokens in place of ours as a style sheet, and whether what is written in them can be read: contrast by WCAG 2.2."""

from markupsafe import Markup

from reportgen.errors import ConfigError
from reportgen.language import Language
from reportgen.runs.appearance import Appearance
from reportgen.tokens import Scheme, Tokens, text_pairs

LEAST_CONTRAST = 4.5  # of text, WCAG 2.2, success criterion 1.4.3 (AA)
_TABLES: tuple[tuple[Scheme, str], ...] = (("light", "theme"), ("dark", "theme.dark"))


def tokens_css(tokens: Tokens, *, after: Tokens) -> Markup:
    """The rule that goes after a style sheet that declares `after`, with what is another there; "" for nothing."""
    others = [f"--{name}: {value}" for name, value in tokens.values.items() if value != after.values.get(name)]
    return Markup(f":root {{ {'; '.join(others)} }}" if others else "")  # noqa: S704  # colours and families were checked


def refuse_unreadable(appearance: Appearance) -> None:
    """Raises ConfigError for a colour of [theme] that leaves a text too near to the ground it stands on."""
    tokens = appearance.tokens
    for (scheme, table), given in zip(_TABLES, (appearance.theme.colours, appearance.theme.dark), strict=True):
        for text, ground, found in text_pairs(tokens, scheme):
            named = [name for name in (text, ground) if name in given]
            if named and found < LEAST_CONTRAST:
                told = Language.apart(found, (LEAST_CONTRAST,), lambda value, digits: f"{value:.{digits}f}", digits=1)
                colours = tokens.colours(scheme)
                raise ConfigError(
                    f"[{table}] {text} on {ground}",
                    found=f"{colours[text]} on {colours[ground]}, a contrast of {told} to 1",
                    expected=f"at least {LEAST_CONTRAST} to 1, so that it can be read",
                    todo=f"make {' or '.join(named)} darker or lighter",
                )
