"""One bad file is one unreadable image: damaged files of every format, impossible EXIF blocks, thin and huge pictures."""

import io
import resource
import struct
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.reading import DecodedImage, UnreadableImageError, read_crop, read_mask, read_picture
from tests.inputs import mutations


@pytest.mark.parametrize("form", mutations.FORMS)
def test_a_damaged_file_is_read_or_unreadable(tmp_path, form):
    assert isinstance(mutations.outcome(tmp_path / "x", mutations.whole(form)), DecodedImage)
    for content in mutations.damaged_files(form, mutations.N_FILES):
        found = mutations.outcome(tmp_path / "x", content)
        assert isinstance(found, DecodedImage) or "; " in found


def test_a_picture_with_an_impossible_exif_block_is_used_all_the_same(tmp_path):
    """The block is not the picture: of those written by Pillow around any block every one can be seen."""
    found = [mutations.outcome(tmp_path / "x", content) for content in mutations.exif_files(mutations.N_EXIF)]
    assert all(isinstance(one, DecodedImage) or "TIFF" in one for one in found)
    assert {one.orientation for one in found if isinstance(one, DecodedImage)} == set(range(1, 9))


def exif(*entries):
    """A little-endian EXIF block of (tag, type, count, value of 4 bytes), by the standard."""
    rows = b"".join(struct.pack("<HHL", tag, kind, n) + value for tag, kind, n, value in sorted(entries))
    return b"Exif\0\0II*\0" + struct.pack("<LH", 8, len(entries)) + rows + bytes(20)


SIDEWAYS = (0x0112, 3, 1, struct.pack("<HH", 6, 0))


@pytest.mark.parametrize(
    ("entries", "orientation"),
    [
        ([], 1),
        ([SIDEWAYS], 6),
        ([SIDEWAYS, (0x010F, 9, 1, struct.pack("<l", 7))], 6),  # the maker's name as a number
        ([SIDEWAYS, (0x011A, 2, 2, b"72\0\0")], 6),  # the resolution as text
        ([SIDEWAYS, (0x8769, 2, 4, b"abc\0")], 6),  # a directory as text
        ([(0x0112, 3, 1, struct.pack("<HH", 0, 0))], 1),
        ([(0x0112, 3, 1, struct.pack("<HH", 9, 0))], 1),
        ([(0x0112, 4, 1, struct.pack("<L", 8))], 8),  # as a long, which some programs write
        ([(0x0112, 2, 2, b"6\0\0\0")], 1),  # as text
        ([(0x0112, 3, 2, struct.pack("<HH", 6, 3))], 6),  # two of them
        ([(0x0112, 12, 1, struct.pack("<L", 4000))], 1),  # a float beyond the end
    ],
)
@pytest.mark.parametrize("how", ["ignore", "apply"])
def test_the_orientation_is_counted_and_applied_only_when_asked(tmp_path, entries, orientation, how):
    stored = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    Image.fromarray(stored).convert("RGB").save(tmp_path / "p.png", exif=exif(*entries))
    found = read_picture(
        tmp_path / "p.png", Preprocessing(resize_px=(12, 12), crop_px=12, exif=how, interpolation="nearest")
    )
    assert found.orientation == orientation
    upright = {1: stored, 6: np.rot90(stored, -1), 8: np.rot90(stored)}[orientation if how == "apply" else 1]
    wanted = np.kron(upright, np.ones((12 // upright.shape[0], 12 // upright.shape[1]), dtype=np.uint8))
    assert np.array_equal(found.crop[0].numpy(), wanted)


def test_by_default_the_pixels_are_those_of_torchvisions_loader(tmp_path):
    from torchvision.datasets.folder import default_loader

    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8))
    image.save(tmp_path / "p.png", exif=exif(SIDEWAYS))
    wanted = v2.functional.pil_to_tensor(default_loader(tmp_path / "p.png"))
    crop, _ = read_crop(tmp_path / "p.png", Preprocessing(resize_px=30, crop_px=(40, 30)))
    assert torch.equal(crop, wanted)


@pytest.mark.parametrize("how", [{}, {"interpolation": "bicubic"}, {"resize_px": 40}, {"crop_px": (300, 200)}])
@pytest.mark.parametrize("size", [(1, 900), (900, 1), (2, 1200), (1500, 3)])
def test_the_window_of_a_thin_picture_is_the_crop_of_the_whole(monkeypatch, size, how):
    """Pillow's resize of the whole and its crop are the judge, torchvision's within 1; these sizes can still be made.

    Of bicubic noise torchvision's is up to 12 away from Pillow's, which clips after its first pass.
    """
    picture = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (3, *size), dtype=np.uint8))
    preprocessing = Preprocessing(**how)
    whole = v2.Resize(
        preprocessing.resize_px, v2.InterpolationMode[preprocessing.interpolation.upper()], antialias=True
    )
    crop = v2.CenterCrop(preprocessing.crop_size)
    monkeypatch.setattr("reportgen.inputs.images.windows.MAX_RESIZED_PX", 1)
    found = preprocessing.cropped(picture)
    by_pillow = v2.functional.pil_to_tensor(crop(whole(v2.functional.to_pil_image(picture))))
    assert (found.int() - by_pillow.int()).abs().max() <= 1
    if preprocessing.interpolation == "bilinear":
        assert (found.int() - crop(whole(picture)).int()).abs().max() <= 1
    mask = (picture[:1] % 3 + 1).contiguous()
    nearest = v2.Resize(preprocessing.resize_px, v2.InterpolationMode.NEAREST_EXACT)(mask)
    assert torch.equal(preprocessing.cropped_mask(mask), v2.CenterCrop(preprocessing.crop_size)(nearest)[0])


