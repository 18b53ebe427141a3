"""The key `explanation` of findings.json: the attribution methods, and how far their maps can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from reportgen.compose.report import Report
from reportgen.explain.attributions import Attributions
from reportgen.explain.checks.randomization import RandomizationOutcome, RandomizationTest
from reportgen.explain.checks.run_localisation import localisation_summary
from reportgen.explain.method_traits import Explains, MethodUse, Refusal, RefusalReason
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.stored_fields import Count, Fraction, PathText
from reportgen.runs.published import Correlation, LanguageCode, Published, from_attributes, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitsJson(Published):
    """What an attribution method says of itself."""

    title: str | Mapping[LanguageCode, str]
    """Its name on the pages, in English or by language; empty for the name that it was asked by."""
    description: str | Mapping[LanguageCode, str]
    """What it does, in English or by language; `%(name)s` stands for a setting."""
    explains: Explains
    """The predicted class; that and its rival, each with a map of its own; or the one against the other."""
    at: Literal["layer", "pixels"]
    """Where its maps live: at the target layer, or on the input's pixels."""
    overlay: bool
    """Whether a map is always laid over the image."""
    scale: str
    """Maps of an image whose methods name the same scale are drawn on one; empty for a scale of its own."""
    localises: bool
    """Whether the report says in words where its maps lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodJson(Published):
    """A method that was used."""

    name: str
    """Its name."""
    layer: str
    """The layer that it looks at; empty for methods on the input's pixels."""
    settings: Mapping[str, str | int | float]
    """Its settings."""
    adjusted: Mapping[str, Count]
    """What was changed for it on a private copy of the model, by kind."""
    traits: TraitsJson
    """What it says of itself."""

    @classmethod
    def of(cls, use: MethodUse) -> Self:
        """Of a method."""
        return from_attributes(cls, use, traits=from_attributes(TraitsJson, use.traits))


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedJson(Published):
    """A method that was asked for and does not hold for the model."""

    name: str
    """Its name."""
    reason: RefusalReason
    """Why."""
    detail: str
    """What stands in the way, where the reason does not say it."""
    traits: TraitsJson
    """What it says of itself."""

    @classmethod
    def of(cls, refusal: Refusal) -> Self:
        """Of a method."""
        return from_attributes(cls, refusal, traits=from_attributes(TraitsJson, refusal.traits))


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationsJson(Published):
    """Mean rank correlation with the original map, by what was made random; null where no image could be compared."""

    head: Correlation | None
    """The last layer."""
    upper_half: Correlation | None
    """The upper half of the layers: the stage that is judged."""
    all: Correlation | None
    """Every layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateJson(Published):
    """The randomization test of a method: do its maps change with the model's weights?"""

    method: str
    """Its name."""
    correlation: CorrelationsJson
    """How alike the maps of the random model are."""
    n_pictures: Count
    """Images that took part in the judged stage."""
    by_picture: tuple[Correlation, ...]
    """The correlations of each with the upper half random."""
    interval: tuple[Correlation, Correlation] | None
    """95% interval of their mean: low, high; null with fewer than two."""
    outcome: RandomizationOutcome
    """Whether the maps change as they should; borderline where the interval does not tell."""

    @classmethod
    def of(cls, test: RandomizationTest) -> Self:
        """Of a test."""
        return from_attributes(cls, test, correlation=CorrelationsJson(**dict(test.correlation.items())))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionJson(Published):
    """What bfloat16 changes in the maps of a method."""

    method: str
    """Its name."""
    correlation: tuple[Correlation, ...]
    """Pearson correlation of its maps in both precisions, one an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneJson(Published):
    """An image that was chosen to be explained, and is left out, since its file is not what was evaluated."""

    sample_id: PathText
    """Its id in the data set."""
    reason: Literal["unreadable", "changed"]
    """What is wrong with the file."""
    detail: str
    """What reading it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalisationJson(Published):
    """Where the largest value of the Grad-CAM maps of some images lies."""

    n_rows: Count
    """Images with a mask."""
    n: Count
    """Those of them in which it can be told whether the largest value is on the object."""
    n_off: Count
    """Those of these in which it is off it."""
    share_ci: tuple[Fraction, Fraction]
    """95% Wilson interval of share: low, high."""
    energy: Fraction | None
    """Mean share of a map's sum that lies on the object; null without any image."""
    area: Fraction | None
    """Mean share of an image that is object; null without any image."""
    share: Fraction | None
    """n_off / n; null without any image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakOffObjectJson(Published):
    """Whether the evidence lies off the object, in errors and in hits of the whole run."""

    errors: LocalisationJson
    """Images whose prediction is wrong."""
    hits: LocalisationJson
    """Images whose prediction is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationJson(Published):
    """The methods of the run, and how far their maps can be trusted."""

    options: ExplainOptions
    """What was asked for."""
    methods: tuple[MethodJson, ...]
    """Methods that were used."""
    refused: tuple[RefusedJson, ...]
    """Methods that were asked for and do not hold for the model."""
    certificates: tuple[CertificateJson, ...]
    """The randomization tests."""
    precision: tuple[PrecisionJson, ...]
    """Of bf16 runs, one a method that works in bfloat16."""
    switched: Mapping[str, tuple[str, ...]]
    """By method, as `name: value`: switches of torch's arithmetic that it, or the model that it ran, changed; undone
    after each of its calls."""
    gone: tuple[GoneJson, ...]
    """Images that were chosen to be explained, and left out."""
    peak_off_object: PeakOffObjectJson
    """Where the evidence lies over the whole run."""

    @classmethod
    def of(cls, attributions: Attributions, sample_ids: tuple[str, ...]) -> Self:
        """Of a run."""
        errors = localisation_summary([row for row in attributions.focus if not row.correct])
        hits = localisation_summary([row for row in attributions.focus if row.correct])
        return from_attributes(
            cls,
            attributions,
            methods=tuple(MethodJson.of(one) for one in attributions.methods),
            refused=tuple(RefusedJson.of(one) for one in attributions.refusals),
            certificates=tuple(CertificateJson.of(one) for one in attributions.randomization_tests),
            precision=tuple(from_attributes(PrecisionJson, one) for one in attributions.precision),
            gone=tuple(
                from_attributes(GoneJson, one, sample_id=sample_ids[one.example.idx]) for one in attributions.gone
            ),
            peak_off_object=PeakOffObjectJson(
                errors=from_attributes(LocalisationJson, errors), hits=from_attributes(LocalisationJson, hits)
            ),
        )


def explanation_json(report: Report) -> dict[str, Any]:
    """The key `explanation` as plain values."""
    found: dict[str, Any] = plain(ExplanationJson.of(report.attributions, report.findings.predictions.sample_ids))
    return found
