"""Point 1: nothing stored in a bundle runs; the bundles here are whole by their manifest, which who writes there can do."""

import base64
import logging
import multiprocessing
import re
import sys
import time
from datetime import UTC, datetime

import pytest

from reportgen.compose.report import with_appearance
from reportgen.deliver.mail.sending import MailSettings
from reportgen.errors import ConfigError, InputError, RenderingError
from reportgen.options import RenderOptions
from reportgen.pipeline.compare import compared
from reportgen.pipeline.mail import mail_report
from reportgen.pipeline.render import render_again
from reportgen.render.html.content_policy import content_policy, with_policy
from reportgen.render.html.page import html
from reportgen.render.limits import TemplateLimits, within_limits
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance, ThemeOptions
from reportgen.runs.stored_appearance import restored_appearance, stored_appearance
from reportgen.runs.stored_run import read_stored_run
from tests.hostile.ten_images import edited, with_pdf
from tests.shapes import report_of_shape

pytestmark = pytest.mark.timeout(120)
NOW = datetime(2026, 11, 30, tzinfo=UTC)
SETTINGS = MailSettings(sender="reports@example.com", to=("a@example.com",), max_bytes=10_000_000)
HTML = RenderOptions(formats=("html",))


# Names


PLUGIN = """
from pathlib import Path
Path("PWNED").write_text("imported")
def part(context):
    Path("PWNED").write_text("called")
"""
NAMED = {
    "a module in the current folder": "evil:part",
    "a module in the bundle": "reports.m.{run_id}.evil:part",
    "the standard library": "sys:exit",
    "a function that runs commands": "os:system",
    "a module of ours": "reportgen.cli.app:main",
    "no such module": "no_such_module:part",
    "no such section": "sumary",
    "a command": "evil:part;$(touch PWNED)",
    "nothing": "",
}


