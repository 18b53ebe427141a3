"""The Content Security Policy allows what is in the page and nothing else."""

import base64
import hashlib
import re
from dataclasses import replace

from reportgen.compose.sheet import Sheet
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.notes import read_notes
from reportgen.render.html.content_policy import content_policy
from reportgen.render.html.page import html, sheet_html
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance
from tests.shapes import report_of_shape
from tests.synthetic import facts_of

EMPTY = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"  # of no bytes at all, a known value


def rules_of(page):
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page).group(1)
    return {name: set(sources) for name, *sources in (rule.split() for rule in policy.split("; "))}


def hashes(page, tag):
    texts = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", page, flags=re.DOTALL)
    return {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts}


def test_the_policy_names_each_text_by_its_hash_and_allows_no_other():
    assert content_policy([""]) == (
        f"default-src 'none'; img-src data:; style-src {EMPTY}; script-src 'none'; base-uri 'none'; form-action 'none'"
    )
    assert f"script-src {EMPTY};" in content_policy([], [""])


def test_the_page_has_the_styles_and_the_script_of_its_policy_and_the_policy_stands_before_them():
    page = html(report_of_shape("3 classes"), "screen")
    rules = rules_of(page)
    assert rules["style-src"] == hashes(page, "style")
    assert rules["script-src"] == hashes(page, "script")
    assert (len(rules["style-src"]), len(rules["script-src"])) == (4, 1)
    assert page.index("Content-Security-Policy") < min(page.index("<style"), page.index("<script"))


def test_a_style_sheet_of_the_user_is_allowed_as_it_stands_in_the_page():
    """A page closes the gap after a Japanese full stop, in a comment too."""
    own = Appearance(templates={"css/images.css": "/* 一。 二 */ .shots { gap: 1em; }\n"})
    page = html(replace(report_of_shape("3 classes"), appearance=own), "screen")
    assert ".shots { gap: 1em; }" in page
    assert rules_of(page)["style-src"] == hashes(page, "style")


def test_no_attribute_of_the_page_needs_what_the_policy_forbids():
    """A style or a handler in an attribute has no hash."""
    for language in ("en", "ja"):
        page = html(report_of_shape("37 classes", language), "screen")
        tags = "".join(re.findall(r"<[a-z][^>]*>", re.sub(r"(?s)<(style|script)\b.*?</\1>", "", page)))
        assert not re.findall(r"\s(?:style|on\w+)=", tags)


def test_print_has_neither_script_nor_controls():
    page = html(report_of_shape("3 classes"), "print")
    assert not re.findall(r"<script|<template|<button|Content-Security-Policy", page)


def test_the_sheet_of_one_picture_may_run_no_script():
    sheet = Sheet(
        image_name="one.jpg",
        facts=facts_of(["a", "b"]),
        notes=read_notes(),
        options=ExplainOptions(),
        top=(("a", 0.9), ("b", 0.1)),
        pred="a",
        rival="b",
        tiles=(),
        uses=(),
        refusals=(),
        randomization_tests=(),
        assets={},
        appearance=DEFAULT_APPEARANCE,
    )
    page = sheet_html(sheet)
    assert rules_of(page)["script-src"] == {"'none'"}
    assert rules_of(page)["style-src"] == hashes(page, "style")
