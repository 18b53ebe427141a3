"""`read_inputs()`: checkpoint, model, data set, class alignment and preprocessing, as `RunInputs` (stage 1)."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reportgen.errors import InputError
from reportgen.inputs.checkpoints import Checkpoint, Fitted, read_checkpoint
from reportgen.inputs.classes import aligned
from reportgen.inputs.datasets.labelled_images import LabelledImages, Sample, read_labelled_images
from reportgen.inputs.datasets.splits import refuse_classes_in_classes
from reportgen.inputs.facts import DataFacts, ModelFacts, RunFacts
from reportgen.inputs.images.preprocessing import Preprocessing, merged
from reportgen.inputs.images.preprocessing_values import Said
from reportgen.inputs.images.reading import read_crop, read_mask
from reportgen.inputs.models.building import read_model
from reportgen.inputs.models.first_forward import ExpectedInput, FirstRun, first_run, refuse_other_width, with_classes
from reportgen.inputs.models.timm_config import timm_preprocessing
from reportgen.inputs.names import as_text
from reportgen.inputs.notes import own_notes_text, read_notes
from reportgen.inputs.options import InputOptions
from reportgen.inputs.taxonomy import Taxonomy, read_species, taxonomy
from reportgen.plain_text import named

log = logging.getLogger(__name__)
# Of preprocessing: the first that says a field decides.
SOURCES = ("configuration", "checkpoint", "timm", "architecture")
# Where 224 is not what the architecture was built for.
_OF_ARCHITECTURE: Mapping[str, Said] = {"inception_v3": {"resize_px": 342, "crop_px": 299}}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInputs:
    """The loaded model (CPU, eval mode), the samples to run it on, and the facts about both."""

    model: nn.Module
    samples: tuple[Sample, ...]
    facts: RunFacts

    def crop(self, sample: Sample) -> tuple[torch.Tensor, str]:
        """The model's view of a sample, (3, h, w) uint8, and its file's SHA-256. Raises UnreadableImageError."""
        return read_crop(sample.path, self.facts.preprocessing)

    def mask(self, sample: Sample) -> NDArray[np.uint8] | None:
        """The same view of the sample's mask, (h, w) codes 1 to 3; None without one. Raises UnreadableImageError."""
        if sample.mask_path is None:
            return None
        return read_mask(sample.mask_path, sample.path, self.facts.preprocessing)


def read_inputs(options: InputOptions) -> RunInputs:
    """Reads and checks checkpoint, data set, class names, species and notes.

    Raises InputError or ConfigError before anything is evaluated.
    """
    loaded = _loaded(options)
    return _inputs(options, loaded, read_labelled_images(options.dataset, options.source))


