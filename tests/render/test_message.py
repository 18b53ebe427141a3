"""The words of the mail: what is said, in which order, in how many lines."""

from html.parser import HTMLParser
from unicodedata import east_asian_width

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.inputs.notes import Notes
from reportgen.render.message import mail_text, matters, not_passed

NAMELESS = Notes(breeds={}, pairs={})


def contract(*, comparison=None, outcome="pass", rules=(), model="pets-nightly", notice=None, **changed):
    """The keys of findings.json that the mail reads; 2,745 of 3,669 images are right."""
    return {
        "run_id": "20261123T080000000Z-1a2b3c4d",
        "created_at": "2026-11-23T08:00:00+00:00",
        "language": "en",
        "model": {"name": model},
        "data": {"name": "oxford-iiit-pet", "notice": notice},
        "scores": {"n": 3669, "correct": 2745, "accuracy": 2745 / 3669, "accuracy_ci": [0.734, 0.762]},
        "class_order": {"accuracy": 2745 / 3669, "best_accuracy": 0.76, "suspicious": False},
        "pairs": [],
        "groups": [],
        "cross_species": [],
        "comparison": comparison,
        "gate": {"outcome": outcome, "strict": False, "rules": list(rules)},
    } | changed


def comparison(**changed):
    """Against the night before: 120 broken, 47 fixed, worse; nothing else is told apart."""
    return {
        "baseline_created_at": "2026-11-22T08:00:00+00:00",
        "comparable": True,
        "reason": None,
        "n_paired": 3669,
        "fixed": 47,
        "broken": 120,
        "p_value": 1.4e-8,
        "accuracy_difference": -73 / 3669,
        "accuracy_difference_ci": [-0.0266, -0.0131],
        "verdict": "worse",
        "flips": [],
        "pairs": [],
        "classes": [],
        "entered_top_ten": [],
        "new_cross_species": [],
    } | changed


def pair_change(a, b, verdict, p_value=0.004):
    return {
        "a": a,
        "b": b,
        "n": 200,
        "newly_confused": 14,
        "no_longer_confused": 2,
        "p_value": p_value,
        "verdict": verdict,
    }


def class_change(name, verdict, p_value=0.004):
    return {"class": name, "n": 98, "fixed": 2, "broken": 14, "p_value": p_value, "verdict": verdict}


def flip(kind="broken", state="new", target="Bengal", pred="Egyptian_Mau"):
    return {"sample_id": "Bengal_1", "kind": kind, "target": target, "pred": pred, "state": state}


def rule(outcome, name="min_accuracy", detail="74.8%, at least 80.0% required"):
    return {"name": name, "outcome": outcome, "detail": detail}


def words(found, *, link="", omitted=""):
    return mail_text(found, link=link, omitted=omitted, notes=NAMELESS)


def n_columns(line):
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line)


def joined(found, **options):
    """The text without its line ends."""
    return " ".join(words(found, **options).text.split())


# The subject


@pytest.mark.parametrize("outcome", ["pass", "fail", "inconclusive", "invalid"])
def test_the_subject_has_outcome_model_figure_and_change(outcome):
    assert words(contract(outcome=outcome, comparison=comparison())).subject == (
        f"[reportgen] {outcome.upper()} pets-nightly: 74.8% (-2.0 points, worse)"
    )


@pytest.mark.parametrize(
    ("against", "told"),
    [
        (None, "no previous run"),
        (
            comparison(comparable=False, reason="the images differ", verdict=None),
            "not comparable with the previous run",
        ),
        (comparison(fixed=0, broken=0, accuracy_difference=0.0, verdict="underpowered"), "no image changed"),
        (comparison(verdict="no_evidence"), "-2.0 points, no evidence of a change"),
        (comparison(verdict="underpowered"), "-2.0 points, too few changes to judge"),
        (comparison(verdict="better", accuracy_difference=0.0123), "+1.2 points, better"),
    ],
)
def test_the_standing_in_the_subject(against, told):
    assert words(contract(comparison=against)).subject.endswith(f" 74.8% ({told})")


