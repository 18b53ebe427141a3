"""Decoding by content, and the crop that the model sees."""

import dataclasses
import hashlib
import io
import os

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.reading import UnreadableImageError, blurred, decoded, read_crop, read_mask


def photo(width=60, height=40):
    """A smooth picture: red rises to the right, green downwards."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, np.full_like(x, 90)], axis=-1).astype(np.uint8))


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def pixels(content, **how):
    return decoded(content, **how).permute(1, 2, 0).numpy().astype(int)


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
    found = pixels(saved(photo(), "PNG", exif=exif), upright=True)
    assert np.array_equal(found, np.asarray(photo().rotate(-90, expand=True)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"no image at all", "^text; "),
        (saved(photo(), "JPEG")[:300], "[Tt]runcated"),
        (saved(photo(), "PNG")[:120], "[Tt]runcated|broken"),
    ],
)
def test_what_is_no_whole_image_is_unreadable_with_its_reason(content, reason):
    with pytest.raises(UnreadableImageError, match=reason):
        decoded(content)


def test_a_missing_file_is_unreadable(tmp_path):
    with pytest.raises(UnreadableImageError, match=r"^no such file; restore it"):
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


def file_of(tmp_path, content, name="pet.jpg"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("form", "options"),
    [("GIF", {}), ("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True})],
)
def test_a_file_is_read_by_its_content_whatever_its_name_says(tmp_path, form, options):
    path = file_of(tmp_path, saved(Image.new("RGB", (50, 40), (200, 40, 90)), form, **options))
    crop, sha256 = read_crop(path, Preprocessing(resize_px=32, crop_px=24))
    assert crop.shape == (3, 24, 24)
    assert crop.dtype == torch.uint8
    assert [crop[channel].unique().tolist() for channel in range(3)] == [[200], [40], [90]]
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (200, 100, 0, 128)), ("LA", (100, 128))])
def test_half_transparency_is_mixed_with_white(tmp_path, mode, colour):
    """c * a + 255 * (1 - a) with a = 128/255: 200 gives 227.4, 100 gives 177.2, 0 gives 127."""
    path = file_of(tmp_path, saved(Image.new(mode, (8, 8), colour), "PNG"))
    crop, _ = read_crop(path, Preprocessing(resize_px=8, crop_px=8))
    expected = {"RGBA": (227.4, 177.2, 127.0), "LA": (177.2, 177.2, 177.2)}[mode]
    assert np.abs(crop.permute(1, 2, 0).numpy() - np.array(expected)).max() <= 1


def test_a_palette_gives_its_colours_and_its_transparent_entry_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    assert pixels(saved(image, "PNG")).tolist() == [[[10, 20, 30], [40, 50, 60]]]
    assert pixels(saved(image, "PNG", transparency=0)).tolist() == [[[255, 255, 255], [40, 50, 60]]]


def test_the_first_frame_of_an_animation_is_taken():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    assert (pixels(saved(frames[0], "GIF", save_all=True, append_images=frames[1:])) == (255, 0, 0)).all()


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda a: a),
        (2, np.fliplr),
        (3, lambda a: np.rot90(a, 2)),
        (4, np.flipud),
        (5, lambda a: a.swapaxes(0, 1)),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: np.rot90(a, 2).swapaxes(0, 1)),
        (8, np.rot90),
    ],
)
@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG"])
def test_each_exif_orientation_is_turned_upright(form, orientation, upright):
    """The eight values of the EXIF standard, 2.3, tag 274, on a picture with four different quarters."""
    quarters = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], dtype=np.uint8)
    stored = quarters.repeat(16, axis=0).repeat(32, axis=1)
    exif = Image.Exif()
    exif[274] = orientation
    options = {"quality": 100, "subsampling": 0} if form == "JPEG" else {}
    found = pixels(saved(Image.fromarray(stored), form, exif=exif, **options), upright=True)
    assert found.shape == upright(stored).shape
    assert np.abs(found - upright(stored)).mean() < 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file (0 bytes); fetch the file anew"),
        (b"meow\x01meow", "not an image (the first bytes are 6d 65 6f 77 01 6d 65 6f); "),
        (saved(photo(), "JPEG")[:300], "an image whose end is missing (OSError: Truncated File Read); "),
        (saved(photo(), "JPEG")[:800], "an image whose end is missing (OSError: image file is truncated"),
        (saved(photo(), "GIF")[:900], "an image whose end is missing (OSError: image file is truncated"),
    ],
)
def test_the_reason_of_an_unreadable_file_is_said_in_words(tmp_path, content, reason):
    with pytest.raises(UnreadableImageError) as caught:
        read_crop(file_of(tmp_path, content), Preprocessing())
    assert type(caught.value) is UnreadableImageError
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.jpg", "no such file; "),
        (".", "no file but a folder, pipe, socket or device; "),
        ("a\0b", "not readable (ValueError: embedded null byte); "),
        ("x" * 300, "not readable (OSError: [Errno 36] File name too long"),
        ("photos\\red\\1.png", "no such file; write its path with / instead of"),
        ("dangling.png", "a link to a file that is not there; fetch what"),
        ("annex.png", "a link to a file that is not there; fetch the files with `git annex get`"),
        ("dvc.png", "a link to a file that is not there; fetch the files with `dvc pull`"),
        ("loop.png", "not readable (OSError: [Errno 40] Too many levels of symbolic links"),
        ("pipe.png", "no file but a folder, pipe, socket or device; "),
        ("zero.png", "no file but a folder, pipe, socket or device; "),
    ],
)
def test_the_reason_of_a_file_that_cannot_be_opened_is_said(tmp_path, name, reason):
    (tmp_path / "dangling.png").symlink_to(tmp_path / "cache" / "gone.png")
    (tmp_path / "annex.png").symlink_to("../.git/annex/objects/xX/0k/SHA256E-s9--ab.png/SHA256E-s9--ab.png")
    (tmp_path / "dvc.png").symlink_to("/mnt/dvc/cache/files/md5/ab/cdef")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UnreadableImageError) as caught:
        read_crop(tmp_path / name, Preprocessing())
    assert str(caught.value).startswith(reason)


@given(form=st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "WEBP"]), part=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_file_cut_anywhere_is_a_picture_or_unreadable_and_nothing_else(form, part):
    content = saved(photo(), form)
    try:
        found = decoded(content[: int(part * len(content))])
    except UnreadableImageError as error:
        assert str(error)
    else:
        assert found.shape == (3, 40, 60)


def textured(width, height):
    """The smooth picture under noise: only with an antialiased resize does it come out as Pillow's."""
    noise = np.random.default_rng(width * 1000 + height).integers(-80, 80, (height, width, 3))
    return Image.fromarray((np.asarray(photo(width, height)) + noise).clip(0, 255).astype(np.uint8))


