"""What was run: the keys of findings.json about model, images, preprocessing and machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field

from reportgen.analyse.findings import Findings
from reportgen.compose.report import Report
from reportgen.evaluate.predictions import Predictions
from reportgen.inputs.datasets.passed_over import SystemFileKind
from reportgen.inputs.facts import Remark, RunFacts
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.models.output_reading import Numbers, Program
from reportgen.inputs.stored_fields import Count, Name, PathText
from reportgen.runs.published import Positive, Published, Sha256Text, from_attributes

Px = Annotated[int, Field(ge=1)]
Deviation = Annotated[float, Field(gt=0)]
PreprocessingSource = Literal["configuration", "checkpoint", "timm", "architecture", "assumed"]
ClassNamesFrom = Literal["checkpoint", "data_set"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelJson(Published):
    """The model."""

    name: str
    """Its name in the report and in the archive."""
    arch: str
    """Its architecture, as it was named."""
    checkpoint_sha256: Sha256Text
    """SHA-256 of the checkpoint's bytes."""
    n_params: Count
    """Trainable numbers."""
    target_layer: str | None
    """The layer that Grad-CAM looks at; null where no method needs one."""
    weights_prefix: str | None
    """What was taken off the names of the weights, such as `module.`; null where nothing was."""
    weights_left_out: tuple[str, ...]
    """Names of weights that belong to a loss, a metric or a copy of the model."""

    @classmethod
    def of(cls, report: Report) -> Self:
        """Of a report."""
        model = report.findings.predictions.facts.model
        return from_attributes(
            cls,
            model,
            target_layer=report.attributions.target_layer or None,
            weights_prefix=model.weights_prefix or None,
            weights_left_out=model.left_out,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableJson(Published):
    """A listed image that could not be decoded."""

    sample_id: PathText
    """Its id in the data set."""
    reason: str
    """Why, in English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SameFileJson(Published):
    """A file that stands in the data set more than once."""

    sample_ids: Annotated[tuple[PathText, ...], Field(min_length=2)]
    """Images with the same bytes."""
    several_labels: bool
    """Whether they have different labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataJson(Published):
    """The images."""

    name: str
    """Name of the data set."""
    split: str
    """Its part, such as test or val."""
    n_samples: Positive
    """Images that were read."""
    n_classes: Positive
    """Classes, also those without images."""
    n_unreadable: Count
    """Listed images that could not be decoded."""
    unreadable: tuple[UnreadableJson, ...]
    """Each of them."""
    fingerprint: Sha256Text
    """Equal for two runs that saw the same images through the same crop: see below."""
    notice: str | None
    """The user's own words about the data."""
    passed_over: Mapping[SystemFileKind, Positive]
    """Files and folders that are no images of the user's, by kind; beside: beside the class folders, loop: a link
    back to a folder above it."""
    same_files: tuple[SameFileJson, ...]
    """Files that are there more than once, those with several labels first."""
    n_turned: Count | None
    """Images with an EXIF orientation other than 1; null for runs of older versions."""
    n_turned_wrong: Count | None
    """How many of them have a wrong prediction; null for runs of older versions."""

    @classmethod
    def of(cls, findings: Findings) -> Self:
        """Of the findings."""
        predictions, ids = findings.predictions, findings.predictions.sample_ids
        return from_attributes(
            cls,
            predictions.facts.data,
            n_samples=len(ids),
            n_classes=len(predictions.facts.classes),
            n_unreadable=len(predictions.unreadable),
            unreadable=tuple(from_attributes(UnreadableJson, image) for image in predictions.unreadable),
            fingerprint=predictions.fingerprint,
            same_files=tuple(
                SameFileJson(sample_ids=tuple(ids[row] for row in one.rows), several_labels=one.several_labels)
                for one in findings.files.same
            ),
            n_turned=findings.files.n_turned,
            n_turned_wrong=findings.files.n_turned_wrong,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonomyJson(Published):
    """The species of the classes."""

    source: str | None
    """What gave them; null without any."""
    reason: str | None
    """Why there are none; null where there are."""
    species: Mapping[Name, Name] | None
    """Species by class; null without any."""

    @classmethod
    def of(cls, facts: RunFacts) -> Self:
        """Of a run."""
        given, classes = facts.taxonomy, facts.classes
        species = dict(zip(classes, given.species, strict=True)) if given.species else None
        return cls(source=given.source or None, reason=given.reason or None, species=species)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreprocessingJson(Published):
    """How a decoded image became the model's input."""

    resize_px: Px | tuple[Px, Px]
    """The shorter side after the resize; or height and width."""
    crop_px: Px | tuple[Px, Px]
    """Side of the square that is cropped from the centre; or height and width."""
    fit: Literal["shorter_side", "squash"]
    """Whether the resize keeps the image's shape or gives both sides."""
    mean: tuple[float, ...]
    """Taken off each channel, of pixels in [0, 1]."""
    std: tuple[Deviation, ...]
    """What each channel is divided by."""
    interpolation: Literal["bilinear", "bicubic", "nearest"]
    """Of the resize."""
    exif: Literal["ignore", "apply"]
    """Whether images are turned as their EXIF orientation says; older versions, which had no such key, did."""
    channels: Literal[1, 3]
    """3 for RGB, 1 for grey."""
    sources: Mapping[str, PreprocessingSource]
    """Who gave each of these keys; empty for runs of older versions."""

    @classmethod
    def of(cls, preprocessing: Preprocessing, sources: Mapping[str, str]) -> Self:
        """With who gave each field."""
        return from_attributes(cls, preprocessing, sources=sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputsJson(Published):
    """What the model returns, before it was turned into logits."""

    numbers: Numbers
    """What its numbers are."""
    place: tuple[str | int, ...]
    """Keys and numbers on the way to the scores in what it returns; empty where it returns a tensor."""
    program: Program | None
    """The kind of file where the model is a program of its own."""
    remark: Remark | None
    """batch_dependent: an image's outputs depend on the images beside it; not_repeatable: the same image gives other
    outputs each time."""

    @classmethod
    def of(cls, facts: RunFacts) -> Self:
        """Of a run."""
        return from_attributes(cls, facts.outputs, place=facts.outputs.steps, remark=facts.remark)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgmaxCheckJson(Published):
    """What bfloat16 changed."""

    n: Positive
    """Images that were evaluated in float32 as well."""
    n_differ: Count
    """How many of them have another predicted class there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeJson(Published):
    """Where the model ran, and how exactly."""

    device: str
    """As torch names it, such as cpu or cuda:0."""
    device_name: str
    """Its product name."""
    precision: Literal["fp32", "bf16"]
    """Of the evaluation."""
    n_threads: Positive
    """Threads of torch on the CPU."""
    deterministic: bool
    """Whether no foreign code changed torch's arithmetic: `switched` is empty."""
    torch_version: str
    """Version of torch."""
    software: Mapping[str, str]
    """Versions of what decodes and resizes images and builds the model, by name."""
    arithmetic: Mapping[str, str]
    """torch's switches of arithmetic at the end of the evaluation: value by name."""
    switched: tuple[str, ...]
    """Those that foreign code had changed by then, as `name: value`."""
    argmax_check: ArgmaxCheckJson | None
    """Of bf16 runs; else null."""

    @classmethod
    def of(cls, predictions: Predictions) -> Self:
        """Of a run."""
        check = predictions.argmax and from_attributes(ArgmaxCheckJson, predictions.argmax)
        return from_attributes(cls, predictions.compute, argmax_check=check)