ALARM = {"accuracy": 0.027, "best_accuracy": 0.912, "suspicious": True}


def test_a_class_order_that_looks_wrong_wins_over_everything():
    against = comparison(pairs=[pair_change("A", "B", "worse")])
    found = contract(outcome="fail", comparison=against, class_order=ALARM, rules=[rule("fail")])
    made = words(found)
    assert made.subject.endswith("(the class order looks wrong)")
    assert [one.kind for one in matters(found)] == ["class_order"]
    for text in (made.text, made.html):
        text = " ".join(text.split())  # noqa: PLW2901
        assert "do not trust any figure here until that is resolved" in text
        assert "would be 91.2% instead of 2.7%" in text
        assert "120 broken" not in text


# The text


def test_the_text_of_a_bad_night_word_by_word():
    against = comparison(
        pairs=[pair_change("Birman", "Ragdoll", "worse")],
        flips=[flip(), flip(), flip(state="flaky"), flip("fixed", "fixed")],
        new_cross_species=["Sphynx_7"],
    )
    found = contract(
        outcome="fail",
        comparison=against,
        rules=[rule("pass"), rule("fail")],
        cross_species=[
            {"sample_id": "Boxer_1", "target": "boxer", "pred": "Bengal"},
            {"sample_id": "Sphynx_7", "target": "Sphynx", "pred": "pug"},
        ],
    )
    assert words(found, link="https://example.com/r", omitted="fewer panels").text == (
        "FAIL. pets-nightly classifies 2,745 of 3,669 images correctly: 74.8% (95%\n"
        "interval 73.4% to 76.2%).\n"
        "Compared with the run of 22 November 2026, 08:00 UTC: -2.0 points (95%\n"
        "interval -2.7 to -1.3 points), 120 broken, 47 fixed: worse (p < 0.001).\n"
        "- fail: min_accuracy: 74.8%, at least 80.0% required\n"
        "\n"
        "The three changes that matter:\n"
        "1. Birman / Ragdoll: newly confused in 14 images, no longer in 2; worse\n"
        "   (p = 0.004).\n"
        "2. 1 new cross-species error, such as Sphynx predicted as pug.\n"
        "3. 2 images broken, the most confident Bengal predicted as Egyptian Mau. 1\n"
        "   other is wrong again, as in earlier runs.\n"
        "\n"
        "To keep this mail small: fewer panels.\n"
        "The full report:\n"
        "  https://example.com/r\n"
    )


def test_a_difference_within_noise_says_so():
    text = joined(contract(comparison=comparison(verdict="no_evidence", p_value=0.21)))
    assert "no evidence of a change, the difference is within noise (p = 0.210)" in text
    text = joined(contract(comparison=comparison(verdict="underpowered", fixed=1, broken=3)))
    assert "3 broken, 1 fixed: too few changes to distinguish from noise." in text


def test_runs_that_are_not_comparable_say_why():
    against = comparison(comparable=False, reason="the class lists differ", verdict=None, p_value=None)
    assert "Not comparable with the run of 22 November 2026, 08:00 UTC: the class lists differ." in joined(
        contract(comparison=against)
    )


def test_the_notice_stands_first_and_a_strict_gate_says_what_inconclusive_means():
    found = contract(notice="Drawn pets, not photographs.", outcome="inconclusive")
    found["gate"]["strict"] = True
    lines = words(found).text.splitlines()
    assert lines[0] == "Drawn pets, not photographs."
    assert lines[1].startswith("FAIL (inconclusive, and the gate is strict).")


