"""`reportgen explain`: one picture, every method, a page and a PNG."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from reportgen.compose.sheet import fitting
from reportgen.explain.attribution_method import attribution_method
from reportgen.explain.methods.registry import METHODS
from tests.pets import SIZE_PX, hand_checkpoint, picture
from tests.program import reportgen


@pytest.fixture
def place(tmp_path):
    hand_checkpoint(tmp_path / "hand.pt")
    picture("Bengal").save(tmp_path / "one.png")
    (tmp_path / "less.toml").write_text("[explain]\nsmooth_grad_samples = 2\ncertificate_pictures = 0\n")
    return tmp_path


def explained(place, *more, image="one.png"):
    words = ("--checkpoint", "hand.pt", "--arch", "tests.pets:hand_net", "--config", "less.toml", "--out", "sheets")
    return reportgen("explain", image, *words, *more, cwd=place)


def test_every_method_has_its_tile_or_the_reason_why_not(place):
    done = explained(place, "--methods", "all")
    assert done.returncode == 0, done.stderr
    written = [place / "sheets" / f"one.explained.{kind}" for kind in ("html", "png")]
    assert done.stdout.split() == [f"sheets/{path.name}" for path in written]
    page = written[0].read_text()
    refused = set(re.findall(r"<li><b>([^<]+)</b>", page))
    drawn = set(re.findall(r"<figcaption>([^:<]+): <b>", page))
    assert drawn | refused == {attribution_method(name).title for name in METHODS}
    assert not drawn & refused
    assert page.count("baseline: black and white") == 2  # Integrated Gradients, DeepLIFT
    assert page.count("baseline: mean colour") == 2  # occlusion, LIME
    assert "Bengal <" in page.replace("</h1>", " <")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    with Image.open(io.BytesIO(written[1].read_bytes())) as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 4 * SIZE_PX


def test_a_theme_reaches_page_and_picture(place):
    """Paper all around the tiles of the PNG, and its title in the theme's ink."""
    (place / "less.toml").write_text(
        (place / "less.toml").read_text() + '[theme]\npaper = "#fff4d6"\nink = "#3b0a45"\naccent = "#7a1f52"\n'
    )
    done = explained(place, "--methods", "contrast")
    assert done.returncode == 0, done.stderr
    assert "--ink: #3b0a45; --paper: #fff4d6; --accent: #7a1f52" in (place / "sheets/one.explained.html").read_text()
    with Image.open(place / "sheets/one.explained.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    assert {tuple(corner) for corner in pixels[[0, 0, -1, -1], [0, -1, 0, -1]]} == {(0xFF, 0xF4, 0xD6)}
    title = pixels[:60].reshape(-1, 3)
    assert tuple(title[title.sum(axis=1).argmin()]) == (0x3B, 0x0A, 0x45)


def test_a_known_class_is_what_the_contrast_is_drawn_against(place):
    done = explained(place, "--methods", "contrast", "--label", "pug")
    assert done.returncode == 0, done.stderr
    page = (place / "sheets" / "one.explained.html").read_text()
    assert re.search(r"Contrast: <b>Bengal</b> not Pug", page)


@pytest.mark.parametrize(
    ("more", "image", "code", "told"),
    [
        (("--label", "unicorn"), "one.png", 3, "no such class"),
        (("--methods", "grad_cm"), "one.png", 2, "grad_cam (the nearest name)"),
        ((), "less.toml", 3, "found:    text\n"),
        ((), "gone.png", 3, "no such file"),
        (("--device", "cuda:99"), "one.png", 2, "cuda:99"),
    ],
)
def test_what_cannot_be_explained_is_said_and_leaves_nothing(place, more, image, code, told):
    done = explained(place, *more, image=image)
    assert done.returncode == code
    assert told in done.stderr
    assert not (place / "sheets").exists()


def test_page_and_picture_speak_the_language_asked_for(place):
    done = explained(place, "--methods", "grad_cam", "--lang", "ja")
    assert done.returncode == 0, done.stderr
    page = (place / "sheets" / "one.explained.html").read_text()
    assert 'lang="ja"' in page
    assert "ベンガル" in page
    japanese = (place / "sheets" / "one.explained.png").read_bytes()
    assert explained(place, "--methods", "grad_cam").returncode == 0
    assert (place / "sheets" / "one.explained.png").read_bytes() != japanese


@pytest.mark.parametrize(
    ("name", "lines"),
    [("a" * 40, 1), ("a" * 41, 2), ("猫" * 20, 1), ("猫" * 21, 2), ("english cocker spaniel", 1)],
)
def test_a_class_name_under_a_picture_is_whole_and_no_wider_than_it(name, lines):
    """52 mm at 7 pt are 21 em; a Japanese letter is one, others are about half of one."""
    found = fitting(name)
    assert len(found) == lines
    assert "".join(found) == name
