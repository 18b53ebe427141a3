"""Whole reports of grey and of oblong pictures: what the model saw, where the map lies, and a PDF of them."""

import base64
import io
import json
import re
from itertools import product

import numpy as np
import pypdf
import pytest
import torch
from PIL import Image
from torch import nn

from tests.program import reportgen

SETTINGS = """[preprocessing]
resize = [{0}, {1}]
crop = [{0}, {1}]
mean = 0.5
std = 0.5
[explain]
certificate_pictures = 0
focus_pictures = 0
insertion_steps = 0
smooth_grad_samples = 2
"""
DARK, BRIGHT = 30, 230


class Brightness(nn.Module):
    """Bright or dark: the mean of what is brighter than the middle."""

    def __init__(self, channels=1, num_classes=2):
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1, bias=False)
        self.conv.weight.data.fill_(1 / channels)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(1, num_classes)
        self.fc.weight.data = torch.tensor([[50.0], [-50.0]])
        self.fc.bias.data = torch.tensor([-1.0, 1.0])

    def forward(self, x):
        return self.fc(self.relu(self.conv(x)).mean((2, 3)))


def grey_net(num_classes=2):
    return Brightness(1, num_classes)


def colour_net(num_classes=2):
    return Brightness(3, num_classes)


def picture(height, width, *, bright):
    """Dark; a bright one has a patch of a quarter of its height and width at its upper right."""
    pixels = np.full((height, width), DARK, dtype=np.uint8)
    if bright:
        pixels[: height // 4, -(width // 4) :] = BRIGHT
    return Image.fromarray(pixels)


def data_set(root, height, width):
    for label, bright in (("bright", True), ("dark", False)):
        (root / label).mkdir(parents=True)
        for n in range(3):
            picture(height, width, bright=bright).save(root / label / f"{n}.png")
    picture(height, width, bright=True).save(root / "dark" / "odd.png")  # an error to explain
    return root


def report(tmp_path, net, shape, *more):
    if not (tmp_path / "photos").exists():
        data_set(tmp_path / "photos", *shape)
    (tmp_path / "r.toml").write_text(SETTINGS.format(*shape))
    torch.save({"state_dict": globals()[net]().state_dict(), "classes": ["bright", "dark"]}, tmp_path / "m.pt")
    done = reportgen(
        "run", "--checkpoint", "m.pt", "--arch", f"{__name__}:{net}", "--target-layer", "relu", "--model-name", "own",
        "--dataset", "imagefolder", "--data-root", "photos", "--config", "r.toml", "--out", "reports", *more,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (bundle,) = (tmp_path / "reports" / "own").glob("2*")
    return json.loads((bundle / "findings.json").read_text()), (bundle / "report.html").read_text(), bundle


@pytest.mark.parametrize("net", ["grey_net", "colour_net"])
@pytest.mark.parametrize("shape", [(32, 32), (32, 80), (64, 24)])
def test_a_report_shows_what_the_model_saw_and_where_it_looked(net, shape, tmp_path):
    found, page, _ = report(tmp_path, net, shape, "--methods", "grad_cam", "--format", "html")
    assert (found["scores"]["correct"], found["scores"]["n"]) == (6, 7)
    assert found["preprocessing"]["channels"] == (1 if net == "grey_net" else 3)
    assert ("one grey channel" in page) == (net == "grey_net")
    panel = re.search(r'<article class="panel".*?</article>', page, flags=re.DOTALL)[0]
    crop, overlay = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data))), dtype=int)
        for data in re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", panel)[:2]
    )
    for tile in (crop, overlay):
        assert tile.shape[0] * shape[1] == pytest.approx(tile.shape[1] * shape[0], rel=0.02)
    height, width = crop.shape[:2]
    patch, ground = crop[height // 8, -width // 8], crop[-height // 8, width // 8]
    assert (abs(patch - BRIGHT) < 8).all()  # JPEG
    assert (abs(ground - DARK) < 8).all()
    assert "peak at the upper right" in panel


EMOJI = ("🐱 cat", "👩\u200d🔬", "🇯🇵", "👍🏽", "☃\ufe0f", "🫠 new", "❤")  # joined, flags, tones, selectors, new ones


def test_a_pdf_of_grey_oblong_pictures_with_every_method_is_whole(tmp_path):
    """Also where emoji stand in the names of files: a letter that no font has is told by its number."""
    data_set(tmp_path / "photos", 24, 60)
    for name in EMOJI:
        picture(24, 60, bright=True).save(tmp_path / "photos" / "dark" / f"{name}.png")
    found, page, bundle = report(tmp_path, "grey_net", (24, 60), "--methods", "all", "--format", "html,pdf")
    drawn = {one["name"] for one in found["explanation"]["methods"]}
    assert {"grad_cam", "contrast", "smooth_grad", "occlusion", "lime"} <= drawn
    assert found["explanation"]["gone"] == []
    assert {(one["sample_id"], len(one["methods"]) > 3) for one in found["panels"] if "odd" in one["sample_id"]}
    pages = pypdf.PdfReader(bundle / "report.pdf").pages
    assert len(pages) > 2
    printed = "".join("".join(one.extract_text().split()) for one in pages)
    for name in EMOJI:
        assert name in page
        letters = [letter for letter in name if letter not in "\u200d\ufe0f "]  # which have no shape of their own
        assert any(
            "".join(spelt) + ".png" in printed for spelt in product(*((it, f"[U+{ord(it):04X}]") for it in letters))
        )


def test_a_grey_model_of_timm_is_made_from_its_weights_alone(tmp_path):
    timm = pytest.importorskip("timm", reason="NOT RUN: timm is not installed")
    torch.manual_seed(0)
    data_set(tmp_path / "photos", 32, 48)
    weights = timm.create_model("resnet10t", in_chans=1, num_classes=2).state_dict()
    torch.save({"state_dict": weights, "arch": "timm/resnet10t", "classes": ["bright", "dark"]}, tmp_path / "m.pt")
    (tmp_path / "r.toml").write_text(SETTINGS.format(32, 48))
    done = reportgen(
        "run", "--checkpoint", "m.pt", "--dataset", "imagefolder", "--data-root", "photos", "--config", "r.toml",
        "--methods", "grad_cam", "--format", "html", "--out", "reports", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "in_chans=1" in done.stderr
    (path,) = (tmp_path / "reports").glob("*/2*/findings.json")
    assert json.loads(path.read_text())["preprocessing"]["channels"] == 1
