"""The archive's front page: what it says, and that nothing in the data can break it."""

import re
from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from pydantic import TypeAdapter

from reportgen.render.index_page import BOTTOM, LEFT, RIGHT, TOP, Entry, Verdict, index_page, index_pages, trend
from tests.archives import against, run_id_of, verdict_of


def verdict(day=1, **changed):
    return TypeAdapter(Verdict).validate_python(verdict_of(day, **changed))


def entry(day=1, *, model="m", documents=("report.html", "report.pdf"), **changed):
    return Entry(model=model, folder=f"{model}/{run_id_of(day)}", verdict=verdict(day, **changed), documents=documents)


class Page(HTMLParser):
    """Rows of text by table, all links, all tags, all text."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.links, self.tags, self.text = [], [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append("")
        if tag == "a":
            self.links.append(dict(attributes)["href"])

    def handle_data(self, data):
        plain = data.replace("\u200b", "").replace("\u00a0", " ")
        self.text += plain
        if self.rows:
            self.rows[-1] += " ".join(plain.split()) + " "


def page_of(*entries, unreadable=()):
    return Page(index_page(entries, unreadable))


def test_a_night_says_what_the_verdict_says():
    rule = {"name": "min_accuracy", "outcome": "fail", "detail": "90.0%, at least 95.0% required"}
    other = {"name": "no_worse_pairs", "outcome": "inconclusive", "detail": "no baseline"}
    page = page_of(entry(outcome="fail", rules=[rule, other], comparison=against(0, verdict="worse")))
    night = page.rows[-1]
    for words in (
        *("2026-11-02 02:00", "✗ fail", "min_accuracy", "90.0%", "82.5% to 94.4%"),
        *(
            "+1.0 points, ▼ worse",
            "4 fixed, 3 broken",
            "97.0%",
            "3 cross-species errors",
            "Bengal / Egyptian Mau 13 + 5",
        ),
    ):
        assert words in night, words
    assert "no_worse_pairs" not in night  # what failed is named, not what could not be told
    assert "min_accuracy: 90.0%, at least 95.0% required" in page.text
    assert f"Compared with run {run_id_of(0)}: ▼ worse, 4 fixed, 3 broken, +1.0 points" in " ".join(page.text.split())


def test_every_night_is_there_newest_first_below_its_model():
    page = page_of(*(entry(day, model=model) for model in ("a", "b") for day in range(3)))
    days = [row.split()[0] for row in page.rows if row.strip().startswith("2026")]
    assert days == ["2026-11-03", "2026-11-02", "2026-11-01"] * 2
    assert [row.split()[0] for row in page.rows[1:3]] == ["a", "b"]
    assert "2 models, 6 runs" in page.text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"comparison": against(0, comparable=False, reason="the images differ", verdict=None)}, "not comparable: the images differ"),
        ({"comparison": against(0, comparable=False, reason="the class lists differ", verdict=None, accuracy_difference=None, accuracy_difference_ci=None)}, "not comparable: the class lists differ"),
        ({"comparison": against(0, across="compared across torch 2.11 → 2.14")}, "compared across torch 2.11 → 2.14"),
        ({"comparison": against(0, across="compared across precision bf16 → fp32")}, "precision bf16 → fp32"),
        ({"comparison": against(0, across="the baseline does not record: device")}, "does not record: device"),
        ({"comparison": against(0, comparable=False, reason="the images differ", verdict=None, across="compared across device cpu → mps")}, "compared across device cpu → mps"),
        ({"comparison": None}, "no baseline"),
        ({"species_accuracy": None, "n_cross_species": None}, "n/a"),
        ({"top_pairs": []}, "none"),
        ({"outcome": "inconclusive", "strict": True}, "✗ fail (inconclusive, and the gate is strict)"),
        ({"outcome": "invalid", "class_order_suspicious": True}, "⚠ class order looks wrong"),
        ({"rules": [{"name": "max_ece", "outcome": "inconclusive", "detail": "d"}], "outcome": "inconclusive"}, "max_ece"),
    ],
)  # fmt: skip
def test_what_is_special_in_a_night_is_said(changed, words):
    page = page_of(entry(**changed))
    assert words in page.rows[-1]
    assert words not in page_of(entry(comparison=against(0))).rows[-1]


def test_what_the_newest_night_is_compared_across_stands_below_its_name_in_each_language():
    words = {"en": "compared across torch 2.11 → 2.14", "ja": "torch 2.11 → 2.14をまたいだ比較"}
    night = entry(1, languages=["en", "ja"], comparison=against(0, across=words["en"], acrosses=words))
    pages = index_pages((entry(0), night), ())
    assert "Note: compared across torch 2.11 → 2.14." in Page(pages["index.html"]).text
    assert Page(pages["index.ja.html"]).text.count("torch 2.11 → 2.14をまたいだ比較") == 2
    assert "Note:" not in page_of(entry(1, comparison=against(0, across=None, acrosses={"en": ""}))).text


def test_a_suspicious_class_order_is_loud_at_the_top_too():
    page = page_of(entry(class_order_suspicious=True))
    assert "class order looks wrong" in page.rows[1]
    assert "do not trust any of its figures" in page.text


def test_documents_are_linked_by_paths_that_any_share_can_follow():
    page = page_of(entry(model="a b#c%?:é"))
    documents = [link for link in page.links if not link.startswith("#")]
    assert [unquote(link) for link in documents[:2]] == [
        f"a b#c%?:é/{run_id_of(1)}/report.html",
        f"a b#c%?:é/{run_id_of(1)}/report.pdf",
    ]
    assert re.fullmatch(r"[\w%/.-]+", documents[0], re.ASCII)
    only_html = page_of(entry(documents=("report.html",)))
    assert not [link for link in only_html.links if link.endswith(".pdf")]
    assert "none" in page_of(entry(documents=())).rows[-1]


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 71 * 73 }}\u202e</title>"


def test_hostile_names_stay_text():
    page = page_of(
        entry(
            0,
            model=HOSTILE,
            notice=HOSTILE,
            outcome="fail",
            rules=[{"name": HOSTILE, "outcome": "fail", "detail": HOSTILE}],
            top_pairs=[{"a": HOSTILE, "b": HOSTILE, "a_as_b": 1, "b_as_a": 2, "n_a": 3, "n_b": 4}],
            comparison=against(0, comparable=False, reason=HOSTILE, baseline_run_id=HOSTILE, across=HOSTILE),
        ),
        entry(1, model=HOSTILE),
        unreadable=((HOSTILE, HOSTILE),),
    )
    assert not {"script", "img", "iframe", "object", "link", "base"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert all(re.match(r"#|[\w.-]*%3Cscript", link) for link in page.links)
    assert page.text.count("<script>alert(1)</script>") >= 8
    assert "5183" not in page.text


def test_the_page_stands_alone_and_is_accessible():
    page = index_page((entry(0), entry(1)), ())
    parsed = Page(page)
    assert not re.search(r'(src|href)="(?:https?:|//|/|data:)|url\(|@import', page)
    assert ("html", {"lang": "en"}) in parsed.tags
    assert [tag for tag, _ in parsed.tags].count("title") == 1 + 1 + 2  # the page, the drawing, each night in it
    assert all("scope" in attributes for tag, attributes in parsed.tags if tag == "th")
    assert not any(tag == "script" for tag, _ in parsed.tags)


def test_bundles_that_could_not_be_read_are_listed_with_the_reason():
    page = page_of(entry(), unreadable=(("m/run", "no verdict.json"),))
    assert "m/run: no verdict.json" in page.text
    assert "could not be read" not in page_of(entry()).text


def test_the_trend_has_its_marks_where_the_numbers_are():
    """Intervals from 0.60 to 0.80 on a scale of 0.05 span the plot from end to end."""
    drawn = trend([
        verdict(0, accuracy=0.7, accuracy_ci=[0.6, 0.8]),
        verdict(1, accuracy=0.65, accuracy_ci=[0.6, 0.7], fingerprint="other"),
    ])  # fmt: skip
    first, second = drawn.marks
    quarter = (RIGHT - LEFT) / 4
    assert (first.x, second.x) == (LEFT + quarter, RIGHT - quarter)
    assert (first.y_low, first.y, first.y_high) == (BOTTOM, (TOP + BOTTOM) / 2, TOP)
    assert second.y == pytest.approx(BOTTOM - (BOTTOM - TOP) / 4, abs=0.05)
    assert [fraction for _, fraction in drawn.lines] == pytest.approx([0.6, 0.65, 0.7, 0.75, 0.8])
    assert drawn.breaks == ((LEFT + RIGHT) / 2,)
    assert [day for _, day in drawn.days] == ["2026-11-01", "2026-11-02"]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.5, 0.5), (0, 0), (1, 1), (0.2, 0.9), (0.9995, 1), (0.7, 0.7001)])
def test_any_interval_lies_in_the_plot(low, high):
    nights = [verdict(day, accuracy=low, accuracy_ci=[low, high]) for day in range(3)]
    drawn = trend(nights)
    assert all(TOP <= y <= BOTTOM for mark in drawn.marks for y in (mark.y, mark.y_low, mark.y_high))
    assert 2 <= len(drawn.lines) <= 8


def test_the_trend_shows_the_last_sixty_nights_and_none_of_a_single_one():
    drawn = trend([verdict(day) for day in range(75)])
    assert len(drawn.marks) == 60
    assert drawn.marks[0].verdict.created_at == datetime.fromisoformat("2026-11-16T02:00:00+00:00")
    assert all(LEFT < mark.x < RIGHT for mark in drawn.marks)
    assert len(drawn.days) == 6
    assert trend([verdict()]) is None
    assert "<figure" not in index_page((entry(),), ())


def test_outcomes_have_marks_of_different_shape():
    outcomes = ("pass", "inconclusive", "fail", "invalid")
    page = index_page(tuple(entry(day, outcome=outcome) for day, outcome in enumerate(outcomes)), ())
    plot = page[page.index("<svg viewBox") : page.index("</svg>")]
    assert [len(re.findall(f'class="{kind}"', plot)) for kind in ("passed", "open", "failed")] == [1, 1, 2]
    assert "dashed" not in page
    changed = index_page((entry(0), entry(1, fingerprint="g")), ())
    assert "Dashed line: the data changed there" in changed
    assert changed.count('class="break"') == 1


def test_each_language_of_a_run_has_its_page_and_the_newest_run_says_which_is_first():
    rule = {
        "name": "min_accuracy",
        "outcome": "fail",
        "detail": "九割以上が必要",
        "details": {"en": "at least 90.0% required", "ja": "九割以上が必要"},
    }
    newest = entry(
        2,
        language="ja",
        languages=["ja", "en"],
        documents=("report.html", "report.en.pdf"),
        outcome="fail",
        rules=[rule],
        comparison=against(
            1, comparable=False, reason="画像が違う", reasons={"en": "the images differ", "ja": "画像が違う"}
        ),
    )
    pages = index_pages((entry(0), newest), ())
    assert sorted(pages) == ["index.en.html", "index.html"]
    japanese, english = Page(pages["index.html"]), Page(pages["index.en.html"])
    assert ("html", {"lang": "ja"}) in japanese.tags
    assert ("html", {"lang": "en"}) in english.tags
    assert "index.en.html" in japanese.links
    assert "index.html" in english.links
    for words in (
        "ベンガル / エジプシャン・マウ 13 + 5",
        "✗ 不合格",
        "九割以上が必要",
        "2026年11月3日",
        "比較不可:画像が違う",
    ):
        assert words in japanese.text.replace("：", ":"), words
    for words in ("Bengal / Egyptian Mau 13 + 5", "at least 90.0% required", "not comparable: the images differ"):
        assert words in english.text, words
    night = "m/" + run_id_of(2)
    assert [link for link in japanese.links if night in link][:2] == [f"{night}/report.html", f"{night}/report.en.pdf"]
    assert [link for link in english.links if night in link][:2] == [f"{night}/report.en.pdf", f"{night}/report.html"]


def test_a_run_in_a_language_of_a_later_version_is_shown_with_what_is_known():
    page = Page(index_pages((entry(0, language="xx", languages=["xx", "en"]),), ())["index.html"])
    assert ("html", {"lang": "en"}) in page.tags
