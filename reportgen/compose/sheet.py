"""The comparison sheet: one picture, every method side by side, as data for a page and as one PNG."""

import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from reportgen.compose.figures import INK, MM, STYLE
from reportgen.compose.panels import METHOD_TITLES, Tile, map_tiles
from reportgen.explain.attributions import MethodUse, Refusal
from reportgen.explain.certificate import Certificate
from reportgen.explain.methods import ExplainOptions
from reportgen.explain.one_picture import ExplainedPicture
from reportgen.inputs.notes import Notes
from reportgen.inputs.run_inputs import RunFacts

_COLUMNS, _CELL_MM, _CAPTION_MM, _DPI = 4, 52, 15, 160
_ALARM, _SOFT = "#9b1c1c", "#55606e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that the sheet shows. `top`: the most probable classes with their probabilities, at most five."""

    image_name: str
    facts: RunFacts
    notes: Notes
    options: ExplainOptions
    top: tuple[tuple[str, float], ...]
    pred: str
    rival: str
    tiles: tuple[Tile, ...]
    uses: tuple[MethodUse, ...]
    refusals: tuple[Refusal, ...]
    certificates: tuple[Certificate, ...]
    assets: Mapping[str, bytes]


def sheet(
    picture: ExplainedPicture, *, image_name: str, facts: RunFacts, notes: Notes, options: ExplainOptions
) -> Sheet:
    """The sheet of an explained picture; methods that failed the randomisation test are marked."""
    alike = frozenset(one.method for one in picture.certificates if one.outcome == "fail")
    tiles, assets = map_tiles(
        picture.crop, picture.maps, facts.classes, stem="sheet", alike=alike, uses=picture.methods
    )
    ranked = np.argsort(-picture.probs, kind="stable")[:5]
    return Sheet(
        image_name=image_name,
        facts=facts,
        notes=notes,
        options=options,
        top=tuple((facts.classes[k], float(picture.probs[k])) for k in ranked),
        pred=facts.classes[picture.pred],
        rival=facts.classes[picture.rival],
        tiles=tiles,
        uses=picture.methods,
        refusals=picture.refusals,
        certificates=picture.certificates,
        assets=assets,
    )


def sheet_png(one: Sheet) -> bytes:
    """The tiles in rows of four, each under its method's name, with its numbers; 160 dots an inch."""
    n_rows = -(-len(one.tiles) // _COLUMNS)
    width, height = _COLUMNS * (_CELL_MM + 3), n_rows * (_CELL_MM + _CAPTION_MM + 3) + 15
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * MM, height * MM), dpi=_DPI)
        FigureCanvasAgg(figure)
        share = one.top[0][1]
        title = f"{one.image_name}: {one.notes.name(one.pred)} ({share:.0%}), {one.facts.model.name}"
        figure.text(3 / width, 1 - 5 / height, title, size=10, weight="bold", va="center")
        for number, tile in enumerate(one.tiles):
            row, column = divmod(number, _COLUMNS)
            left = column * (_CELL_MM + 3) + 1.5
            bottom = height - 10 - (row + 1) * (_CELL_MM + _CAPTION_MM + 3) + _CAPTION_MM + 3
            axes = figure.add_axes((left / width, bottom / height, _CELL_MM / width, _CELL_MM / height))
            axes.imshow(np.asarray(Image.open(io.BytesIO(one.assets[tile.asset]))), interpolation="lanczos")
            axes.set_axis_off()
            _caption(axes, one, tile)
        if one.refusals:
            refused = ", ".join(METHOD_TITLES.get(refusal.name, refusal.name) for refusal in one.refusals)
            text = f"Not drawn, as they do not hold for this model (the page says why): {refused}"
            figure.text(3 / width, 2.5 / height, text, size=7, color=_ALARM)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _caption(axes: Axes, one: Sheet, tile: Tile) -> None:
    """Under the picture: method and class, then what is against it, then its numbers."""
    if tile.kind == "crop":
        lines = [("as the model saw it", INK)]
    else:
        name = METHOD_TITLES.get(tile.kind, tile.kind)
        lines = [(textwrap.shorten(f"{name}: {one.notes.name(tile.shown)}", 44, placeholder="…"), INK)]
        if tile.rival:
            lines.append((f"not {one.notes.name(tile.rival)}", INK))
        if tile.baseline:
            lines.append((f"baseline: {tile.baseline.replace('_', ' ')}", _SOFT))
        if tile.blank:
            lines.append(("no positive evidence, nothing to draw", _ALARM))
        if tile.alike:
            lines.append(("✗ fails the randomisation test", _ALARM))
        if tile.faithfulness:
            if not tile.faithfulness.better_than_random:
                lines.append(("✗ no better than random", _ALARM))
            best = max(tile.faithfulness.random)
            lines.append((f"insertion {tile.faithfulness.insertion:.2f} (random {best:.2f})", _SOFT))
    for number, (text, colour) in enumerate(lines):
        axes.text(0, -0.035 - 0.066 * number, text, transform=axes.transAxes, size=7, color=colour, va="top")
