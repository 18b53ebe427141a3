"""The comparison sheet read back: its probabilities, in the page and in the PNG, and the picture of each method."""

import io
import re
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from reportgen.compose.figures import chart_style
from reportgen.compose.sheet import sheet, sheet_png
from reportgen.explain.maps import AttributionMap
from reportgen.explain.one_picture import ExplainedPicture
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.notes import read_notes
from reportgen.render.html.page import sheet_html
from reportgen.runs.appearance import DEFAULT_APPEARANCE
from reportgen.tokens import house_tokens
from tests.pages import pictures, words
from tests.synthetic import facts_of, use_of

CLASSES = ("Abyssinian", "Bengal", "Birman", "Siamese", "beagle", "pug")
PROBS = (0.0631, 0.613, 0.1868, 0.021, 0.0877, 0.0284)
DPI = 160


def sheet_of(probs=PROBS):
    """Grad-CAM hot above right, on a crop of one grey."""
    corner = np.zeros((2, 2), dtype=np.float32)
    corner[0, 1] = 3
    picture = ExplainedPicture(
        crop=np.full((48, 48, 3), 90, dtype=np.uint8),
        probs=np.array(probs),
        pred=1,
        rival=2,
        maps=(AttributionMap(method="grad_cam", class_idx=1, layer="layer4", values=corner),),
        methods=(use_of("grad_cam", layer="layer4"),),
        refusals=(),
        randomization_tests=(),
    )
    return sheet(
        picture,
        image_name="one.png",
        facts=facts_of(CLASSES),
        notes=read_notes(),
        options=ExplainOptions(),
        appearance=DEFAULT_APPEARANCE,
    )


def test_the_five_most_probable_classes_are_told_with_their_probabilities():
    page = sheet_html(sheet_of())
    told = words(page)
    assert "Bengal 61.3% · Birman 18.7% · Beagle 8.8% · Abyssinian 6.3% · Pug 2.8%" in told
    assert "Siamese 2.1%" not in told
    assert re.search(r"61(\.3)?%", words(re.search(r"<h1.*?</h1>", page, re.DOTALL)[0]) + told)


def ink(pixels):
    """The part of a picture that is not white, cut to its edges."""
    dark = pixels.min(axis=2) < 128
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def written(text):
    """The same words, drawn alone: 3 mm from the left, 5 mm from the top of a sheet of 220 x 91 mm."""
    with mpl.rc_context(chart_style(house_tokens())):
        figure = Figure(figsize=(220 / 25.4, 91 / 25.4), dpi=DPI)
        FigureCanvasAgg(figure)
        figure.text(3 / 220, 1 - 5 / 91, text, size=10, weight="bold", va="center")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
    return ink(np.asarray(Image.open(buffer).convert("RGB")))


def title_of(one):
    pixels = np.asarray(Image.open(io.BytesIO(sheet_png(one))).convert("RGB"))
    return ink(pixels[: round(9 / 25.4 * DPI)])


@pytest.mark.parametrize(("top", "text"), [(0.613, "61%"), (0.8748, "87%"), (0.8751, "88%")])
def test_the_title_of_the_png_names_the_probability(top, text):
    """Its ink is that of these words, and not that of one percent more."""
    rest = [(1 - top) / 5] * 5
    found = title_of(sheet_of((rest[0], top, *rest[1:])))
    assert np.array_equal(found, written(f"one.png · Bengal {text} · m"))
    assert not np.array_equal(found, written(f"one.png · Bengal {int(text[:-1]) + 1}% · m"))


def test_the_tiles_of_the_png_are_the_crop_and_the_map_side_by_side():
    """52 mm wide, 1.5 mm from the left and 3 mm apart."""
    one = sheet_of()
    pixels = np.asarray(Image.open(io.BytesIO(sheet_png(one))).convert("RGB")).astype(int)

    def at(column, x, y):
        """The pixel at the share (x, y) of a tile, from its upper left corner; the first row of pictures."""
        left, top, side = 1.5 + column * 55, 10, 52
        return pixels[round((top + y * side) / 25.4 * DPI), round((left + x * side) / 25.4 * DPI)]

    assert (np.abs(at(0, 0.5, 0.5) - 90) <= 3).all()
    assert (np.abs(at(0, 0.9, 0.1) - 90) <= 3).all()
    assert (np.abs(at(1, 0.1, 0.9) - 90) <= 6).all()
    hot = at(1, 0.95, 0.05)
    assert hot[0] > 180
    assert hot[1] > 160
    assert hot[2] < 120  # yellow above right, where the map is hot


def test_the_pictures_of_the_page_are_those_of_the_sheet():
    one = sheet_of()
    assert [content for _, content in pictures(sheet_html(one))] == [one.assets[tile.asset] for tile in one.tiles]
    assert replace(one, image_name="other.png").tiles == one.tiles
