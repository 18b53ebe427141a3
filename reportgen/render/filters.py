"""Numbers to text: the only place where a figure is rounded. Digits and words are those of the page's language."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from unicodedata import category, east_asian_width

from reportgen.analyse.significance import SIGNIFICANCE
from reportgen.language import MINUS, Language

NO_BREAK = "\u00a0"  # between a number and its unit, so that no line ends there
BREAK = "\u200b"  # a chance for a line to end
_LONGEST_LABEL = 30
_LONGEST_PATH = 300
_LONGEST_RUN, _PIECE = 24, 12  # letters: 24 stand in the narrowest column of a table
_JOINERS = {"\u200d", *"\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"}  # and the tones of skin


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of one language; a template calls each public method by its name."""

    language: Language

    def percent(self, fraction: float | None, digits: int = 1, *others: float) -> str:
        """A fraction in [0, 1] as "76.7%"; "n/a" for None. Never rounds one below 1 up to 100%, or above 0 to 0%.

        Here and below, `others` are numbers that it is compared with: it has the digits that tell it from them.
        """
        if fraction is None:
            return self.language.gettext("n/a")
        return self.language.apart(fraction, others, self.language.share, digits=digits)

    def apart(self, fraction: float, *others: float) -> str:
        """The fraction in percent with the digits that tell it from `others`: "94.98%" for 95%."""
        return self.percent(fraction, 1, *others)

    def points(self, fraction: float, *others: float) -> str:
        """A difference of fractions as percentage points: "1.6 points"; never 0.0 for more."""
        return self._points(self._in_points(fraction, "", others))

    def signed_points(self, fraction: float, *others: float) -> str:
        """A signed difference of fractions: "+3.9 points", "−0.04 points"; "0.0 points" where there is none."""
        return self._points(self._in_points(fraction, "+", others))

    def interval(self, ends: tuple[float, float], *others: float) -> str:
        """Two fractions as "71.7% to 81.1%", "< 0.1% to 2.3%"; the ends look alike only where they are."""
        low, high = (self.percent(end, 1, *ends, *others) for end in ends)
        return self.language.gettext("%(low)s to %(high)s") % {"low": low, "high": high}

    def difference(self, ends: tuple[float, float]) -> str:
        """The ends of a difference of fractions as "+2 to +19 points"."""
        return self.language.gettext("%(low)s to %(high)s points") % self._ends(ends, 0)

    def difference_fine(self, ends: tuple[float, float], *others: float) -> str:
        """The ends of a difference of fractions with one digit: "−4.7 to +0.3 points"."""
        return self.language.gettext("%(low)s to %(high)s points") % self._ends(ends, 1, *others)

    def probability(self, p: float) -> str:
        """A p value: "p = 0.012", "p < 0.001", "p > 0.999"; 1.000 is exact, and 0.050 the level of judgement."""
        sign = "" if p == 1 or 0.001 <= p < 0.9995 else "<" if p < 0.001 else ">"
        if sign:
            return f"p {sign} {self.language.number(0.001 if sign == '<' else 0.999, '.3f')}"
        return f"p = {self.language.apart(p, (SIGNIFICANCE,), self._fixed, digits=3)}"

    def score(self, value: float, *others: float) -> str:
        """A number in [0, 1] with two digits: "0.71", "> 0.99"; 1.00 and 0.00 are exact."""
        return self.language.apart(value, others, self.language.inside, digits=2)

    def times(self, value: float) -> str:
        """A factor: "2.3×"; "1.0×" is exact."""
        return self.language.gettext("%(number)s\u00d7") % {"number": self.factor(value)}

    def factor(self, value: float) -> str:
        """A factor without its sign, for the ends of an interval: "2.3"; "1.0" is exact."""
        return self.language.apart(value, (1.0,), self._fixed, digits=1)

    def correlation(self, value: float, *others: float) -> str:
        """A correlation in [-1, 1], with its sign where negative: "0.12", "−0.30"; 0.00 and 1.00 are exact."""
        return self.language.apart(value, (-1.0, 0.0, 1.0, *others), self._fixed, digits=2)

    def evidence(self, value: float, *others: float) -> str:
        """The peak of a map, three significant digits, as "0.264"; "0" when there is none."""

        def write(peak: float, digits: int) -> str:
            return "0" if peak == 0 else self.language.number(peak, f".{digits}g")

        return self.language.apart(value, others, write, digits=3)

    def count(self, n: int, noun: str) -> str:
        """A number with its noun, a key of NOUNS: "1 error", "1,024 errors"."""
        return self.language.count(n, noun)

    def whole(self, n: int) -> str:
        """A count with thousands separated: "2,411"."""
        return self.language.number(n, ",")

    def listed(self, names: list[str]) -> str:
        """Names as "A", "A and B", "A, B and C"."""
        return self.language.listed(list(names))

    def day(self, iso: str) -> str:
        """An ISO 8601 time as "23 November 2026, 08:30 UTC"."""
        moment = datetime.fromisoformat(iso)
        return self.language.gettext("%(day)s, %(time)s UTC") % {
            "day": self.language.day(moment),
            "time": f"{moment:%H:%M}",
        }

    def date_only(self, iso: str) -> str:
        """The day of an ISO 8601 time or date: "23 November 2026"."""
        return self.language.day(datetime.fromisoformat(iso))

    def in_words(self, text: Mapping[str, str]) -> str:
        """A text that stands in several languages, in this one; the English where there is none."""
        return text.get(self.language.code, text["en"])

    def translated(self, text: str) -> str:
        """A word or sentence of ours that a run carries, such as "cat"; a user's own stays as it is."""
        return self.language.gettext(text)

    def breakable(self, text: str) -> str:
        """The text with chances to break after / _ and - and in long runs, so that it never leaves the page.

        Of more than 300 letters both ends are left: no page holds a path of 4,000. The CSV tables have it whole.
        """
        if len(text) > _LONGEST_PATH:
            text = f"{text[: _LONGEST_PATH // 2]} … {text[-_LONGEST_PATH // 2 :]}"
        for mark in "/_-":
            text = text.replace(mark, mark + BREAK)
        return in_pieces(text)

    def shortened(self, name: str) -> str:
        """A name as it fits beside the cells of the matrix; the table of classes has it whole."""
        return shortened(name)

    def _points(self, number: str) -> str:
        return self.language.gettext("%(number)s points") % {"number": number}

    def _in_points(self, fraction: float, spec: str, others: Iterable[float], digits: int = 1) -> str:
        return self.language.apart(
            fraction, others, lambda value, n: self.language.away_from_zero(100 * value, spec, n), digits=digits
        )

    def _ends(self, ends: tuple[float, float], digits: int, *others: float) -> dict[str, str]:
        low, high = (self._in_points(end, "+", (*ends, *others), digits) for end in ends)
        return {"low": low, "high": high}

    def _fixed(self, value: float, digits: int) -> str:
        """With no sign where it rounds to 0."""
        text = self.language.number(value, f".{digits}f")
        return text.lstrip(MINUS) if float(format(value, f".{digits}f")) == 0 else text


