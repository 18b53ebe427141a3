"""What can be said about the model's input, by whom, and what it does to pixels: torchvision and Pillow are the judges."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from reportgen.errors import ConfigError, InputError
from reportgen.inputs.checkpoints import read_checkpoint
from reportgen.inputs.images.preprocessing import Preprocessing, merged
from reportgen.inputs.images.preprocessing_values import OtherScaleError, said
from reportgen.inputs.images.reading import read_crop
from reportgen.inputs.options import PreprocessingOptions
from reportgen.inputs.run_inputs import read_inputs
from reportgen.options import RunOptions, read_options
from tests.inputs.refusals import refused
from tests.inputs.test_run_inputs import options
from tests.pets import BREEDS, hand_checkpoint

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def noise(height, width, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (3, height, width), dtype=np.uint8))


@given(height=st.integers(20, 90), width=st.integers(20, 90), how=st.sampled_from(["bilinear", "bicubic"]))
@settings(max_examples=20, deadline=None)
def test_an_oblong_squash_equals_torchvisions_resize_of_both_sides(height, width, how):
    picture = noise(height, width)
    mode = v2.InterpolationMode[how.upper()]
    wanted = v2.CenterCrop((40, 30))(v2.Resize((48, 32), mode, antialias=True)(picture))
    found = Preprocessing(resize_px=(48, 32), crop_px=(40, 30), interpolation=how).cropped(picture)
    assert found.shape == (3, 40, 30)
    assert (found.int() - wanted.int()).abs().max() <= 1


def test_an_oblong_crop_of_the_shorter_side_equals_torchvisions():
    picture = noise(61, 47)
    wanted = v2.CenterCrop((20, 28))(v2.Resize(32, antialias=True)(picture))
    assert (Preprocessing(resize_px=32, crop_px=(20, 28)).cropped(picture).int() - wanted.int()).abs().max() <= 1


def test_squash_with_one_number_gives_a_square():
    picture = noise(60, 40)
    square = Preprocessing(resize_px=24, crop_px=24, fit="squash")
    pair = Preprocessing(resize_px=(24, 24), crop_px=24)
    assert torch.equal(square.cropped(picture), pair.cropped(picture))
    assert square.identity(any_turned=True) == pair.identity(any_turned=True)
    assert square.crop_size == square.squashed_size == (24, 24)


def test_a_grey_model_sees_pillows_luminance_in_one_channel(tmp_path):
    coloured = Image.fromarray(noise(30, 30).permute(1, 2, 0).numpy())
    coloured.save(tmp_path / "p.png")
    grey = Preprocessing(resize_px=30, crop_px=30, channels=1, mean=(0.25,), std=(0.5,))
    crop, _ = read_crop(tmp_path / "p.png", grey)
    wanted = np.asarray(coloured.convert("L"))
    assert all(np.array_equal(plane, wanted) for plane in crop.numpy())
    found = grey.normalised(crop[None])
    assert found.shape == (1, 1, 30, 30)
    assert torch.allclose(found[0, 0], torch.from_numpy((wanted / 255 - 0.25) / 0.5).float(), atol=1e-6)


def test_the_crops_are_not_changed_when_they_are_normalised():
    crops = noise(8, 8)[None].float()
    before = crops.clone()
    Preprocessing(crop_px=8).normalised(crops)
    assert torch.equal(crops, before)


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"resize": 232}, "resize_px", 232),
        ({"resize": 232.0}, "resize_px", 232),
        ({"resize": [224]}, "resize_px", 224),
        ({"resize": [224, 192]}, "resize_px", (224, 192)),
        ({"crop": (64, 32)}, "crop_px", (64, 32)),
        ({"crop": torch.Size([64, 32])}, "crop_px", (64, 32)),
        ({"crop": np.int64(96)}, "crop_px", 96),
        ({"mean": 0.5}, "mean", (0.5,)),
        ({"mean": torch.tensor([0.5, 0.25, 0.125])}, "mean", (0.5, 0.25, 0.125)),
        ({"std": np.array([0.5, 0.25, 0.125])}, "std", (0.5, 0.25, 0.125)),
        ({"std": [1 / 255] * 3}, "std", (1 / 255,) * 3),  # the input in 0 to 255
        ({"mean": [0, 0, 0], "std": [1, 1, 1]}, "std", (1.0,) * 3),  # no normalisation
        ({"mean": [0.406, 0.456, 0.485]}, "mean", (0.406, 0.456, 0.485)),
        ({"fit": "squash"}, "fit", "squash"),
        ({"exif": "apply"}, "exif", "apply"),
        ({"channels": 1}, "channels", 1),
    ],
)
def test_what_may_be_said(given, field, value):
    assert said(given)[field] == value


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"resize": 0}, "resize must be whole and 1 px or more"),
        ({"resize": [224, 0]}, "resize must be whole and 1 px or more"),
        ({"resize": [1, 2, 3]}, "one number or .height, width."),
        ({"resize": []}, "one number or"),
        ({"crop": 224.5}, "crop must be whole"),
        ({"crop": "224"}, "crop must be whole"),
        ({"crop": True}, "crop must be whole"),
        ({"crop": None}, "crop must be whole"),
        ({"crop": 5000}, "at most 4096 px"),
        ({"mean": [0.5, 0.5]}, "three numbers, or one for all"),
        ({"mean": "0.5"}, "three numbers"),
        ({"mean": [0.5, None, 0.5]}, "three numbers"),
        ({"std": [0.5, float("nan"), 0.5]}, "std must be finite"),
        ({"std": [0.5, 0, 0.5]}, "std must be over 0"),
        ({"std": -0.5}, "std must be over 0"),
        ({"interpolation": "lanczos"}, "one of bilinear, bicubic, nearest"),
        ({"interpolation": ["bilinear"]}, "one of bilinear"),
        ({"fit": "pad"}, "one of shorter_side, squash"),
        ({"exif": True}, "one of ignore, apply"),
        ({"channels": 4}, "one of 1, 3"),
        ({"colour": "grey", "size": 3}, "unknown keys: colour, size"),
    ],
)
def test_what_cannot_be_said(given, told):
    with pytest.raises(ValueError, match=told):
        said(given)


SCALES = [  # what configurations of other libraries hold; what was meant, divided by hand
    ({"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]}, IMAGENET, 255),  # mmpretrain
    ({"mean": [127.5] * 3, "std": [127.5] * 3}, ((0.5,) * 3, (0.5,) * 3), 255),  # TensorFlow's -1 to 1
    ({"mean": 127.5, "std": 127.5}, ((0.5,), (0.5,)), 255),
    ({"mean": [102.9801, 115.9465, 122.7717], "std": [1.0] * 3}, None, 255),  # Caffe, Detectron
    ({"mean": [123.68, 116.779, 103.939]}, ((0.485, 0.458, 0.4076), None), 255),  # VGG
    ({"mean": [0, 0, 0], "std": [255, 255, 255]}, ((0.0,) * 3, (1.0,) * 3), 255),
    ({"std": [58.395, 57.12, 57.375]}, (None, IMAGENET[1]), 255),
    ({"mean": [0.485, 0.456, 0.406], "std": [58.395, 57.12, 57.375]}, IMAGENET, 255),  # only half converted
    ({"mean": [32767.5] * 3, "std": [32767.5] * 3}, ((0.5,) * 3, (0.5,) * 3), 65535),  # 16 bits
]


@pytest.mark.parametrize(("given", "meant", "top"), SCALES)
def test_numbers_of_another_scale_are_refused_with_what_was_meant(given, meant, top):
    with pytest.raises(OtherScaleError, match=f"pixels of 0 to {top}, not in .0, 1.") as caught:
        said(given)
    scope: dict = {}
    exec(caught.value.meant.replace(", std", "\nstd"), scope)
    if meant is not None:
        for name, wanted in zip(("mean", "std"), meant, strict=True):
            assert (name in scope) == (wanted is not None)
            if wanted is not None:
                assert scope[name] == pytest.approx(wanted, abs=1e-3)
    else:
        assert scope["std"] == pytest.approx([1 / 255] * 3, abs=1e-5)


@pytest.mark.parametrize("given", [{"mean": [-2.118, -2.036, -1.804]}, {"mean": [-123.7] * 3, "std": [1.0] * 3}])
def test_a_negative_mean_is_no_mean_of_pixels(given):
    """The inverse transform (mean -m/s) and Caffe's biases."""
    with pytest.raises(OtherScaleError, match=r"no mean of pixels in \[0, 1\] is negative"):
        said(given)


