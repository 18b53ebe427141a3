"""What a data set is, once read: a class list, one row an image, and what is known of species.

A reader is a callable `(source: DataSource) -> LabelledImages`. Built-in readers are named in `DATASETS`; any other is
given as `package.module:attribute`.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.names import by_nfc, nfc
from reportgen.inputs.options import DataSource
from reportgen.inputs.usable_names import MAX_PATH, refuse_unusable
from reportgen.plain_text import named
from reportgen.plugins import resolved

log = logging.getLogger(__name__)
DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "oxford-iiit-pet": "reportgen.inputs.datasets.oxford_pet:oxford_pet",
        "imagefolder": "reportgen.inputs.datasets.imagefolder:imagefolder",
        "manifest": "reportgen.inputs.datasets.manifest:manifest",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One image: `sample_id` is unique and the same every run, `path` is where the file lies.

    `mask_path`, where there is one, is a picture of the same size with 1 for the object, 2 for the background and 3 for
    neither (the coding of Oxford's trimaps).
    """

    sample_id: str
    path: Path
    label: str
    mask_path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledImages:
    """A data set. `classes` has no duplicates and holds every label; `species` maps some or all classes.

    passed_over: how many files and folders of each kind (`passed_over.SystemFileKind`) lie there beside the
    user's images.
    """

    name: str
    split: str
    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    species: Mapping[str, str] = field(default_factory=dict)
    passed_over: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse_unusable(self.classes, f"data set {self.name}: class names")
        refuse_unusable(self.species.values(), f"data set {self.name}: species")
        refuse_unusable((one.sample_id for one in self.samples), f"data set {self.name}: sample ids", longest=MAX_PATH)
        _refuse_duplicates(self.classes, f"data set {self.name}: class names")
        _refuse_duplicates([sample.sample_id for sample in self.samples], f"data set {self.name}: sample ids")
        unknown = sorted({sample.label for sample in self.samples} - set(self.classes))
        if unknown:
            raise InputError(
                f"data set {self.name}: labels",
                found=f"labels that are no class: {named(unknown)}",
                expected=f"one of the {len(self.classes)} classes: {named(self.classes)}",
                todo="correct the labels or the class list",
            )
        if not self.samples:
            raise InputError(
                f"data set {self.name}, split {self.split!r}",
                found="no image",
                expected="at least one labelled image",
                todo="check --data-root and --split",
            )


def _refuse_duplicates(names: tuple[str, ...] | list[str], thing: str) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise InputError(
            thing,
            found=f"{len(twice)} more than once: {named(twice, most=10)}",
            expected="each one once",
            todo="remove or rename the duplicates",
        )


def read_labelled_images(name: str, source: DataSource) -> LabelledImages:
    """The data set `name` at `source`, its class names in NFC.

    Raises InputError (what is there is wrong) or ConfigError (no such reader).
    """
    reader = resolved(name, DATASETS, kind="data set")
    data = reader(source)
    if not isinstance(data, LabelledImages):
        raise InputError(
            f"data set reader {name!r}",
            found=f"a {type(data).__name__}",
            expected="a reportgen.inputs.datasets.labelled_images.LabelledImages",
            todo="return LabelledImages from the reader",
        )
    if data.passed_over:
        kinds = ", ".join(f"{kind} {n}" for kind, n in data.passed_over.items())
        log.info(
            "skipped: %d files and folders that systems or programs left beside the images (%s)",
            sum(data.passed_over.values()),
            kinds,
        )
    return _in_nfc(data)


def _in_nfc(data: LabelledImages) -> LabelledImages:
    """Folders that were copied from a Mac have the names of those that were not."""
    return replace(
        data,
        classes=tuple(dict.fromkeys(nfc(name) for name in data.classes)),
        samples=tuple(replace(sample, label=nfc(sample.label)) for sample in data.samples),
        species=by_nfc(data.species),
    )


def existing_dir(path: Path, thing: str) -> Path:
    """`path` when it is a directory. Raises InputError naming `thing`."""
    try:
        if path.is_dir():
            return path
        found = "a file" if path.exists() else "no such directory"
    except OSError as error:
        found = in_one_line(error)
    if path.is_symlink() and found == "no such directory":
        found = f"a link to {path.readlink()}, which is not there"
    raise InputError(f"{thing} {path}", found=found, expected="a directory", todo="check --data-root")
