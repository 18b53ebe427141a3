"""How far a theme reaches: charts, mail, index, PDF and both colour schemes, each with its colours read back."""

import json
import re
import subprocess
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex
from PIL import Image

from reportgen.compose.figures import TrendPoint, trend_chart
from reportgen.compose.report import with_appearance
from reportgen.deliver.archive.contents import refresh
from reportgen.inputs.notes import read_notes
from reportgen.language import language
from reportgen.render.html.page import html
from reportgen.render.message import mail_text
from reportgen.render.rendered import render
from reportgen.runs.appearance import Appearance, Theme
from reportgen.runs.stored_appearance import stored_appearance
from reportgen.tokens import house_tokens
from tests.archives import archived, bundle_files
from tests.render.test_message import contract, rule
from tests.shapes import report_of_shape

LIGHT = {
    "ink": "#2b0a3d",
    "soft": "#4a3b55",
    "rule": "#b8a8c4",
    "paper": "#fffdf5",
    "wash": "#f1ecdf",
    "accent": "#7a1fa2",
    "alarm": "#8a1538",
}
OPPOSITE = "#2f5d1c"
DARK = {
    "ink": "#fdf2ff",
    "soft": "#cdb7d6",
    "rule": "#5b4566",
    "paper": "#1a0f1f",
    "wash": "#27182e",
    "accent": "#e0a6ff",
    "alarm": "#ff9fb2",
}
THEMED = Appearance(theme=Theme(colours=LIGHT | {"opposite": OPPOSITE}, dark=DARK))
OURS = {name: house_tokens().colours()[name] for name in LIGHT}
RAMP = {to_hex(colormaps["viridis"](i)) for i in range(256)}


def colours_of(text):
    return set(re.findall(r"#[0-9a-f]{6}\b", text.decode() if isinstance(text, bytes) else text))


def rgb(colour):
    return tuple(bytes.fromhex(colour[1:]))


@pytest.mark.parametrize(
    ("appearance", "named"),
    [
        (Appearance(), OURS),
        (THEMED, LIGHT),
        (
            Appearance(templates={"css/tokens.css": f":root {{ --accent: {LIGHT['accent']} }}"}),
            OURS | {"accent": LIGHT["accent"]},
        ),
    ],
    ids=["ours", "a theme", "a style sheet of the user's"],
)
def test_charts_are_drawn_in_the_tokens_and_in_nothing_else(appearance, named):
    report = with_appearance(report_of_shape("3 classes"), appearance)
    nights = [TrendPoint(day=date(2026, 11, day), accuracy=0.5, accuracy_ci=(0.4, 0.6)) for day in (1, 2, 3)]
    drawn = {name: colours_of(report.assets[name]) for name in ("pairs.svg", "recall.svg", "colour-bar.svg")}
    drawn["trend.svg"] = colours_of(trend_chart(nights, language("en"), tokens=appearance.tokens))
    opposite, line = (house_tokens().colours()[name] for name in ("opposite", "heat-line"))
    assert drawn["pairs.svg"] == {named["ink"], named["accent"], OPPOSITE if appearance is THEMED else opposite}
    assert drawn["recall.svg"] == {named["ink"], named["accent"], named["rule"]}
    rings = with_appearance(report_of_shape("no error"), appearance).assets["recall.svg"]  # 5 images of each class
    assert colours_of(rings) == drawn["recall.svg"] | {named["paper"]}
    assert drawn["trend.svg"] == {named["ink"], named["accent"], named["rule"], named["soft"]}
    assert drawn["colour-bar.svg"] - RAMP == {named["ink"], named["paper"], line} - RAMP


def test_a_report_without_a_theme_keeps_the_charts_that_it_has():
    report = report_of_shape("3 classes")
    assert (
        with_appearance(report, Appearance(templates={"css/own.css": ".mine {}"})).assets["pairs.svg"]
        is report.assets["pairs.svg"]
    )


@pytest.mark.parametrize(("appearance", "named"), [(Appearance(), OURS), (THEMED, LIGHT)], ids=["ours", "a theme"])
@pytest.mark.parametrize(("outcome", "bar"), [("pass", "accent"), ("inconclusive", "soft"), ("fail", "alarm")])
def test_the_mail_has_the_tokens_and_nothing_else(appearance, named, outcome, bar):
    found = contract(outcome=outcome, rules=[rule(outcome)])
    found["data"]["notice"] = "Drawn data"
    page = mail_text(found, link="https://host/report", omitted="", notes=read_notes(), appearance=appearance).html
    assert colours_of(page) == {named[name] for name in ("ink", "soft", "rule", "paper", "wash", "accent", bar)} - (
        {named["rule"]} if outcome == "pass" else set()
    )
    assert f"border-top: 6px solid {named[bar]}" in page
    assert f'bgcolor="{named["paper"]}"' in page


def test_the_mail_is_set_in_the_theme_s_family_and_in_those_of_mail_programs_after_it():
    themed = Appearance(theme=Theme(fonts={"body": "Noto Sans"}))
    page = mail_text(contract(), link="", omitted="", notes=read_notes(), appearance=themed).html
    assert "font-family: 'Noto Sans', Helvetica, Arial, 'Hiragino Sans'" in page.replace("&#39;", "'")


