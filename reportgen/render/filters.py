"""Numbers to text: the only place where a figure is rounded."""

from datetime import datetime

NO_BREAK = "\u00a0"  # between a number and its unit, so that no line ends there
MINUS, TIMES = "\u2212", "\u00d7"
_LONGEST_LABEL = 30


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction in [0, 1] as "76.7 %"; "n/a" for None. Never rounds a value below 1 up to 100 %, or above 0 to 0 %."""
    if fraction is None:
        return "n/a"
    text = f"{100 * fraction:.{digits}f}"
    step = 10.0**-digits
    if fraction < 1 and float(text) >= 100:
        return f">{NO_BREAK}{100 - step:.{digits}f}{NO_BREAK}%"
    if fraction > 0 and float(text) == 0:
        return f"<{NO_BREAK}{step:.{digits}f}{NO_BREAK}%"
    return f"{text}{NO_BREAK}%"


def points(fraction: float) -> str:
    """A difference of fractions as percentage points: "1.6 points"."""
    return f"{100 * fraction:.1f} points"


def interval(ends: tuple[float, float]) -> str:
    """Two fractions as "71.7 to 81.1 %"."""
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}{NO_BREAK}%"


def difference(ends: tuple[float, float]) -> str:
    """The ends of a difference of fractions as "+2 to +19 points"."""
    low, high = (f"{100 * end:+.0f}".replace("-", MINUS) for end in ends)
    return f"{low} to {high} points"


def signed_points(fraction: float) -> str:
    """A signed difference of fractions: "+3.9 points", "−2.0 points", "0.0 points"."""
    text = f"{100 * fraction:+.1f}"
    return f"{'0.0' if float(text) == 0 else text.replace('-', MINUS)} points"


def difference_fine(ends: tuple[float, float]) -> str:
    """The ends of a difference of fractions with one digit: "−4.7 to +0.3 points"."""
    low, high = (f"{100 * end:+.1f}".replace("-", MINUS) for end in ends)
    return f"{low} to {high} points"


def probability(p: float) -> str:
    """A p value: "p = 0.012", "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def score(value: float) -> str:
    """A number in [0, 1] with two digits: "0.71"."""
    return f"{value:.2f}"


def times(value: float) -> str:
    """A factor: "2.3 ×"."""
    return f"{value:.1f}{NO_BREAK}{TIMES}"


def correlation(value: float) -> str:
    """A correlation in [-1, 1], with its sign where negative: "0.12", "−0.30"; never 1.00 for less than 1."""
    text = f"{min(abs(value), 0.99) if abs(value) < 0.9995 else 1:.2f}"
    return f"{MINUS}{text}" if value < 0 and float(text) else text


def evidence(value: float) -> str:
    """The peak of a map, three significant digits, as "0.264"; "0" when there is none."""
    return "0" if value == 0 else f"{value:.3g}"


def count(n: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun: "1 error", "1,024 errors"."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def whole(n: int) -> str:
    """A count with thousands separated: "2,411"."""
    return f"{n:,}"


def listed(names: list[str]) -> str:
    """Names as "A", "A and B", "A, B and C"."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""


def day(iso: str) -> str:
    """An ISO 8601 time as "23 November 2026, 08:30 UTC"."""
    moment = datetime.fromisoformat(iso)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def date_only(iso: str) -> str:
    """The day of an ISO 8601 time or date: "23 November 2026"."""
    moment = datetime.fromisoformat(iso)
    return f"{moment.day} {moment:%B %Y}"


def breakable(text: str) -> str:
    """The text with chances to break after / _ and -, so that long paths wrap instead of leaving the page."""
    for mark in "/_-":
        text = text.replace(mark, mark + "\u200b")
    return text


def shortened(name: str) -> str:
    """A name as it fits beside the cells of the matrix: at most 30 characters; the table of classes has it whole."""
    return name if len(name) <= _LONGEST_LABEL else name[: _LONGEST_LABEL - 1] + "…"


def seconds(value: float) -> str:
    """A duration: "0.4 s", "63 s", "2 min 05 s"."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{int(value // 60)} min {int(value % 60):02d} s"
