"""The drawn data set in the layout of Oxford-IIIT Pet, trimaps included."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from reportgen.demo.scene import photograph
from reportgen.demo.traits import Traits, read_traits
from reportgen.inputs.labelled_images import DataSource, LabelledImages
from reportgen.inputs.oxford_pet import oxford_pet

N_TEST = 12
SIZE_PX = 224


def write_drawn_pets(
    root: Path, *, n_test: int = N_TEST, size_px: int = SIZE_PX, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Writes root/oxford-iiit-pet with `n_test` test pictures a breed; returns `root`. The same call, the same bytes.

    The first picture of three breeds is an odd one, see `scene`. Trimaps: 1 animal, 2 background, 3 its border.
    """
    folder = root / "oxford-iiit-pet"
    breeds = read_traits()
    for part in ("images", "annotations/trimaps"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    lines = []
    for number, (breed, traits) in enumerate(breeds.items(), start=1):
        for index in range(1, n_test + 1):
            picture, mask = photograph(breed, traits, key=f"test-{index}", px=size_px, odd=index == 1)
            picture.save(folder / "images" / f"{breed}_{index}.jpg", quality=90)
            _trimap(mask).save(folder / "annotations" / "trimaps" / f"{breed}_{index}.png")
            lines.append(f"{breed}_{index} {number} {_species_id(traits)} {number}")
        if progress:
            progress(number, len(breeds))
    text = "\n".join(lines) + "\n"
    for name in ("list.txt", "test.txt"):
        (folder / "annotations" / name).write_text(text, encoding="utf-8")
    (folder / "annotations" / "trainval.txt").write_text("", encoding="utf-8")
    return root


def drawn_pets(source: DataSource) -> LabelledImages:
    """The data set reader: Oxford's layout, under a name that does not claim to be Oxford's photographs."""
    return replace(oxford_pet(source), name="drawn pets")


def _species_id(traits: Traits) -> int:
    return 1 if traits.species == "cat" else 2


def _trimap(mask: Image.Image) -> Image.Image:
    animal = np.asarray(mask) > 127
    wide = np.asarray(mask.filter(ImageFilter.MaxFilter(5))) > 127
    narrow = np.asarray(mask.filter(ImageFilter.MinFilter(5))) > 127
    trimap = np.where(animal, 1, 2).astype(np.uint8)
    trimap[wide & ~narrow] = 3
    return Image.fromarray(trimap)
