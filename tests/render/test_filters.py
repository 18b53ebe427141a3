"""Numbers and dates as a reader of each language writes them; expected values by hand."""

from dataclasses import replace

import pytest
from babel import Locale
from babel.numbers import format_percent
from hypothesis import given
from hypothesis import strategies as st

from reportgen.inputs.notes import read_notes
from reportgen.language import LANGUAGES, language
from reportgen.render.filters import FILTERS, Filters, shortened

EN = Filters(language("en"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.767, "76.7%"), (1.0, "100.0%"), (0.99999, "> 99.9%"), (0.0001, "< 0.1%"), (0.0, "0.0%"), (None, "n/a")],
)
def test_percentages_never_round_to_certainty(value, expected):
    assert EN.percent(value).replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("told", "english", "japanese"),
    [
        (lambda it: it.score(0.9996), "> 0.99", "> 0.99"),
        (lambda it: it.score(1.0), "1.00", "1.00"),
        (lambda it: it.score(0.0004), "< 0.01", "< 0.01"),
        (lambda it: it.score(0.0), "0.00", "0.00"),
        (lambda it: it.score(0.9949), "0.99", "0.99"),
        (lambda it: it.percent(0.9996), "> 99.9%", "> 99.9%"),
        (lambda it: it.percent(0.9996, 0), "> 99%", "> 99%"),
        (lambda it: it.percent(0.995, 0), "> 99%", "> 99%"),
        (lambda it: it.percent(0.004, 0), "< 1%", "< 1%"),
        (lambda it: it.interval((0.9812, 0.99996)), "98.1% to > 99.9%", "98.1%～> 99.9%"),
        (lambda it: it.interval((0.0001, 1.0)), "< 0.1% to 100.0%", "< 0.1%～100.0%"),
        (lambda it: it.probability(0.9996), "p > 0.999", "p > 0.999"),
        (lambda it: it.probability(1.0), "p = 1.000", "p = 1.000"),
        (lambda it: it.probability(0.0004), "p < 0.001", "p < 0.001"),
        (lambda it: it.correlation(0.9996), "0.9996", "0.9996"),
        (lambda it: it.correlation(0.004), "0.004", "0.004"),
        (lambda it: it.correlation(-0.004), "\u22120.004", "\u22120.004"),
        (lambda it: it.correlation(0.0049), "0.005", "0.005"),
        (lambda it: it.correlation(0.0), "0.00", "0.00"),
        (lambda it: it.correlation(-1e-12), "0.00", "0.00"),
        (lambda it: it.correlation(0.4996, 0.5), "0.4996", "0.4996"),
        (lambda it: it.correlation(0.5, 0.4996), "0.5000", "0.5000"),
        (lambda it: it.correlation(0.5, 0.5), "0.50", "0.50"),
        (lambda it: it.correlation(1 - 1e-12), "1.00", "1.00"),
        (lambda it: it.points(0.0004), "0.04 points", "0.04ポイント"),
        (lambda it: it.points(0.0), "0.0 points", "0.0ポイント"),
        (lambda it: it.signed_points(0.0004), "+0.04 points", "+0.04ポイント"),
        (lambda it: it.signed_points(-0.0004), "\u22120.04 points", "\u22120.04ポイント"),
        (lambda it: it.signed_points(0.0), "0.0 points", "0.0ポイント"),
        (lambda it: it.difference((0.003, 0.19)), "+0.3 to +19 points", "+0.3～+19ポイント"),
        (lambda it: it.difference_fine((-0.0002, 0.0)), "\u22120.02 to 0.0 points", "\u22120.02～0.0ポイント"),
        (lambda it: it.apart(0.9498, 0.95), "94.98%", "94.98%"),
        (lambda it: it.apart(0.95, 0.9498), "95.00%", "95.00%"),
        (lambda it: it.apart(0.95, 0.95), "95.0%", "95.0%"),
        (lambda it: it.apart(0.9996, 1.0), "> 99.9%", "> 99.9%"),
        (lambda it: it.apart(0.99961, 0.99962), "99.961%", "99.961%"),
        (lambda it: it.apart(0.4, 0.95), "40.0%", "40.0%"),
        (lambda it: it.apart(0.1 + 0.2, 0.3), "30.0%", "30.0%"),  # 0.30000000000000004
        (lambda it: it.points(0.01, 0.0104), "1.00 points", "1.00ポイント"),
        (lambda it: it.signed_points(-0.0104, -0.01), "\u22121.04 points", "\u22121.04ポイント"),
        (
            lambda it: it.difference_fine((-0.0104, 0.02), -0.01),
            "\u22121.04 to +2.0 points",
            "\u22121.04～+2.0ポイント",
        ),
        (lambda it: it.interval((0.7672, 0.7674)), "76.72% to 76.74%", "76.72%～76.74%"),
        (lambda it: it.interval((0.5, 0.5)), "50.0% to 50.0%", "50.0%～50.0%"),
        (lambda it: it.interval((0.2, 0.76701), 0.767), "20.0% to 76.701%", "20.0%～76.701%"),
        (lambda it: it.probability(0.0497), "p = 0.0497", "p = 0.0497"),
        (lambda it: it.probability(0.05), "p = 0.050", "p = 0.050"),
        (lambda it: it.times(1.04), "1.04×", "1.04倍"),
        (lambda it: it.times(1.0), "1.0×", "1.0倍"),
        (lambda it: it.evidence(0.26414, 0.26411), "0.26414", "0.26414"),
    ],
)
def test_rounding_hides_no_difference_from_an_end_or_a_limit(told, english, japanese):
    said = [told(Filters(language(code))).replace("\u00a0", " ") for code in ("en", "ja")]
    assert said == [english, japanese]


