"""timm models are read the pictures that timm's own evaluation would give them."""

import numpy as np
import pytest
import torch
from PIL import Image

from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.reading import decoded
from reportgen.inputs.models.timm_config import timm_preprocessing
from reportgen.inputs.options import DataSource, InputOptions, PreprocessingOptions
from reportgen.inputs.run_inputs import read_inputs
from tests.users_models import NAMES, Colours, pictures

timm = pytest.importorskip("timm", reason="NOT RUN: timm is not installed")

# By timm's own table of models: floor(size / crop_pct) of 224 / 0.9, 256 / 0.9, 224 / 0.875; RexNet and ViT as named.
CONFIGS = {
    "vit_tiny_patch16_224": (248, 224, (0.5,) * 3, (0.5,) * 3, "bicubic"),
    "mobilenetv3_small_050": (256, 224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bicubic"),
    "resnet18": (235, 224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bilinear"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_view_of_a_picture_is_timms_own(name, tmp_path):
    """Their transform resizes with Pillow, ours with torchvision on uint8: a few grey values apart at most."""
    model = timm.create_model(name, pretrained=False)
    said = timm_preprocessing(model)
    ours = Preprocessing(**said)
    config = timm.data.resolve_model_data_config(model)
    theirs = timm.data.create_transform(**config, is_training=False)
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((500, 400), Image.Resampling.BICUBIC)
    image.save(tmp_path / "p.png")
    found = ours.normalised(ours.cropped(decoded((tmp_path / "p.png").read_bytes()))[None])[0]
    expected = theirs(image)
    assert found.shape == expected.shape
    assert float((found - expected).abs().mean()) < 0.01
    assert float((found - expected).abs().max()) < 3 / 255 / min(config["std"])


def test_squashing_and_sizes_follow_the_models_configuration():
    model = timm.create_model("resnet18", pretrained=False, num_classes=3)
    model.pretrained_cfg = {**model.pretrained_cfg, "crop_mode": "squash", "crop_pct": 1.0, "input_size": (3, 96, 128)}
    said = timm_preprocessing(model)
    assert (said["resize_px"], said["crop_px"]) == ((96, 128), (96, 128))


def test_other_models_are_said_nothing_of():
    assert timm_preprocessing(Colours()) == {}


def test_a_run_says_which_fields_are_timms_and_the_configuration_wins(tmp_path, caplog):
    caplog.set_level("INFO")
    model = timm.create_model("vit_tiny_patch16_224", num_classes=3)
    torch.save(
        {"arch": "timm/vit_tiny_patch16_224", "classes": list(NAMES), "state_dict": model.state_dict()},
        tmp_path / "m.pt",
    )
    facts = read_inputs(
        InputOptions(
            checkpoint=tmp_path / "m.pt",
            dataset="imagefolder",
            source=DataSource(root=pictures(tmp_path / "p")),
            preprocessing=PreprocessingOptions(mean=(0.4,) * 3),
        )
    ).facts
    assert (facts.preprocessing.resize_px, facts.preprocessing.crop_px) == (248, 224)
    assert (facts.preprocessing.mean, facts.preprocessing.std) == ((0.4,) * 3, (0.5,) * 3)
    assert {facts.preprocessing_sources[name] for name in ("resize_px", "crop_px", "std", "interpolation")} == {"timm"}
    assert (facts.preprocessing_sources["mean"], facts.preprocessing_sources["exif"]) == ("configuration", "assumed")
    assert '"resize_px": 248, "crop_px": 224' in caplog.text
