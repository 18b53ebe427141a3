"""The comparison sheet: one picture, every method side by side, as data for a page and as one PNG."""

import io
import logging
import textwrap
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from reportgen.compose.figures import MM, chart_style
from reportgen.compose.panels import Tile, map_tiles
from reportgen.explain.checks.insertion_deletion import Faithfulness
from reportgen.explain.checks.randomization import RandomizationTest
from reportgen.explain.method_traits import MethodText, MethodUse, Refusal, text_in_language, titles
from reportgen.explain.one_picture import ExplainedPicture
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.facts import RunFacts
from reportgen.inputs.notes import Notes
from reportgen.language import Language, language
from reportgen.plain_text import for_chart
from reportgen.runs.appearance import Appearance

log = logging.getLogger(__name__)
_COLUMNS, _CELL_MM, _CAPTION_MM, _DPI = 4, 52, 21, 160


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
    randomization_tests: tuple[RandomizationTest, ...]
    assets: Mapping[str, bytes]
    appearance: Appearance

    @property
    def titles(self) -> Mapping[str, MethodText]:
        """By name what a reader calls each method."""
        return titles((*self.uses, *self.refusals))


def sheet(
    picture: ExplainedPicture,
    *,
    image_name: str,
    facts: RunFacts,
    notes: Notes,
    options: ExplainOptions,
    appearance: Appearance,
) -> Sheet:
    """The sheet of an explained picture; methods that failed the randomisation test are marked."""
    tiles, assets = map_tiles(
        picture.crop,
        picture.maps,
        facts.classes,
        stem="sheet",
        randomization_tests=picture.randomization_tests,
        uses=picture.methods,
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
        randomization_tests=picture.randomization_tests,
        assets=assets,
        appearance=appearance,
    )


def sheet_png(one: Sheet) -> bytes:
    """The tiles in rows of four, each under its method's name, with its numbers; 160 dots an inch."""
    n_rows = -(-len(one.tiles) // _COLUMNS)
    width, height = _COLUMNS * (_CELL_MM + 3), n_rows * (_CELL_MM + _CAPTION_MM + 3) + 15
    tokens = one.appearance.tokens
    colours, size = tokens.colours(), tokens.points("sheet-text")
    with mpl.rc_context(chart_style(tokens)):
        figure = Figure(figsize=(width * MM, height * MM), dpi=_DPI, facecolor=colours["paper"])
        FigureCanvasAgg(figure)
        locale = language(one.notes.language)
        share = locale.share(one.top[0][1], 0)
        title = f"{one.image_name} · {one.notes.name(one.pred)} {share} · {one.facts.model.name}"
        title_size = tokens.points("sheet-title")
        figure.text(3 / width, 1 - 5 / height, for_chart(title), size=title_size, weight="bold", va="center")
        for number, tile in enumerate(one.tiles):
            row, column = divmod(number, _COLUMNS)
            left = column * (_CELL_MM + 3) + 1.5
            bottom = height - 10 - (row + 1) * (_CELL_MM + _CAPTION_MM + 3) + _CAPTION_MM + 3
            axes = figure.add_axes((left / width, bottom / height, _CELL_MM / width, _CELL_MM / height))
            axes.imshow(np.asarray(Image.open(io.BytesIO(one.assets[tile.asset]))), interpolation="lanczos")
            axes.set_anchor("S")  # an oblong picture stands on its caption
            axes.set_axis_off()
            _caption(axes, one, tile)
        if one.refusals:
            refused = locale.listed([text_in_language(one.titles[each.name], locale) for each in one.refusals])
            text = locale.gettext("Not drawn, as they do not hold for this model (the page says why): %(methods)s")
            text %= {"methods": refused}
            figure.text(3 / width, 2.5 / height, text, size=size, color=colours["alarm"])
        buffer = io.BytesIO()
        with warnings.catch_warnings(record=True) as told_by_matplotlib:
            warnings.simplefilter("always")
            figure.savefig(buffer, format="png", metadata={"Software": None})
    if any("missing from font" in str(warning.message) for warning in told_by_matplotlib):
        log.warning("the PNG shows boxes for letters that no font here has; the page has them")
    return buffer.getvalue()


def _caption(axes: Axes, one: Sheet, tile: Tile) -> None:
    """Under the picture: method and class, then what is against it, then its numbers; each with its token."""
    locale = language(one.notes.language)
    if tile.kind == "crop":
        lines = [(locale.gettext("as the model saw it"), "ink")]
    else:
        lines = [(text_in_language(one.titles[tile.kind], locale), "ink")]
        lines += [(line, "ink") for line in fitting(one.notes.name(tile.shown))]
        if tile.rival:
            versus = locale.gettext("not %(rival)s") % {"rival": one.notes.name(tile.rival)}
            lines += [(line, "ink") for line in fitting(versus)]
        if tile.baseline:
            baseline = locale.gettext(tile.baseline.replace("_", " "))
            lines.append((locale.gettext("baseline: %(baseline)s") % {"baseline": baseline}, "soft"))
        lines += [(text, "alarm") for text in _against(tile, locale)]
        if tile.faithfulness:
            lines.append((_insertion(tile.faithfulness, locale), "soft"))
    tokens = one.appearance.tokens
    colours, size = tokens.colours(), tokens.points("sheet-text")
    for number, (text, name) in enumerate(lines):
        down = -(1.8 + 3.45 * number) * MM * 72  # in points, however high the picture is
        style: Any = {"size": size, "color": colours[name], "va": "top"}
        axes.annotate(for_chart(text), (0, 0), (0, down), "axes fraction", "offset points", **style)


_AGAINST: Mapping[str, str] = {  # by standing, in the words of templates/standing.html.j2
    "fails_randomisation": "✗ fails the randomisation test",
    "no_evidence": "no positive evidence, nothing to draw",
    "practically_no_evidence": "practically no evidence",
    "contradicted": "✗ contradicted: worse than random",
    "not_distinguishable": "? not distinguishable from random",
}


def _against(tile: Tile, locale: Language) -> list[str]:
    found = ["? randomisation test: borderline"] if tile.randomization_test == "borderline" else []
    return [locale.gettext(text) for text in (*found, *filter(None, [_AGAINST.get(tile.standing)]))]


def _insertion(found: Faithfulness, locale: Language) -> str:
    """As in templates/macros.html.j2."""
    chance = found.by_chance
    if chance is None:
        numbers = {"value": found.insertion, "one": found.random[0]}
        text = locale.gettext("insertion %(value)s (one random map %(one)s)")
    else:
        numbers = {"value": found.insertion, "low": chance[0], "high": chance[1]}
        text = locale.gettext("insertion %(value)s (random %(low)s to %(high)s)")
    return text % {name: locale.inside(number, 2) for name, number in numbers.items()}


def fitting(name: str) -> list[str]:
    """The name in lines as wide as a picture: 40 letters, 20 if they are Japanese."""
    wide = any(east_asian_width(letter) in "WF" for letter in name)
    return textwrap.wrap(name, 20 if wide else 40)