SHARES = st.floats(0, 1)
COMPARED = {  # what a sentence may compare
    "percent": lambda a, b: EN.percent(a, 1, b),
    "whole percent": lambda a, b: EN.percent(a, 0, b),
    "interval": lambda a, b: EN.interval((a, b)).rpartition(" to ")[0],
    "points": EN.points,
    "signed points": lambda a, b: EN.signed_points(-a, -b),
    "difference": lambda a, b: EN.difference_fine((-a, -b)).rpartition(" to ")[0],
    "correlation": EN.correlation,
    "score": EN.score,
    "evidence": EN.evidence,
}


@pytest.mark.parametrize("told", COMPARED.values(), ids=COMPARED)
@given(one=SHARES, step=st.sampled_from([2e-9, 1e-7, 1e-5, 0.0004, 0.01]))
def test_two_numbers_that_are_compared_look_alike_only_if_they_are(told, one, step):
    other = one - step if one > 0.5 else one + step
    assert told(one, other) != told(other, one)
    assert told(one, one) == told(one, one + 1e-12)


def test_english():
    assert EN.listed(["A", "B", "C"]) == "A, B and C"
    assert EN.listed([]) == ""
    assert EN.count(1, "class") == "1 class"
    assert EN.count(1200, "image") == "1,200 images"
    assert EN.day("2026-11-23T08:05:00+00:00") == "23 November 2026, 08:05 UTC"
    assert EN.date_only("2026-01-02") == "2 January 2026"
    assert EN.interval((0.7166, 0.8111)) == "71.7% to 81.1%"
    assert EN.difference((-0.016, 0.168)) == "\u22122 to +17 points"
    assert EN.difference_fine((-0.0471, 0.003)) == "\u22124.7 to +0.3 points"
    assert [EN.signed_points(value) for value in (0.039, -0.02, -0.0001)] == [
        "+3.9 points",
        "\u22122.0 points",
        "\u22120.01 points",
    ]
    assert EN.evidence(0.26414) == "0.264"
    assert EN.score(0.714) == "0.71"
    assert EN.times(2.345) == "2.3\u00d7"
    assert [EN.correlation(value) for value in (1.0, 0.997, -0.304, -0.001)] == [
        "1.00",
        "0.997",
        "\u22120.30",
        "\u22120.001",
    ]


def test_japanese():
    ja = Filters(language("ja"))
    assert ja.percent(0.7671) == "76.7%"
    assert ja.interval((0.7166, 0.8111)) == "71.7%～81.1%"
    assert ja.count(1200, "image") == "1,200枚"
    assert ja.signed_points(-0.02) == "\u22122.0ポイント"
    assert ja.times(2.345) == "2.3倍"
    assert ja.day("2026-11-23T08:05:00+00:00") == "2026年11月23日 08:05（UTC）"
    assert ja.listed(["A", "B", "C"]) == "A、B、C"
    assert ja.in_words({"en": "cat", "ja": "猫"}) == "猫"
    assert ja.in_words({"en": "cat"}) == "cat"


@pytest.mark.parametrize("code", ["en", "ja", "de", "fr", "sv", "es", "tr", "eu"])
def test_percent_signs_stand_where_cldr_has_them(code):
    """Babel's own format_percent is the yardstick: no space in English and Japanese, one in German, in front in Turkish."""
    spoken = replace(language("en"), code=code, locale=Locale.parse(code))
    for share, digits in ((0.67, 0), (0.0004, 2), (0.125, 1), (1.0, 0)):
        pattern = spoken.locale.percent_formats[None].pattern.replace("0", f"0.{'0' * digits}" if digits else "0")
        assert spoken.percent(100 * share, f".{digits}f") == format_percent(share, format=pattern, locale=code)
        assert spoken.share(share, digits) == spoken.percent(100 * share, f".{digits}f")
    assert spoken.share(0.99999) == f">\u00a0{spoken.percent(99.9, '.1f')}"


def test_a_language_is_a_catalogue():
    assert LANGUAGES == ("en", "ja")
    assert language("ja").name == "日本語"
    assert language("en").gettext("") == language("ja").gettext("") == ""
    assert all(callable(getattr(EN, name)) for name in FILTERS)


def test_every_breed_s_name_is_whole_beside_the_matrix_in_every_language():
    """No text is shortened in one language alone."""
    notes = read_notes()
    for code in LANGUAGES:
        names = [replace(notes, language=code).name(name) for name in notes.breeds]
        assert len(names) == 37
        assert [shortened(name) for name in names] == names


def test_a_longer_name_ends_with_a_sign():
    assert shortened("x" * 30) == "x" * 30
    assert shortened("x" * 31) == "x" * 29 + "…"
    assert shortened("猫" * 20) == "猫" * 20
    assert shortened("猫" * 21) == "猫" * 19 + "…"


def test_words_of_ours_are_translated_and_others_left():
    assert [Filters(language("ja")).translated(text) for text in ("cat", "our own word", "")] == [
        "猫",
        "our own word",
        "",
    ]
