"""The machine-readable contract, findings.json: schema version 1. Keys are added, never changed in meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from reportgen.analyse.calibration import N_BINS
from reportgen.compose.report import Report
from reportgen.render.data.comparison_json import ComparisonJson
from reportgen.render.data.explanation_json import ExplanationJson
from reportgen.render.data.gate_json import GateJson
from reportgen.render.data.panels_json import PanelJson
from reportgen.render.data.run_json import (
    ComputeJson,
    DataJson,
    ModelJson,
    OutputsJson,
    PreprocessingJson,
    TaxonomyJson,
)
from reportgen.render.data.scores_json import (
    CalibrationJson,
    ClassOrderJson,
    ConfusionJson,
    CrossSpeciesJson,
    GroupJson,
    PairJson,
    ScoresJson,
)
from reportgen.runs.published import LanguageCode, MomentText, Published, RunIdText, Seconds, from_attributes, plain

SCHEMA_VERSION: Literal[1] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsJson(Published):
    """What a run found. Fractions are in [0, 1], counts are whole numbers, unknown is null."""

    schema_version: Literal[1]
    """Stays 1: later versions add keys, and never change the meaning of one."""
    run_id: RunIdText
    """The run: its time (UTC, to the millisecond) and the first digits of checkpoint_sha256."""
    created_at: MomentText
    """When it was made: UTC, ISO 8601."""
    language: LanguageCode
    """The language of the sentences in this file."""
    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=1)]
    """Languages of the reports that were made; `language` comes first."""
    model: ModelJson
    """The model."""
    data: DataJson
    """The images."""
    scores: ScoresJson
    """How good the model is."""
    confusion: ConfusionJson
    """What was predicted as what."""
    pairs: tuple[PairJson, ...]
    """Every pair of classes with an error, best evidence first: by the lower end of rate_ci."""
    groups: tuple[GroupJson, ...]
    """Groups of classes that are confused with one another, biggest impact first."""
    cross_species: tuple[CrossSpeciesJson, ...]
    """Errors whose predicted class belongs to another species, most surprising first: lowest prob_species."""
    panels: tuple[PanelJson, ...]
    """Images that were explained."""
    comparison: ComparisonJson | None
    """Against the baseline; null without an earlier run."""
    gate: GateJson
    """Whether the run passes."""
    timing: Mapping[str, Seconds]
    """Seconds by stage; empty in the copy inside the PDF."""
    taxonomy: TaxonomyJson
    """The species of the classes."""
    class_names_from: Literal["checkpoint", "data_set"]
    """What named the model's outputs; data_set: its order of classes was assumed."""
    class_order: ClassOrderJson
    """Whether the order of the classes looks wrong."""
    preprocessing: PreprocessingJson
    """How a decoded image became the model's input."""
    outputs: OutputsJson
    """What the model returns."""
    calibration: CalibrationJson
    """Whether the model is as often right as it says."""
    compute: ComputeJson
    """Where the model ran, and how exactly."""
    explanation: ExplanationJson
    """The attribution methods, and how far their maps can be trusted."""

    @classmethod
    def of(cls, report: Report) -> Self:
        """Of a report in its first language."""
        findings, stamp, predictions = report.findings, report.stamp, report.findings.predictions
        facts, classes, against = predictions.facts, predictions.facts.classes, findings.comparison
        return cls(
            schema_version=SCHEMA_VERSION,
            run_id=stamp.run_id,
            created_at=stamp.created_at,
            language=stamp.language,
            languages=stamp.languages,
            model=ModelJson.of(report),
            data=DataJson.of(findings),
            scores=ScoresJson.of(findings),
            confusion=ConfusionJson.of(findings),
            pairs=tuple(PairJson.of(pair, classes) for pair in findings.pairs),
            groups=tuple(GroupJson.of(group, classes) for group in findings.groups),
            cross_species=tuple(CrossSpeciesJson.of(error, predictions) for error in findings.cross_species),
            panels=PanelJson.all_of(report),
            comparison=ComparisonJson.of(findings, against, stamp.language) if against else None,
            gate=GateJson.of(findings, stamp.language),
            timing=dict(stamp.timing),
            taxonomy=TaxonomyJson.of(facts),
            class_names_from=facts.alignment.named_by,
            class_order=from_attributes(ClassOrderJson, findings.class_order),
            preprocessing=PreprocessingJson.of(facts.preprocessing, facts.preprocessing_sources),
            outputs=OutputsJson.of(facts),
            calibration=CalibrationJson(ece=findings.calibration_error, n_bins=N_BINS),
            compute=ComputeJson.of(predictions),
            explanation=ExplanationJson.of(report.attributions, predictions.sample_ids),
        )


def findings_json(report: Report) -> dict[str, Any]:
    """The file's content as plain values."""
    found: dict[str, Any] = plain(FindingsJson.of(report))
    return found
