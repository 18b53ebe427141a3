"""Design tokens: one style sheet declares every colour; its contrasts, and what a style sheet of the user's changes."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest
import tinycss2
from matplotlib import colormaps
from matplotlib.colors import CSS4_COLORS, TABLEAU_COLORS, XKCD_COLORS, is_color_like

from reportgen.package_files import templates_dir
from reportgen.tokens import Tokens, contrast, house_tokens, text_pairs, token_values

PACKAGE = Path(__file__).resolve().parents[1] / "reportgen"
NAMED = {*CSS4_COLORS, *TABLEAU_COLORS, *XKCD_COLORS}
NO_COLOUR = {"transparent", "currentcolor", "inherit", "none"}  # what is not drawn, or is as around it
WRITTEN = re.compile(r"(?<!&)#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b(?!-)")
CALLED = re.compile(r"\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color|color-mix|light-dark)\(")
STYLED = re.compile(r"(?:colou?r|background|border[\w-]*|outline|fill|stroke|shadow)\s*[:=]\s*[\"']?([^;\"'>{}]*)")
PAINTS = re.compile(r"colou?r|^c$|^fc$|^ec$|^fill$|^mfc$|^mec$")


def literals(name, text):
    """Each colour that the file writes itself: in hexadecimal, by a function, by name, or as a colour map."""
    if name.endswith(".py"):
        yield from _in_python(text)
        return
    bare = re.sub(r"/\*.*?\*/|\{#.*?#\}", "", text, flags=re.DOTALL)
    yield from WRITTEN.findall(bare)
    yield from CALLED.findall(bare)
    for value in STYLED.findall(bare):
        yield from (word for word in re.findall(r"(?<![\w-])[a-z]+(?![\w-])", value.lower()) if word in CSS4_COLORS)


def _in_python(text):
    tree = ast.parse(text)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield from WRITTEN.findall(node.value)
            yield from CALLED.findall(node.value)
            if node.value in colormaps:
                yield node.value
        given = []
        if isinstance(node, ast.keyword) and node.arg and PAINTS.search(node.arg):
            given = [node.value]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("new", "set_color", "set_facecolor"):
            given = node.args
        for part in (part for value in given for part in ast.walk(value)):
            value = getattr(part, "value", None) if isinstance(part, ast.Constant) else None
            if isinstance(value, str) and value not in NO_COLOUR and (value in NAMED or is_color_like(value)):
                yield value


def violations(folder, endings=(".py", ".j2", ".css", ".js", ".svg", ".html")):
    """Every colour that stands outside of tokens.css, as `file: colour`."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix in endings):
        name = path.relative_to(folder).as_posix()
        if name != "css/tokens.css":
            yield from (f"{name}: {one}" for one in literals(name, path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("folder", [PACKAGE, templates_dir()], ids=["reportgen", "templates"])
def test_no_colour_is_named_outside_of_tokens_css(folder):
    assert list(violations(folder)) == []


@pytest.mark.parametrize(
    ("name", "text", "seen"),
    [
        ("a.css", "p { color: #FF0000; }", "#FF0000"),
        ("a.css", "p { color: #f00; }", "#f00"),
        ("a.css", "p { background: rgb(0 0 0 / .6); }", "rgb("),
        ("a.css", "p { border: 1px solid silver; }", "silver"),
        ("a.css", "@page { @top-left { color: oklch(50% 0 0); } }", "oklch("),
        ("a.html.j2", '<td bgcolor="white">', "white"),
        ("a.html.j2", '<td style="background: Navy; margin: 0">', "navy"),
        ("a.html.j2", '{% set ink = "#1c2430" %}', "#1c2430"),
        ("a.svg", '<path stroke="red"/>', "red"),
        ("a.js", "over.style.color = 'tomato'", "tomato"),
        ("a.py", 'INK = "#17202b"', "#17202b"),
        ("a.py", 'axes.plot(x, color="white")', "white"),
        ("a.py", 'axes.plot(x, markerfacecolor="white" if a else b)', "white"),
        ("a.py", 'axes.plot(x, c="C0")', "C0"),
        ("a.py", 'axes.plot(x, color="0.5")', "0.5"),
        ("a.py", 'axes.plot(x, color="k")', "k"),
        ("a.py", 'axes.spines.set_color("tab:blue")', "tab:blue"),
        ("a.py", 'Image.new("RGB", size, "white")', "white"),
        ("a.py", 'MAP = "magma"', "magma"),
    ],
)
def test_a_planted_colour_is_seen(tmp_path, name, text, seen):
    (tmp_path / name).write_text(text)
    assert list(violations(tmp_path)) == [f"{name}: {seen}"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.css", "p { color: var(--ink); border-color: transparent; fill: currentColor; } #pairs .rows { gap: 0 }"),
        ("a.css", "/* drawn on #ffffff */ p { white-space: nowrap; outline: 2px solid var(--red-ish); }"),
        ("a.html.j2", '<a href="#changes">black and white</a>&#8203;{# red #}{{ _("mean over black and white") }}'),
        ("a.py", '"""Such as "#1c5d86"."""\nmethod = "lime"\nx = f(color=colours["ink"], note="tan")'),
    ],
)
def test_what_is_no_colour_is_none(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert list(violations(tmp_path)) == []


@pytest.mark.parametrize(
    ("colour", "published"),
    [("#000000", 21.0), ("#ffffff", 1.0), ("#767676", 4.54), ("#949494", 3.03), ("#ff0000", 4.00), ("#0000ff", 8.59)],
)
def test_contrast_on_white_is_as_published(colour, published):
    """WebAIM's contrast checker prints these; 767676 and 949494 are the greys just over 4.5 and 3 of WCAG's own notes."""
    assert contrast(colour, "#ffffff") == pytest.approx(published, abs=0.005)
    assert contrast("#ffffff", colour) == contrast(colour, "#ffffff")


def by_wcag(text, ground):
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio, written from its text."""
    lights = []
    for colour in (text, ground):
        linear = []
        for value in bytes.fromhex(colour[1:]):
            share = value / 255
            linear.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
        lights.append(sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)))
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_on_its_ground(scheme):
    tokens = house_tokens()
    colours = tokens.colours(scheme)
    pairs = {(text, ground): found for text, ground, found in text_pairs(tokens, scheme)}
    for (text, ground), found in pairs.items():
        assert found == pytest.approx(by_wcag(colours[text], colours[ground])), (text, ground)
        assert found >= 4.5, (text, ground)
    assert {text for text, _ in pairs} >= {"ink", "soft", "accent", "alarm"}
    assert {ground for _, ground in pairs} == {"paper", "wash", "right", "s1", "s2", "s3", "s4", "s5"}


def test_every_ground_of_the_style_sheets_is_among_the_pairs():
    """A rule that paints a ground with a token and another text on it would be read by nobody here."""
    grounds = {ground for _, ground, _ in text_pairs(house_tokens(), "light")}
    texts = {text for text, _, _ in text_pairs(house_tokens(), "light")}
    for path in (templates_dir() / "css").glob("*.css"):
        css = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        for rule in re.findall(r"\{([^{}]*)\}", css):
            ground, text = (
                re.findall(rf"(?<![\w-]){name}: var\(--([\w-]+)\)", rule) for name in ("background", "color")
            )
            if ground and text:
                assert {text[0], ground[0]} & grounds, (path.name, rule)
                assert {text[0], ground[0]} & texts, (path.name, rule)
            elif ground:
                assert ground[0] in grounds | {"veil", "plate"}, (path.name, rule)


def test_shades_of_the_matrix_step_evenly_away_from_the_paper():
    """CIELAB L* by the formula of CIE 15: differences of 10 to 11 between neighbours."""
    for scheme in ("light", "dark"):
        colours = house_tokens().colours(scheme)
        light = []
        for name in ("s1", "s2", "s3", "s4", "s5"):
            luminance = by_wcag(colours[name], "#000000") * 0.05 - 0.05
            light.append(116 * luminance ** (1 / 3) - 16)
        steps = [abs(one - other) for one, other in pairwise(light)]
        assert max(steps) - min(steps) < 1.5, (scheme, light)


def test_dark_css_names_each_dark_token_in_both_of_its_rules():
    names = [name.removeprefix("dark-") for name in house_tokens().values if name.startswith("dark-")]
    css = (templates_dir() / "css" / "dark.css").read_text()
    assert re.findall(r"--([\w-]+): var\(--dark-\1\);", css) == 2 * names
    assert all(name in house_tokens().values for name in names)


def test_every_token_is_used_and_every_one_that_is_used_is_declared():
    files = [*templates_dir().rglob("*.css"), *templates_dir().rglob("*.j2")]
    used = {name for path in files for name in re.findall(r"var\(--([\w-]+)", path.read_text())}
    values = house_tokens().values
    assert used <= set(values)
    code = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    assert {name for name in values if name not in used and f'"{name}"' not in code} == set()


@pytest.mark.parametrize(
    ("css", "accent"),
    [
        (":root { --accent: #0B6B4F; }", "#0b6b4f"),
        (":root{--accent:#0b6}", "#00bb66"),
        (":root { --ink: #000; } :root { --accent: rgb(11, 107, 79); }", "#0b6b4f"),
        (":root { --accent: hsl(163 81% 23%) /* ours */; }", "#0b6a4d"),
        (":root { --accent: rebeccapurple }", "#663399"),
        (":root { --brand: #0b6b4f; --accent: var(--brand); }", "#0b6b4f"),
        (":root { --accent: #0b6b4f; } :root { --accent: #123456; }", "#123456"),
        ("@media print { :root { --accent: #0b6b4f; } }", None),
        ("body { --accent: #0b6b4f; }", None),
        (":root { --accent: rgb(11 107 79 / .5); }", None),
        (":root { --accent: light-dark(#000, #fff); }", None),
        (":root { --accent: var(--nowhere); }", None),
        (":root { --accent: var(--accent); }", None),
        (":root { --accent: }; } </style><script>", None),
        (":root { --accent: " + "(" * 5000 + "; }", None),
        ("", None),
    ],
)
def test_colours_of_a_style_sheet_of_the_user_s_come_in_place_of_ours(css, accent):
    """None: it stays ours, as a chart could not show it. Green of hsl(163 81% 23%): by the formula of CSS Color 4."""
    found = house_tokens().with_colours_of(css)
    assert found.colours()["accent"] == accent or house_tokens().colours()["accent"]
    assert (found == house_tokens()) == (accent is None)


def test_a_circle_of_names_ends():
    with pytest.raises(KeyError):
        Tokens({"a": "var(--b)", "b": "var(--a)"}).text("a")


def test_names_follow_one_another_within_a_scheme():
    tokens = Tokens(
        dict(token_values(":root { --ink: #111111; --dark-ink: #eeeeee; --on-a: var(--ink); --plate: #ffffff }"))
    )
    assert tokens.colours() == {"ink": "#111111", "on-a": "#111111", "plate": "#ffffff"}
    assert tokens.colours("dark") == {"ink": "#eeeeee", "on-a": "#eeeeee", "plate": "#ffffff"}


def test_families_and_sizes():
    tokens = Tokens(dict(token_values(':root { --else: "A B", C; --font: "D", var(--else); --size: 7.5pt }')))
    assert tokens.families("font") == ("D", "A B", "C")
    assert tokens.points("size") == 7.5


def test_the_style_sheet_is_one_that_a_browser_parses_without_a_fault():
    css = (templates_dir() / "css" / "tokens.css").read_text()
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    assert [rule.type for rule in rules] == ["qualified-rule"]
    assert {part.type for part in tinycss2.parse_blocks_contents(rules[0].content, True, True)} == {"declaration"}
