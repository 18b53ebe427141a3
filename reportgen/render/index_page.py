"""The archive's front page: every run of every model, on one page without scripts or requests, in any language."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote

from jinja2 import Environment
from markupsafe import Markup
from pydantic import AwareDatetime

from reportgen.analyse.gate_outcome import GateOutcome, RuleOutcome
from reportgen.inputs.notes import read_notes
from reportgen.inputs.stored_fields import Count, Difference, Fraction, Name, RunId
from reportgen.language import LANGUAGES, Language, language
from reportgen.render.environment import environment, rendered, text_of
from reportgen.render.file_names import document_name
from reportgen.render.html.content_policy import content_policy
from reportgen.render.html.theme import tokens_css
from reportgen.tokens import Tokens, house_tokens

N_TREND_RUNS = 60  # in the trend
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 230, 52, 724, 12, 196  # of the drawing and of its plot, px
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # between two lines of the grid
_MOST_GAPS, _MOST_DAYS = 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the gate that did not pass."""

    name: str
    outcome: RuleOutcome
    detail: str
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> Mapping[str, str]:
        """Why, by language; older runs know English alone."""
        return {"en": self.detail, **self.details}


@dataclass(frozen=True, slots=True, kw_only=True)
class TopPair:
    """Two classes and how often each was predicted as the other."""

    a: Name
    b: Name
    a_as_b: Count
    b_as_a: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineChange:
    """Against the baseline; the numbers are None where the runs have no image in common, `verdict` if not judged.

    across, acrosses: what is another beside the model (device, precision, versions), in words; older runs have none.
    """

    baseline_run_id: str
    comparable: bool
    reason: str | None
    verdict: Literal["better", "worse", "no_evidence", "underpowered"] | None
    fixed: Count
    broken: Count
    accuracy_difference: Difference | None
    accuracy_difference_ci: tuple[Difference, Difference] | None
    reasons: Mapping[str, str] = field(default_factory=dict)
    across: str | None = None
    acrosses: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> Mapping[str, str]:
        """The reason by language; older runs know English alone."""
        return {"en": self.reason or "", **self.reasons}

    @property
    def across_words(self) -> Mapping[str, str]:
        """What the runs are compared across, by language; empty where nothing is another."""
        return {"en": self.across, **self.acrosses} if self.across else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """verdict.json, as far as the archive needs it; n_data_checks is None in runs of older versions."""

    run_id: RunId
    created_at: AwareDatetime
    outcome: GateOutcome
    strict: bool
    accuracy: Fraction
    accuracy_ci: tuple[Fraction, Fraction]
    n: Count
    species_accuracy: Fraction | None
    n_cross_species: Count | None
    top_pairs: tuple[TopPair, ...]
    comparison: BaselineChange | None
    fingerprint: str
    class_order_suspicious: bool
    notice: str | None
    rules: tuple[Rule, ...]
    model: str = ""
    language: str = "en"
    languages: tuple[str, ...] = ("en",)
    n_data_checks: Count | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def reports(self) -> tuple[tuple[str, str, Language], ...]:
        """(kind, file, language) of the documents that the run may have; of languages that are known here."""
        return tuple(
            (ending.upper(), document_name(code, ending, first=self.language), language(code))
            for code in self.languages
            if code in LANGUAGES
            for ending in ("html", "pdf")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A bundle as the page shows it. `folder`: relative to the page; `documents`: the names of its reports."""

    model: str
    folder: str
    verdict: Verdict
    documents: tuple[str, ...]

    def reports(self, code: str) -> tuple[tuple[str, str, Language], ...]:
        """(kind, file, language) of its documents, those in the language `code` first."""
        in_order = sorted(self.verdict.reports, key=lambda report: report[2].code != code)
        return tuple(report for report in in_order if report[1] in self.documents)

    def href(self, name: str) -> str:
        """The URL of one of its files, relative to the page."""
        return quote(f"{self.folder}/{name}", errors="surrogateescape")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A run in the trend, px: the centre and the ends of its interval."""

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
class ModelRuns:
    """One model: its runs, newest first, and their trend, None for a single run."""

    model: str
    entries: tuple[Entry, ...]
    trend: Trend | None


def index_pages(
    entries: tuple[Entry, ...], unreadable: tuple[tuple[str, str], ...], *, tokens: Tokens | None = None
) -> dict[str, str]:
    """The page by file name, in every language of a run: index.html in the newest run's first, index.ja.html and so on.

    `entries` by model, oldest first; `unreadable`: (folder, reason) of bundles that could not be read; tokens: ours for
    None. The pages depend on the arguments alone. Raises RenderingError.
    """
    newest_first = sorted(entries, key=lambda entry: (entry.verdict.created_at, entry.verdict.run_id), reverse=True)
    spoken = (code for entry in newest_first for code in (entry.verdict.language, *entry.verdict.languages))
    codes = list(dict.fromkeys(code for code in spoken if code in LANGUAGES)) or ["en"]
    names = {code: "index.html" if code == codes[0] else f"index.{code}.html" for code in sorted(codes)}
    return {
        name: index_page(
            entries,
            unreadable,
            code,
            elsewhere={one: file for one, file in names.items() if one != code},
            tokens=tokens,
        )
        for code, name in names.items()
    }


def index_page(
    entries: tuple[Entry, ...],
    unreadable: tuple[tuple[str, str], ...],
    code: str = "en",
    *,
    elsewhere: Mapping[str, str] = MappingProxyType({}),
    tokens: Tokens | None = None,
) -> str:
    """The page in the language `code`; `elsewhere`: the files of the others by their codes. Raises RenderingError."""
    models = tuple(
        ModelRuns(model=model, entries=runs[::-1], trend=trend([one.verdict for one in runs]))
        for model, group in groupby(entries, key=lambda entry: entry.model)
        for runs in [tuple(group)]
    )
    drawing = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}
    return rendered(
        _environment(code, tokens_css(tokens or house_tokens(), after=house_tokens())),
        "index.html.j2",
        models=models,
        unreadable=unreadable,
        drawing=drawing,
        elsewhere=[(language(other), file) for other, file in elsewhere.items()],
    )


@cache
def _environment(code: str, theme: Markup) -> Environment:
    made = environment(replace(read_notes(), language=code).name, code)
    tokens, dark, page = (text_of(made, f"css/{name}.css") for name in ("tokens", "dark", "index"))
    style = tokens + theme + dark + page
    made.globals |= {"style": style, "content_policy": content_policy([style])}
    return made


def trend(runs: list[Verdict]) -> Trend | None:
    """The last N_TREND_RUNS of `runs` (oldest first), evenly spaced, on a scale over all intervals; None for one."""
    shown = runs[-N_TREND_RUNS:]
    if len(shown) < 2:
        return None
    low, high = min(one.accuracy_ci[0] for one in shown), max(one.accuracy_ci[1] for one in shown)
    step = next((step for step in _STEPS if (high - low) / step <= _MOST_GAPS), _STEPS[-1])
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)  # 0.6 / 0.05 is a little below 12
    first = max(min(first, last - 1), 0)
    last = max(last, first + 1)

    def y(fraction: float) -> float:
        return round(BOTTOM - (fraction / step - first) / (last - first) * (BOTTOM - TOP), 1)

    def x(place: float) -> float:
        return round(LEFT + (place + 0.5) * (RIGHT - LEFT) / len(shown), 1)

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
