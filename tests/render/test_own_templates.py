"""Templates of one's own: which wins, what they may not do, and where a fault in one is."""

import logging
from dataclasses import replace

import pytest

from reportgen.compose.report import report_in_language, with_appearance
from reportgen.errors import ConfigError, RenderingError
from reportgen.inputs.models.output_reading import Reading
from reportgen.package_files import templates_dir
from reportgen.render.html.page import html
from reportgen.render.own_templates import read_templates
from reportgen.runs.appearance import Appearance
from tests.shapes import report_of_shape

MACROS = """{% import "reportgen/words.html.j2" as ours with context %}
{% set refusal, method_text = ours.refusal, ours.method_text %}
{% macro place(p) %}HERE{% endmacro %}"""


def with_summary(text):
    """The page with a summary of one's own."""
    return html(
        with_appearance(
            report_of_shape("3 classes"), Appearance(templates={"sections/summary.html.j2": text}, folder="mine")
        ),
        "screen",
    )


def written(folder, **texts):
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_j2", ".html.j2").replace("_css", ".css")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("sections/summary.html.j2", "<p>only this</p>", "<p>only this</p>"),
        ("css/tokens.css", ":root { --ink: #123456 }", "--ink: #123456"),
        ("css/own.css", ".mine { color: var(--ink) }", ".mine { color: var(--ink) }"),
        ("words.html.j2", MACROS, "peaks HERE"),
        (
            "report.html.j2",
            '{% extends "reportgen/report.html.j2" %}{% block masthead %}{{ super() }}<p>mine</p>{% endblock %}',
            "<p>mine</p>",
        ),
    ],
)
@pytest.mark.parametrize("medium", ["screen", "print"])
def test_a_template_macro_or_style_sheet_of_ones_own_wins(name, text, expected, medium):
    report = report_of_shape("3 classes")
    assert expected not in html(report, medium)
    assert expected in html(with_appearance(report, Appearance(templates={name: text}, folder="mine")), medium)


FROM_WORDS = (
    '{% from "words.html.j2" import outputs_text, remark_text with context %}'  # a section of an earlier version
)
OLDER = {
    "words before there were outputs": {"words.html.j2": MACROS},
    "a section that takes them from words": {
        "sections/data.html.j2": FROM_WORDS + "{{ outputs_text(data.facts) }} {{ remark_text(data.facts.remark) }}"
    },
    "words of one's own for the outputs": {
        "model_outputs.html.j2": "{% macro outputs_text(f) %}probabilities{% endmacro %}"
        "{% macro remark_text(r) %}gives different outputs{% endmacro %}"
    },
}


@pytest.mark.parametrize("templates", OLDER.values(), ids=OLDER)
@pytest.mark.parametrize("medium", ["screen", "print"])
def test_templates_made_for_an_earlier_version_still_say_what_the_outputs_are(templates, medium):
    report = report_of_shape("3 classes")
    predictions = report.findings.predictions
    outputs = Reading(n_columns=3, numbers="probabilities")
    facts = replace(predictions.facts, outputs=outputs, remark="not_repeatable")
    findings = replace(report.findings, predictions=replace(predictions, facts=facts))
    report = replace(report, context=replace(report.context, findings=findings))
    page = html(
        with_appearance(report_in_language(report, "en"), Appearance(templates=templates, folder="mine")), medium
    )
    assert "probabilities" in page
    assert "gives different outputs" in page


def test_own_style_comes_last():
    report = with_appearance(report_of_shape("3 classes"), Appearance(templates={"css/own.css": ".mine {}"}))
    for medium in ("screen", "print"):
        found = html(report, medium)
        assert found.index(".mine {}") > found.index(".panel") > found.index("--ink")


