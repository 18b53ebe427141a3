"""Points 6 and 7, pictures: raster formats alone, bounded memory and time, and no file but plain ones."""

import io
import os
import re
import socket
import stat
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from reportgen.inputs.images import raster
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.reading import UnreadableImageError, decoded, file_content, read_mask, read_picture

VIEW = Preprocessing()
SQUASHED = Preprocessing(resize_px=(224, 224), crop_px=224)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, *, depth=8, colour=2, more=b""):
    """A PNG of zeros of any size, made without the memory that reading it takes. colour: 0 grey, 2 RGB, 6 RGBA."""
    row = bytes(1 + -(-width * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] // 8))
    packed = zlib.compressobj(1)
    n = max(1, 2**22 // len(row))
    parts = [packed.compress(row * min(n, height - start)) for start in range(0, height, n)]
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = b"".join(parts) + packed.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def taken(work):
    """What `work` gives, and the most memory that this process held meanwhile beyond what it held before, in GB."""

    def held(key):
        with Path("/proc/self/status").open() as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 2**20

    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak begins anew
    before = held("VmRSS")
    try:
        found = work()
    except UnreadableImageError as error:
        found = str(error)
    return found, held("VmHWM") - before


def read(tmp_path, content, view=VIEW):
    (tmp_path / "x.png").write_bytes(content)
    started = time.monotonic()
    found, gb = taken(lambda: read_picture(tmp_path / "x.png", view))
    what = found if isinstance(found, str) else tuple(found.crop.shape)
    print(f"{len(content):,} bytes: {gb:.2f} GB, {time.monotonic() - started:.1f} s, {what}")  # noqa: T201  # measured
    return found, gb


LARGE = {  # the first: 344 kB that took 5.5 GB
    "16-bit grey": png(13300, 13300, depth=16, colour=0),
    "RGB": png(13300, 13300),
    "RGBA": png(13300, 13300, colour=6),
    "grey and alpha": png(13300, 13300, colour=4),
    "palette with a transparent entry": png(
        13300, 13300, colour=3, more=chunk(b"PLTE", bytes(6)) + chunk(b"tRNS", b"\0")
    ),
    "1-bit grey": png(13300, 13300, depth=1, colour=0),
    "just copied, RGBA": png(8100, 8100, colour=6),
    "just copied, 16 bits": png(8100, 8100, depth=16, colour=0),
}


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_a_large_picture_of_a_small_file_is_read_in_little_more_than_its_pixels(tmp_path, content):
    found, gb = read(tmp_path, content)
    assert found.crop.shape == (3, 224, 224)
    assert gb < 1.2


THIN = {
    "high": (png(1, 10**6), VIEW),
    "wide": (png(10**6, 1), VIEW),
    "high, 16 bits, squashed": (png(1, 10**6, depth=16, colour=0), SQUASHED),
    "wide, 16 bits, squashed": (png(10**6, 1, depth=16, colour=0), SQUASHED),
    "high, squashed": (png(60, 10**6), SQUASHED),
    "wide, squashed": (png(10**6, 60), SQUASHED),
    "high, large crop": (png(100, 10**6), Preprocessing(resize_px=(4096, 4096), crop_px=4096)),
}


@pytest.mark.parametrize(("content", "view"), THIN.values(), ids=THIN)
def test_a_thin_picture_takes_no_more(tmp_path, content, view):
    """1 x 1,000,000 px squashed to 224 x 224 was 224 x 1,000,000 px in between."""
    found, gb = read(tmp_path, content, view)
    assert found.crop.shape == (3, *view.crop_size)
    assert gb < 1.2


def striped(size, mode="RGB"):
    values = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values).convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "CMYK", "P", "1", "I;16", "I", "F", "PA"])
