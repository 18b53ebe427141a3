"""Charts read back: every mark stands where its number is, and there are as many marks as numbers."""

from datetime import date

import numpy as np
import pytest

from reportgen.analyse.scores import class_scores
from reportgen.compose.figures import TrendPoint, colour_bar, pair_chart, recall_chart, trend_chart
from reportgen.language import language
from reportgen.tokens import house_tokens
from tests.drawn import Drawing

EN = language("en")
PAIRS = [("Birman", "Siamese", 17, 5), ("beagle", "pug", 11, 0), ("Abyssinian", "Bengal", 3, 2), ("a", "b", 1, 0)]


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_pair_has_a_bar_to_either_side_as_long_as_its_count(n):
    drawn = Drawing(pair_chart(PAIRS[:n], EN, tokens=house_tokens()))
    assert len(drawn.numbered("a-as-b")) == len(drawn.numbered("b-as-a")) == n
    zero = drawn.box("zero")[0]
    unit = (zero - drawn.box("a-as-b-1")[0]) / 17
    assert unit > 1
    tops = []
    for number, (_, _, left, right) in enumerate(PAIRS[:n], start=1):
        first, second = drawn.box(f"a-as-b-{number}"), drawn.box(f"b-as-a-{number}")
        assert (first[2], second[0]) == pytest.approx((zero, zero))
        assert ((zero - first[0]) / unit, (second[2] - zero) / unit) == pytest.approx((left, right), abs=0.01)
        assert first[1] == pytest.approx(second[1])
        tops.append(first[1])
        assert (drawn.text(f"n-a-as-b-{number}"), drawn.text(f"n-b-as-a-{number}")) == (str(left), str(right))
    assert tops == sorted(tops)
    assert [label for _, label in drawn.ticks("y")] == [f"{a} / {b}" for a, b, _, _ in PAIRS[:n]]


def test_the_two_sides_of_the_pair_chart_have_colours_of_their_own_and_a_heading_each():
    drawn = Drawing(pair_chart(PAIRS, EN, tokens=house_tokens()))
    sides = [{drawn.style(one)["fill"] for one in drawn.numbered(side)} for side in ("a-as-b", "b-as-a")]
    assert [len(side) for side in sides] == [1, 1]
    assert sides[0] != sides[1]
    assert (drawn.text("head-a-as-b"), drawn.text("head-b-as-a")) == (
        "first predicted as second",
        "second predicted as first",
    )
    zero = drawn.box("zero")[0]
    assert drawn.place("head-a-as-b")[0] < zero < drawn.place("head-b-as-a")[0]
    for number in range(1, len(PAIRS) + 1):  # a count stands outside its bar, on the bar's own line
        left, right = (drawn.box(f"{side}-{number}") for side in ("a-as-b", "b-as-a"))
        assert drawn.place(f"n-a-as-b-{number}")[0] < left[0] + 0.01
        assert drawn.place(f"n-b-as-a-{number}")[0] > right[2] - 0.01
        assert left[1] < drawn.place(f"n-a-as-b-{number}")[1] <= left[3] + 1


# Rows true: 19 images are a ring, 20 are a dot. Wilson's ends for k of n at z = 1.959964, worked out apart from ours.
COUNTS = np.array([[13, 6, 0, 0], [3, 17, 0, 0], [1, 2, 18, 0], [0, 0, 9, 31]])
Z = 1.959964


def wilson_by_the_quadratic(k, n):
    """Where (k/n - p)^2 = z^2 p (1 - p) / n: the definition of the interval, not its usual form."""
    return np.roots([1 + Z**2 / n, -(2 * k / n + Z**2 / n), (k / n) ** 2])[::-1]


def test_each_class_has_a_dot_at_its_recall_and_a_line_over_its_interval():
    names = ["first", "second", "third", "fourth"]
    drawn = Drawing(recall_chart(class_scores(COUNTS, tuple("abcd"), ()), names, EN, tokens=house_tokens()))
    assert len(drawn.numbered("recall")) == len(drawn.numbered("interval")) == 4
    assert [label for _, label in drawn.ticks("x")] == ["0%", "25%", "50%", "75%", "100%"]
    value, lines = drawn.scale("x"), []
    for number, (k, n) in enumerate(zip(COUNTS.diagonal(), COUNTS.sum(axis=1), strict=True), start=1):
        dot, line = drawn.box(f"recall-{number}"), drawn.box(f"interval-{number}")
        assert value(dot[0]) == pytest.approx(k / n, abs=1e-4)
        assert (value(line[0]), value(line[2])) == pytest.approx(tuple(wilson_by_the_quadratic(k, n)), abs=1e-4)
        assert dot[1] == pytest.approx(line[1]) == pytest.approx(line[3])
        lines.append(dot[1])
        is_ring = drawn.style(f"recall-{number}")["fill"] == "#ffffff"
        assert is_ring == (n < 20)
    assert lines == sorted(lines)
    labels = drawn.ticks("y")
    assert [label for _, label in labels] == names
    assert np.argsort([place for place, _ in labels]).tolist() == [0, 1, 2, 3]