@pytest.fixture
def plugin(bundle, tmp_path, monkeypatch):
    """What would leave PWNED in the current folder, where it is imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    for folder in (tmp_path, bundle):
        (folder / "evil.py").write_text(PLUGIN)
    yield tmp_path / "PWNED"
    for name in [name for name in sys.modules if name == "evil" or name.startswith("reports.")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", NAMED.values(), ids=NAMED)
def test_code_that_a_stored_run_names_is_not_run_by_any_command(bundle, plugin, name):
    name = name.format(run_id=bundle.name)
    edited(bundle, lambda record: record.update(sections=["summary", name]))
    with pytest.raises(ConfigError, match="--sections") as told:
        render_again(bundle, HTML)
    assert "a stored run" in told.value.found or "the stored run names" in told.value.found
    assert "--sections summary" in told.value.todo
    compared(bundle, bundle)
    mail_report(with_pdf(bundle), SETTINGS, now=NOW, dry_run=True)
    assert not plugin.exists()


def test_a_mail_without_a_pdf_in_the_bundle_is_made_of_our_sections_alone(bundle, plugin, caplog):
    edited(bundle, lambda record: record.update(sections=["summary", "evil:part"]))
    receipt = mail_report(bundle, SETTINGS, now=NOW, dry_run=True)
    assert receipt.omitted
    assert "evil:part" in caplog.text
    assert not plugin.exists()


@pytest.mark.parametrize("sections", ["evil:part", "summary,evil:part"])
def test_code_that_this_call_names_runs(bundle, plugin, sections):
    edited(bundle, lambda record: record.update(sections=["summary", "evil:part"]))
    render_again(bundle, RenderOptions(formats=("html",), sections=tuple(sections.split(","))))
    assert plugin.read_text() == "called"


def test_our_own_sections_need_not_be_named(bundle):
    edited(bundle, lambda record: record.update(sections=["summary", "pairs", "methods"]))
    render_again(bundle, HTML)


# Looks


def colours(value):
    return lambda look: look["colours"].update(ink=value)


def logo(content, ending="svg"):
    value = {"content": base64.b64encode(content).decode(), "ending": ending, "alt": "x"}
    return lambda look: look.update(logo=value)


CLOSING = '#000} </style><meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/x"><style>'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">%s</svg>'
BAD_LOOKS = {
    "a colour that ends the style": colours(CLOSING),
    "a colour that is a name": colours("red"),
    "a colour with a line end": colours("#000000\n"),
    "a colour that is a number": colours(5),
    "a night colour that ends the style": lambda look: look["dark"].update(ink=CLOSING),
    "a token that there is not": lambda look: look["colours"].update({"x; } body { display: none": "#000000"}),
    "a family that ends the style": lambda look: look["fonts"].update(body='x"; } </style><script>'),
    "a family of 10,000 letters": lambda look: look["fonts"].update(body="x" * 10_000),
    "a font that there is not": lambda look: look["fonts"].update(script="Arial"),
    "a logo of another ending": logo(SVG % b"", "exe"),
    "a logo called png": logo(SVG % b"", "png"),
    "a logo with a script": logo(SVG % b"<script>1</script>"),
    "a logo that fetches": logo(SVG % b'<image href="http://127.0.0.1:9/x"/>'),
    "a logo of nested uses": logo(
        SVG % b"".join(b'<g id="a%d"><use href="#a%d"/><use href="#a%d"/></g>' % (k, k + 1, k + 1) for k in range(60))
    ),
    "a logo that is HTML": logo(b"<html><script>1</script></html>"),
    "a logo that is no base64": lambda look: look.update(logo={"content": "%%%", "ending": "svg", "alt": "x"}),
    "a logo of a megabyte": logo(SVG % (b" " * 1_000_000)),
    "a logo without words": lambda look: look.update(logo={"content": "", "ending": "svg"}),
    "templates in a list": lambda look: look.update(templates=["report.html.j2"]),
    "a template that is a number": lambda look: look.update(templates={"report.html.j2": 5}),
    "no theme": lambda look: look.pop("colours"),
}


@pytest.mark.parametrize("change", BAD_LOOKS.values(), ids=BAD_LOOKS)
def test_a_stored_appearance_passes_the_checks_of_a_given_one(bundle, change):
    edited(bundle, lambda record: change(record["look"]))
    for reader in (read_stored_run, lambda path: render_again(path, HTML)):
        with pytest.raises(InputError, match=r"damaged: .*run\.json") as told:
            reader(bundle)
        assert len(str(told.value)) < 5000


def test_a_stored_appearance_that_is_right_comes_back(bundle):
    edited(bundle, lambda record: record["look"].update(colours={"ink": "#101010"}, fonts={"body": "Noto Sans"}))
    render_again(bundle, HTML)
    assert "--ink: #101010" in (bundle / "report.html").read_text()


def test_a_stored_theme_that_cannot_be_read_on_the_page_is_refused(bundle):
    edited(bundle, lambda record: record["look"].update(colours={"ink": "#ffffff"}))
    with pytest.raises(ConfigError, match="contrast"):
        render_again(bundle, HTML)
    render_again(bundle, RenderOptions(formats=("html",), theme=ThemeOptions()))


# Templates


LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
ENDLESS = {
    "loops": LOOP,
    "deeper loops": "{% for i in range(9999) %}" * 5 + "{% endfor %}" * 5,
    "a macro that calls itself": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "2 GB": "{{ ('x' * 2000000000) | length }}",
    "2 GB by a filter": "{{ 'x' | center(2000000000) | length }}",
    "2 GB by a format": "{{ ('%2000000000d' % 1) | length }}",
    "doubling": "{% set n = namespace(t='x') %}{% for i in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}",
    "a list": "{{ ([0] * 400000000) | length }}",
    "a power": "{{ 9 ** (9 ** 9) }}",
    "a text that is written": "{% for i in range(99999) %}{{ 'x' * 100000 }}{% endfor %}",
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_a_template_without_end_is_ended(bundle, monkeypatch, text):
    monkeypatch.setattr(TemplateLimits.__init__, "__kwdefaults__", {"time_s": 1.0, "memory_bytes": 3 * 2**29})
    edited(bundle, lambda record: record["look"].update(templates={"sections/summary.html.j2": text}, folder="x"))
    before = (bundle / "report.html").read_bytes()
    with pytest.raises(RenderingError) as told:
        render_again(bundle, HTML)
    assert any(words in told.value.found for words in ("not done after 1 s", "memory limit", "RecursionError"))
    assert "--templates" in told.value.todo or "RecursionError" in told.value.found
    assert (bundle / "report.html").read_bytes() == before


@pytest.mark.parametrize("name", ["words.txt.j2", "mail.txt.j2", "mail.html.j2", "summary.md.j2", "mail_words.j2"])
def test_so_is_one_that_is_no_page(bundle, monkeypatch, name):
    monkeypatch.setattr(TemplateLimits.__init__, "__kwdefaults__", {"time_s": 1.0, "memory_bytes": 3 * 2**29})
    edited(bundle, lambda record: record["look"].update(templates={name: LOOP}, folder="x"))
    with_pdf(bundle)
    with pytest.raises(RenderingError, match="not done after 1 s"):
        (mail_report(bundle, SETTINGS, now=NOW, dry_run=True), render_again(bundle, HTML))


def test_what_is_made_within_the_limits_is_the_same_as_without():
    assert within_limits(lambda: "日本語" * 1000, "x") == "日本語" * 1000
    error = RenderingError("thing", found=("a", "b"), expected="c", todo="d")

    def fails():
        raise error

    with pytest.raises(RenderingError) as told:
        within_limits(fails, "x")
    assert str(told.value) == str(error)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        within_limits(lambda: str(1 / 0), "x")


def test_a_process_that_renders_is_ended_in_time_and_gone():
    started = time.perf_counter()
    with pytest.raises(RenderingError, match="not done after 1 s"):
        within_limits(lambda: str(time.sleep(60)), "x", TemplateLimits(time_s=1.0))
    assert time.perf_counter() - started < 15
    assert multiprocessing.active_children() == []


# The policy


SCRIPT = "<script>document.title = 'PWNED'</script>"
PAGES = {
    "no policy": f"<!DOCTYPE html><html><head></head><body>{SCRIPT}</body></html>",
    "no head": SCRIPT,
    "nothing before": f"{SCRIPT}<!DOCTYPE html><html lang='en'><head></head></html>",
    "a head in a comment": f"<!DOCTYPE html><!-- <html><head> -->{SCRIPT}",
    "a head in an attribute": f"""<!DOCTYPE html><html lang="a" title='><head>'>{SCRIPT}<p id='x'>""",
    "a head in quotes": f"""<!DOCTYPE html><html title="><head>">{SCRIPT}""",
    "an open attribute": f"""<!DOCTYPE html><html title='>\n<head>\n{SCRIPT}'>{SCRIPT}""",
    "a policy that allows all": '<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy" '
    f"""content="script-src 'unsafe-inline'"></head><body>{SCRIPT}</body></html>""",
    "a handler": '<!DOCTYPE html><html><head></head><body><img src="x" onerror="document.title=\'PWNED\'"></body></html>',
    "a page in the page": '<!DOCTYPE html><html><head></head><body><iframe srcdoc="<script>parent.document.title='
    "'PWNED'</script>\"></iframe></body></html>",
    "a script by data": '<!DOCTYPE html><html><head></head><body><script src="data:text/javascript,document.title='
    "'PWNED'\"></script></body></html>",
    "a base": f'<!DOCTYPE html><html><head><base href="http://127.0.0.1:9/">{SCRIPT}</head></html>',
    "a script of its own file": '<!DOCTYPE html><html><head><script>{{ js("report.js") }}</script></head></html>',
    "a script of another file": '<!DOCTYPE html><html><head><script>{{ js("more.js") }}</script></head></html>',
    "our page with a script": '{% extends "reportgen/report.html.j2" %}{% block masthead %}'
    + SCRIPT
    + "{% endblock %}",
}
PWNED_JS = "document.title = 'PWNED'"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of a stored run whose report.html.j2 is each of PAGES, and whose scripts are not ours."""
    found, report = {}, report_of_shape("one image")
    for number, (name, text) in enumerate(PAGES.items()):
        templates = {"report.html.j2": text, "js/report.js": PWNED_JS, "js/more.js": PWNED_JS}
        appearance = restored_appearance({"look": {**stored_appearance(DEFAULT_APPEARANCE), "templates": templates}})
        try:
            page = html(with_appearance(report, appearance), "screen")
        except RenderingError as error:  # js/more.js is none of ours
            assert "more.js" in error.found  # the table is of both kinds
            continue
        found[name] = tmp_path_factory.mktemp("page") / f"{number}.html"
        found[name].write_text(page)
    return found