FILTERS = tuple(name for name in vars(Filters) if not name.startswith("_") and name != "language")


def in_pieces(text: str) -> str:
    """The text with chances to break in every run of more than 24 letters that offers none.

    No letter is parted from its accents, and no emoji from what joins it. Shorter runs stay as they are, so that a name
    of ordinary length can be searched for and copied.
    """
    return re.sub(rf"[^\s{BREAK}-]{{{_LONGEST_RUN + 1},}}", lambda run: BREAK.join(_pieces(run[0])), text)


def _pieces(run: str) -> Iterator[str]:
    start, n_letters, after_joiner = 0, 0, False
    for at, letter in enumerate(run):
        is_whole = not (after_joiner or letter in _JOINERS or category(letter).startswith("M"))
        if is_whole and n_letters == _PIECE:
            yield run[start:at]
            start, n_letters = at, 0
        n_letters += is_whole
        after_joiner = letter == "\u200d"
    yield run[start:]


def shortened(name: str) -> str:
    """At most 30 letters of a name, 20 if Japanese: so much is 38 mm at 6 pt. The last is a sign that there is more."""
    name = name.replace(BREAK, "")
    ends = [0, *accumulate(_width(letter) for letter in name)]
    return name if ends[-1] <= _LONGEST_LABEL else name[: bisect_right(ends, _LONGEST_LABEL - 1) - 1] + "…"


def _width(letter: str) -> float:
    return 1.5 if east_asian_width(letter) in "WF" else 0 if category(letter) in ("Mn", "Me", "Cf") else 1
