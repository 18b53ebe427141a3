"""What a file is by its first bytes. The heads are those of the formats' own specifications (or of `file`'s magic list)."""

import gzip
import io
import struct
import tarfile
import zipfile

import pytest
from PIL import Image

from reportgen.errors import InputError
from reportgen.evaluate.device import compute
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.options import LoopOptions
from reportgen.inputs.images.file_kinds import common_advice, file_kind
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.reading import UnreadableImageError, decoded, read_crop
from tests.inputs.refusals import refused

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"cd" * 32 + b"\nsize 20034\n"


def box(brand):
    """The first box of an ISO base media file (ISO/IEC 14496-12)."""
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00" + brand + b"mif1" + bytes(400)


def archive(kind):
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr("a.png", b"x")
    else:
        with tarfile.open(fileobj=buffer, mode="w") as file:
            file.addfile(tarfile.TarInfo("a.png"))
    return buffer.getvalue()


def saved(form, **options):
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 60).convert("RGB").save(buffer, form, **options)
    return buffer.getvalue()


KINDS = [  # content, what is said, what to do
    (b"", "an empty file", "fetch the file anew"),
    (bytes(5000), "nothing but zero bytes", "fetch the file anew"),
    (LFS, "a Git LFS pointer", "git lfs pull"),
    (b"/annex/objects/SHA256E-s20034--ab.jpg\n", "a git-annex pointer", "git annex get"),
    (b"bplist00\xd1\x01\x02" + bytes(60), "an iCloud placeholder", "download the folder"),
    (b"<!DOCTYPE html>\n<html><title>Sign in</title>", "an HTML page", "a login"),
    (b"\xef\xbb\xbf  <html lang=ja>", "an HTML page", "a login"),
    ("<!doctype html>サインイン".encode("utf-16"), "an HTML page", "a login"),
    (
        b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
        "an XML document",
        "if it should be an image",
    ),
    (b"<annotation><folder>x</folder></annotation>", "an XML document", "if it should be an image"),
    (b'{"message": "Not Found"}', "a JSON document", "if it should be an image"),
    (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing", "draw it as PNG"),
    (b'<?xml version="1.0"?>\n<!-- Inkscape -->\n<svg width="9"/>', "an SVG drawing", "draw it as PNG"),
    (box(b"heic"), "HEIC", "convert it to JPEG or PNG"),
    (box(b"mif1"), "HEIC", "convert it to JPEG or PNG"),
    (box(b"hevc"), "HEIC", "convert it to JPEG or PNG"),
    (box(b"avif"), "AVIF", "convert it to JPEG or PNG"),  # cut: Pillow reads whole ones
    (box(b"crx "), "Canon raw (CR3)", "as it was for the training"),
    (box(b"isom"), "a video", "single frames"),
    (box(b"qt  "), "a video", "single frames"),
    (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "a video", "single frames"),
    (b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(64), "a video", "single frames"),
    (b"\x1aE\xdf\xa3\x9f" + bytes(64), "a video", "single frames"),
    (b"\x00\x00\x01\xba\x44" + bytes(64), "a video", "single frames"),
    (b"\xff\x0a\xfa\x7f\x01" + bytes(64), "JPEG XL", "convert it"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(64), "JPEG XL", "convert it"),
    (b"8BPS\x00\x02" + bytes(64), "a Photoshop document", "convert it"),  # version 2 (PSB), which Pillow does not read
    (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(64), "Canon raw (CR2)", "as it was for the training"),
    (
        b"MM\x00*\x00\x00\x00\x08\x00\x1a" + bytes(64),
        "a TIFF variant or a camera's raw file (DNG, NEF, ARW)",
        "convert it",
    ),
    (b"FUJIFILMCCD-RAW 0201" + bytes(64), "Fujifilm raw (RAF)", "as it was"),
    (b"IIRO\x08\x00\x00\x00" + bytes(64), "Olympus raw (ORF)", "as it was"),
    (b"IIU\x00\x18\x00\x00\x00" + bytes(64), "Panasonic or Leica raw (RW2)", "as it was"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document", "pdfimages"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a PostScript drawing", "draw it as PNG"),
    (b"\xc5\xd0\xd3\xc6\x1e\x00\x00\x00" + bytes(64), "a PostScript drawing", "draw it as PNG"),
    (archive("zip"), "a zip archive", "unpack it"),
    (archive("tar"), "a tar archive", "tar -xf"),
    (gzip.compress(b"x" * 99), "a gzip archive", "gunzip"),
    (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive", "unpack it"),
    (bytes(128) + b"DICM" + bytes(64), "a DICOM file", "the window of the training"),
    (struct.pack("<i", 348) + bytes(340) + b"n+1\x00", "a NIfTI volume", "slices"),
    (b"\x93NUMPY\x01\x00v\x00{'descr'", "a NumPy array", "convert it"),
    (b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file", "export its images"),
    (b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(64), "a Windows shortcut", "copy the file itself"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "an Office document or thumbnail database", "take it out"),
    (b"path,label\na.png,cat\n", "text", "take it out"),
    ("ラベル：犬\n".encode(), "text", "take it out"),
    ("ラベル：犬\n".encode() * 200, "text", "take it out"),  # cut in the middle of a letter
    ("ラベル：犬\n".encode("shift_jis"), "not an image (the first bytes are 83 89 83 78", "take it out"),
    (b"\x01\x02\x03\x04", "not an image (the first bytes are 01 02 03 04)", "convert it"),
    (saved("JPEG")[:700], "an image whose end is missing", "fetch the file anew"),
    (saved("PNG")[:700], "an image whose end is missing", "fetch the file anew"),
    (saved("PNG")[:60] + b"?" * 99, "a damaged PNG file", "fetch the file anew"),
    (saved("JPEG")[:4] + bytes(500), "a damaged JPEG file", "fetch the file anew"),
    (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(64), "a damaged WebP file", "fetch the file anew"),
    (b"GIF89a", "a damaged GIF file", "fetch the file anew"),
    (b"BM" + bytes(60), "a damaged BMP file", "fetch the file anew"),
]


@pytest.mark.parametrize(("content", "name", "todo"), KINDS, ids=[f"{k}-{row[1][:24]}" for k, row in enumerate(KINDS)])
def test_what_is_no_picture_is_called_what_it_is(tmp_path, content, name, todo):
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(UnreadableImageError) as caught:
        read_crop(tmp_path / "x.jpg", Preprocessing())
    told, _, advice = str(caught.value).rpartition("; ")
    assert told.startswith(name)
    assert todo in advice


def test_a_whole_picture_is_no_kind_of_refusal():
    for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "JPEG2000", "ICO", "PCX", "AVIF"):
        assert decoded(saved(form)).shape[0] == 3, form


@pytest.mark.parametrize(
    ("n_of_each", "told"),
    [
        ({0: 4}, "git lfs pull"),
        ({0: 3, 1: 3}, "git lfs pull"),  # half of them: of two equal causes the first
        ({0: 1, 1: 1, 2: 1}, None),
        ({2: 4}, "fetch the file anew"),
        ({}, None),
    ],
)
def test_the_advice_of_the_cause_that_is_common(n_of_each, told):
    kinds = [str(file_kind(content)) for content in (LFS, b"%PDF-1.7", b"")]
    found = common_advice([kinds[k] for k, n in n_of_each.items() for _ in range(n)])
    assert found is None if told is None else told in found


def test_an_evaluation_stopped_by_one_cause_gives_its_advice(hand_inputs, five_breeds):
    for path in sorted((five_breeds / "oxford-iiit-pet" / "images").glob("pug_*.jpg")):
        path.write_bytes(LFS)
    with refused(
        InputError, "pug_1.jpg: a Git LFS pointer", "to do:    fetch the files with `git lfs pull`; or allow more"
    ):
        evaluate(
            hand_inputs,
            on=compute("cpu", "fp32"),
            loop=LoopOptions(),
            max_unreadable=0.01,
        )