def test_another_scale_in_the_toml_file_is_exit_2_and_in_the_checkpoint_exit_3(tmp_path):
    given = SCALES[0][0]
    lines = "\n".join(f"{name} = {value}" for name, value in given.items())
    (tmp_path / "r.toml").write_text(f"[preprocessing]\n{lines}\n")
    asked = {"checkpoint": tmp_path / "c.pt", "dataset": "imagefolder", "data_root": tmp_path}
    told = ("0 to 255", "mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225]")
    with refused(ConfigError, "[preprocessing]", *told):
        read_options(RunOptions, asked, tmp_path / "r.toml")
    torch.save({"state_dict": {"w": torch.ones(1)}, "preprocessing": given}, tmp_path / "c.pt")
    with refused(InputError, "c.pt: preprocessing", *told):
        read_checkpoint(tmp_path / "c.pt")


def test_each_field_is_the_first_speakers():
    found, speakers = merged(
        {
            "configuration": {"crop_px": 200},
            "checkpoint": {"crop_px": 192, "mean": (0.5,), "exif": "apply"},
            "architecture": {"mean": (0.1,) * 3, "std": (0.2,) * 3, "resize_px": (250, 240)},
        }
    )
    assert found == Preprocessing(resize_px=(250, 240), crop_px=200, mean=(0.5,) * 3, std=(0.2,) * 3, exif="apply")
    assert speakers == {
        "resize_px": "architecture",
        "crop_px": "configuration",
        "fit": "assumed",
        "mean": "checkpoint",
        "std": "architecture",
        "interpolation": "assumed",
        "exif": "checkpoint",
        "channels": "assumed",
    }