def test_values_are_escaped():
    assert "<p>&lt;b&gt;</p>" in with_summary("<p>{{ '<b>' }}</p>")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("one\ntwo\n{% if %}", 3, "TemplateSyntaxError"),
        ("one\n{{ data.nothing_of_the_kind }}", 2, "UndefinedError"),
        ("one\n\n\n{{ 1 / 0 }}", 4, "ZeroDivisionError"),
        ("{{ 3 | no_such_filter }}", 1, "no_such_filter"),
        ("\n{% include 'no/such.html.j2' %}", 2, "no/such.html.j2"),
        ("\n{{ css('no_such.css') }}", 2, "no_such.css"),
        ("\n{{ report.findings.__class__ }}", 2, "SecurityError"),
        ("\n{{ data.update({}) }}", 2, ""),
    ],
)
def test_a_fault_names_file_and_line(text, line, said):
    with pytest.raises(RenderingError) as caught:
        with_summary(text)
    assert f"mine/sections/summary.html.j2, line {line}" in str(caught.value)
    assert said in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_fault_in_a_macro_names_the_file_of_the_macro():
    broken = MACROS.replace("HERE", "\n{{ p.no_such_place.at_all }}\n")
    with pytest.raises(RenderingError, match=r"mine/words\.html\.j2, line 4"):
        html(
            with_appearance(
                report_of_shape("3 classes"), Appearance(templates={"words.html.j2": broken}, folder="mine")
            ),
            "screen",
        )


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__.__mro__",
        "report.findings.predictions.probs.__globals__",
        "report.findings.predictions.facts.model.checkpoint_file.__class__('x')",
        "asset.__closure__",
        "language.gettext.__globals__",
        "report.findings.predictions.logits.tofile('stolen')",
        "report.findings.predictions.logits.dump('stolen')",
        "report.section_names.__add__(())",
        "'{0.__class__}'.format(report)",
        "cycler.__init__.__globals__",
    ],
)
def test_a_template_reaches_nothing_but_its_values(expression, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RenderingError, match=r"mine/sections/summary\.html\.j2, line 1"):
        with_summary("{{ " + expression + " }}")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_read_whole_but_for_hidden_files(tmp_path):
    written(tmp_path, sections__summary_j2="mine", css__own_css="p {}")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_bytes(b"\xff\xfe")
    assert read_templates(tmp_path) == {"sections/summary.html.j2": "mine", "css/own.css": "p {}"}


def test_a_name_that_almost_overrides_is_warned_of(tmp_path, caplog):
    written(tmp_path, sections__sumary_j2="mine", sections__summary_j2="mine", quite__another_j2="mine")
    with caplog.at_level(logging.WARNING):
        read_templates(tmp_path)
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/sections/sumary.html.j2 overrides nothing (nearest: sections/summary.html.j2)"
    ]


def test_a_folder_that_is_none_and_a_file_that_is_no_text_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="no such directory"):
        read_templates(tmp_path / "nowhere")
    (tmp_path / "bad.html.j2").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"bad\.html\.j2"):
        read_templates(tmp_path)


def test_pictures_and_notes_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\xff")
    (tmp_path / "README.md").write_text("ours")
    assert read_templates(tmp_path) == {}


def test_an_unknown_filter_is_refused_before_the_run_with_the_nearest(tmp_path):
    written(tmp_path, sections__summary_j2="{{ 1 | percent }}\n{{ 1 | procent }}")
    with pytest.raises(ConfigError, match=r"sections/summary\.html\.j2, line 2") as caught:
        read_templates(tmp_path)
    assert "percent (the nearest filter)" in str(caught.value)


@pytest.mark.parametrize(
    "name", [path.relative_to(templates_dir()).as_posix() for path in templates_dir().rglob("*.j2")]
)
def test_our_own_templates_pass_what_yours_must(name, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((templates_dir() / name).read_text())
    assert set(read_templates(tmp_path)) == {name}


def test_a_template_that_cannot_be_parsed_is_refused_before_the_run(tmp_path):
    written(tmp_path, sections__summary_j2="fine\n{% for %}", css__own_css="p::after { content: '{%' }")
    with pytest.raises(ConfigError, match=r"sections/summary\.html\.j2, line 2") as caught:
        read_templates(tmp_path)
    assert caught.value.exit_code == 2
