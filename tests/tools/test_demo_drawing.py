"""The demo's pictures can be drawn again."""

import numpy as np
from PIL import Image

from reportgen.demo.drawn_pets import unpack_drawn_pets
from tools.demo.pictures import pet_of, write_archive
from tools.demo.traits import read_traits


def test_drawing_twice_gives_the_same_bytes(tmp_path):
    for name in ("a.zip", "b.zip"):
        write_archive(tmp_path / name, n_test=1)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_embedded_pictures_are_those_that_are_drawn(tmp_path):
    """But for what a codec may change: Pillow of another version need not write the same bytes."""
    pets = unpack_drawn_pets(tmp_path)
    for breed, number in (("Bengal", 1), ("Ragdoll", 7), ("pug", 12)):  # one of them an odd one
        drawn = np.asarray(pet_of(breed, read_traits()[breed], split="test", number=number).image, dtype=float)
        with Image.open(pets / "oxford-iiit-pet" / "images" / f"{breed}_{number}.jpg") as stored:
            assert np.abs(drawn - np.asarray(stored)).mean() < 5  # of 255
