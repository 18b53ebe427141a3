"""Decoding by content, and the crop that the model sees."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from reportgen.inputs.images import Preprocessing, UnreadableImage, decoded, read_crop


def photo(width=60, height=40):
    """A smooth picture: red rises to the right, green downwards."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, np.full_like(x, 90)], axis=-1).astype(np.uint8))


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def pixels(content):
    return decoded(content).permute(1, 2, 0).numpy().astype(int)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_come_out_as_they_are(form):
    assert np.array_equal(pixels(saved(photo(), form)), np.asarray(photo()))


@pytest.mark.parametrize(("form", "options"), [("JPEG", {"quality": 95}), ("WEBP", {"quality": 95}), ("GIF", {})])
def test_lossy_formats_come_out_close(form, options):
    assert np.abs(pixels(saved(photo(), form, **options)) - np.asarray(photo()).astype(int)).mean() < 8


def test_cmyk_jpeg_is_converted():
    found = pixels(saved(photo().convert("CMYK"), "JPEG", quality=95))
    assert np.abs(found - np.asarray(photo()).astype(int)).mean() < 8


def test_sixteen_bit_grey_is_scaled_not_clipped():
    grey = np.linspace(0, 65535, 60 * 40).reshape(40, 60).astype(np.uint16)
    found = pixels(saved(Image.fromarray(grey), "PNG"))
    assert np.abs(found[..., 0] - grey / 257.0).max() <= 1
    assert np.array_equal(found[..., 0], found[..., 2])


def test_eight_bit_grey_gets_three_equal_channels():
    found = pixels(saved(photo().convert("L"), "PNG"))
    assert np.array_equal(found[..., 0], np.asarray(photo().convert("L")))
    assert np.array_equal(found[..., 0], found[..., 1])


def test_transparency_is_laid_over_white():
    image = photo().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    assert (pixels(saved(image, "PNG")) == 255).all()


def test_exif_orientation_turns_the_picture_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate 90 degrees clockwise to view
    found = pixels(saved(photo(), "PNG", exif=exif))
    assert np.array_equal(found, np.asarray(photo().rotate(-90, expand=True)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"no image at all", "not an image"),
        (saved(photo(), "JPEG")[:300], "[Tt]runcated"),
        (saved(photo(), "PNG")[:120], "[Tt]runcated|broken"),
    ],
)
def test_what_is_no_whole_image_is_unreadable_with_its_reason(content, reason):
    with pytest.raises(UnreadableImage, match=reason):
        decoded(content)


def test_a_missing_file_is_unreadable(tmp_path):
    with pytest.raises(UnreadableImage, match="No such file"):
        read_crop(tmp_path / "gone.jpg", Preprocessing())


@pytest.mark.parametrize("size", [(500, 375), (301, 450), (256, 256), (97, 63)])
def test_the_crop_equals_pillows_resize_and_centre_crop(size):
    image = photo(*size)
    width, height = size
    scale = 256 / min(size)
    wanted = (256, int(256 * height / width)) if width <= height else (int(256 * width / height), 256)
    assert scale > 0
    large = image.resize(wanted, Image.Resampling.BILINEAR)
    left, top = round((wanted[0] - 224) / 2), round((wanted[1] - 224) / 2)
    expected = np.asarray(large.crop((left, top, left + 224, top + 224))).astype(int)
    found = Preprocessing().cropped(decoded(saved(image, "PNG"))).permute(1, 2, 0).numpy().astype(int)
    assert np.abs(found - expected).max() <= 2


def test_normalisation_is_the_formula():
    crops = torch.tensor([0, 255, 51], dtype=torch.uint8).view(1, 3, 1, 1)
    found = Preprocessing(mean=(0.5, 0.25, 0.1), std=(0.5, 0.25, 0.2)).normalised(crops).flatten()
    assert found.tolist() == pytest.approx([-1.0, 3.0, 0.5])


@pytest.mark.parametrize("wrong", [{"resize_px": 0}, {"crop_px": -1}, {"std": (1.0, 0.0, 1.0)}])
def test_impossible_preprocessing_is_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        Preprocessing(**wrong)
