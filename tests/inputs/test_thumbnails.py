"""Small pictures of the errors: of the right files, of what the model saw, and of nothing else."""

import hashlib
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import ExifTags, Image

from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.thumbnails import thumbnails
from tests.pets import COLOURS, DISGUISED, PATCH_AT, PATCH_PX, SIZE_PX


def wanted(inputs, samples):
    """By the place of the sample in the data set."""
    return {
        inputs.samples.index(one): (one.sample_id, hashlib.sha256(one.path.read_bytes()).hexdigest()) for one in samples
    }


def sample_of(inputs, stem):
    return next(sample for sample in inputs.samples if sample.path.stem == stem)


def opened(content):
    return Image.open(io.BytesIO(content))


def test_each_disguised_pet_has_its_own_picture_at_its_own_row(hand_inputs):
    samples = {key: sample_of(hand_inputs, f"{key[0]}_{key[1]}") for key in DISGUISED}
    asked = wanted(hand_inputs, samples.values())
    made = thumbnails(hand_inputs, asked)
    assert list(made) == list(asked)
    middle = (PATCH_AT[0] + PATCH_PX // 2, PATCH_AT[1] + PATCH_PX // 2)
    for key, worn in DISGUISED.items():
        picture = opened(made[hand_inputs.samples.index(samples[key])])
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (SIZE_PX, SIZE_PX))
        assert picture.getpixel(middle) == pytest.approx(COLOURS[worn], abs=12)
        assert picture.getpixel((2, 2)) == pytest.approx((128, 128, 128), abs=4)


def test_a_picture_that_is_gone_broken_or_another_is_left_out(hand_inputs):
    gone, broken, another, there = hand_inputs.samples[:4]
    asked = wanted(hand_inputs, (gone, broken, another, there))
    gone.path.unlink()
    broken.path.write_bytes(b"not an image")
    another.path.write_bytes(hand_inputs.samples[-1].path.read_bytes())  # readable, and a pug
    assert list(thumbnails(hand_inputs, asked)) == [3]


@pytest.fixture
def wide_inputs(hand_inputs):
    """The usual crop of 224 px; the first picture is noise of 448 x 256 px, its middle green, with EXIF."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (256, 448, 3)).astype(np.uint8)
    pixels[:, 112:336] = (0, 160, 0)
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "somebody"
    Image.fromarray(pixels).save(hand_inputs.samples[0].path, format="PNG", exif=exif)
    facts = replace(hand_inputs.facts, preprocessing=Preprocessing(resize_px=256, crop_px=224))
    return replace(hand_inputs, facts=facts)


def test_it_shows_the_crop_that_the_model_saw_at_112_px_and_no_exif(wide_inputs):
    (content,) = thumbnails(wide_inputs, wanted(wide_inputs, wide_inputs.samples[:1])).values()
    picture = opened(content)
    assert picture.size == (112, 112)
    assert np.abs(np.asarray(picture, dtype=int) - (0, 160, 0)).max() <= 8  # the noise beside the crop is not in it
    assert not picture.getexif()
    assert b"Exif" not in content


def test_a_thousand_of_the_worst_pictures_stay_under_25_mb_of_html(wide_inputs):
    """Noise is the largest JPEG there is: with base64 (4/3) and 2 KB of words each, 1,000 of them."""
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    Image.fromarray(noise).save(wide_inputs.samples[0].path, format="PNG")
    (content,) = thumbnails(wide_inputs, wanted(wide_inputs, wide_inputs.samples[:1])).values()
    assert 1000 * (len(content) * 4 / 3 + 2000) < 25e6
