"""A data set as it lies on a user's disk, through the whole program: names of every kind, twins, orientations, leftovers."""

import csv
import io
import json
import os
import xml.etree.ElementTree as ET

import pandas as pd
import pytest
from PIL import Image

from tests.pets import BREEDS, hand_checkpoint, picture
from tests.program import reportgen

NAMES = {  # bytes of a file's name: the text that it is told by
    b"caf\xe9.png": "caf\\xe9.png",
    "犬.png".encode("shift_jis"): "\\x8c\\xa2.png",
    b"two\nlines.png": "two\nlines.png",
    b"bell\x07\x1b[31m.png": "bell\x07\x1b[31m.png",
    b"<script>alert(1)<!--.png": "<script>alert(1)<!--.png",
    b'=1+1","x.png': '=1+1","x.png',
    "\ufffe\u2028.png".encode(): "\ufffe\u2028.png",
    "犬 (1).png".encode(): "犬 (1).png",
}
FAST = "[explain]\ncertificate_pictures = 0\nfocus_pictures = 0\ninsertion_steps = 0\nrandom_maps = 1\n[gate]\nmax_unreadable = 0.1\n"


@pytest.fixture
def place(tmp_path):
    root = tmp_path / "data"
    for breed in BREEDS:
        (root / breed).mkdir(parents=True)
        for k in range(4):
            image = picture(breed)
            image.putpixel((0, k), (9, 9, 9))
            image.save(root / breed / f"{k}.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    for k, raw in enumerate(NAMES):  # Bengals that look like Maus: each is an error with a panel and a thumbnail
        image = picture("Egyptian_Mau")
        image.putpixel((1, k), (7, 7, 7))
        image.save(root / "Bengal" / os.fsdecode(raw), "PNG", **({"exif": exif} if k < 3 else {}))
    (root / "boxer" / "twin.png").write_bytes((root / "pug" / "0.png").read_bytes())
    (root / "pug" / "Thumbs.db").write_bytes(b"x")
    (root / "pug" / "@eaDir" / "0.png").mkdir(parents=True)
    (root / "boxer" / os.fsdecode(b"gone\xff.png")).symlink_to(tmp_path / "not-fetched")
    (tmp_path / "r.toml").write_text(FAST, encoding="utf-8-sig")
    hand_checkpoint(tmp_path / "c.pt")
    return tmp_path


def test_everything_that_is_written_can_hold_every_name_and_the_report_says_what_lay_there(place):
    done = reportgen(
        *("run", "--checkpoint", "c.pt", "--arch", "tests.pets:hand_net", "--dataset", "imagefolder", "--data-root", "data"),
        *("--config", "r.toml", "--ci-dir", "ci", "--methods", "grad_cam", "--max-unreadable", "0.1", "--model-name", "m"),
        cwd=place,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (bundle,) = (
        path
        for path in (place / "reports" / "m").iterdir()
        if (path / "manifest.json").is_file() and not path.is_symlink()
    )
    assert (bundle / "report.pdf").read_bytes().startswith(b"%PDF")
    wanted = {f"Bengal/{text}" for text in NAMES.values()}
    assert wanted <= set(pd.read_parquet(bundle / "predictions.parquet")["sample_id"])
    assert wanted <= set(pd.read_parquet(bundle / "thumbnails.parquet")["sample_id"])
    found = json.loads((bundle / "findings.json").read_text(encoding="utf-8"))["data"]
    assert found["passed_over"] == {"nas": 1, "windows": 1}
    assert found["same_files"] == [{"sample_ids": ["boxer/twin.png", "pug/0.png"], "several_labels": True}]
    assert (found["n_turned"], found["n_turned_wrong"]) == (3, 3)
    ((gone,)) = found["unreadable"]
    assert gone["sample_id"] == "boxer/gone\\xff.png"
    assert gone["reason"].startswith("a link to a file that is not there; ")
    page = (bundle / "report.html").read_text(encoding="utf-8")
    for words in (
        "left by Windows: 1",
        "left by network storage: 1",
        "3 images with an orientation other than upright",
    ):
        assert words in page
    for words in ("<b>1 of them has several labels</b>", "3 of them misclassified"):
        assert words in page
    for path in bundle.rglob("*.csv"):
        assert list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    for path in (place / "ci").rglob("*.xml"):
        ET.fromstring(path.read_bytes())
    for words in (
        "skipped: 2 files and folders",
        "the same file more than once: 1, of these 1 under several labels, of which at most one is correct: data/boxer/twin.png = data/pug/0.png",
        "EXIF orientation: 3, 3 of them",
    ):
        assert words in done.stderr


def test_a_file_that_vanishes_after_the_evaluation_is_no_fault_of_the_program(place, monkeypatch):
    """Between the stages another program tidies up; an example that is gone is exit 4 with its name, nothing is exit 70."""
    from reportgen.pipeline import run

    analyse = run.analyse

    def tidied(*arguments):
        for path in (place / "data").rglob("*.png"):
            if path.is_file():
                path.unlink()
        return analyse(*arguments)

    monkeypatch.setattr(run, "analyse", tidied)
    done = reportgen(
        *("run", "--checkpoint", "c.pt", "--arch", "tests.pets:hand_net", "--dataset", "imagefolder", "--data-root", "data"),
        *("--config", "r.toml", "--methods", "grad_cam", "--max-unreadable", "0.1", "--format", "html"),
        cwd=place,
    )  # fmt: skip
    assert done.returncode in (0, 4)
    assert "no such file" in done.stderr
