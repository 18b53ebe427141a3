"""Charts as SVG, drawn at their printed size; the same numbers give the same bytes."""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from reportgen.analyse.scores import ClassScore
from reportgen.compose.panels import COLOUR_MAP
from reportgen.errors import RenderingError

MM = 1 / 25.4
_LONGEST_LABEL = 34  # characters
INK, ACCENT, PALE, RULE = "#1c2430", "#1f5f8b", "#c96f2e", "#c9d0d8"


def _also_there(*families: str) -> list[str]:
    """Those of the font families that matplotlib finds here; naming another one would only fill the log."""
    return [family for family in families if family in {font.name for font in font_manager.fontManager.ttflist}]


STYLE: Any = {
    "font.family": ["DejaVu Sans", *_also_there("Noto Sans CJK JP", "IPAexGothic", "VL Gothic", "IPAGothic")],
    "font.size": 7.5,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "reportgen",
    "svg.fonttype": "path",
}


@contextmanager
def _axes(width_mm: float, height_mm: float) -> Iterator[tuple[Axes, io.BytesIO]]:
    """One set of axes without top and right border; on leaving, the buffer holds the SVG."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width_mm * MM, height_mm * MM), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        yield axes, buffer
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    missing = [str(warning.message) for warning in told if "missing from font" in str(warning.message)]
    if missing:
        raise RenderingError(
            "chart",
            found="; ".join(missing[:3]),
            expected="a font with every letter of the class names",
            todo="install a font for that script (`reportgen doctor` lists what is there), or give names with --notes",
        )


def _shortened(name: str) -> str:
    """The name as it fits beside a chart; the table beside the chart has it whole."""
    return name if len(name) <= _LONGEST_LABEL else name[: _LONGEST_LABEL - 1] + "…"


def _pair_label(a: str, b: str) -> str:
    together = f"{_shortened(a)} / {_shortened(b)}"
    return together if len(together) <= _LONGEST_LABEL * 1.6 else together.replace(" / ", " /\n")


def pair_chart(rows: Sequence[tuple[str, str, int, int]]) -> bytes:
    """Diverging bars, one row a pair (a, b, a_as_b, b_as_a), first on top: a as b to the left, b as a to the right."""
    with _axes(178, 14 + 5.6 * len(rows)) as (axes, buffer):
        top = max(max(left, right) for _, _, left, right in rows)
        for y, (_, _, left, right) in enumerate(rows):
            axes.barh(y, -left, color=ACCENT, height=0.62)
            axes.barh(y, right, color=PALE, height=0.62)
            axes.text(-left - top * 0.02, y, str(left), ha="right", va="center")
            axes.text(right + top * 0.02, y, str(right), ha="left", va="center")
        axes.axvline(0, color=INK, linewidth=0.6)
        axes.text(-top * 0.02, -0.95, "first called second", ha="right", va="center", color=ACCENT, weight="bold")
        axes.text(top * 0.02, -0.95, "second called first", ha="left", va="center", color=PALE, weight="bold")
        axes.set(xlim=(-top * 1.12, top * 1.12), ylim=(len(rows) - 0.5, -1.4), xticks=[])
        axes.set_yticks(range(len(rows)), [_pair_label(a, b) for a, b, _, _ in rows])
        axes.tick_params(axis="y", length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
    return buffer.getvalue()


def recall_chart(rows: Sequence[ClassScore], names: Sequence[str]) -> bytes:
    """Recall of each class as a dot with its 95 % Wilson interval, first row on top; a ring instead where n < 20."""
    with _axes(86, 14 + 3.9 * len(rows)) as (axes, buffer):
        for y, row in enumerate(rows):
            recall = row.recall if row.recall is not None else 0.0
            axes.plot(row.recall_ci, (y, y), color=ACCENT, linewidth=1.1, solid_capstyle="butt")
            axes.plot(recall, y, "o", color=ACCENT, markersize=3.6, markerfacecolor="white" if row.n < 20 else ACCENT)
        axes.set_yticks(range(len(rows)), [_shortened(name) for name in names])
        axes.tick_params(axis="y", length=0, labelsize=6.5)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
        axes.grid(axis="x", color=RULE, linewidth=0.4)
        axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.4, -0.6), xlabel="recall with 95 % interval")
    return buffer.getvalue()


def colour_bar() -> bytes:
    """The scale of the heat maps: 0 on the left, full colour on the right, a mark at one half where the line runs."""
    with _axes(60, 9) as (axes, buffer):
        steps = [i / 128 for i in range(128)]  # bars, not imshow: that embeds a PNG, which the PDF would have to fetch
        axes.bar(steps, 1, width=1 / 100, align="edge", color=mpl.colormaps[COLOUR_MAP](steps))
        axes.axvline(0.5, color="white", linewidth=1.2)
        axes.set(yticks=[], xlim=(0, 1), ylim=(0, 1))
        axes.set_xticks([0, 0.5, 1], ["0", "half: white line", "scale maximum"])
        axes.tick_params(length=2, labelsize=6.5)
    return buffer.getvalue()
