"""The languages of the report: sentences from gettext catalogues, numbers and dates by Babel.

English is in the code. Every other language is one file, locales/CODE.po; a further one is a catalogue and no code.
"""

import gettext
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol, get_group_symbol

from reportgen.rounding import SAME

MINUS = "\u2212"
_MOST_DIGITS = 10  # tell numbers apart that differ by more than SAME
_REGIONS = {"en": "en_GB"}  # the day before the month


def N_(text: str) -> str:  # noqa: N802  # gettext's own name for it
    """The text itself, marked for the catalogues where it stands long before it is shown."""
    return text


def _forms(one: str, many: str) -> tuple[str, str]:
    return one, many


# What a report counts: `count` in a template names the key.
NOUNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "check": _forms("%(num)s data check", "%(num)s data checks"),
        "class": _forms("%(num)s class", "%(num)s classes"),
        "error": _forms("%(num)s error", "%(num)s errors"),
        "group": _forms("%(num)s group", "%(num)s groups"),
        "image": _forms("%(num)s image", "%(num)s images"),
        "method": _forms("%(num)s method", "%(num)s methods"),
        "model": _forms("%(num)s model", "%(num)s models"),
        "pair": _forms("%(num)s pair", "%(num)s pairs"),
        "panel": _forms("%(num)s panel", "%(num)s panels"),
        "parameter": _forms("%(num)s parameter", "%(num)s parameters"),
        "run": _forms("%(num)s run", "%(num)s runs"),
        "thread": _forms("%(num)s thread", "%(num)s threads"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Language:
    """One language. `code`: as in the HTML attribute lang; `name`: what its readers call it."""

    code: str
    name: str
    locale: Locale
    translations: gettext.NullTranslations

    def gettext(self, text: str) -> str:
        """The text in this language; the English one where the catalogue lacks it."""
        return self.translations.gettext(text) if text else ""  # of "" gettext gives the catalogue's head

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The form of the text that goes with `n`."""
        return self.translations.ngettext(one, many, n)

    def count(self, n: int, noun: str) -> str:
        """A number with its noun, a key of NOUNS: "1 error", "1,024 errors"."""
        return self.ngettext(*NOUNS[noun], n) % {"num": self.number(n, ",")}

    def number(self, value: float, spec: str) -> str:
        """The number as Python's format `spec` rounds it, with the signs of this language: "1,024.5", "−0.3"."""
        signs = {",": get_group_symbol(self.locale), ".": get_decimal_symbol(self.locale), "-": MINUS}
        return "".join(signs.get(letter, letter) for letter in format(value, spec))

    def inside(
        self, value: float, digits: int, *, top: float = 1.0, write: Callable[[float, str], str] | None = None
    ) -> str:
        """A number in [0, top] that rounds to an end only where it is one: "0.71", "> 0.99", "< 0.01", "1.00".

        `write(number, spec)` turns it into text, `number` where it is not given.
        """
        step, spec, write = 10.0**-digits, f".{digits}f", write or self.number
        rounded = float(format(value, spec))
        if value < top and rounded >= top:
            return f">\u00a0{write(top - step, spec)}"
        if value > 0 and rounded == 0:
            return f"<\u00a0{write(step, spec)}"
        return write(value, spec)

    def share(self, fraction: float, digits: int = 1) -> str:
        """A fraction in [0, 1] as `inside` writes it, in percent: "76.7%", "> 99.9%"."""
        return self.inside(100 * fraction, digits, top=100, write=self.percent)

    @staticmethod
    def apart(value: float, others: Iterable[float], write: Callable[[float, int], str], *, digits: int) -> str:
        """The number as `write(number, digits)` writes it, with as many digits as tell it from each of `others`.

        The one rule for numbers that a sentence compares: those that are not equal never look equal. What differs by no
        more than SAME is equal.
        """
        different = [other for other in others if abs(other - value) > SAME]
        while digits < _MOST_DIGITS and any(write(value, digits) == write(other, digits) for other in different):
            digits += 1
        return write(value, digits)

    def away_from_zero(self, value: float, spec: str, digits: int) -> str:
        """The number with as many `digits` as tell it from 0: "+0.04" where "+0.0" would hide it."""
        while abs(value) > SAME and float(format(value, f".{digits}f")) == 0:
            digits += 1
        text = self.number(value, f"{spec}.{digits}f")
        return text.lstrip("+" + MINUS) if float(format(value, f".{digits}f")) == 0 else text

    def percent(self, value: float, spec: str) -> str:
        """The number with its sign as CLDR has it: "76.7%" in English, "76,7 %" in German, "%76,7" in Turkish."""
        pattern = self.locale.percent_formats[None]
        return f"{pattern.prefix[0]}{self.number(value, spec)}{pattern.suffix[0]}"

    def day(self, day: date) -> str:
        """The day in full: "23 November 2026"."""
        return format_date(day, format="long", locale=self.locale)

    def listed(self, names: list[str]) -> str:
        """Names as "A", "A and B", "A, B and C"."""
        return format_list(names, locale=self.locale) if names else ""


def _catalogues() -> tuple[str, ...]:
    folder = resources.files("reportgen") / "locales"
    return tuple(sorted(file.name.removesuffix(".po") for file in folder.iterdir() if file.name.endswith(".po")))


LANGUAGES = ("en", *_catalogues())


@cache
def language(code: str) -> Language:
    """The language. `code` is one of LANGUAGES."""
    locale = Locale.parse(_REGIONS.get(code, code))
    translations = gettext.NullTranslations()
    if code != "en":
        text = (resources.files("reportgen") / "locales" / f"{code}.po").read_bytes()
        compiled = io.BytesIO()
        write_mo(compiled, read_po(io.BytesIO(text), locale=code))
        compiled.seek(0)
        translations = gettext.GNUTranslations(compiled)
    return Language(
        code=code, name=Locale.parse(code).get_display_name() or code, locale=locale, translations=translations
    )
