"""A method of the user's own, in one file: all that a built-in one has on the page, in both languages."""

import html
import json
import re

import pytest

from tests.pets import hand_checkpoint, write_five_breeds
from tests.program import reportgen

ONE_FILE = '''"""Two methods; nothing else of the program is touched."""

import torch

from reportgen.explain.attribution_method import AttributionMethod, Explainer


def by_colour(context):
    """Where the net's own detector of the class's colour fires; and a little everywhere."""

    def maps(request):
        fired = context.model.features(request.inputs)
        return torch.stack([fired[range(len(row)), row] + 0.5 for row in request.class_idx])

    return Explainer(maps=maps, settings={"patch_px": 16, "kept_frac": 0.25})


COLOUR_FINDER = AttributionMethod(
    prepare=by_colour,
    title={"en": "Colour finder", "ja": "色検出"},
    description={
        "en": "Finds %(patch_px)s px of colour, keeps %(kept_frac)s of it, 95% of the time; %(nothing)s.",
        "ja": "%(patch_px)s pxの色を探し、その%(kept_frac)sを残します。",
    },
    explains="predicted_and_rival",
    overlay=True,
    localises=True,
)
GREYNESS = AttributionMethod(
    prepare=lambda context: Explainer(maps=lambda request: request.inputs.abs().sum(dim=1)[None]),
    title="Greyness",
    description="How far each pixel is from grey.",
)
'''
NAMES = ("own_methods:COLOUR_FINDER", "own_methods:GREYNESS")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder in which a run has been made with the two methods alone."""
    place = tmp_path_factory.mktemp("own")
    (place / "own_methods.py").write_text(ONE_FILE)
    (place / "quick.toml").write_text("[explain]\ninsertion_steps = 0\ncertificate_pictures = 0\n")
    done = reportgen(
        *("run", "--checkpoint", hand_checkpoint(place / "hand.pt"), "--arch", "tests.pets:hand_net"),
        *("--dataset", "oxford-iiit-pet", "--data-root", write_five_breeds(place / "data"), "--config", "quick.toml"),
        *("--methods", ",".join(NAMES), "--lang", "en,ja", "--format", "html", "--model-name", "own"),
        *("--baseline", "none"),
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    return place


def bundle(place):
    return (place / "reports" / "own" / "latest").resolve()


def words(page):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page)).replace("\u00a0", " "))


def page(place, code):
    return (bundle(place) / ("report.html" if code == "en" else f"report.{code}.html")).read_text()


TOLD = {
    "en": (
        "Colour finder",
        "Finds 16 px of colour, keeps 25% of it, 95% of the time; %(nothing)s.",
        "The peak of Colour finder for the predicted class is off the animal in 0 of 5 errors",
    ),
    "ja": ("色検出", "16 pxの色を探し、その25%を残します。", "予測クラスの色検出の最大箇所"),
}


@pytest.mark.parametrize("code", TOLD)
def test_title_description_and_localisation_are_on_the_page_in_both_languages(place, code):
    title, described, localised = TOLD[code]
    shown = words(page(place, code))
    assert described in shown
    assert localised in shown
    assert "Greyness" in shown
    assert "How far each pixel is from grey." in shown
    assert title in shown
    assert not [name for name in NAMES if name in shown]


@pytest.mark.parametrize("code", TOLD)
def test_an_error_has_a_panel_for_the_predicted_and_one_for_the_true_class(place, code):
    """Of the method that explains both; the other has one a picture. Five errors are built in, and all are explained."""
    panels = re.findall(r'<article class="panel".*?</article>', page(place, code), flags=re.DOTALL)
    errors = [one for one in panels if 'class="mark wrong"' in one]
    assert len(errors) >= 5
    for panel in errors:
        roles = re.findall(r'<figure class="tile" data-kind="([^"]+)".*?data-role="(\w+)"', panel)
        assert roles == [
            ("crop", "crop"),
            (NAMES[0], "predicted"),
            (NAMES[0], "true"),
            (NAMES[1], "predicted"),
        ]


def test_maps_of_both_classes_share_a_scale_and_lie_where_the_detector_fires(place):
    """The detector gives 1.5 on the patch of the predicted class's colour: 2 with the 0.5 that is everywhere."""
    found = json.loads((bundle(place) / "findings.json").read_text())
    (panel,) = [one for one in found["panels"] if one["sample_id"] == "Bengal_1"]
    predicted, true, _ = panel["methods"]
    assert (predicted["class"], true["class"]) == ("Egyptian_Mau", "Bengal")
    assert (predicted["peak"], true["peak"]) == (2.0, 0.5)
    assert predicted["peak_on_object"] is True
    assert found["explanation"]["peak_off_object"]["errors"]["n_rows"] == 5
    assert found["explanation"]["methods"][0]["traits"]["title"] == {"en": "Colour finder", "ja": "色検出"}


def test_a_stored_run_is_rendered_again_without_the_method_at_hand(place):
    before = {code: page(place, code) for code in TOLD}
    (place / "own_methods.py").unlink()
    done = reportgen("render", bundle(place), cwd=place)
    assert done.returncode == 0, done.stderr
    for code, told in TOLD.items():
        assert told[1] in words(page(place, code))
        assert words(page(place, code)).count(told[0]) == words(before[code]).count(told[0])