def read_model_alone(options: InputOptions) -> RunInputs:
    """The same without a data set, for pictures that belong to none: the classes are the checkpoint's, no samples.

    A checkpoint that names no classes gives "output 0", "output 1" and so on.
    """
    return _inputs(options, _loaded(options), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """What is known when the model has run once, and before the data set is read."""

    checkpoint: Checkpoint
    arch: str
    fit: Fitted
    preprocessing: Preprocessing
    sources: Mapping[str, str]
    run: FirstRun


def _loaded(options: InputOptions) -> _Loaded:
    checkpoint = read_checkpoint(options.checkpoint)
    read = read_model(checkpoint, options.arch)
    spoken: dict[str, Said] = {
        "configuration": options.preprocessing.said(),
        "checkpoint": {**read.said, **(checkpoint.preprocessing or {})},
        "timm": timm_preprocessing(read.model),
        "architecture": _OF_ARCHITECTURE.get(read.arch, {}),
    }
    preprocessing, sources = _preprocessing(spoken)
    known = ExpectedInput(
        size=preprocessing.crop_size,
        channels=None if sources["channels"] == "assumed" else preprocessing.channels,
        n_classes=len(checkpoint.classes) if checkpoint.classes else None,
        reading=read.reading,
    )
    if "timm" in sources.values():
        log.info("preprocessing from timm's data configuration: %s", json.dumps(spoken["timm"]))
    run = first_run(read.model, known)
    refuse_other_width(run.reading.n_outputs, checkpoint.classes)
    if run.channels != preprocessing.channels:
        log.info("the model takes images of one channel: they are converted to grey")
        spoken["architecture"] = {**spoken["architecture"], "channels": run.channels}
        preprocessing, sources = _preprocessing(spoken)
    return _Loaded(
        checkpoint=checkpoint, arch=read.arch, fit=read.fit, preprocessing=preprocessing, sources=sources, run=run
    )


def _inputs(options: InputOptions, loaded: _Loaded, data: LabelledImages | None) -> RunInputs:
    checkpoint, run = loaded.checkpoint, loaded.run
    if data and checkpoint.classes is None:
        run = with_classes(run, loaded.preprocessing, len(data.classes))
    n = run.reading.n_outputs
    own_names = checkpoint.classes or tuple(f"output {k}" for k in range(n))
    if data:
        refuse_classes_in_classes(data, checkpoint.classes, n_outputs=n, renamed=options.renamed)
    alignment = aligned(
        data.classes if data else tuple(options.renamed.get(name, name) for name in own_names),
        checkpoint.classes,
        n_outputs=n,
        renamed=options.renamed,
    )
    own_notes = own_notes_text(options.notes_path) if options.notes_path else None
    read_notes(own_notes)  # a malformed note stops the run now, not after the device time
    facts = RunFacts(
        model=_model_facts(options, loaded),
        data=DataFacts(
            name=data.name if data else "",
            split=data.split if data else "",
            root=as_text(str(options.source.root)),
            n_listed=len(data.samples) if data else 0,
            notice=options.notice,
            passed_over=dict(data.passed_over) if data else {},
        ),
        alignment=alignment,
        taxonomy=_taxonomy(alignment.classes, options, checkpoint, data.species if data else {}),
        preprocessing=loaded.preprocessing,
        preprocessing_source=next((one for one in SOURCES if one in loaded.sources.values()), "assumed"),
        preprocessing_sources=loaded.sources,
        own_notes=own_notes,
        outputs=run.reading,
    )
    return RunInputs(model=run.model, samples=data.samples if data else (), facts=facts)


def _preprocessing(sources: Mapping[str, Said]) -> tuple[Preprocessing, dict[str, str]]:
    try:
        return merged(sources)
    except ValueError as error:
        given = "; ".join(f"{name}: {dict(one)}" for name, one in sources.items() if one)
        raise InputError(
            "preprocessing",
            found=f"{error} ({given})",
            expected="values that go together, from the TOML file, the checkpoint, timm and the architecture",
            todo="say all of them in [preprocessing] of the TOML file",
        ) from error


def _model_facts(options: InputOptions, loaded: _Loaded) -> ModelFacts:
    checkpoint = loaded.checkpoint
    return ModelFacts(
        name=options.model_name or loaded.arch.rpartition(":")[2],
        arch=loaded.arch,
        checkpoint_file=checkpoint.path.name,
        checkpoint_sha256=checkpoint.sha256,
        checkpoint_wrapper=checkpoint.wrapper,
        epoch=checkpoint.epoch,
        n_params=sum(parameter.numel() for parameter in loaded.run.model.parameters()),
        target_layer=options.target_layer or checkpoint.target_layer,
        weights_prefix=loaded.fit.prefix,
        left_out=loaded.fit.left_out,
    )


def _taxonomy(
    classes: tuple[str, ...], options: InputOptions, checkpoint: Checkpoint, of_data: Mapping[str, str]
) -> Taxonomy:
    renamed = {options.renamed.get(name, name): species for name, species in checkpoint.species.items()}
    sources: dict[str, Mapping[str, str]] = {"data set": of_data, "checkpoint": renamed}
    if options.species_path is not None:
        own = read_species(options.species_path)
        lacking = [name for name in classes if name not in own]
        if lacking:
            raise InputError(
                f"species file {options.species_path}",
                found=f"no species for {named(lacking)}",
                expected=f"one for each of the {len(classes)} classes",
                todo="add the missing lines",
            )
        sources = {"species file": own, **sources}
    return taxonomy(classes, sources)
