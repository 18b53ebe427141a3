"""What is drawn over a picture, and what is honestly not drawn."""

import io

import numpy as np
import pytest
from PIL import Image

from reportgen.analyse.examples import Example, ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.compose.panels import heatmap, jpeg, map_tiles, overlay, panels, scaled
from reportgen.explain.attributions import Attributions, ExplainedExample
from reportgen.explain.checks.randomization import RandomizationTest
from reportgen.explain.maps import AttributionMap
from reportgen.explain.options import ExplainOptions
from reportgen.tokens import house_tokens
from tests.synthetic import FIRST_NIGHT, use_of


def test_scaling_is_bilinear_and_clipped():
    """Two cells 0 and 2 at scale 4, enlarged to four pixels: half-pixel centres give 0, 1/8, 3/8, 1/2."""
    assert scaled(np.array([[0, 2]], dtype=np.float32), 4.0, (1, 4))[0] == pytest.approx([0, 0.125, 0.375, 0.5])
    assert scaled(np.array([[8.0]], dtype=np.float32), 4.0, (2, 2)).max() == 1.0


def test_the_colour_map_rises_in_lightness_so_that_it_survives_grey_printing():
    ramp = heatmap(np.linspace(0, 1, 256)[None])[0].astype(float)
    luminance = ramp @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > -1).all()
    assert luminance[-1] - luminance[0] > 150
    assert house_tokens().text("heat") in ("viridis", "cividis", "magma", "inferno", "plasma")


def test_an_overlay_leaves_cold_places_grey_and_hot_ones_coloured():
    crop = np.full((20, 20, 3), (10, 200, 90), dtype=np.uint8)
    share = np.zeros((20, 20))
    share[5:15, 5:15] = 1.0
    found = overlay(crop, share).astype(int)
    grey = np.asarray(Image.fromarray(crop).convert("L")).astype(int)[0, 0]
    assert (found[0, 0] == grey).all()
    hottest = found[10, 10]
    assert hottest[0] > hottest[2] + 50  # the top of the map is yellow: the hottest place is not painted cold
    assert (found[5, 5] == 255).all()  # the line around the half


def test_a_jpeg_carries_no_metadata_and_is_deterministic():
    crop = np.random.default_rng(0).integers(0, 255, (32, 32, 3)).astype(np.uint8)
    assert jpeg(crop) == jpeg(crop)
    assert not Image.open(io.BytesIO(jpeg(crop))).getexif()


def heat(method, class_idx, values, **more):
    return AttributionMap(
        method=method, class_idx=class_idx, layer="l", values=np.array(values, dtype=np.float32), **more
    )


def made(hand_predictions, *maps, **found):
    findings = analyse(hand_predictions, ExampleRule(), FIRST_NIGHT)
    crop = np.full((8, 8, 3), 100, dtype=np.uint8)
    example = Example(idx=10, reason="group_error")  # Bengal_1, drawn as an Egyptian_Mau
    attributions = Attributions(
        examples=(ExplainedExample(example=example, crop=crop, maps=maps),),
        options=ExplainOptions(),
        methods=tuple(use_of(name) for name in dict.fromkeys(one.method for one in maps)),
        **found,
    )
    by_row, assets = panels(findings, attributions)
    return by_row[10], assets


def test_predicted_and_true_class_share_one_scale_and_keep_their_peaks(hand_predictions):
    panel, _ = made(hand_predictions, heat("grad_cam", 2, [[0, 4]]), heat("grad_cam", 1, [[1, 0]]))
    assert [(tile.kind, tile.peak, tile.scale_max, tile.blank) for tile in panel.tiles] == [
        ("crop", 0, 0, False),
        ("grad_cam", 4, 4, False),
        ("grad_cam", 1, 4, False),
    ]
    assert (panel.target, panel.pred, panel.correct) == ("Bengal", "Egyptian_Mau", False)
    assert panel.confidence > 0.8 > panel.prob_target


def test_a_map_without_evidence_is_blank_and_its_tile_is_the_plain_crop(hand_predictions):
    panel, assets = made(hand_predictions, heat("grad_cam", 2, [[0, 4]]), heat("grad_cam", 1, [[0, 0]]))
    crop, _, empty = panel.tiles
    assert empty.blank
    assert assets[empty.asset] == assets[crop.asset]


def test_a_map_of_pixels_is_clipped_at_its_own_99th_percentile(hand_predictions):
    """0 to 9999 on 100 x 100 pixels: the 99th percentile is 0.99 * 9999."""
    findings_crop = np.zeros((100, 100, 3), dtype=np.uint8)
    maps = (heat("smooth_grad", 2, np.arange(10_000).reshape(100, 100)),)
    tiles, _ = map_tiles(findings_crop, maps, ("a", "b", "c"), stem="x")
    assert tiles[1].scale_max == pytest.approx(0.99 * 9999)
    assert tiles[1].peak == 9999


def test_the_contrast_is_on_the_scale_of_both_classes_and_names_its_rival(hand_predictions):
    panel, _ = made(
        hand_predictions,
        heat("grad_cam", 2, [[0, 4]]),
        heat("contrast", 2, [[1, 0]], rival_idx=1),
        heat("lime", 2, [[2]]),
    )
    assert [(tile.kind, tile.shown, tile.rival, tile.scale_max) for tile in panel.tiles[1:]] == [
        ("grad_cam", "Egyptian_Mau", "", 4),
        ("contrast", "Egyptian_Mau", "Bengal", 4),
        ("lime", "Egyptian_Mau", "", 2),
    ]


@pytest.mark.parametrize(
    ("at", "place"),
    [((0, 0), "upper_left"), ((0, 6), "upper_right"), ((3, 3), "centre"), ((6, 3), "bottom"), ((3, 0), "left")],
)
def test_the_place_of_the_hottest_spot_is_one_of_nine(hand_predictions, at, place):
    values = np.zeros((7, 7))
    values[at] = 1
    panel, _ = made(hand_predictions, heat("grad_cam", 2, values))
    assert panel.map_of("grad_cam", "Egyptian_Mau").place == place


def test_a_method_that_failed_the_randomisation_test_is_marked_on_its_tile(hand_predictions):
    failed = RandomizationTest(method="lime", correlation={"head": 0.9, "upper_half": 0.8, "all": 0.1}, n_pictures=3)
    passed = RandomizationTest(
        method="grad_cam", correlation={"head": 0.4, "upper_half": 0.1, "all": 0.0}, n_pictures=3
    )
    panel, _ = made(
        hand_predictions, heat("grad_cam", 2, [[1]]), heat("lime", 2, [[1]]), randomization_tests=(failed, passed)
    )
    assert [tile.randomization_test for tile in panel.tiles] == ["", "pass", "fail"]
    assert [tile.standing for tile in panel.tiles] == ["", "not_tested", "fails_randomisation"]
    assert [tile.screen_only for tile in panel.tiles] == [False, False, True]