NIGHTS = [
    TrendPoint(day=date(2026, 11, 3), accuracy=0.71, accuracy_ci=(0.6, 0.8)),
    TrendPoint(day=date(2026, 11, 5), accuracy=0.64, accuracy_ci=(0.61, 0.77)),
    TrendPoint(day=date(2026, 11, 9), accuracy=0.83, accuracy_ci=(0.73, 0.9)),
]


@pytest.mark.parametrize("n", [2, 3])
def test_each_night_has_a_dot_at_its_accuracy_and_tonight_is_the_last(n):
    drawn = Drawing(trend_chart(NIGHTS[:n], EN, tokens=house_tokens()))
    assert len(drawn.numbered("accuracy")) == len(drawn.numbered("interval")) == n
    assert [label for _, label in drawn.ticks("y")] == ["60.0%", "80.0%" if n == 2 else "90.0%"]
    assert [label for _, label in drawn.ticks("x")] == ["2026-11-03", f"{NIGHTS[n - 1].day}"]
    value, dots = drawn.scale("y"), []
    for number, night in enumerate(NIGHTS[:n], start=1):
        dot, line = drawn.box(f"accuracy-{number}"), drawn.box(f"interval-{number}")
        assert value(dot[1]) == pytest.approx(night.accuracy, abs=1e-4)
        assert (value(line[3]), value(line[1])) == pytest.approx(night.accuracy_ci, abs=1e-4)
        assert dot[0] == pytest.approx(line[0])
        dots.append((dot[0], dot[1]))
    assert drawn.points("line") == pytest.approx(np.array(dots), abs=0.01)
    assert (dots[0][0], dots[-1][0]) == pytest.approx([place for place, _ in drawn.ticks("x")])
    assert (np.diff([x for x, _ in dots]) > 10).all()
    colours = [drawn.style(one)["stroke"] for one in drawn.numbered("interval")]
    assert colours[-1] not in colours[:-1]


@pytest.mark.parametrize(
    ("ends", "labels"),
    [
        ((0.6034, 0.6117), ["60.3%", "61.2%"]),
        ((0.99951, 0.99987), ["99.95%", "99.99%"]),
        ((0.0, 1.0), ["0.0%", "100.0%"]),
    ],
)
def test_the_ends_of_the_trend_are_told_apart(ends, labels):
    nights = [TrendPoint(day=date(2026, 11, day), accuracy=sum(ends) / 2, accuracy_ci=ends) for day in (3, 4)]
    assert [label for _, label in Drawing(trend_chart(nights, EN, tokens=house_tokens())).ticks("y")] == labels


def test_the_scale_of_the_maps_rises_from_dark_at_0_to_light_at_the_maximum():
    drawn = Drawing(colour_bar(EN, tokens=house_tokens()))
    labels = drawn.ticks("x")
    assert [label for _, label in labels] == ["0", "half: white line", "scale maximum"]
    places = [place for place, _ in labels]
    assert drawn.box("half")[0] == pytest.approx(places[1])
    assert drawn.style("half")["stroke"] == "#ffffff"
    steps = drawn.numbered("step")
    lefts = np.array([drawn.box(one)[0] for one in steps])
    assert (np.diff(lefts) > 0).all()
    assert lefts[0] == pytest.approx(places[0])
    assert drawn.box(steps[-1])[2] >= places[2] - 0.01
    fills = [drawn.style(one)["fill"] for one in steps]
    light = np.array([[int(fill[at : at + 2], 16) for at in (1, 3, 5)] for fill in fills]) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) > -1).all()
    assert light[-1] - light[0] > 150
    assert fills[0] == "#440154"  # viridis as published: https://bids.github.io/colormap
    assert fills[64] == "#21918c"