def test_no_script_of_a_stored_template_runs_in_a_browser(pages, chromium):
    assert len(pages) == len(PAGES) - 1
    for name, path in pages.items():
        page = chromium.new_page()
        page.goto(path.as_uri())
        page.wait_for_timeout(100)
        assert page.title() != "PWNED", name
        page.close()


def test_every_page_has_the_policy_first(pages):
    for name, path in pages.items():
        text = path.read_text()
        policy = re.search('<meta http-equiv="Content-Security-Policy" content="(.*?)">', text)
        assert policy, name
        before = text[: policy.start()]
        tags = re.findall("<[^>]*>", before)
        assert all(re.fullmatch("<!DOCTYPE html>|<html[^>]*>|<head>|<meta charset=.utf-8.>", tag) for tag in tags), name
        assert "unsafe" not in policy[1]


ELSEWHERE = (
    '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/">',
    "<META HTTP-EQUIV=refresh CONTENT=0>",
    '<meta/http-equiv="refresh" content="0">',
    '<meta name="a>" http-equiv="refresh" content="0">',
    '<meta name="viewport" content="x" http-equiv="refresh">',
    '<meta\nhttp-equiv="set-cookie" content="a=b">',
    '<link rel="preconnect" href="http://127.0.0.1:9/">',
    "<LINK rel=dns-prefetch href=//a.example>",
    '<link rel="stylesheet" href="http://127.0.0.1:9/a.css">',
    "{{ '<meta http-equiv=refresh content=0>' | safe }}",
    "{{ '<me' | safe }}{{ 'ta http-equiv=refresh content=0>' | safe }}",
)


