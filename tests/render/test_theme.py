"""A theme: its contrasts against published values, its tokens on the page, and what is refused."""

import io
import re
from dataclasses import replace

import pytest
from PIL import Image

from reportgen.compose.report import with_appearance
from reportgen.errors import ConfigError
from reportgen.inputs.logo import Logo
from reportgen.options import RenderOptions, RunOptions, read_options
from reportgen.pipeline.read_appearance import read_appearance
from reportgen.render.html.page import html
from reportgen.render.html.theme import refuse_unreadable
from reportgen.runs.appearance import Appearance, Theme, ThemeOptions
from tests.shapes import report_of_shape

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'


@pytest.mark.parametrize(
    ("theme", "named"),
    [
        (Theme(colours={"accent": "#949494"}), "[theme] accent on paper"),
        (Theme(colours={"wash": "#777777"}), "on wash"),
        (Theme(colours={"opposite": "#d27b30"}), "[theme] opposite on paper"),
        (Theme(dark={"alarm": "#7a0000"}), "[theme.dark] alarm on paper"),
    ],
)
def test_a_text_that_could_not_be_read_is_refused(theme, named):
    with pytest.raises(ConfigError, match=re.escape(named)):
        refuse_unreadable(Appearance(theme=theme))


def test_a_theme_is_judged_on_the_tokens_of_the_user_s_own_style_sheet():
    """White on our paper nobody reads; on a black one of the user's everybody does. Ours alone are never refused."""
    sheet = {"css/tokens.css": ":root { --paper: #000000; --wash: #000000; }"}
    refuse_unreadable(Appearance())
    refuse_unreadable(Appearance(templates=sheet, theme=Theme(colours={"ink": "#ffffff"})))
    with pytest.raises(ConfigError, match="make ink darker or lighter"):
        refuse_unreadable(Appearance(theme=Theme(colours={"ink": "#ffffff"})))


def page(theme, medium="screen"):
    return html(with_appearance(report_of_shape("3 classes"), Appearance(theme=theme)), medium)


@pytest.mark.parametrize("medium", ["screen", "print"])
def test_tokens_logo_and_fonts_reach_the_page(medium):
    logo = Logo(content=SVG, ending="svg", alt="The clinic & its dog")
    found = page(Theme(colours={"accent": "#0b6b4f"}, fonts={"heading": "DejaVu Sans"}, logo=logo), medium)
    rule = ':root { --accent: #0b6b4f; --font-heading: "DejaVu Sans", var(--heading-else) }'
    assert found.index("--accent: #1c5d86") < found.index(rule)
    assert 'alt="The clinic &amp; its dog"' in found
    assert ("data:image/svg+xml;base64," if medium == "screen" else 'src="asset:logo.svg"') in found


def png(kind="PNG", side=4):
    held = io.BytesIO()
    Image.new("RGB", (side, side)).save(held, kind)
    return held.getvalue()


@pytest.mark.parametrize(("content", "ending"), [(png(), "png"), (png("JPEG"), "jpg"), (SVG, "svg")])
def test_a_logo_is_known_by_its_content(tmp_path, content, ending):
    (tmp_path / "logo.bin").write_bytes(content)
    made = read_appearance(None, ThemeOptions(logo=tmp_path / "logo.bin", logo_alt="Us"))
    assert made.theme.logo == Logo(content=content, ending=ending, alt="Us")


@pytest.mark.parametrize("content", [None, b"", b"no image", png()[:40], png("GIF"), b"<html/>", SVG + b" " * 300_000])
def test_what_is_no_logo_is_refused(tmp_path, content):
    path = tmp_path / "logo.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape(f"[theme] logo {path}")) as caught:
        read_appearance(None, ThemeOptions(logo=path))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "line",
    [
        'accent = "green"',
        'accent = "#0b6"',
        'acent = "#0b6b4f"',
        "font_body = 'x\"; } body { display: none'",
        'dark = { accent = "#fff" }',
        'dark = { opposite = "#ffffff" }',
    ],
)
def test_a_wrong_value_is_named(tmp_path, line):
    path = tmp_path / "look.toml"
    path.write_text(f"[theme]\n{line}\n")
    key = line.partition(" ")[0]
    for kind, given in ((RenderOptions, {}), (RunOptions, {"checkpoint": "m", "dataset": "d", "data_root": "r"})):
        with pytest.raises(ConfigError, match=key):
            read_options(kind, given, path)


def test_a_theme_changes_no_byte_of_a_page_that_has_none():
    plain = report_of_shape("one image")
    assert html(with_appearance(plain, Appearance()), "screen") == html(plain, "screen")
    assert html(replace(plain, appearance=Appearance(theme=Theme(colours={"ink": "#000000"}))), "screen") != html(
        plain, "screen"
    )


def test_a_family_that_is_not_installed_is_warned_of_with_the_nearest(caplog):
    read_appearance(None, ThemeOptions(font_body="DejaVu Sanss", font_mono="DejaVu Sans Mono"))
    assert [record.getMessage() for record in caplog.records] == [
        "[theme] font_body: no family 'DejaVu Sanss' here (nearest: DejaVu Sans)"
    ]