@pytest.mark.parametrize("view", [VIEW, SQUASHED], ids=["shorter side", "squashed"])
def test_strips_give_the_pixels_that_the_whole_gives(monkeypatch, mode, view):
    """By Pillow's own resize of the whole, in one piece; 100 strips and more instead of one."""
    if mode in ("I;16", "I", "F"):
        grey = np.asarray(striped((500, 400), "L"))
        picture = Image.fromarray((grey.astype(np.uint16) * 257) if mode == "I;16" else grey.astype(np.int32))
        picture = picture.convert("F") if mode == "F" else picture
        whole = Image.fromarray(grey).convert("RGB")
    else:
        picture = striped((500, 400), "LA" if mode == "PA" else mode)
        picture = picture.convert("PA") if mode == "PA" else picture
        rgba = picture.convert("RGBA")
        whole = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
        whole = picture.convert("RGB") if mode == "CMYK" else whole
    content = saved(picture, "TIFF") if mode != "PA" else None
    size = (320, 256) if view is VIEW else (224, 224)
    large = whole.resize(size, Image.Resampling.BILINEAR)
    left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
    wanted = np.asarray(large.crop((left, top, left + 224, top + 224))).astype(int)
    monkeypatch.setattr("reportgen.inputs.images.windows._STRIP_PX", 2000)
    monkeypatch.setattr("reportgen.inputs.images.reading.MAX_COPIED_PX", 0)
    if content is None:  # no format of Pillow's keeps this mode
        from reportgen.inputs.images.reading import _strip_as_rgb

        found = view.window(picture, lambda strip: _strip_as_rgb(strip, 255.0))
    else:
        path = io.BytesIO(content)
        monkeypatch.setattr("reportgen.inputs.images.reading.file_content", lambda _: path.getvalue())
        found = read_picture(path, view).crop
    assert np.abs(found.permute(1, 2, 0).numpy().astype(int) - wanted).max() <= 1


def progressive(n_more):
    """A progressive JPEG of 400 x 400 px whose first scan is there `n_more` times again."""
    content = saved(Image.new("L", (400, 400), 90), "JPEG", progressive=True)
    first = content.index(b"\xff\xda")
    end = re.compile(rb"\xff[^\x00\xd0-\xd7]").search(content, first + 10).start()
    return content[:-2] + content[first:end] * n_more + b"\xff\xd9"


def tiff_of_one_tile(side):
    """10 x 10 px in one tile of `side` x `side` px, which is what libtiff makes room for."""
    entries = [(256, 10), (257, 10), (258, 8), (259, 8), (262, 1), (277, 1), (322, side), (323, side)]
    data = zlib.compress(bytes(10**6))
    entries += [(324, 8), (325, len(data))]
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries))
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(entries)) + rows + bytes(4)


def icon_of_a_large_picture():
    """Its header says 16 x 16 px, the PNG inside has 13,000 x 13,000."""
    inside = png(13000, 13000, depth=1, colour=0)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inside), 22) + inside


BOMBS = {
    "more px than Pillow's limit": (png(20000, 20000, depth=1, colour=0), "too large for an image (DecompressionBomb"),
    "a side of 1,100,000 px": (png(1_100_000, 1), "too large for an image (DecompressionBombError: 1100000 x 1 px"),
    "WebP of 9,000 x 9,000": (saved(Image.new("1", (9000, 9000)), "WEBP", lossless=True, method=0), "too large"),
    "AVIF of 10,000 x 10,000": (saved(Image.new("L", (10000, 10000)), "AVIF", speed=10), "too large"),
    "JPEG 2000 of 8,000 x 8,000": (saved(Image.new("L", (8000, 8000)), "JPEG2000"), "too large"),
    "progressive JPEG of 10,000 x 10,000": (
        saved(Image.new("L", (10000, 10000)), "JPEG", progressive=True), "too large"),
    "a thousand scans": (progressive(1000), "too large for an image (DecompressionBombError: more than 500 scans"),
    "TIFF of a huge tile": (tiff_of_one_tile(30000), "too large for an image (DecompressionBombError: tiles of 30000 x 30000 px"),
    "an icon of a large picture": (icon_of_a_large_picture(), "too large"),
    "PNG text that inflates": (
        png(9, 9, more=chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2 * 10**8), 1))), "a damaged PNG"),
    "PNG profile that inflates": (
        png(9, 9, more=chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(2 * 10**8), 1))), "a damaged PNG"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "told"), BOMBS.values(), ids=BOMBS)
def test_a_small_file_that_asks_for_much_is_unreadable_at_once(tmp_path, content, told):
    assert len(content) < 2_000_000
    started = time.monotonic()
    found, gb = read(tmp_path, content)
    assert isinstance(found, str), found
    assert found.startswith(told)
    assert gb < 0.35
    assert time.monotonic() - started < 20


