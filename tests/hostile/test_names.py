"""Point 5: a name is text in every language that it is written into. One list of names, every output."""

import csv
import io
import json
import logging
import re
from functools import cache
from html.parser import HTMLParser
from unicodedata import category
from xml.etree import ElementTree as ET

import cmarkgfm
import numpy as np
import pandas as pd
import pytest
from cmarkgfm.cmark import Options

from reportgen.analyse.gate_rules import GateRules
from reportgen.cli.outlet import PlainLines, say
from reportgen.compose.figures import pair_chart, recall_chart
from reportgen.compose.report import compose
from reportgen.errors import InputError
from reportgen.inputs.notes import read_notes
from reportgen.language import language
from reportgen.plain_text import for_csv, for_markdown, shown
from reportgen.render.data.ci_files import ci_files
from reportgen.render.data.findings_json import findings_json
from reportgen.render.data.no_report import ended_files
from reportgen.render.data.tables import csv_files
from reportgen.render.html.page import html
from reportgen.render.message import mail_text
from reportgen.runs.predictions_table import predictions_table
from reportgen.runs.stamp import RunStamp
from reportgen.tokens import house_tokens
from tests.hostile.nasty import NASTY, PLAIN
from tests.synthetic import attributions_of, findings_of

STAMP = RunStamp(run_id="r1", created_at="2026-11-23T08:00:00+00:00", languages=("en",), timing={})
RUNS = re.compile("^[\\s\ufeff\u200b]*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")  # OWASP, CSV injection
COMMAND = re.compile(r"^\s*::|##\[|##\w+\[", re.MULTILINE)
every_name = pytest.mark.parametrize("name", NASTY.values(), ids=NASTY)


@cache
def report_of(*names):
    """Each class has 4 right images and 5 that are called the next class, and a rule of its own."""
    counts = 4 * np.eye(len(names), dtype=int) + 5 * np.eye(len(names), k=1, dtype=int)
    rules = GateRules(min_recall=dict.fromkeys(names, 0.9))
    species = ("cat", *("dog" for _ in names[1:]))
    findings = findings_of(counts, rules=rules, classes=names, species=species)
    return compose(findings, attributions_of(findings), notes=read_notes(), stamp=STAMP)


@cache
def contract_of(*names):
    return findings_json(report_of(*names))


EVERY = tuple(NASTY.values())
USUAL = tuple(f"class {number}" for number in range(len(EVERY)))


def control_characters(text):
    return {letter for letter in text if category(letter) in ("Cc", "Cs") or letter in "\u202e\u2028\u2029\u2066"}


@pytest.mark.parametrize("table", ["errors.csv", "confusion.csv", "pairs.csv", "classes.csv", "changes.csv"])
def test_no_cell_of_a_table_is_run_and_each_can_be_read_back(table):
    content = csv_files(report_of(*EVERY).findings)[table]
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert len({len(row) for row in rows}) == 1
    texts = [cell for row in rows for cell in row if not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)]
    assert not [cell for cell in texts if RUNS.match(cell)]
    if table != "changes.csv":
        assert set(EVERY) <= {cell.removeprefix("'") for cell in texts}
        again = pd.read_csv(io.BytesIO(content), keep_default_na=False, dtype=str, header=None)
        assert again.to_numpy().tolist() == rows


def test_predictions_and_findings_json_have_the_names_themselves():
    report = report_of(*EVERY)
    assert set(predictions_table(report.findings.predictions)["target"]) == set(EVERY)
    text = json.dumps(contract_of(*EVERY), ensure_ascii=False)
    assert tuple(json.loads(text.encode())["confusion"]["classes"]) == EVERY


class _Elements(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.texts, self.tags, self.handlers = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.handlers += [key for key, _ in attrs if key.startswith("on")]

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


def gfm(text):
    """By GitHub's own reader, raw HTML left in and what it makes of plain links and tables on."""
    return cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES)


@every_name
def test_a_cell_of_markdown_has_no_link_tag_or_line_of_a_name(name):
    found = _Elements(gfm(f"| a | b |\n|---|---|\n| {for_markdown(name)} | so {for_markdown(name)}. |\n"))
    assert [tag for tag in found.tags if tag != "span"] == [
        "table",
        "thead",
        "tr",
        "th",
        "th",
        "tbody",
        "tr",
        "td",
        "td",
    ]
    assert not found.handlers
    assert not re.search(r"(?:^|\W)[@#!]\w|://|www\.|GH-\d|:\w+:", found.text)


