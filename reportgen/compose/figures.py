"""Charts as SVG, drawn at their printed size; the same numbers give the same bytes.

Each mark that stands for a number has an id in the SVG (`gid`), so that a drawing can be read back.
"""

import io
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any
from unicodedata import east_asian_width

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from reportgen.analyse.scores import ClassScore
from reportgen.language import Language
from reportgen.plain_text import for_chart
from reportgen.tokens import Tokens

MM = 1 / 25.4
_LONGEST_LABEL = 34  # letters; Japanese ones are two wide


def _there(*families: str) -> list[str]:
    """Those of the font families that matplotlib finds here; naming another one would only fill the log."""
    return [family for family in families if family in {font.name for font in font_manager.fontManager.ttflist}]


def chart_style(tokens: Tokens) -> Any:
    """What matplotlib draws by: fonts, type size and the colour of whatever is not given one."""
    ink = tokens.colours()["ink"]
    return {
        "font.family": [*_there(*tokens.families("font-body")), "DejaVu Sans"],
        "font.size": tokens.points("chart-text"),
        "axes.edgecolor": ink,
        "axes.linewidth": 0.5,
        "text.color": ink,
        "axes.labelcolor": ink,
        "xtick.color": ink,
        "ytick.color": ink,
        "svg.hashsalt": "reportgen",
        "svg.fonttype": "path",
        "text.parse_math": False,  # a name such as "cost $5" is no formula
    }


@contextmanager
def _axes(width_mm: float, height_mm: float, tokens: Tokens, ground: str = "none") -> Iterator[tuple[Axes, io.BytesIO]]:
    """One set of axes without top and right border, on nothing or a ground; on leaving, the buffer holds the SVG."""
    buffer = io.BytesIO()
    with mpl.rc_context(chart_style(tokens)):
        figure = Figure(figsize=(width_mm * MM, height_mm * MM), layout="constrained", facecolor=ground)
        FigureCanvasSVG(figure)
        axes = figure.add_subplot(facecolor="none")
        axes.spines[["top", "right"]].set_visible(False)
        yield axes, buffer
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            figure.savefig(buffer, format="svg", metadata={"Date": None})
            if any("missing from font" in str(warning.message) for warning in caught):
                # As text, for the fonts of whoever shows it: of a script that is not here, or that has to be shaped.
                mpl.rcParams["svg.fonttype"] = "none"
                buffer.seek(0)
                buffer.truncate()
                figure.savefig(buffer, format="svg", metadata={"Date": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """One run of the trend. accuracy and its 95% interval: fractions in [0, 1]."""

    day: date
    accuracy: float
    accuracy_ci: tuple[float, float]


def _shortened(name: str) -> str:
    """The name as it fits beside a chart; the table beside the chart has it whole."""
    name = for_chart(name)
    ends = [0, *accumulate(2 if east_asian_width(letter) in "WF" else 1 for letter in name)]
    return name if ends[-1] <= _LONGEST_LABEL else name[: bisect_right(ends, _LONGEST_LABEL - 1) - 1] + "…"


def _pair_label(a: str, b: str) -> str:
    together = f"{_shortened(a)} / {_shortened(b)}"
    return together if len(together) <= _LONGEST_LABEL * 1.6 else together.replace(" / ", " /\n")


def pair_chart(rows: Sequence[tuple[str, str, int, int]], locale: Language, *, tokens: Tokens) -> bytes:
    """Diverging bars, one row a pair (a, b, a_as_b, b_as_a), first on top: a as b to the left, b as a to the right."""
    colours = tokens.colours()
    with _axes(178, 14 + 5.6 * len(rows), tokens) as (axes, buffer):
        top = max(max(left, right) for _, _, left, right in rows)
        for y, (_, _, left, right) in enumerate(rows):
            axes.barh(y, -left, color=colours["accent"], height=0.62, gid=f"a-as-b-{y + 1}")
            axes.barh(y, right, color=colours["opposite"], height=0.62, gid=f"b-as-a-{y + 1}")
            axes.text(-left - top * 0.02, y, str(left), ha="right", va="center", gid=f"n-a-as-b-{y + 1}")
            axes.text(right + top * 0.02, y, str(right), ha="left", va="center", gid=f"n-b-as-a-{y + 1}")
        axes.axvline(0, color=colours["ink"], linewidth=0.6, gid="zero")
        axes.text(
            -top * 0.02,
            -0.95,
            locale.gettext("first predicted as second"),
            ha="right",
            va="center",
            color=colours["accent"],
            weight="bold",
            gid="head-a-as-b",
        )
        axes.text(
            top * 0.02,
            -0.95,
            locale.gettext("second predicted as first"),
            ha="left",
            va="center",
            color=colours["opposite"],
            weight="bold",
            gid="head-b-as-a",
        )
        axes.set(xlim=(-top * 1.12, top * 1.12), ylim=(len(rows) - 0.5, -1.4), xticks=[])
        axes.set_yticks(range(len(rows)), [_pair_label(a, b) for a, b, _, _ in rows])
        axes.tick_params(axis="y", length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
    return buffer.getvalue()


def recall_chart(rows: Sequence[ClassScore], names: Sequence[str], locale: Language, *, tokens: Tokens) -> bytes:
    """Recall of each class as a dot with its 95% Wilson interval, first row on top; a ring instead where n < 20."""
    colours = tokens.colours()
    accent = colours["accent"]
    with _axes(86, 14 + 3.9 * len(rows), tokens) as (axes, buffer):
        for y, row in enumerate(rows):
            recall = row.recall if row.recall is not None else 0.0
            inside = colours["paper"] if row.n < 20 else accent
            axes.plot(row.recall_ci, (y, y), color=accent, lw=1.1, solid_capstyle="butt", gid=f"interval-{y + 1}")
            axes.plot(recall, y, "o", color=accent, markersize=3.6, markerfacecolor=inside, gid=f"recall-{y + 1}")
        axes.set_yticks(range(len(rows)), [_shortened(name) for name in names])
        axes.tick_params(axis="y", length=0, labelsize=tokens.points("chart-small"))
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], [locale.percent(share, "d") for share in (0, 25, 50, 75, 100)])
        axes.grid(axis="x", color=colours["rule"], linewidth=0.4)
        axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.4, -0.6), xlabel=locale.gettext("recall with 95% interval"))
    return buffer.getvalue()