ODD = {
    "20 scans": progressive(20),
    "GIF of 300 frames": saved(
        Image.new("P", (64, 64)), "GIF", save_all=True, append_images=[Image.new("P", (64, 64), k) for k in range(300)]
    ),
    "WebP of frames": saved(
        Image.new("RGB", (640, 640)), "WEBP", save_all=True, append_images=[Image.new("RGB", (640, 640), "red")] * 30
    ),
    "TIFF of pages": saved(
        Image.new("RGB", (64, 64)), "TIFF", save_all=True, append_images=[Image.new("RGB", (64, 64), "red")] * 300
    ),
    "APNG": saved(
        Image.new("RGB", (64, 64)), "PNG", save_all=True, append_images=[Image.new("RGB", (64, 64), "red")] * 300
    ),
    "AVIF of frames": saved(
        Image.new("RGB", (64, 64)), "AVIF", save_all=True, append_images=[Image.new("RGB", (64, 64), "red")] * 30
    ),
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_of_many_pictures_in_a_file_the_first_is_read(tmp_path, content):
    found, gb = read(tmp_path, content)
    assert found.crop.shape == (3, 224, 224)
    assert gb < 0.2
    assert found.crop.max() <= 90


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n%%EndComments\n(/etc/passwd) (r) file\n%%EOF\n"
DRAWINGS = {
    "EPS": EPS,
    "EPS behind a preview's header": b"\xc5\xd0\xd3\xc6" + struct.pack("<7I", 32, len(EPS), 0, 0, 0, 0, 0) + EPS,
    "WMF": b"\xd7\xcd\xc6\x9a\0\0" + struct.pack("<4hH", 0, 0, 50, 50, 72) + bytes(4) + b"\x01\0\x09\0" + bytes(60),
    "EMF": struct.pack("<II8i", 1, 108, 0, 0, 50, 50, 0, 0, 1000, 1000) + b" EMF" + bytes(108),
    "FITS": b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800),
    "MPEG": b"\x00\x00\x01\xb3\x01\x00\x10" + bytes(60),
    "XPM": b'/* XPM */\nstatic char *x[] = {"1 1 1 1","a c #000000","a"};',
    "XBM": b"#define x_width 8\n#define x_height 1\nstatic char x_bits[] = {\n0x00};\n",
    "GRIB": b"GRIB\0\0\0\x01" + bytes(60),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(60),
    "BUFR": b"BUFR" + bytes(60),
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
    "PDF": b"%PDF-1.7\n" + bytes(60),
}


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "eps"])
@pytest.mark.parametrize("content", DRAWINGS.values(), ids=DRAWINGS)
def test_what_is_no_raster_picture_starts_no_program(tmp_path, monkeypatch, content, ending):
    """Every program that Pillow knows lies first on the path, and notes that it was run."""
    for name in ("gs", "gswin64c", "djpeg", "cjpeg", "ppmquant", "xv", "display", "gm", "rsvg-convert"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/RAN\necho 10.0\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / f"x.{ending}").write_bytes(content)
    with pytest.raises(UnreadableImageError):
        read_picture(tmp_path / f"x.{ending}", VIEW)
    assert not (tmp_path / "RAN").exists()


def test_pillow_is_asked_for_the_formats_of_the_list_alone():
    """Those that Pillow has beside them: drawings, films, stubs that start programs or wait for a plug-in."""
    with pytest.raises(UnreadableImageError):
        decoded(saved(Image.new("RGB", (9, 9)), "PDF"))
    assert not {"EPS", "PDF", "WMF", "FITS", "MPEG", "GRIB", "HDF5", "BUFR", "FPX", "MIC"} & set(raster.FORMATS)


def no_files(folder):
    """Names that lead to what is no plain file, or to none that ends."""
    os.mkfifo(folder / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "s"))
    (folder / "folder").mkdir()
    names = ["pipe", "s", "folder", "/dev/zero", "/dev/random", "/dev/tty", "/dev/full", "/dev/stdin", "/proc/self/fd"]
    for name in [*names, "/proc/kmsg", "/proc/self/pagemap", "/proc/self/maps", "/proc/self/environ"]:
        link = folder / f"link to {name.replace('/', ' ')}.png"
        link.symlink_to(name)
        names.append(link.name)
    names += ["/proc/kmsg", "/proc/self/pagemap", "/proc/self/mem", "/proc/self/maps", "/proc/self/environ"]
    names += ["/proc/kcore", "/proc/self/clear_refs", "a\0b", "x" * 5000, "gone.png", "", ".", "..", "/", "\udce9.png"]
    return listener, names


