"""No sentence about a map is surer than its number: what each panel says, state by state, in both languages."""

import re
from dataclasses import replace

import numpy as np
import pytest
from babel.messages.extract import extract_from_file

from reportgen.compose.report import compose
from reportgen.explain.checks.insertion_deletion import Faithfulness
from reportgen.explain.checks.localisation import Focus
from reportgen.explain.checks.randomization import RandomizationTest
from reportgen.explain.maps import AttributionMap
from reportgen.inputs.notes import read_notes
from reportgen.render.data.findings_json import findings_json
from reportgen.render.html.page import html
from reportgen.runs.stamp import RunStamp
from tests.catalogue import AS_RENDERED, KEYWORDS, ROOT
from tests.synthetic import attributions_of, findings_of

RANDOM = (0.50, 0.52, 0.54, 0.56)  # mean 0.53, s = 0.02582; t(0.975, 3) = 3.182; by chance 0.4381 to 0.6219
WARM = np.array([[0, 0, 0], [0, 0, 0], [0, 0, 0.5]], dtype=np.float32)
WIDE = np.array([[0.5, 0, 0], [0, 0, 0], [0, 0, 0.49]], dtype=np.float32)
PASSES = (0.1, 0.2) * 4  # correlations with random weights
LIES = ("peaks", "of it is on", "its area", "peak at", "peak on the background", "The peak is on")
LIES_JA = ("に最も強く現れて", "領域に", "最大箇所は")


def judged(insertion, random=RANDOM):
    return Faithfulness(insertion=insertion, deletion=0.2, random=random)


# State: the map of the predicted class (values, insertion or None, correlations with random weights), what the page
# says in English and Japanese, whether it says where the map lies, and the word of findings.json.
STATES = {
    "supported": (WARM, 0.70, PASSES, "Check passed: revealed", "妥当性を確認済みです", True, "supported"),
    "just supported": (WARM, 0.63, PASSES, "Check passed: revealed", "妥当性を確認済みです", True, "supported"),
    "a near-tie": (
        WARM,
        0.54,
        PASSES,
        "cannot distinguish the map for",
        "区別できません",
        False,
        "not_distinguishable",
    ),
    "as high as chance may be": (
        *(WARM, 0.6239, PASSES, "cannot distinguish the map for", "区別できません", False, "not_distinguishable"),
    ),
    "as low as chance may be": (
        *(WARM, 0.4361, PASSES, "cannot distinguish the map for", "区別できません", False, "not_distinguishable"),
    ),
    "contradicted": (WARM, 0.43, PASSES, "is contradicted: revealed", "検証結果と矛盾 します", False, "contradicted"),
    "not tested": (WARM, None, PASSES, "was not tested", "検証していません", True, "not_tested"),
    "practically none": (
        *(WARM * 0.0195, 0.70, PASSES, "practically no evidence", "実質的にありません", False),
        "practically_no_evidence",
    ),
    "weak": (WARM * 0.0205, 0.70, PASSES, "Check passed: revealed", "妥当性を確認済みです", True, "supported"),
    "none": (
        WARM * 0,
        0.70,
        PASSES,
        "finds no positive evidence",
        "正の根拠が見つかりません",
        False,
        "no_evidence",
    ),
    "two peaks": (WIDE, 0.70, PASSES, "has no single peak", "単一の最大箇所がありません", None, "supported"),
    "fails": (WARM, 0.70, (0.7, 0.7), "Do not rely on this map", "頼らないでください", False, "fails_randomisation"),
    "borderline": (WARM, 0.70, (0.4, 0.6), "randomisation test: borderline", "境界上", True, "supported"),
}


def report_of(values, insertion, by_picture, code="en"):
    """One group of errors; the map of the predicted class as given, that of the true class at 0.5 and supported."""
    findings = findings_of(np.array([[20, 7], [0, 20]]))
    whole = attributions_of(findings)
    focus = Focus(energy=0.64, area=0.34, hit=False)
    made = []
    for one in whole.examples:
        pred = one.maps[0].class_idx
        numbers = {"faithfulness": None if insertion is None else judged(insertion), "focus": focus}
        maps = [AttributionMap(method="grad_cam", class_idx=pred, layer="l", values=values.copy(), **numbers)]
        if len(one.maps) > 2:
            other = AttributionMap(
                method="grad_cam", class_idx=1 - pred, layer="l", values=WARM[::-1].copy(), faithfulness=judged(0.9)
            )
            maps.append(other)
        made.append(replace(one, maps=tuple(maps)))
    mean = float(np.mean(by_picture))
    correlation = {"head": 0.9, "upper_half": mean, "all": 0.0}
    tested = RandomizationTest(method="grad_cam", correlation=correlation, n_pictures=2, by_picture=by_picture)
    attributions = replace(whole, examples=tuple(made), randomization_tests=(tested,))
    stamp = RunStamp(run_id="r", created_at="2026-11-23T08:00:00+00:00", languages=(code,), timing={})
    return compose(findings, attributions, notes=read_notes(), stamp=stamp)