MEASURE = """
import resource, sys
from pathlib import Path
from PIL import Image
from reportgen.inputs.images.reading import read_mask, read_picture
from reportgen.inputs.images.preprocessing import Preprocessing
folder, width, height = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
Image.new("RGB", (60, 40)).save(folder / "small.png")
read_picture(folder / "small.png", Preprocessing())
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read_picture(folder / "p.png", Preprocessing())
read_mask(folder / "m.png", folder / "p.png", Preprocessing())
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024)
"""


@pytest.mark.parametrize("size", [(20_000, 1), (1, 20_000), (60_000, 2)])
def test_thin_pictures_and_their_masks_take_bounded_memory(tmp_path, size):
    """Less than 300 MB over what the program takes anyhow; as measured in a process of its own."""
    Image.new("RGB", size, (200, 60, 60)).save(tmp_path / "p.png", compress_level=1)
    Image.new("L", size, 1).save(tmp_path / "m.png", compress_level=1)
    command = [sys.executable, "-c", MEASURE, str(tmp_path), *map(str, size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert float(done.stdout) < 300


def test_a_bomb_is_unreadable_before_it_is_decoded(tmp_path):
    """A PNG of 100,000 x 100,000 px by its header: 30 GB."""
    header = struct.pack(">LL", 100_000, 100_000) + b"\x08\x02\x00\x00\x00"
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "PNG")
    content = buffer.getvalue()
    import zlib

    chunk = b"IHDR" + header
    start = content[:8] + struct.pack(">L", 13) + chunk + struct.pack(">L", zlib.crc32(chunk))
    (tmp_path / "bomb.png").write_bytes(start + content[33:])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableImageError, match=r"too large for an image .*; scale it down"):
        read_crop(tmp_path / "bomb.png", Preprocessing())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize(("how", "shape"), [("ignore", (30, 40)), ("apply", (40, 30))])
def test_a_mask_is_laid_over_the_picture_as_the_model_sees_it(tmp_path, how, shape):
    Image.new("RGB", (40, 30)).save(tmp_path / "p.png", exif=exif(SIDEWAYS))
    Image.fromarray(np.full(shape, 2, dtype=np.uint8)).save(tmp_path / "m.png")
    found = read_mask(tmp_path / "m.png", tmp_path / "p.png", Preprocessing(resize_px=16, crop_px=16, exif=how))
    assert (found == 2).all()
    Image.fromarray(np.full(shape[::-1], 2, dtype=np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(UnreadableImageError, match="mask of shape"):
        read_mask(tmp_path / "m.png", tmp_path / "p.png", Preprocessing(exif=how))
