"""Metadata of model, data set and run (`ModelFacts`, `DataFacts`, `RunFacts`), free of torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reportgen.inputs.classes import ClassAlignment
from reportgen.inputs.images.preprocessing import StoredPreprocessing
from reportgen.inputs.models.output_reading import NOT_YET_READ, Reading
from reportgen.inputs.taxonomy import Taxonomy

Remark = Literal[
    "batch_dependent",  # a picture's outputs depend on the pictures beside it
    "not_repeatable",  # the same picture gives other outputs each time
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """The model, in words and numbers. `target_layer` is the one asked for, None for the architecture's own.

    weights_prefix was taken off the names of the weights; left_out are the weights of the checkpoint that belong to a
    loss, a metric or a copy of the model.
    """

    name: str
    arch: str
    checkpoint_file: str
    checkpoint_sha256: str
    checkpoint_wrapper: str
    epoch: int | None
    n_params: int
    target_layer: str | None
    weights_prefix: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """The data set, in words and numbers. `n_listed` counts every listed image, readable or not.

    passed_over: files and folders by kind that are no images of the user's, see `LabelledImages`.
    """

    name: str
    split: str
    root: str
    n_listed: int
    notice: str | None
    passed_over: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """All that later stages need to know of the inputs; plain values, stored with the run.

    preprocessing_sources says who gave each field of `preprocessing` (configuration, checkpoint, timm, architecture or
    assumed; empty for a run of an older version), preprocessing_source the one of them that has most say. outputs: how
    what the model returns was read; n_columns is 0 for a run of an older version. remark: what the trial found to be
    said of the outputs.
    """

    model: ModelFacts
    data: DataFacts
    alignment: ClassAlignment
    taxonomy: Taxonomy
    preprocessing: StoredPreprocessing
    preprocessing_source: str
    own_notes: str | None
    preprocessing_sources: Mapping[str, str] = field(default_factory=dict)
    outputs: Reading = NOT_YET_READ
    remark: Remark | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The K class names, in the order of every matrix and logit column."""
        return self.alignment.classes

    @property
    def second_of_two(self) -> str:
        """The class of output 1: the one that a single sigmoid's output speaks for."""
        names = {output: name for name, output in zip(self.classes, self.alignment.output_idx, strict=True)}
        return names.get(1, "")
