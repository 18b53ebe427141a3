"""Options of the inputs: which checkpoint, which data set, and what to take for granted about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from reportgen.errors import ConfigError
from reportgen.inputs.images.preprocessing_values import OtherScaleError, Said, SizeSetting, checked_preprocessing, said
from reportgen.inputs.names import nfc
from reportgen.option import Checked, Group, Option

_LONGEST_NAME = 200


def _name(value: str) -> str:
    if not (value.isprintable() and value.strip() == value and 0 < len(value) <= _LONGEST_NAME):
        raise ValueError(f"a name of one line, 1 to {_LONGEST_NAME} characters, with no blank at either end")
    return value


def _names_as_they_are_compared(value: Mapping[str, str]) -> Mapping[str, str]:
    return {nfc(name): nfc(other) for name, other in value.items()}


def _value(key: str) -> Checked:
    return Checked(partial(checked_preprocessing, key), "only")


CheckpointPath = Annotated[
    Path,
    Option(
        "Weights: `.pt`, `.pth`, `.ckpt`, `.safetensors`, or a folder saved by timm or Hugging Face.",
        more="Also a TorchScript archive or a `.pt2`. Folders saved by transformers need "
        "`pip install 'reportgen[transformers]'`.",
        example='"model.pt"',
    ),
]
NotesPath = Annotated[
    Path | None,
    Option(
        "TOML file with your own breed and pair notes.",
        key="notes",
        unset="built in: 37 breeds",
        more="See the [schema](reportgen/notes/README.md).",
        example='"my-notes.toml"',
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """Where a data set lies and which part of it is wanted."""

    GROUP: ClassVar = Group("Inputs")

    root: Annotated[
        Path,
        Option("Where the data set lies; for a manifest, the table's file.", key="data_root", example='"photos"'),
    ]
    split: Annotated[str, Option("The split to evaluate.")] = "test"
    download: Annotated[bool, Option("Download Oxford-IIIT Pet if it is missing.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PreprocessingOptions:
    """How pictures become the model's input; what is not given here is the checkpoint's. See `Preprocessing`."""

    GROUP: ClassVar = Group(
        "Preprocessing", table="preprocessing", about="what is given here overrules the checkpoint, line by line"
    )

    resize: Annotated[
        SizeSetting | None,
        _value("resize"),
        Option("Shorter side in px; `[height, width]` squashes the whole image to that size.", example="256"),
    ] = None
    crop: Annotated[
        SizeSetting | None,
        _value("crop"),
        Option("Side of the central square in px, or `[height, width]`.", example="224"),
    ] = None
    fit: Annotated[
        Literal["shorter_side", "squash"] | None,
        _value("fit"),
        Option('`"shorter_side"`, or `"squash"`: with `resize = 256`, squashed to 256 x 256.', example='"squash"'),
    ] = None
    mean: Annotated[
        tuple[float, ...] | None,
        _value("mean"),
        Option("For pixels from 0 to 1; one number serves all channels.", example="[0.485, 0.456, 0.406]"),
    ] = None
    std: Annotated[
        tuple[float, ...] | None, _value("std"), Option("As for the mean.", example="[0.229, 0.224, 0.225]")
    ] = None
    interpolation: Annotated[
        Literal["bilinear", "bicubic", "nearest"] | None,
        _value("interpolation"),
        Option("`bilinear`, `bicubic` or `nearest`.", example='"bilinear"'),
    ] = None
    exif: Annotated[
        Literal["ignore", "apply"] | None,
        _value("exif"),
        Option(
            '`"ignore"`: pixels as the loaders of torchvision and timm give them; `"apply"` turns images upright.',
            example='"ignore"',
        ),
    ] = None
    channels: Annotated[
        Literal[1, 3] | None, _value("channels"), Option("1 for a model that takes grey images.", example="1")
    ] = None

    def __post_init__(self) -> None:
        try:
            self.said()
        except OtherScaleError as error:
            raise ConfigError(
                "[preprocessing]: mean and std",
                found=str(error),
                expected="mean and std for pixels in [0, 1]: a mean from 0 to 1, a std over 0 and at most 1",
                todo=f"write {error.meant}" if error.meant else "correct the mean",
            ) from error

    def said(self) -> Said:
        """What is given, by field of `Preprocessing`."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return said({key: value for key, value in given.items() if value is not None})


@dataclass(frozen=True, slots=True, kw_only=True)
class InputOptions:
    """What the user asked to be read. Everything None is taken from the checkpoint, or assumed and said so."""

    GROUP: ClassVar = Group("Inputs")

    checkpoint: CheckpointPath
    dataset: Annotated[
        str,
        Option(
            "`oxford-iiit-pet`, `imagefolder`, `manifest`, or `package.module:reader`.",
            more="A manifest is a CSV or Parquet table with path, label, optional species and split.",
            example='"imagefolder"',
        ),
    ]
    source: DataSource
    arch: Annotated[
        str | None,
        Option(
            "torchvision architecture, `timm/NAME`, or `package.module:factory`.",
            unset="the checkpoint's",
            more="timm needs `pip install 'reportgen[timm]'`. A factory is a function, a class or a model; the current "
            "folder is searched first.",
            example='"resnet50"',
        ),
    ] = None
    model_name: Annotated[
        str | None,
        Checked(lambda value: None if value is None else _name(value)),
        Option("Name of the model's folder in the archive.", unset="the architecture", example='"pets-nightly"'),
    ] = None
    target_layer: Annotated[
        str | None,
        Option(
            "Module at which class activation maps are taken, such as `features.18`.",
            unset="the architecture's",
            more="Known for every family of torchvision, for timm and for transformers.",
            example='"features.18"',
        ),
    ] = None
    preprocessing: PreprocessingOptions = field(default_factory=PreprocessingOptions)
    species_path: Annotated[
        Path | None,
        Option(
            "TOML file with a `[species]` table.",
            key="species",
            unset="the data set's, else the checkpoint's",
            example='"species.toml"',
        ),
    ] = None
    notes_path: NotesPath = None
    renamed: Annotated[
        Mapping[str, str],
        Checked(_names_as_they_are_compared),
        Option(
            "Checkpoint's class name = data set's class name.", key="rename", flag="", example='"Toy Dog" = "toy_dog"'
        ),
    ] = field(default_factory=dict)
    notice: Annotated[str | None, Option("A line for the top of every page.", example='"Internal"')] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOptions:
    """Which earlier runs the run is compared with."""

    GROUP: ClassVar = Group("Comparison and gate")

    baseline: Annotated[
        str,
        Option(
            "The run to compare with: `latest` (the last comparable run of this model), `passed` (the last whose gate "
            "did not fail), `none`, or a run directory."
        ),
    ] = "latest"
    across_precision: Annotated[
        bool,
        Option(
            "Also compare with a run of another precision.",
            more="Other devices and library versions are always compared, and named.",
        ),
    ] = False
