"""Pixels of heat maps at places that are known by construction: heat, line, halo, the grey around, and their places."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.compose.panels import map_tiles, overlay, panels, scaled
from reportgen.evaluate.device import compute
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.options import LoopOptions
from reportgen.explain.attributions import explain
from reportgen.explain.maps import AttributionMap
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.options import DataSource, InputOptions
from reportgen.inputs.run_inputs import read_inputs
from tests.pets import hand_checkpoint
from tests.synthetic import FIRST_NIGHT, use_of

# viridis as published (https://bids.github.io/colormap) at 0, 1/4, 1/2 and 1.
VIRIDIS = {0: (68, 1, 84), 0.25: (59, 82, 139), 0.5: (33, 145, 140), 1: (253, 231, 37)}
CROP = np.full((20, 30, 3), (10, 200, 90), dtype=np.uint8)
GREY = round(0.299 * 10 + 0.587 * 200 + 0.114 * 90)  # ITU-R 601-2, as Pillow's manual has it


def near(pixels, colour):
    return (np.abs(pixels.astype(int) - np.array(colour)) <= 2).all()


def mixed(share):
    """Three quarters of the root of the share opaque."""
    opacity = 0.75 * share**0.5
    return opacity * np.array(VIRIDIS[share]) + (1 - opacity) * GREY


def test_a_hot_rectangle_has_a_white_line_a_dark_halo_within_and_its_colour_inside():
    """Rows 4 to 11, columns 6 to 17; outside of it the picture is grey and nothing else."""
    share = np.zeros((20, 30))
    share[4:12, 6:18] = 1
    found = overlay(CROP, share)
    outside = np.ones((20, 30), dtype=bool)
    outside[4:12, 6:18] = False
    assert near(found[outside], (GREY,) * 3)
    line, halo = np.zeros((20, 30), dtype=bool), np.zeros((20, 30), dtype=bool)
    line[4:12, 6:18], line[5:11, 7:17] = True, False
    halo[5:11, 7:17], halo[6:10, 8:16] = True, False
    assert (found[line] == 255).all()
    assert near(found[halo], 0.45 * mixed(1))
    assert near(found[6:10, 8:16], mixed(1))


@pytest.mark.parametrize("share", [0.25, 1])
def test_the_hotter_the_more_opaque_and_the_nearer_to_yellow(share):
    found = overlay(CROP, np.full((20, 30), float(share)))
    assert near(found, mixed(share))  # a map that is even all over has no edge, so no line


@pytest.mark.parametrize(("share", "lined"), [(0.49, False), (0.4999, False), (0.5, True), (0.51, True)])
def test_the_line_runs_at_half_of_full_colour(share, lined):
    shares = np.zeros((20, 30))
    shares[4:12, 6:18] = share
    assert bool((overlay(CROP, shares) == 255).all(axis=2).any()) == lined


def test_where_heat_leaves_the_picture_there_is_no_line():
    share = np.zeros((20, 30))
    share[:8, 20:] = 1
    white = (overlay(CROP, share) == 255).all(axis=2)
    assert white[7, 20:].all()
    assert white[:8, 20].all()
    assert white.sum() == 10 + 8 - 1


def test_a_small_map_lies_over_its_own_part_of_the_picture():
    """One hot cell of 2 x 3, upper right: in the picture rows 0 to 9, columns 20 to 29; hottest at its outer corner."""
    values = np.array([[0, 0, 1], [0, 0, 0]], dtype=np.float32)
    found = scaled(values, 1.0, (20, 30))
    assert found.shape == (20, 30)
    assert found[0, 29] == pytest.approx(1)
    hot = np.argwhere(found >= 0.5)
    assert (hot.min(axis=0).tolist(), hot.max(axis=0).tolist()) == ([0, 20], [9, 29])
    assert not found[15:, :].any()
    assert not found[:, :15].any()


def decoded(content):
    return np.asarray(Image.open(io.BytesIO(content))).astype(int)


def test_the_file_of_each_tile_shows_its_map():
    """Over grey 100 on 40 x 60: Grad-CAM below left, nothing for the other class, SmoothGrad as its own picture."""
    crop = np.full((40, 60, 3), 100, dtype=np.uint8)
    corner, fine = np.zeros((2, 3), dtype=np.float32), np.zeros((40, 60), dtype=np.float32)
    corner[1, 0] = 4
    fine[16:32, 32:48] = 0.5
    maps = (
        AttributionMap(method="grad_cam", class_idx=0, layer="l", values=corner),
        AttributionMap(method="grad_cam", class_idx=1, layer="l", values=np.zeros((2, 3), dtype=np.float32)),
        AttributionMap(method="smooth_grad", class_idx=0, layer="", values=fine),
    )
    tiles, files = map_tiles(
        crop, maps, ("a", "b"), stem="x", uses=(use_of("grad_cam", layer="l"), use_of("smooth_grad"))
    )
    plain, cam, cold, own = (decoded(files[tile.asset]) for tile in tiles)
    assert np.abs(plain - 100).max() <= 1
    assert np.array_equal(cold, plain)
    assert np.abs(cam[:15, 25:] - 100).max() <= 15
    assert (np.abs(cam[36, 3] - (0.75 * np.array(VIRIDIS[1]) + 25)) <= 12).all()  # JPEG is off by some
    assert np.abs(own[18:30, 34:46] - VIRIDIS[1]).max() <= 12
    assert np.abs(own[34:, :30] - VIRIDIS[0]).max() <= 12


@pytest.mark.parametrize(("crop_px", "offset"), [(48, 0), (40, 4), (32, 8)])
def test_the_heat_lies_on_the_animal_whatever_is_cropped(tmp_path, five_breeds, crop_px, offset):
    """The patch is at columns 8 to 23, rows 24 to 39 of 48 x 48; a crop takes `offset` off each side."""
    cut = {"resize": 48, "crop": crop_px, "mean": [0.5] * 3, "std": [0.5] * 3}
    options = InputOptions(
        checkpoint=hand_checkpoint(tmp_path / "hand.pt", preprocessing=cut),
        dataset="oxford-iiit-pet",
        source=DataSource(root=five_breeds),
        arch="tests.pets:hand_net",
    )
    inputs, on = read_inputs(options), compute("cpu", "fp32")
    found = evaluate(inputs, on=on, loop=LoopOptions(batch_size=16), max_unreadable=0.0)
    rule = replace(ExampleRule(), n_groups=0, n_newly_wrong=0, n_newly_right=0, n_confident=1, n_cross_species=0)
    findings = analyse(found, rule, FIRST_NIGHT)
    few = ExplainOptions(methods=("grad_cam",), insertion_steps=0, certificate_pictures=0, focus_pictures=0)
    by_row, files = panels(findings, explain(inputs, findings, on=on, options=few))
    (panel,) = by_row.values()
    tile = panel.map_of("grad_cam", panel.pred)
    crop, drawn = decoded(files[panel.tiles[0].asset]), decoded(files[tile.asset])
    assert drawn.shape == (crop_px, crop_px, 3)
    top, left = 24 - offset, 8 - offset
    bottom, right = min(top + 16, crop_px), left + 16
    inside = np.zeros((crop_px, crop_px), dtype=bool)
    inside[top:bottom, left:right] = True
    far = np.ones((crop_px, crop_px), dtype=bool)
    far[top // 16 * 16 :, : -(-right // 16) * 16] = False  # JPEG works in squares of 16 px
    assert np.abs(drawn[far] - 128).max() <= 15
    heart = drawn[top + 5 : bottom - 5, left + 5 : right - 5].reshape(-1, 3).mean(axis=0)
    assert heart[1] > heart[2] + 40  # yellow over the patch
    assert heart[0] > heart[2] + 40
    bright = drawn.min(axis=2)
    ring = np.zeros_like(inside)
    ring[top, left:right] = True
    assert bright[ring].mean() > 200  # the line on the upper edge of the patch
    assert bright[top - 3, left:right].max() < 160
    assert np.ptp(crop[inside].mean(axis=0)) > 100  # and there the crop has the colour of the patch


def test_a_panel_is_made_of_the_picture_and_the_maps_of_its_own_image():
    """Each example has a crop of noise of its own, by its number."""
    from tests import known_run

    attributions = known_run.attributions()
    by_row, files = panels(known_run.findings(), attributions)
    for number, one in enumerate(attributions.examples):
        shown = decoded(files[by_row[one.example.idx].tiles[0].asset])
        crop = np.random.default_rng(number).integers(0, 255, (64, 64, 3)).astype(int)
        assert np.corrcoef(shown.mean(axis=2).ravel(), crop.mean(axis=2).ravel())[0, 1] > 0.8
        assert by_row[one.example.idx].sample_id == known_run.IDS[one.example.idx]