def test_what_is_no_plain_file_is_unreadable_at_once(tmp_path):
    """Also /proc, whose files say that they are files of 0 bytes and may never end, or wait as a pipe does."""
    listener, names = no_files(tmp_path)
    with listener:
        for name in names:
            started = time.monotonic()
            with pytest.raises(UnreadableImageError) as told:
                read_picture(tmp_path / name, VIEW)
            assert time.monotonic() - started < 1, name
            assert "root:" not in str(told.value)
            assert len(str(told.value)) < 6000


def test_a_link_to_a_picture_is_a_picture(tmp_path):
    saved_at = tmp_path / "elsewhere.png"
    Image.new("RGB", (9, 9), "red").save(saved_at)
    (tmp_path / "x.png").symlink_to(saved_at)
    assert read_picture(tmp_path / "x.png", VIEW).crop.shape == (3, 224, 224)


def test_a_file_of_a_terabyte_without_a_byte_on_disk_is_not_read(tmp_path):
    with (tmp_path / "x.png").open("wb") as file:
        file.truncate(2**40)
    found, gb = taken(lambda: file_content(tmp_path / "x.png"))
    assert str(found).startswith("too large for an image (1099.5 GB)")
    assert gb < 0.1


def test_a_file_exchanged_for_a_pipe_between_two_looks_is_not_waited_for(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "x.png").write_bytes(b"x")
    facts = (tmp_path / "x.png").stat()
    assert stat.S_ISREG(facts.st_mode)
    monkeypatch.setattr("pathlib.Path.stat", lambda *_, **__: facts)
    with pytest.raises(UnreadableImageError, match="no file but a folder, pipe"):
        read_picture(tmp_path / "pipe", VIEW)


MASKS = {
    "20,000 x 20,000": png(20000, 20000, depth=8, colour=0),
    "13,000 x 13,000": png(13000, 13000, depth=8, colour=0),
    "13,000 x 13,000 of 16 bits": png(13000, 13000, depth=16, colour=0),
    "PostScript": EPS,
    "WebP of 9,000 x 9,000": saved(Image.new("1", (9000, 9000)), "WEBP", lossless=True, method=0),
    "three channels": saved(Image.new("RGB", (40, 30), (1, 1, 1)), "PNG"),
    "numbers": saved(Image.new("F", (40, 30), 1.0), "TIFF"),
    "negative numbers": saved(Image.new("I", (40, 30), -1), "TIFF"),
    "nothing": b"",
    "half of it": saved(Image.new("L", (40, 30), 1), "PNG")[:60],
    "text": b"1 1 1 2 2 2",
}


@pytest.mark.parametrize("content", MASKS.values(), ids=MASKS)
def test_a_mask_that_cannot_be_one_is_left_out_and_not_decoded(tmp_path, content):
    (tmp_path / "mask.png").write_bytes(content)
    Image.new("RGB", (40, 30)).save(tmp_path / "x.png")
    found, gb = taken(lambda: read_mask(tmp_path / "mask.png", tmp_path / "x.png", VIEW))
    assert isinstance(found, str)
    assert gb < 0.1


def test_a_picture_as_large_as_its_mask_takes_no_more_than_twice(tmp_path):
    (tmp_path / "x.png").write_bytes(png(13000, 13000))
    ones = np.ones((13000, 13000), dtype=np.uint8)
    (tmp_path / "mask.png").write_bytes(saved(Image.fromarray(ones), "PNG", compress_level=1))
    del ones
    found, gb = taken(lambda: read_mask(tmp_path / "mask.png", tmp_path / "x.png", VIEW))
    assert isinstance(found, np.ndarray)
    assert found.shape == (224, 224)
    assert found.min() == found.max() == 1
    assert gb < 1.2


def test_a_tensor_of_a_thin_picture_is_made_of_it_too():
    assert SQUASHED.cropped(torch.zeros(3, 10**6, 2, dtype=torch.uint8)).shape == (3, 224, 224)