def test_rules_that_did_not_pass_worst_first():
    rules = [rule("inconclusive", "i"), rule("pass", "p"), rule("fail", "f1"), rule("invalid", "x"), rule("fail", "f2")]
    found = contract(outcome="invalid", rules=rules)
    assert [one["name"] for one in not_passed(found)] == ["x", "f1", "f2", "i"]
    lines = words(found).text.splitlines()
    assert [line for line in lines if line.startswith("- ")] == [
        "- invalid: x: 74.8%, at least 80.0% required",
        "- fail: f1: 74.8%, at least 80.0% required",
        "- and 2 more rules that did not pass",
    ]


# Which three


def test_the_order_of_what_matters():
    """Each kind alone, in the stated order; the worse ones by p value, a pair before a class when equal."""
    against = comparison(
        pairs=[
            pair_change("A", "B", "better", 0.0001),
            pair_change("A", "C", "worse", 0.03),
            pair_change("A", "D", "no_evidence"),
        ],
        classes=[
            class_change("A", "worse", 0.01),
            class_change("E", "worse", 0.03),
            class_change("F", "better", 0.001),
        ],
        flips=[flip()],
        entered_top_ten=[["A", "C"], ["A", "D"]],
        new_cross_species=["s"],
    )
    found = contract(comparison=against, cross_species=[{"sample_id": "s", "target": "A", "pred": "B"}])
    assert [(one.kind, one.values["p_value"]) for one in matters(found)] == [
        ("class_worse", 0.01),
        ("pair_worse", 0.03),
        ("class_worse", 0.03),
    ]
    against["classes"], against["pairs"] = against["classes"][2:], [against["pairs"][0], against["pairs"][2]]
    assert [one.kind for one in matters(found)] == ["cross_species", "broken", "entered"]
    assert matters(found)[2].values == {"pairs": [["A", "C"], ["A", "D"]]}
    against["new_cross_species"], against["flips"] = [], [flip(state="flaky"), flip("fixed", "fixed")]
    assert [one.kind for one in matters(found)] == ["entered", "pair_better", "class_better"]


def test_a_pair_that_is_worse_is_not_told_again_as_new_in_the_top_ten():
    against = comparison(pairs=[pair_change("A", "C", "worse")], entered_top_ten=[["C", "A"]])
    assert [one.kind for one in matters(contract(comparison=against))] == ["pair_worse"]


GROUPS = [
    {"classes": ["A", "B", "C"], "errors": 9, "impact": 0.01},
    {"classes": ["D", "E"], "errors": 4, "impact": 0.004},
]


def a_pair(a, b, evident):
    return {"a": a, "b": b, "a_as_b": 3, "b_as_a": 1, "n_a": 9, "n_b": 8, "evident": evident}


@pytest.mark.parametrize("against", [None, comparison(comparable=False, reason="x", verdict=None)])
def test_without_a_baseline_groups_then_pairs_that_stand_out_outside_them(against):
    pairs = [a_pair("A", "B", True), a_pair("F", "G", False), a_pair("C", "D", True), a_pair("H", "I", True)]
    found = contract(comparison=against, groups=GROUPS, pairs=pairs)
    assert [
        (one.kind, one.values.get("classes", [one.values.get("a"), one.values.get("b")])) for one in matters(found)
    ] == [
        ("group", ["A", "B", "C"]),
        ("group", ["D", "E"]),
        ("pair", ["C", "D"]),
    ]
    text = joined(found)
    assert "Most confused: 1. A, B, C: 9 errors with one another, 1.0% of all images." in text
    assert "3. C / D: 3 of 9 and 1 of 8 predicted as the other." in text


def test_a_large_group_is_cut_short():
    found = contract(groups=[{"classes": [f"c{k}" for k in range(9)], "errors": 1234, "impact": 0.3}])
    assert "- c0, c1, c2, c3 and 5 more: 1,234 errors" in joined(found)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (contract(), "No pair of classes is significant."),
        (contract(scores={"n": 5, "correct": 5, "accuracy": 1.0, "accuracy_ci": [0.6, 1.0]}), "There was no error."),
        (contract(comparison=comparison(fixed=0, broken=0)), "Nothing is newly worse: no class, no pair and no image."),
    ],
)
def test_nothing_to_tell_is_told(found, told):
    assert matters(found) == ()
    assert told in joined(found)
    assert told in words(found).html