@pytest.mark.parametrize("text", ELSEWHERE)
def test_a_page_of_stored_templates_leads_nowhere_by_itself(text):
    report = report_of_shape("one image")
    templates = {"sections/summary.html.j2": text}
    with pytest.raises(RenderingError, match="leads a reader elsewhere"):
        html(
            with_appearance(
                report, restored_appearance({"look": {**stored_appearance(DEFAULT_APPEARANCE), "templates": templates}})
            ),
            "screen",
        )


def test_yours_may_and_stored_ones_have_what_leads_nowhere():
    report = report_of_shape("one image")
    assert html(
        with_appearance(report, Appearance(templates={"sections/summary.html.j2": "".join(ELSEWHERE)})), "screen"
    )
    harmless = {
        "sections/summary.html.j2": '<meta name="robots" content="noindex">{{ "' + "<meta http-equiv=x>" + '" }}'
    }
    assert html(
        with_appearance(
            report, restored_appearance({"look": {**stored_appearance(DEFAULT_APPEARANCE), "templates": harmless}})
        ),
        "screen",
    )


def test_the_browser_does_run_what_the_policy_names(chromium, tmp_path):
    """The control: the same page, with the hash of its script."""
    path = tmp_path / "page.html"
    path.write_text(with_policy(PAGES["no policy"], content_policy([], ["document.title = 'PWNED'"])))
    page = chromium.new_page()
    page.goto(path.as_uri())
    assert page.title() == "PWNED"
    page.close()


def test_templates_named_by_this_call_bring_their_scripts(bundle, tmp_path, caplog):
    (tmp_path / "mine" / "js").mkdir(parents=True)
    (tmp_path / "mine" / "js" / "report.js").write_text("document.title = 'mine'")
    render_again(bundle, RenderOptions(formats=("html",), templates=tmp_path / "mine"))
    assert "document.title = 'mine'" in (bundle / "report.html").read_text()
    assert "not used" not in caplog.text
    render_again(bundle, HTML)  # now they are the stored run's
    assert "document.title = 'mine'" not in (bundle / "report.html").read_text()
    assert "scripts of the stored run are not used (js/report.js)" in caplog.text
    assert f"--templates {tmp_path / 'mine'}" in caplog.text


def test_stored_templates_are_said(bundle, caplog):
    edited(bundle, lambda record: record["look"].update(templates={"css/own.css": "/* x */"}, folder="theirs"))
    with caplog.at_level(logging.INFO):
        render_again(bundle, HTML)
    assert "templates of the stored run are used (1, of theirs)" in caplog.text