PILLOW = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def crop_by_pillow(image, resize_px, crop_px, how="bilinear"):
    """Shorter side to resize_px, centre crop; Pillow lays black where the crop is larger than the picture."""
    width, height = image.size
    short = min(width, height)
    large = image.resize((resize_px * width // short, resize_px * height // short), PILLOW[how])
    left, top = (-((crop_px - side) // 2) if crop_px > side else round((side - crop_px) / 2) for side in large.size)
    return np.asarray(large.crop((left, top, left + crop_px, top + crop_px))).astype(int)


@given(width=st.integers(20, 130), height=st.integers(20, 130), crop_px=st.integers(9, 48))
@settings(max_examples=60, deadline=None)
def test_the_crop_of_any_size_equals_pillows(width, height, crop_px):
    """Odd and even, wide and tall, scaled down and up."""
    image = textured(width, height)
    found = Preprocessing(resize_px=48, crop_px=crop_px).cropped(decoded(saved(image, "PNG")))
    assert np.abs(found.permute(1, 2, 0).numpy() - crop_by_pillow(image, 48, crop_px)).max() <= 2


@pytest.mark.parametrize(("resize_px", "crop_px", "how"), [(32, 47, "bilinear"), (32, 24, "bicubic")])
def test_a_crop_beyond_the_picture_is_black_there_and_bicubic_is_pillows(resize_px, crop_px, how):
    preprocessing = Preprocessing(resize_px=resize_px, crop_px=crop_px, interpolation=how)
    found = preprocessing.cropped(decoded(saved(textured(90, 64), "PNG"))).permute(1, 2, 0).numpy()
    assert np.abs(found - crop_by_pillow(textured(90, 64), resize_px, crop_px, how)).max() <= 2


def test_normalised_pixels_follow_the_formula_and_leave_the_crops_alone():
    crops = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).view(2, 3, 4, 5)
    before = crops.clone()
    mean, std = (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)
    found = Preprocessing(mean=mean, std=std).normalised(crops)
    by_hand = (before.numpy() / 255 - np.array(mean)[:, None, None]) / np.array(std)[:, None, None]
    assert found.dtype == torch.float32
    assert np.abs(found.numpy() - by_hand).max() < 1e-5
    assert torch.equal(crops, before)


def test_the_default_preprocessing_is_imagenets():
    """The numbers of torchvision's pretrained classification models."""
    default = Preprocessing()
    assert (default.resize_px, default.crop_px, default.interpolation) == (256, 224, "bilinear")
    assert default.mean == (0.485, 0.456, 0.406)
    assert default.std == (0.229, 0.224, 0.225)
    with pytest.raises(dataclasses.FrozenInstanceError):
        default.crop_px = 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"interpolation": "lanczos"},
        {"mean": (0.5,)},
        {"std": (0.5,) * 4},
        {"mean": (float("nan"), 0.0, 0.0)},
        {"resize_px": 256.5},
    ],
)
def test_preprocessing_that_would_fail_at_the_first_picture_is_refused_when_made(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong)).removesuffix("_px")):
        Preprocessing(**wrong)