def test_the_summary_has_the_elements_that_it_always_has():
    found, usual = (
        _Elements(gfm(ci_files(contract_of(*names), read_notes())["summary.md"].decode())) for names in (EVERY, USUAL)
    )
    assert [tag for tag in found.tags if tag != "span"] == usual.tags
    assert not found.handlers


@pytest.mark.parametrize("name", [NASTY[key] for key in NASTY if NASTY[key].isprintable()])
def test_a_name_in_markdown_reads_as_it_is(name):
    text = _Elements(gfm(f"| a |\n|---|\n| {for_markdown(name)} |\n")).text
    assert text.replace("\u200b", "").strip().endswith(name.strip())


def test_junit_is_well_formed_and_names_every_class():
    suites = ET.fromstring(ci_files(contract_of(*EVERY), read_notes())["junit.xml"])
    said = [value for element in suites.iter() for value in element.attrib.values()]
    assert not control_characters("".join(said))
    for name in EVERY:
        words = " ".join(shown(name.replace("_", " ")).split())
        assert any(words in " ".join(value.replace("_", " ").split()) for value in said), name


def test_the_page_has_the_elements_that_it_always_has():
    page, usual = (html(report_of(*names), "screen") for names in (EVERY, USUAL))
    assert sorted(_Elements(page).tags) == sorted(_Elements(usual).tags)
    assert not _Elements(page).handlers
    assert control_characters(page) <= {"\n", "\t"}


def test_charts_are_drawn_of_any_name():
    findings = report_of(*EVERY).findings
    pair_chart([(name, "b", 8, 0) for name in EVERY], language("en"), tokens=house_tokens())
    recall_chart(findings.scores.per_class, EVERY, language("en"), tokens=house_tokens())


def test_a_formula_is_drawn_as_the_letters_that_it_is():
    """As many paths as letters: "$x$" as mathematics would be one."""

    def paths(name):
        return pair_chart([(name, "b", 8, 0)], language("en"), tokens=house_tokens()).count(b"<use ")

    assert paths("$x$") == paths("axa")


@every_name
def test_the_mail_has_one_line_for_its_subject_and_no_line_of_a_name(name):
    contract = contract_of(*EVERY)
    model = {**contract["model"], "name": name}
    told, usual = (
        mail_text({**contract, "model": one}, link="", omitted="", notes=read_notes())
        for one in (model, contract["model"])
    )
    assert not control_characters(told.subject)
    assert control_characters(told.text) <= {"\n"}
    assert not _Elements(told.html).handlers
    assert _Elements(told.html).tags == _Elements(usual.html).tags


@every_name
def test_an_error_keeps_its_four_lines(name):
    error = InputError(f"class {name}", found=name, expected=name, todo=name)
    assert len(str(error).splitlines()) == 4
    assert not control_characters(str(error)) - {"\n"}
    for content in ended_files(error.exit_code, error).values():
        assert not control_characters(content.decode()) - {"\n", "\t"}
    suites = ET.fromstring(ended_files(error.exit_code, error)["junit.xml"])
    assert suites.find(".//error").get("message") == shown(name)
    said = _Elements(gfm(ended_files(error.exit_code, error)["summary.md"].decode()))
    assert said.tags == ["h2", "pre", "code"]


@every_name
def test_a_line_of_the_log_is_one_line_and_no_command(name):
    record = logging.LogRecord("reportgen", logging.INFO, "f", 1, "unreadable: %s: %d", (name, 3), None)
    line = PlainLines("%(message)s").format(record)
    assert not control_characters(line)
    assert line == f"unreadable: {shown(name)}: 3" or "##" in name
    assert not COMMAND.search(PlainLines("%(message)s").format(logging.LogRecord("r", 20, "f", 1, "%s", (name,), None)))


@every_name
def test_a_line_on_stdout_is_one_line_and_no_command(name, capsys):
    say(name)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert not control_characters(out[:-1])
    assert not COMMAND.search(out)


@every_name
def test_json_on_stdout_is_still_json_and_the_same(name, capsys):
    say(json.dumps({"class": name}, ensure_ascii=False))
    assert json.loads(capsys.readouterr().out) == {"class": name}


@pytest.mark.parametrize("name", [NASTY[key] for key in PLAIN], ids=PLAIN)
def test_a_name_that_is_only_odd_is_shown_as_it_is(name):
    assert shown(name) == name


@every_name
def test_the_escape_of_a_cell_is_reversible(name):
    assert for_csv(name).removeprefix("'") == name or name.startswith("'")
    assert for_csv(for_csv(name))[1:] == for_csv(name) or for_csv(name) == name