def trend_chart(runs: Sequence[TrendPoint], locale: Language, *, tokens: Tokens) -> bytes:
    """Accuracy run by run with its 95% interval, oldest on the left; the last one is this run, filled and named."""
    colours = tokens.colours()
    accent = colours["accent"]
    with _axes(104, 31, tokens) as (axes, buffer):
        for x, one in enumerate(runs):
            colour, width, size = (accent, 1.6, 5) if x == len(runs) - 1 else (colours["rule"], 1.2, 3.6)
            axes.plot((x, x), one.accuracy_ci, color=colour, linewidth=width, gid=f"interval-{x + 1}")
            axes.plot(x, one.accuracy, "o", color=accent, markersize=size, zorder=3, gid=f"accuracy-{x + 1}")
        axes.plot([one.accuracy for one in runs], color=colours["soft"], linewidth=0.7, zorder=2, gid="line")
        ends = (0, len(runs) - 1)
        axes.set_xticks(ends, [f"{runs[x].day:%Y-%m-%d}" for x in ends])
        axes.get_xticklabels()[0].set_horizontalalignment("left")
        axes.get_xticklabels()[-1].set_horizontalalignment("right")
        scale = min(one.accuracy_ci[0] for one in runs), max(one.accuracy_ci[1] for one in runs)
        axes.set_yticks(scale, [locale.apart(end, scale, locale.share, digits=1) for end in scale])
        axes.tick_params(length=2, labelsize=tokens.points("chart-small"), color=colours["rule"])
        axes.set(xlim=(-0.35, len(runs) - 0.65))
        axes.spines[["left", "bottom"]].set_color(colours["rule"])
    return buffer.getvalue()


def colour_bar(locale: Language, *, tokens: Tokens) -> bytes:
    """The scale of the heat maps: 0 on the left, full colour on the right, a mark at one half where the line runs."""
    colours = tokens.colours()
    with _axes(60, 9, tokens, colours["paper"]) as (axes, buffer):
        steps = [i / 128 for i in range(128)]  # bars, not imshow: that embeds a PNG, which the PDF would have to fetch
        bars = axes.bar(steps, 1, width=1 / 100, align="edge", color=mpl.colormaps[tokens.text("heat")](steps))
        for number, bar in enumerate(bars, start=1):
            bar.set_gid(f"step-{number}")
        axes.axvline(0.5, color=colours["heat-line"], linewidth=1.2, gid="half")
        axes.set(yticks=[], xlim=(0, 1), ylim=(0, 1))
        axes.set_xticks([0, 0.5, 1], ["0", locale.gettext("half: white line"), locale.gettext("scale maximum")])
        axes.tick_params(length=2, labelsize=tokens.points("chart-small"))
    return buffer.getvalue()