def test_a_dark_sixteen_bit_picture_stays_dark():
    """200 of 65535 is 0.8 of 255."""
    assert pixels(saved(Image.fromarray(np.full((4, 4), 200, dtype=np.uint16)), "PNG")).max() <= 1


def test_a_float_picture_in_unit_range_keeps_its_brightness():
    grey = np.full((4, 4), 0.5, dtype=np.float32)
    assert (np.abs(pixels(saved(Image.fromarray(grey), "TIFF")) - 127.5) <= 1).all()


def test_a_cut_file_is_unreadable_whatever_another_library_told_pillow(monkeypatch):
    """WeasyPrint sets this switch for the whole process when it is imported."""
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(UnreadableImageError):
        decoded(saved(photo(), "PNG")[:120])


def write_pair(folder, *, mask, size=(40, 30)):
    Image.new("RGB", size).save(folder / "p.png")
    Image.fromarray(np.asarray(mask, dtype=np.uint8)).save(folder / "m.png")
    return folder / "m.png", folder / "p.png"


def test_a_mask_goes_through_the_same_crop_without_mixed_codes(tmp_path):
    """40 x 30 px, object in columns 10 to 19: shorter side doubled, centre crop of 30 of 80 x 60: columns 25 to 54."""
    mask = np.full((30, 40), 2)
    mask[:, 10:20] = 1
    mask[:, 20] = 3
    found = read_mask(*write_pair(tmp_path, mask=mask), Preprocessing(resize_px=60, crop_px=30))
    assert found.shape == (30, 30)
    assert found[0].tolist() == [1] * 15 + [3] * 2 + [2] * 13


@pytest.mark.parametrize(
    ("mask", "told"),
    [(np.ones((40, 30)), "shape"), (np.full((30, 40), 7), "codes"), (np.ones((30, 40, 3)), "shape")],
)
def test_a_mask_that_does_not_fit_its_picture_is_refused(tmp_path, mask, told):
    with pytest.raises(UnreadableImageError, match=told):
        read_mask(*write_pair(tmp_path, mask=mask), Preprocessing())


def test_a_blurred_picture_keeps_its_mean_and_loses_its_detail():
    pixels = torch.tensor([[1.0, -1.0] * 20] * 40).expand(1, 3, 40, 40).clone()
    found = blurred(pixels)
    assert found[..., 6:-6, 6:-6].abs().max() < 0.1
    assert torch.allclose(blurred(torch.full((1, 3, 20, 20), 0.7)), torch.tensor(0.7), atol=1e-6)