@pytest.mark.parametrize(
    ("given", "mean", "std"),
    [
        ({}, (0.449,), (0.226,)),
        ({"mean": (0.5,)}, (0.5,), (0.226,)),
        ({"mean": (0.5,) * 3, "std": (0.25,) * 3}, (0.5,), (0.25,)),  # what torchvision's Normalize would do as well
    ],
)
def test_a_grey_model_has_one_number_a_channel(given, mean, std):
    found, _ = merged({"checkpoint": given, "architecture": {"channels": 1}})
    assert (found.mean, found.std, found.channels) == (mean, std, 1)


def test_a_part_of_a_table_leaves_the_rest_to_the_checkpoint(tmp_path, five_breeds):
    """The fault: [preprocessing] with a crop alone threw the checkpoint's mean and std away."""
    asked = options(five_breeds, hand_checkpoint(tmp_path / "c.pt"), preprocessing=PreprocessingOptions(crop=40))
    facts = read_inputs(asked).facts
    assert facts.preprocessing == Preprocessing(resize_px=48, crop_px=40, mean=(0.5,) * 3, std=(0.5,) * 3)
    assert facts.preprocessing_source == "configuration"
    assert facts.preprocessing_sources["crop_px"] == "configuration"
    assert {facts.preprocessing_sources[name] for name in ("resize_px", "mean", "std")} == {"checkpoint"}
    assert facts.classes == BREEDS


@pytest.mark.parametrize(
    ("own", "carried", "told"),
    [
        ({"fit": "shorter_side"}, {"resize": [48, 40]}, "fit = 'shorter_side' wants one number"),
        ({"channels": 1}, {"mean": [0.1, 0.2, 0.3]}, "one number each for a model of grey images"),
    ],
)
def test_what_does_not_go_together_is_said_before_the_model_runs(tmp_path, five_breeds, own, carried, told):
    path = hand_checkpoint(tmp_path / "c.pt", preprocessing=carried)
    with refused(InputError, "preprocessing", told, "checkpoint", "[preprocessing]"):
        read_inputs(options(five_breeds, path, preprocessing=PreprocessingOptions(**own)))


def test_the_identity_of_what_older_versions_could_do_is_as_they_wrote_it():
    """repr() of the five fields that there were, from a bundle's time before fit, exif and channels."""
    older = (
        "Preprocessing(resize_px=256, crop_px=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), "
        "interpolation='bilinear')"
    )
    for exif, any_turned in (("apply", True), ("apply", False), ("ignore", False)):
        assert Preprocessing(exif=exif).identity(any_turned=any_turned) == older
    others = [
        Preprocessing(),
        Preprocessing(crop_px=(224, 200)),
        Preprocessing(fit="squash"),
        Preprocessing(channels=1, mean=(0.449,), std=(0.226,)),
    ]  # where a picture is turned, and is not made upright
    assert len({older, *(one.identity(any_turned=True) for one in others)}) == 5
