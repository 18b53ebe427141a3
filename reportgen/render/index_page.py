"""The archive's front page: every night of every model, on one page without scripts or requests."""

import math
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise
from typing import Annotated, Literal
from urllib.parse import quote

from jinja2 import Environment
from pydantic import AwareDatetime, Field

from reportgen.render.environment import environment, rendered

N_NIGHTS = 60  # in the trend
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 230, 52, 724, 12, 196  # of the drawing and of its plot, px
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # between two lines of the grid
_MOST_GAPS, _MOST_DAYS = 5, 6

Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Difference = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Outcome = Literal["pass", "fail", "inconclusive", "invalid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the gate that did not pass."""

    name: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopPair:
    """Two classes and how often each was called the other."""

    a: str
    b: str
    a_as_b: int
    b_as_a: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Against the baseline; the numbers are None where the runs have no image in common, `verdict` if not judged."""

    baseline_run_id: str
    comparable: bool
    reason: str | None
    verdict: Literal["better", "worse", "no_evidence", "underpowered"] | None
    fixed: int
    broken: int
    accuracy_difference: Difference | None
    accuracy_difference_ci: tuple[Difference, Difference] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """verdict.json, as far as the archive needs it."""

    run_id: str
    created_at: AwareDatetime
    outcome: Outcome
    strict: bool
    accuracy: Fraction
    accuracy_ci: tuple[Fraction, Fraction]
    n: int
    species_accuracy: Fraction | None
    n_cross_species: int | None
    top_pairs: tuple[TopPair, ...]
    comparison: Change | None
    fingerprint: str
    class_order_suspicious: bool
    notice: str | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A bundle as the page shows it. `documents`: which of report.html and report.pdf it has."""

    model: str
    folder: str
    verdict: Verdict
    documents: tuple[str, ...]

    def href(self, name: str) -> str:
        """The URL of one of its files, relative to the page."""
        return "/".join(quote(part, safe="", errors="surrogateescape") for part in (self.model, self.folder, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A night in the trend, px: the centre and the ends of its interval."""

    x: float
    y: float
    y_low: float
    y_high: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """What the template draws, px. `lines`: (y, fraction); `days`: (x, day); `breaks`: x where the data changed."""

    marks: tuple[Mark, ...]
    lines: tuple[tuple[float, float], ...]
    days: tuple[tuple[float, str], ...]
    breaks: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNights:
    """One model: its nights, newest first, and their trend, None for a single night."""

    model: str
    entries: tuple[Entry, ...]
    trend: Trend | None


def index_page(entries: tuple[Entry, ...], unreadable: tuple[tuple[str, str], ...]) -> str:
    """The page. `entries` by model, oldest first; `unreadable`: (folder, reason) of bundles that could not be read.

    It depends on the arguments alone. Raises RenderingError.
    """
    models = tuple(
        ModelNights(model=model, entries=nights[::-1], trend=trend([night.verdict for night in nights]))
        for model, group in groupby(entries, key=lambda entry: entry.model)
        for nights in [tuple(group)]
    )
    drawing = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}
    return rendered(_environment(), "index.html.j2", models=models, unreadable=unreadable, drawing=drawing)


@cache
def _environment() -> Environment:
    """Its templates take longer to compile than a page of a hundred nights takes to fill."""
    return environment(str)


def trend(nights: list[Verdict]) -> Trend | None:
    """The last N_NIGHTS of `nights` (oldest first), evenly spaced, on a scale over all intervals; None for one."""
    shown = nights[-N_NIGHTS:]
    if len(shown) < 2:
        return None
    low, high = min(night.accuracy_ci[0] for night in shown), max(night.accuracy_ci[1] for night in shown)
    step = next((step for step in _STEPS if (high - low) / step <= _MOST_GAPS), _STEPS[-1])
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)  # 0.6 / 0.05 is a little below 12
    first = max(min(first, last - 1), 0)
    last = max(last, first + 1)

    def y(fraction: float) -> float:
        return round(BOTTOM - (fraction / step - first) / (last - first) * (BOTTOM - TOP), 1)

    def x(night: float) -> float:
        return round(LEFT + (night + 0.5) * (RIGHT - LEFT) / len(shown), 1)

    return Trend(
        marks=tuple(
            Mark(x=x(i), y=y(one.accuracy), y_low=y(one.accuracy_ci[0]), y_high=y(one.accuracy_ci[1]), verdict=one)
            for i, one in enumerate(shown)
        ),
        lines=tuple((y(line * step), line * step) for line in range(first, last + 1)),
        days=tuple((x(i), f"{shown[i].created_at:%Y-%m-%d}") for i in _spread(len(shown))),
        breaks=tuple(
            x(i + 0.5) for i, (one, other) in enumerate(pairwise(shown)) if one.fingerprint != other.fingerprint
        ),
    )


def _spread(n: int) -> list[int]:
    """At most _MOST_DAYS of the numbers below n, evenly spread, the first and the last among them."""
    n_days = min(n, _MOST_DAYS)
    return [round(i * (n - 1) / (n_days - 1)) for i in range(n_days)]
