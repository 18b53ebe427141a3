"""The Oxford-IIIT Pet data set in torchvision's layout: images/ and annotations/{list,trainval,test}.txt.

Masks, where they are there, are annotations/trimaps/<file>.png.
Annotation lines are `<Breed>_<number> <class id 1..37> <species 1 cat, 2 dog> <breed id>`. The class order is the
class-id order of the whole data set, as in torchvision.datasets.OxfordIIITPet, but under the names of the files
(`american_bulldog`, not torchvision's "American Bulldog"): those are the names that checkpoints carry.
"""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.datasets.labelled_images import LabelledImages, Sample
from reportgen.inputs.options import DataSource
from reportgen.inputs.text_files import read_text
from reportgen.plain_text import named

_SPECIES = {"1": "cat", "2": "dog"}
_FOLDER = "oxford-iiit-pet"
_SILENCE_S = 60.0  # of a server during a download


class _Row(NamedTuple):
    stem: str
    breed: str
    class_id: int
    species: str


def oxford_pet(source: DataSource) -> LabelledImages:
    """Reads `source.root` (the folder that holds oxford-iiit-pet/, or that folder itself).

    Splits: `trainval`, `test`. Samples come in the order of the split's file. Raises InputError for a missing folder,
    a missing or malformed annotation file, or two breeds under one class id.
    """
    root = _root(source)
    rows = tuple(_rows(_annotation(root, source.split)))
    listed = root / "annotations" / "list.txt"
    everything = tuple(_rows(listed)) if listed.is_file() else rows
    by_id = _breeds_by_id((*everything, *rows))
    return LabelledImages(
        name="oxford-iiit-pet",
        split=source.split,
        classes=tuple(by_id[class_id].breed for class_id in sorted(by_id)),
        samples=tuple(_sample(root, row) for row in rows),
        species={row.breed: row.species for row in by_id.values()},
    )


def _sample(root: Path, row: _Row) -> Sample:
    trimap = root / "annotations" / "trimaps" / f"{row.stem}.png"
    return Sample(
        sample_id=row.stem,
        path=root / "images" / f"{row.stem}.jpg",
        label=row.breed,
        mask_path=trimap if trimap.is_file() or trimap.is_symlink() else None,
    )


def _root(source: DataSource) -> Path:
    for root in (source.root / _FOLDER, source.root):
        if (root / "annotations").is_dir():
            return root
    if source.download:
        return _downloaded(source)
    raise InputError(
        f"data set oxford-iiit-pet at {source.root}",
        found="no annotations/ folder" if source.root.is_dir() else "no such directory",
        expected=f"{source.root / _FOLDER}/annotations/{source.split}.txt, or annotations/ in the folder itself",
        todo="check --data-root, or add --download to fetch the data set (about 800 MB)",
    )


def _downloaded(source: DataSource) -> Path:
    from torchvision.datasets import OxfordIIITPet

    part = "trainval" if source.split == "trainval" else "test"
    before = socket.getdefaulttimeout()
    try:
        socket.setdefaulttimeout(_SILENCE_S)  # torchvision sets none and would wait without end
        OxfordIIITPet(str(source.root), split=part, download=True)
    except (OSError, RuntimeError) as error:
        raise InputError(
            "download of oxford-iiit-pet",
            found=in_one_line(error),
            expected=f"the data set's archives below {source.root}",
            todo="check the network, or copy the data set there by hand and leave --download out",
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    return source.root / _FOLDER


def _annotation(root: Path, split: str) -> Path:
    path = root / "annotations" / f"{split}.txt"
    if not path.is_file():
        there = sorted(file.stem for file in path.parent.glob("*.txt"))
        raise InputError(
            f"data set oxford-iiit-pet, split {split!r}",
            found=f"no {path}; there are: {named(there) or 'none'}",
            expected="a file annotations/<split>.txt",
            todo="name one of those with --split",
        )
    return path


def _rows(path: Path) -> Iterator[_Row]:
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split()
        breed, _, tail = fields[0].rpartition("_")
        well_formed = breed and tail.isdecimal() and len(fields) >= 3 and fields[1].isdecimal()
        if not well_formed or fields[2] not in _SPECIES:
            raise InputError(
                f"{path}, line {number}",
                found=repr(line),
                expected="<Breed>_<number> <class id> <species 1 or 2> <breed id>",
                todo="restore the data set's own annotation file",
            )
        yield _Row(fields[0], breed, int(fields[1]), _SPECIES[fields[2]])


def _lines(path: Path) -> list[str]:
    try:
        return read_text(path).splitlines()
    except (OSError, ValueError) as error:
        raise InputError(
            f"annotation file {path}",
            found=in_one_line(error),
            expected="text in UTF-8 that can be read",
            todo="restore the data set's own annotation file",
        ) from error


def _breeds_by_id(rows: tuple[_Row, ...]) -> dict[int, _Row]:
    by_id: dict[int, _Row] = {}
    for row in rows:
        first = by_id.setdefault(row.class_id, row)
        if (first.breed, first.species) != (row.breed, row.species):
            raise InputError(
                f"data set oxford-iiit-pet, class id {row.class_id}",
                found=f"{first.breed} ({first.species}) and {row.breed} ({row.species}), in {row.stem}",
                expected="one breed and one species a class id",
                todo="restore the data set's own annotation files",
            )
    return by_id
