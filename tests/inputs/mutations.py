"""Damaged pictures, drawn from a seed: `python -m tests.inputs.mutations` tries 6,000 EXIF blocks and 2,000 files a format.

Whatever a decoder raises must come out as one unreadable image. The suite draws fewer (see test_damaged_pictures.py);
REPORTGEN_FUZZ=1 draws all.
"""

import io
import os
import random
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.reading import DecodedImage, UnreadableImageError, read_picture

FORMS = {  # Pillow's name of a format: how it is saved
    "PNG": {},
    "JPEG": {"progressive": True},
    "GIF": {"save_all": True},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "WEBP": {},
    "JPEG2000": {},
    "AVIF": {},
    "ICO": {},
    "PPM": {},
    "TGA": {},
    "PCX": {},
    "SGI": {},
    "DDS": {},
    "QOI": {},
    "MPO": {},
    "ICNS": {},
    "PSD": {},
}
N_EXIF, N_FILES = (6000, 2000) if os.environ.get("REPORTGEN_FUZZ") or __name__ == "__main__" else (300, 40)
_TAGS = (0x0112, 0x010F, 0x0110, 0x011A, 0x011B, 0x0132, 0x8769, 0x8825, 0xA005, 0x927C, 0x9286, 0x02BC, 0x00FE, 0xC4A5)


def exif_block(rng: random.Random) -> bytes:
    """An EXIF block of a few entries whose types, counts and offsets are drawn, some of them impossible."""
    order = rng.choice("<>")
    entries = [(0x0112, 3, 1, struct.pack(order + "HH", rng.randrange(12), 0))] if rng.random() < 0.8 else []
    for tag in rng.sample(_TAGS, rng.randrange(1, 6)):
        kind = rng.choice((*range(14), 16, 17, 99, 65535))
        count = rng.choice((0, 1, 1, 2, 3, 4, 5, 1000, 2**31, 2**32 - 1))
        entries.append(
            (tag, kind, count, rng.choice((bytes(4), rng.randbytes(4), struct.pack(order + "L", rng.randrange(200)))))
        )
    n = len(entries) if rng.random() < 0.9 else rng.randrange(70000) % 65536
    body = struct.pack(order + "H", n) + b"".join(struct.pack(order + "HHL", t, k, c) + v for t, k, c, v in entries)
    head = (b"II*\0" if order == "<" else b"MM\0*") if rng.random() < 0.95 else rng.randbytes(4)
    start = struct.pack(order + "L", 8 if rng.random() < 0.9 else rng.choice((0, 7, 4000, 2**32 - 1)))
    block = (
        b"Exif\0\0" + head + start + body + struct.pack(order + "L", rng.choice((0, 0, 8, 2**31))) + rng.randbytes(16)
    )
    return block[: rng.randrange(len(block))] if rng.random() < 0.1 else block


def with_exif(form: str, block: bytes) -> bytes:
    """A small picture with the EXIF block as it is."""
    buffer = io.BytesIO()
    _picture().save(buffer, form, exif=block)
    return buffer.getvalue()


def whole(form: str) -> bytes:
    """A small file of the format; PSD, which Pillow cannot write, by its specification (raw RGB, no layers)."""
    if form == "PSD":
        planes = np.asarray(_picture()).transpose(2, 0, 1).tobytes()
        return b"8BPS\x00\x01" + bytes(6) + struct.pack(">HLLHH", 3, 48, 64, 8, 3) + bytes(12) + b"\0\0" + planes
    buffer = io.BytesIO()
    extra = {"append_images": [_picture().rotate(90)]} if form in ("GIF", "MPO") else {}
    _picture().save(buffer, form, **FORMS[form], **extra)
    return buffer.getvalue()


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The file with some bytes changed, cut out, doubled or put in, most often near its beginning, or cut short."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 8, 32))):
        at = min(int(rng.random() ** 3 * len(data)), len(data) - 1)
        way = rng.randrange(6)
        if way == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            data[at] = rng.choice((0, 1, 127, 128, 255))
        elif way == 2:
            data[at : at + 4] = rng.choice((bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", rng.randbytes(4)))
        elif way == 3:
            del data[at : at + rng.randrange(1, 20)]
        elif way == 4:
            data[at:at] = data[at : at + rng.randrange(1, 20)]
        else:
            data[at:at] = rng.randbytes(rng.randrange(1, 8))
        if not data:
            return b""
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.05 else data)


def exif_files(n: int) -> Iterator[bytes]:
    """`n` files with drawn EXIF blocks, by turns in JPEG, PNG, WebP, TIFF."""
    rng = random.Random(13)
    for k in range(n):
        form, block = ("JPEG", "PNG", "WEBP", "MPO")[k % 4], exif_block(rng)
        yield with_exif(form, block)


def damaged_files(form: str, n: int) -> Iterator[bytes]:
    """`n` damaged files of the format."""
    rng, content = random.Random(form), whole(form)
    for _ in range(n):
        yield damaged(content, rng)


def outcome(path: Path, content: bytes) -> DecodedImage | str:
    """What the program makes of a file: the picture, or the reason why it is unreadable."""
    path.write_bytes(content)
    try:
        return read_picture(path, Preprocessing(resize_px=32, crop_px=24, exif="apply"))
    except UnreadableImageError as error:
        return str(error)


def _picture() -> Image.Image:
    x, y = np.meshgrid(np.arange(64) * 4, np.arange(48) * 5)
    return Image.fromarray(np.stack([x, y, (x + y) // 2], axis=-1).astype(np.uint8))


def main() -> int:
    """Tries all; prints a row a kind; 1 when anything but a picture or a reason came out."""
    crashes = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind, files in {
            "EXIF": exif_files(N_EXIF),
            **{form: damaged_files(form, N_FILES) for form in FORMS},
        }.items():
            seen: Counter[str] = Counter()
            for content in files:
                try:
                    seen[
                        "read" if isinstance(outcome(Path(folder) / "x", content), DecodedImage) else "unreadable"
                    ] += 1
                except Exception as error:  # noqa: BLE001  # what this program looks for
                    seen[type(error).__name__] += 1
                    crashes += 1
            sys.stdout.write(f"{kind:10} {dict(sorted(seen.items()))}\n")
    return int(crashes > 0)


if __name__ == "__main__":
    sys.exit(main())
