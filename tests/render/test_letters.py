"""Letters without a font and names without a break: what is said before a run, and what WeasyPrint then does."""

import shutil
import unicodedata
import warnings

import pytest

from reportgen.compose.figures import pair_chart
from reportgen.errors import RenderingError
from reportgen.language import language
from reportgen.render.filters import BREAK, Filters, in_pieces, shortened
from reportgen.render.pdf.document import pdf
from reportgen.render.pdf.letters import lacking, packages_for, refuse_too_long, refuse_unprintable, spelt_out
from reportgen.tokens import house_tokens

pytestmark = pytest.mark.skipif(not shutil.which("fc-list"), reason="NOT RUN: no fontconfig")
CREATED_AT = "2026-11-23T17:00:00+09:00"
FILTERS = Filters(language("en"))
VITHKUQI = "\U0001057f"  # no font here has it
# One letter of each script and kind that people write names in, and what joins, tones and separates letters.
SAMPLES = "aéßğŁΩЖשقकকததแქՀሀខ猫犬한ｱア々ー㎜№€→✓♥😺🐱👩🏽‍🚀🇯🇵ﬁ½²\u00a0\u3000\u200b\u200d\ufe0f\u0301\U000e0067ꜵ𝔘𠮷"


def test_what_fontconfig_lacks_is_what_weasyprint_draws_as_a_box():
    """By scripts: one document of all letters that are said to be there, one for each that is not."""
    every = "".join(dict.fromkeys(SAMPLES + VITHKUQI))
    missing = lacking(every)
    assert VITHKUQI in missing
    there = "".join(letter for letter in every if letter not in missing)
    page = "<html lang='en'><head><title>t</title></head><body>{}</body></html>"
    made = pdf(page.format("".join(f"<p>x{letter}x</p>" for letter in there)), {}, created_at=CREATED_AT)
    assert made.problems == ()
    made = pdf(page.format("".join(f"<p>{letter}</p>" for letter in missing)), {}, created_at=CREATED_AT)
    assert any("glyph" in problem for problem in made.problems)
    assert pdf(page.format(spelt_out(f"<p>{every}</p>")), {}, created_at=CREATED_AT).problems == ()


def test_all_letters_that_are_missing_are_named_with_who_has_them_and_what_to_install():
    texts = {"class Alb": f"Alb {VITHKUQI}", "notice": "\U00010570 and \ue000", "model m": "fine"}
    with pytest.raises(RenderingError) as caught:
        refuse_unprintable(texts)
    error = caught.value
    assert error.exit_code == 5
    for part in (
        "U+1057F",
        "U+10570",
        "U+E000",
        f"{VITHKUQI} (U+1057F) of class Alb",
        "(U+E000), \U00010570 (U+10570) of notice",
    ):
        assert part in error.found
    assert "model" not in error.found
    assert error.todo.startswith("apt-get install fonts-noto-core, or leave the PDF out with --format html")


@pytest.mark.parametrize(
    ("letters", "packages"),
    [
        ("แमحש", ("fonts-noto-core",)),
        ("한猫アㄅ", ("fonts-noto-cjk",)),
        ("🐱☃", ("fonts-noto-color-emoji",)),
        ("🐱한", ("fonts-noto-cjk", "fonts-noto-color-emoji")),
        ("\ue000", ()),
    ],
)
def test_the_package_goes_with_the_script(letters, packages):
    assert packages_for(letters) == packages


def test_a_name_that_no_page_holds_is_refused():
    refuse_too_long({"class x": "x" * 400})
    with pytest.raises(RenderingError, match="a name of 401 letters: class x"):
        refuse_too_long({"class x": "x" * 401})


def test_letters_that_no_font_has_are_spelt_out_in_print():
    assert spelt_out(f"<p title='a'>a{VITHKUQI}犬</p>") == "<p title='a'>a[U+1057F]犬</p>"


@pytest.mark.parametrize(
    "name", [VITHKUQI * 3, "แมวเปอร์เซีย", "US$ and $CAD", "$x_1$", "猫" * 60, "e\u0301" * 99, "x" * 300]
)
def test_a_chart_is_drawn_whatever_the_names(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = pair_chart([(name, "other", 3, 1)], language("en"), tokens=house_tokens()).decode()
    assert drawn.count("<svg") == 1
    if lacking(VITHKUQI) and name == VITHKUQI * 3:
        assert f"{name} / other" in drawn  # as text, for the reader's own fonts


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("x" * 24, ["x" * 24]),
        ("x" * 25, ["x" * 12, "x" * 12, "x"]),
        ("two words of a name", ["two words of a name"]),
        ("x" * 20 + " " + "y" * 20, ["x" * 20 + " " + "y" * 20]),
        ("e\u0301" * 25, ["e\u0301" * 12, "e\u0301" * 12, "e\u0301"]),
        ("👩🏽\u200d🚀" * 13, ["👩🏽\u200d🚀" * 12, "👩🏽\u200d🚀"]),
    ],
)
def test_long_runs_get_chances_to_break_between_whole_letters(text, pieces):
    assert in_pieces(text).split(BREAK) == pieces
    assert in_pieces(text).replace(BREAK, "") == text


def test_a_shortened_name_counts_no_accents_and_no_breaks():
    assert shortened("e\u0301" * 30) == "e\u0301" * 30
    assert unicodedata.normalize("NFC", shortened("e\u0301" * 31)) == "é" * 29 + "…"
    assert shortened(in_pieces("x" * 40)) == "x" * 29 + "…"


def test_of_a_path_that_no_page_holds_both_ends_are_left():
    told = FILTERS.breakable("a/" * 500 + "the_end.jpg").replace(BREAK, "")
    assert told == f"{'a/' * 75} … {('a/' * 500 + 'the_end.jpg')[-150:]}"
    assert FILTERS.breakable("x" * 300).replace(BREAK, "") == "x" * 300