def styles(page, selector, *names):
    """Computed colours, "#rrggbb"."""
    found = page.locator(selector).first.evaluate("(one, names) => names.map(n => getComputedStyle(one)[n])", names)
    return ["#" + "".join(f"{int(n):02x}" for n in re.findall(r"\d+", colour)[:3]) for colour in found]


def written(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "named"), [("light", LIGHT), ("dark", DARK)])
@pytest.mark.parametrize("where", ["report", "index"])
def test_both_schemes_of_a_theme_are_seen_in_a_browser(opened, tmp_path, scheme, named, where):
    if where == "report":
        place = written(tmp_path, "report.html", html(with_appearance(report_of_shape("3 classes"), THEMED), "screen"))
    else:
        place = index_of(tmp_path, {"0": THEMED})
    page = opened(place, color_scheme=scheme)
    assert styles(page, "body", "color", "backgroundColor") == [named["ink"], named["paper"]]
    assert styles(page, ".kicker", "color") == [named["accent"]]
    assert styles(page, "main td", "borderBottomColor") == [named["rule"]]


@pytest.mark.browser
def test_the_switch_of_the_page_wins_over_the_system_in_both_directions(opened, tmp_path):
    place = written(tmp_path, "report.html", html(with_appearance(report_of_shape("3 classes"), THEMED), "screen"))
    for system, chosen, named in (("light", "dark", DARK), ("dark", "light", LIGHT)):
        page = opened(place, color_scheme=system)
        page.evaluate("scheme => document.documentElement.dataset.theme = scheme", chosen)
        assert styles(page, "body", "color", "backgroundColor") == [named["ink"], named["paper"]]


@pytest.mark.browser
def test_a_light_theme_alone_leaves_our_dark_scheme_as_it_is(opened, tmp_path):
    themed = Appearance(theme=Theme(colours=LIGHT))
    place = written(tmp_path, "report.html", html(with_appearance(report_of_shape("3 classes"), themed), "screen"))
    dark = house_tokens().colours("dark")
    assert styles(opened(place, color_scheme="dark"), "body", "color", "backgroundColor") == [
        dark["ink"],
        dark["paper"],
    ]


def index_of(archive, appearances):
    """index.html of an archive with a night for each appearance, by its number; None: a run of an older version."""
    for day, appearance in appearances.items():
        run = {} if appearance is None else {"look": stored_appearance(appearance)}
        content = appearance if isinstance(appearance, bytes) else json.dumps(run).encode()
        archived(archive, int(day), files=bundle_files(int(day)) | {"run.json": content})
    return refresh(archive)


GREEN = Appearance(theme=Theme(colours={"accent": "#0b6b4f"}))


@pytest.mark.parametrize(
    ("nights", "seen"),
    [
        ({"0": THEMED, "1": GREEN}, ":root { --accent: #0b6b4f }"),
        ({"0": GREEN, "1": Appearance()}, None),
        ({"0": GREEN, "1": None}, None),
        (
            {"0": Appearance(templates={"css/tokens.css": ":root { --accent: rgb(11 107 79) }"})},
            ":root { --accent: #0b6b4f }",
        ),
        ({"0": Appearance(templates={"css/tokens.css": ":root { --accent: url(https://host/x) }"})}, None),
        (
            {"0": Appearance(theme=Theme(fonts={"body": "Noto Sans"}))},
            ':root { --font-body: "Noto Sans", var(--body-else) }',
        ),
    ],
    ids=["the newest", "back to ours", "an older version", "a style sheet", "an address", "a font"],
)
def test_the_index_has_the_theme_of_the_newest_run(tmp_path, nights, seen):
    """Made from the bundles alone, so that each run and a rebuild make the same page."""
    page = index_of(tmp_path, nights).read_text(encoding="utf-8")
    rules = re.findall(r"(:root \{ --.*? \})\s*/\* The dark", page)
    assert rules == ([seen] if seen else [])
    assert refresh(tmp_path).read_text(encoding="utf-8") == page


def test_a_newest_run_that_is_damaged_leaves_the_index_in_our_colours(tmp_path):
    index_of(tmp_path, {"0": GREEN})
    next(tmp_path.glob("m/*/run.json")).write_text("{}")
    assert "#0b6b4f" not in refresh(tmp_path).read_text(encoding="utf-8")


def test_a_theme_reaches_the_paper_and_the_margins_of_the_pdf(tmp_path):
    """Page 2 at 200 dots an inch: the ground everywhere, and the foot of the page in the quiet ink."""
    themed = Appearance(theme=Theme(colours={"soft": "#0000c0", "paper": "#fff4d6"}))
    files = render(with_appearance(report_of_shape("3 classes"), themed), formats=("pdf",)).files
    (tmp_path / "report.pdf").write_bytes(files["report.pdf"])
    words = ["pdftoppm", "-r", "200", "-f", "2", "-l", "2", "-png", "report.pdf", "page"]
    subprocess.run(words, cwd=tmp_path, check=True)
    with Image.open(next(Path(tmp_path).glob("page*.png"))) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert tuple(pixels[0, 0]) == rgb("#fff4d6")
    foot = pixels[-100:].reshape(-1, 3)
    assert np.abs(foot[foot.sum(axis=1).argmin()] - rgb("#0000c0")).max() <= 8
