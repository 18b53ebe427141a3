"""The drawn data set in the layout of Oxford-IIIT Pet, trimaps included, and its reader."""

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from reportgen.demo.draw import DrawnPet, Staging, drawn_with_mask
from reportgen.demo.traits import Coat, Traits, read_traits
from reportgen.inputs.datasets.labelled_images import DataSource, LabelledImages
from reportgen.inputs.datasets.oxford_pet import oxford_pet

N_TEST = 12
SIZE_PX = 224


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """A picture that is not what its label promises: traits that are replaced, and how it was photographed."""

    traits: Mapping[str, Any]
    staging: Staging = field(default_factory=Staging)


def _one_coat(base: int, light: int) -> tuple[Coat, ...]:
    return (Coat(base=_rgb(base), mark=_rgb(base), point=_rgb(base), light=_rgb(light)),)


def _rgb(number: int) -> tuple[int, int, int]:
    return number >> 16, number >> 8 & 255, number & 255


# Breed and number among its test pictures. The three odd ones of the article that the report comes from: a white cat
# in the snow that passes for a dog, a dog shorn bald and badly lit, a dog that is only a dark outline.
ODDITIES: Mapping[tuple[str, int], Oddity] = MappingProxyType(
    {
        ("Ragdoll", 7): Oddity(
            traits={
                "pattern": "solid", "white": (), "extras": ("mane", "smile"), "tail": "curl", "head": "wedge",
                "coats": _one_coat(0xF3F1EC, 0xFBFAF7), "eyes": ((44, 32, 34),), "build": "medium",
            },
            staging=Staging(scene="snow", exposure=1.04),
        ),
        ("shiba_inu", 4): Oddity(
            traits={
                "pattern": "solid", "fur": "none", "ears": "bat", "head": "wedge", "tail": "thin", "build": "slender",
                "muzzle": "short", "extras": ("wrinkles",), "coats": _one_coat(0xD2A590, 0xE0B8A6),
                "eyes": ((120, 138, 96),),
            },
            staging=Staging(exposure=0.8),
        ),
        ("scottish_terrier", 9): Oddity(
            traits={
                "fur": "short", "head": "round", "muzzle": "short", "build": "medium", "extras": (), "eye_size": 1.35,
                "coats": _one_coat(0x1E1B1F, 0x242126), "eyes": ((200, 146, 46),),
            },
            staging=Staging(exposure=0.58),
        ),
    }
)  # fmt: skip


def write_drawn_pets(
    root: Path,
    *,
    n_test: int = N_TEST,
    n_trainval: int = 0,
    size_px: int = SIZE_PX,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Writes root/oxford-iiit-pet with so many pictures a breed and returns `root`. The same call, the same bytes.

    Test pictures are numbered from 1, those of trainval go on from there. Trimaps: 1 animal, 2 background, 3 border.
    `progress` hears (pictures done, pictures in all). Files of the same names are replaced, others stay.
    """
    folder, breeds = root / "oxford-iiit-pet", read_traits()
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "annotations" / "trimaps").mkdir(parents=True, exist_ok=True)
    lists: dict[str, list[str]] = {"test": [], "trainval": []}
    tasks = [("test", number, 0) for number in range(1, n_test + 1)]
    tasks += [("trainval", number, n_test) for number in range(1, n_trainval + 1)]
    for breed, ids in _ids(breeds).items():
        for split, number, offset in tasks:
            name = f"{breed}_{number + offset}"
            _write(folder, name, pet_of(breed, breeds[breed], split=split, number=number, size_px=size_px))
            lists[split].append(f"{name} {ids}")
            if progress:
                progress(len(lists["test"]) + len(lists["trainval"]), len(breeds) * len(tasks))
    for name, lines in {**lists, "list": [*lists["test"], *lists["trainval"]]}.items():
        text = "".join(f"{line}\n" for line in lines)
        (folder / "annotations" / f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")
    return root


def drawn_pets(source: DataSource) -> LabelledImages:
    """The data set reader: Oxford's layout, under a name that does not claim to be Oxford's photographs."""
    return replace(oxford_pet(source), name="drawn pets")


def pet_of(breed: str, traits: Traits, *, split: str, number: int, size_px: int = SIZE_PX) -> DrawnPet:
    """The `number`-th picture of a breed in a split; oddities are in the test split only."""
    digest = hashlib.sha256(f"{split}/{breed}/{number}".encode()).digest()
    seed = int.from_bytes(digest[:8], "big")
    odd = ODDITIES.get((breed, number)) if split == "test" else None
    if odd is None:
        return drawn_with_mask(traits, seed=seed, size_px=size_px)
    changed = replace(traits, kin_share=0.0, **odd.traits)
    return drawn_with_mask(changed, seed=seed, size_px=size_px, staging=odd.staging)


def _ids(breeds: Mapping[str, Traits]) -> dict[str, str]:
    """Class id, species (1 cat, 2 dog) and number within the species, as in Oxford's lists."""
    seen: Counter[str] = Counter()
    ids = {}
    for class_id, (breed, traits) in enumerate(breeds.items(), start=1):
        seen[traits.species] += 1
        ids[breed] = f"{class_id} {1 if traits.species == 'cat' else 2} {seen[traits.species]}"
    return ids


def jpeg(image: Image.Image) -> bytes:
    """The picture as it is written to disk."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _write(folder: Path, name: str, pet: DrawnPet) -> None:
    (folder / "images" / f"{name}.jpg").write_bytes(jpeg(pet.image))
    _trimap(pet.mask).save(folder / "annotations" / "trimaps" / f"{name}.png", compress_level=3)


def _trimap(mask: Image.Image) -> Image.Image:
    hard = mask.point([0] * 128 + [255] * 128)
    trimap = np.where(np.asarray(hard), 1, 2).astype(np.uint8)
    trimap[np.asarray(hard.filter(ImageFilter.MaxFilter(5))) != np.asarray(hard.filter(ImageFilter.MinFilter(5)))] = 3
    return Image.fromarray(trimap)