@pytest.mark.parametrize("before", ["", "x"])
def test_letters_two_columns_wide_count_twice(before):
    lines = [line for line in words(contract(notice=f"{before}{'名' * 90}")).text.splitlines() if "名" in line]
    assert "".join(lines) == before + "名" * 90
    assert [74 <= n_columns(line) <= 76 for line in lines] == [True, True, False]


# However the names are written

names = st.text(min_size=1, max_size=60) | st.sampled_from(
    ["名" * 60, "x" * 60, "a b " * 15, "\r\nBcc: x@y", "- x", "1. x", "   x", "\u202e"]
)
texts = st.text(max_size=300) | names.map(lambda name: name * 5)


@st.composite
def contracts(draw):
    """Every part at its fullest, with any names."""
    some = st.lists(names, min_size=2, max_size=9)
    against = comparison(
        comparable=draw(st.booleans()),
        reason=draw(texts),
        pairs=[pair_change(draw(names), draw(names), draw(st.sampled_from(["worse", "better"]))) for _ in range(3)],
        classes=[class_change(draw(names), "worse")],
        flips=[flip(target=draw(names), pred=draw(names)), flip(state="flaky")],
        entered_top_ten=[draw(st.tuples(names, names)) for _ in range(3)],
    )
    return contract(
        model=draw(names),
        notice=draw(st.none() | texts),
        outcome="fail",
        rules=[rule("fail", draw(names), draw(texts)) for _ in range(draw(st.integers(0, 6)))],
        comparison=draw(st.sampled_from([None, against])),
        groups=[{"classes": draw(some), "errors": 10**6, "impact": 0.5} for _ in range(draw(st.integers(0, 3)))],
        pairs=[a_pair(draw(names), draw(names), True) for _ in range(3)],
        class_order=draw(st.sampled_from([ALARM, {**ALARM, "suspicious": False}])),
    )


class Page(HTMLParser):
    """The tags of a page, and what is wrong with it: unclosed elements, anything that mail programs drop."""

    DROPPED = frozenset({"script", "style", "link", "img", "svg", "iframe", "form", "object", "base"})

    def __init__(self, page):
        super().__init__()
        self.open, self.problems, self.links = [], [], []
        self.feed(page)
        self.problems += self.open

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.problems += [tag] * (tag in self.DROPPED)
        self.problems += [
            key for key, value in attrs if key.startswith("on") or key == "src" or "url(" in (value or "")
        ]
        self.links += [given["href"]] if "href" in given else []
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        self.problems += [] if self.open and self.open.pop() == tag else [f"/{tag}"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contracts(), texts, st.booleans())
def test_twenty_lines_one_subject_and_a_plain_page_whatever_the_data(found, omitted, linked):
    link = "https://example.com/" + "x" * 280 if linked else ""
    made = words(found, link=link, omitted=omitted)
    lines = made.text.splitlines()
    assert len(lines) <= 20
    assert made.text.count("\n") == len(lines)
    for line in lines:
        assert line.isprintable()
        assert line == f"  {link}" or n_columns(line) <= 76
    assert not linked or lines[-1] == f"  {link}"
    assert made.subject.isprintable()
    assert made.subject.startswith("[reportgen] FAIL ")
    page = Page(made.html)
    assert (page.problems, page.links) == ([], [link] if link else [])
    assert len(made.html.encode()) <= 100_000


@pytest.mark.parametrize("link", ["javascript:alert(1)", "/srv/reports/m/r/report.html", '"><script>'])
def test_only_a_web_address_is_made_a_link(link):
    page = Page(words(contract(), link=link).html)
    assert (page.problems, page.links) == ([], [])