def said(report, medium="screen"):
    """(the reading of an error, the caption of its first map, that map's alternative text)."""
    panels = re.findall(r'<article class="panel".*?</article>', html(report, medium), flags=re.DOTALL)
    panel = next(one for one in panels if 'class="mark wrong"' in one)
    reading = re.search(r'<p class="reading">(.*?)</p>', panel, flags=re.DOTALL)
    figures = re.findall(r"<figure.*?</figure>", panel, flags=re.DOTALL)
    texts = [reading.group(1) if reading else "", figures[1], re.search(r'alt="([^"]*)"', figures[1]).group(1)]
    return [" ".join(re.sub(r"<[^>]+>", " ", text).replace("\u00a0", " ").split()).replace(" :", ":") for text in texts]


@pytest.mark.parametrize("state", STATES)
def test_where_a_map_lies_is_told_only_if_it_may_be_believed(state):
    values, insertion, by_picture, english, japanese, lies, word = STATES[state]
    for code, words, places in (("en", english, LIES), ("ja", japanese, LIES_JA)):
        reading, caption, alt = said(report_of(values, insertion, by_picture, code))
        of_predicted = reading.split("peaks at the upper right")[0] if code == "en" else reading
        assert words in reading + caption
        if lies is False and code == "en":
            own = of_predicted.rsplit("The evidence for", 1)[0]
            assert not [one for one in places if one in own + caption + alt]
        if lies is False and code == "ja":
            assert not [one for one in LIES_JA if one in caption + alt]
        if lies:
            assert places[0] in of_predicted
            assert "64" in of_predicted
    contract = findings_json(report_of(values, insertion, by_picture))
    error = next(one for one in contract["panels"] if len(one["methods"]) == 2)
    assert error["methods"][0]["standing"] == word
    assert error["methods"][1]["standing"] == ("fails_randomisation" if state == "fails" else "supported")


def test_a_sentence_of_the_other_class_follows_the_same_rule():
    """The other class's map is practically nothing beside the predicted one's."""
    report = report_of(WARM * 60, 0.7, PASSES)
    reading, _, _ = said(report)
    assert "there is practically none: peak 0.5, on a scale to 30" in reading
    reading, _, _ = said(report, "print")
    assert "there is practically none" in reading


def test_print_leaves_a_failing_map_out_and_says_so_once():
    failing = report_of(WARM, 0.7, (0.7, 0.7))
    printed, screen = html(failing, "print"), html(failing, "screen")
    assert 'data-kind="grad_cam"' not in printed
    assert screen.count('data-kind="grad_cam"') > 5
    assert printed.count("are omitted from this document") == 1
    assert "are omitted from this document" not in screen
    assert "Do not rely" not in printed
    assert "its maps (Contrast, SmoothGrad)" in printed
    assert "fails the randomisation test in this run" in printed
    passing = html(report_of(WARM, 0.7, PASSES), "print")
    assert 'data-kind="grad_cam"' in passing
    assert "omitted from this document" not in passing


@pytest.mark.parametrize("medium", ["print", "screen"])
def test_a_japanese_page_has_no_gap_beside_its_punctuation(medium):
    page = html(report_of(WARM, 0.7, PASSES, "ja"), medium).partition("<main>")[2]
    assert page.count("\N{IDEOGRAPHIC FULL STOP}") > 30
    ends = "\N{IDEOGRAPHIC FULL STOP}\N{IDEOGRAPHIC COMMA}\N{FULLWIDTH COLON}\N{FULLWIDTH SEMICOLON}"
    assert re.findall(rf".{{0,30}}[{ends}](?:</(?:b|span|code)>)?\s+\S.{{0,20}}", page) == []
    assert re.findall(r".{0,30}\s\N{FULLWIDTH LEFT PARENTHESIS}.{0,20}", page) == []


# Every message of the panels and of the section on evidence that claims something of a map, and what bears it. A new
# sentence must find its place here, and its case above or in test_render.
BORNE_BY = {
    # by the standing of the map
    "The evidence for %(name)s peaks %(place)s.": "supported or not tested, one place",
    "The evidence for %(name)s peaks %(place)s; %(energy)s of it is on the %(thing)s, which fills %(area)s of the image.": (
        "supported or not tested, one place"
    ),
    "The evidence for %(name)s has no single peak.": "supported or not tested",
    "The evidence for %(name)s has no single peak; %(energy)s of it is on the %(thing)s, which fills %(area)s of the image.": (
        "supported or not tested"
    ),
    "The evidence for %(name)s peaks in the same place.": "both supported or not tested, one place",
    "The peak is on the background.": "supported or not tested, one place",
    "%(energy)s of heat on the %(thing)s (%(times)s its area share)": "supported or not tested",
    "peak on the background": "supported or not tested, one place",
    "Check passed: revealed in map order, the image is recognised as %(name)s sooner than in a random order.": "supported",
    "Whether it does better than a random map was not tested.": "not tested",
    "The insertion test cannot distinguish the map for %(name)s from a random one, so its location means nothing.": "not distinguishable",
    "The insertion test cannot distinguish the map for %(name)s from a random one.": "not distinguishable",
    "Nor the map for %(name)s.": "neither distinguishable",
    "The map for %(name)s is <b>contradicted</b>: revealed in its order, the image is recognised as %(name)s later than in "
    "a random order.": "contradicted",
    "The map for %(name)s is contradicted: it does worse than a random one.": "contradicted",
    "%(method)s finds no positive evidence for %(name)s.": "a map of zeros",
    "For %(name)s there is no positive evidence.": "a map of zeros",
    "no positive evidence, nothing to draw": "a map of zeros",
    "%(name)s without overlay: %(method)s for %(shown)s found no positive evidence": "a map of zeros",
    "%(method)s finds practically no evidence for %(name)s: its peak is %(peak)s, on a scale to %(top)s.": "below 2%",
    "For %(name)s there is practically none: peak %(peak)s, on a scale to %(top)s.": "below 2%",
    "<b>Do not rely on this map</b>: it hardly changes when the weights are random.": "fails",
    "? randomisation test: borderline": "borderline",
    # numbers as they are
    "peak %(peak)s": "a number",
    "peak %(peak)s, scale maximum %(top)s": "a number",
    "insertion %(value)s (random %(low)s to %(high)s)": "a number",
    "insertion %(value)s (one random map %(one)s)": "a number",
    # of the run
    "The 95% interval of the difference (%(ends)s) excludes 0: <b>in errors the peak lies on the background more often</b>. "
    "Worth trying: a tighter crop, or more varied backgrounds in training.": "interval above 0, the method does not fail",
    "The 95% interval of the difference (%(ends)s) excludes 0: in correct predictions the peak lies on the background more "
    "often. Some of them may rest on backgrounds that other images will not have.": "interval below 0, the method does not fail",
    "The 95% interval of the difference (%(ends)s) includes 0: these images do not show whether the background contributes "
    "to the errors.": "interval with 0, the method does not fail",
    "Whether errors lie on the background more often than correct predictions cannot be determined: %(method)s fails the "
    "randomisation test in this run.": "fails",
    "Whether errors lie on the background more often than correct predictions cannot be determined here: only %(errors)s "
    "errors and %(hits)s correct predictions have a usable map and mask.": "no rows",
    "With caution: %(method)s does not clearly pass the randomisation test.": "borderline or unknown",
    "The maps of %(names)s are omitted from this document, since they hardly change when the weights are random; the "
    "HTML report shows them, marked.": "fails",
}
_CLAIMS = re.compile(
    r"evidence for|positive evidence|peaks?\b|map (is|for)|maps of|supported|background|Check passed|"
    r"practically|insertion %|does better|clearly|rely|borderline|its area"
)
_HEADS = {  # heads of tables, and what explains a number
    "Peak on background",
    "no evidence, or practically none",
    "supported",
    "What it looks like",
}


def test_every_sentence_that_claims_something_of_a_map_is_in_the_table():
    found = set()
    for name in ("macros.html.j2", "sections/evidence.html.j2"):
        path = str(ROOT / "templates" / name)
        for _line, message, _comments, _context in extract_from_file("jinja2", path, KEYWORDS, options=AS_RENDERED):
            found.add(message if isinstance(message, str) else message[0])
    claims = {one.replace("%%", "%") for one in found if _CLAIMS.search(one)}
    explained = {one for one in claims if one.startswith(("Insertion:", "The peak of", "The data set has"))}
    assert claims - explained - _HEADS == set(BORNE_BY)
