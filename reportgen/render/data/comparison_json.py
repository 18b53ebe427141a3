"""The key `comparison` of findings.json: this run against its baseline, paired by image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from reportgen.analyse.comparison import ClassChange, Comparison, PairChange
from reportgen.analyse.findings import Findings
from reportgen.analyse.flips import Churn, Flip, FlipState
from reportgen.analyse.paired import ChangeVerdict
from reportgen.evaluate.predictions import Predictions
from reportgen.inputs.stored_fields import Count, Difference, Fraction, Name, PathText
from reportgen.language import LANGUAGES
from reportgen.render.words import differences_text, mismatch_text
from reportgen.runs.published import LanguageCode, MomentText, Positive, Published, RunIdText, from_attributes, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceJson(Published):
    """A device, a library or a precision that is another than in the baseline although the runs are comparable."""

    name: str
    """device, precision, or the name of the library, such as torch or Pillow."""
    before: str | None
    """Its version or value in the baseline; null where it was not recorded."""
    now: str
    """In this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipJson(Published):
    """An image that was right in one of the two runs and wrong in the other."""

    sample_id: PathText
    """Its id in the data set."""
    path: PathText
    """Its file."""
    kind: Literal["broken", "fixed"]
    """broken: right in the baseline and wrong now; fixed: the other way round."""
    target: Name
    """The true class."""
    pred: Name
    """The predicted class."""
    pred_before: Name
    """The class that the baseline predicted."""
    state: FlipState
    """What the runs in `strip` say of it: wrong for the first time (new), wrong before as well (chronic), changed twice
    or more (flaky), right after it was wrong (fixed), or always right (steady)."""
    strip: tuple[bool, ...]
    """Whether it was right, a run each, oldest first, this run last."""

    @classmethod
    def of(cls, flip: Flip, predictions: Predictions, preds: Any) -> Self:
        """With the names of image and classes; preds (N,): the predicted class numbers."""
        classes = predictions.facts.classes
        return from_attributes(
            cls,
            flip,
            sample_id=predictions.sample_ids[flip.idx],
            path=predictions.paths[flip.idx],
            target=classes[predictions.targets[flip.idx]],
            pred=classes[preds[flip.idx]],
            pred_before=classes[flip.before],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairChangeJson(Published):
    """Two classes that are confused more or less often than in the baseline."""

    a: Name
    """One class, the first in the order of classes."""
    b: Name
    """The other."""
    newly_confused: Count
    """Images of the two that are predicted as the other one now, and were not in the baseline."""
    no_longer_confused: Count
    """The other way round."""
    n: Positive
    """Images of the two in both runs."""
    p_value: Fraction
    """Exact McNemar test, two-sided."""
    difference: Difference
    """(no_longer_confused - newly_confused) / n."""
    difference_ci: tuple[Difference, Difference]
    """95% score interval of difference (Tango): low, high."""
    verdict: ChangeVerdict | None
    """Whether the change is more than chance (Benjamini-Hochberg over all pairs)."""

    @classmethod
    def of(cls, one: PairChange, classes: tuple[str, ...]) -> Self:
        """With the names of its classes."""
        counts = {"newly_confused": one.change.n_broken, "no_longer_confused": one.change.n_fixed}
        return from_attributes(cls, one.change, a=classes[one.a], b=classes[one.b], **counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassChangeJson(Published):
    """A class with images that broke or were fixed."""

    class_: Annotated[Name, Field(serialization_alias="class")]
    """Its name."""
    fixed: Count
    """Its images that were wrong in the baseline and are right now."""
    broken: Count
    """Its images that were right in the baseline and are wrong now."""
    n: Positive
    """Its images in both runs."""
    p_value: Fraction
    """Exact McNemar test, two-sided."""
    difference: Difference
    """(fixed - broken) / n: how much the share of right answers rose."""
    difference_ci: tuple[Difference, Difference]
    """95% score interval of difference (Tango): low, high."""
    verdict: ChangeVerdict | None
    """Whether the change is more than chance (Benjamini-Hochberg over all classes)."""

    @classmethod
    def of(cls, one: ClassChange, classes: tuple[str, ...]) -> Self:
        """With the name of its class."""
        return from_attributes(
            cls, one.change, class_=classes[one.k], fixed=one.change.n_fixed, broken=one.change.n_broken
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnJson(Published):
    """How many images changed between right and wrong."""

    tonight: Fraction
    """Share of images between the baseline and this run."""
    usual: tuple[Fraction, ...]
    """The same between each earlier run and the next, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorStatesJson(Published):
    """Wrong predictions of this run, by what the earlier runs said of the image; see flips.state."""

    new: Count
    """Right in the run before."""
    chronic: Count
    """Wrong in the run before as well."""
    flaky: Count
    """Changed twice or more."""

    @classmethod
    def of(cls, churn: Churn) -> Self:
        """From the counts."""
        return cls(new=churn.n_new, chronic=churn.n_chronic, flaky=churn.n_flaky)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRunJson(Published):
    """A run that the strips show."""

    run_id: RunIdText
    """Its id."""
    created_at: MomentText
    """When it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonJson(Published):
    """Against the baseline.

    Where the runs are not comparable: counts over the images with the same file and label in both, and no judgement.
    """

    baseline_run_id: RunIdText
    """The run that this one is compared with."""
    baseline_created_at: MomentText
    """When it was made."""
    baseline_accuracy: Fraction | None
    """Its accuracy; null for a run without images."""
    same_checkpoint: bool
    """Whether it has the same checkpoint, byte for byte."""
    comparable: bool
    """Whether both runs saw the same images, labels, classes and crop, in a precision that may be compared."""
    reason: str | None
    """Why not, in the language of this file; null where they are comparable."""
    reasons: Mapping[LanguageCode, str]
    """The same by language; empty texts where they are comparable."""
    differences: tuple[DifferenceJson, ...]
    """What is another than in the baseline although the runs are comparable."""
    across: str | None
    """The same in words, in the language of this file; null where nothing is."""
    acrosses: Mapping[LanguageCode, str]
    """The same by language; empty texts where nothing is."""
    n_paired: Count
    """Images in both runs."""
    fixed: Count
    """Images that were wrong in the baseline and are right now."""
    broken: Count
    """Images that were right in the baseline and are wrong now."""
    p_value: Fraction | None
    """Exact McNemar test, two-sided; null where the runs are not comparable."""
    accuracy_difference: Difference | None
    """(fixed - broken) / n_paired; null without a paired image."""
    accuracy_difference_ci: tuple[Difference, Difference] | None
    """95% score interval of accuracy_difference (Tango): low, high; null without a paired image."""
    verdict: ChangeVerdict | None
    """Whether the change is more than chance; null where the runs are not comparable."""
    negative_flip_rate: Fraction | None
    """broken / n_paired; null without a paired image."""
    passed_over: tuple[RunIdText, ...]
    """Later runs that could not be the baseline."""
    flips: tuple[FlipJson, ...]
    """Images that broke or were fixed."""
    pairs: tuple[PairChangeJson, ...]
    """Pairs of classes with a change, worst first."""
    classes: tuple[ClassChangeJson, ...]
    """Classes with a change, worst first."""
    entered_top_ten: tuple[tuple[Name, Name], ...]
    """Pairs that are among the first ten of `pairs` of this run and were not in the baseline."""
    left_top_ten: tuple[tuple[Name, Name], ...]
    """Pairs that were and are not."""
    new_cross_species: tuple[PathText, ...]
    """Images (sample_id) whose predicted class has another species now, and had not in the baseline."""
    churn: ChurnJson | None
    """How many images changed; null where the runs are not comparable."""
    errors: ErrorStatesJson | None
    """How the errors of this run came about; null where the runs are not comparable."""
    nights: tuple[EarlierRunJson, ...]
    """The runs of the strips before this one, oldest first."""

    @classmethod
    def of(cls, findings: Findings, against: Comparison, code: str) -> Self:
        """With sentences in the language `code`, and in each."""
        baseline, overall, churn = against.baseline, against.overall, against.churn
        right, model = baseline.correct(), findings.predictions.facts.model
        return cls(
            baseline_run_id=baseline.run_id,
            baseline_created_at=baseline.created_at,
            baseline_accuracy=float(right.mean()) if right.size else None,
            same_checkpoint=baseline.checkpoint_sha256 == model.checkpoint_sha256,
            comparable=against.comparable,
            reason=mismatch_text(against, code) or None,
            reasons={each: mismatch_text(against, each) for each in LANGUAGES},
            differences=tuple(from_attributes(DifferenceJson, one) for one in against.differences),
            across=differences_text(against, code) or None,
            acrosses={each: differences_text(against, each) for each in LANGUAGES},
            n_paired=overall.n if overall else 0,
            fixed=overall.n_fixed if overall else 0,
            broken=overall.n_broken if overall else 0,
            p_value=overall.p_value if overall and against.comparable else None,
            accuracy_difference=overall.difference if overall else None,
            accuracy_difference_ci=overall.difference_ci if overall else None,
            verdict=overall.verdict if overall else None,
            negative_flip_rate=overall.n_broken / overall.n if overall else None,
            passed_over=against.passed_over,
            churn=ChurnJson(tonight=churn.this_run, usual=churn.usual) if churn else None,
            errors=ErrorStatesJson.of(churn) if churn else None,
            nights=tuple(from_attributes(EarlierRunJson, run) for run in against.runs),
            **_by_name(findings.predictions, against),
        )


def _by_name(predictions: Predictions, against: Comparison) -> dict[str, Any]:
    """What holds numbers of classes and images, by their names."""
    classes, preds = predictions.facts.classes, predictions.preds()
    return {
        "flips": tuple(FlipJson.of(flip, predictions, preds) for flip in against.flips),
        "pairs": tuple(PairChangeJson.of(one, classes) for one in against.pairs),
        "classes": tuple(ClassChangeJson.of(one, classes) for one in against.classes),
        "entered_top_ten": tuple((classes[one.a], classes[one.b]) for one in against.entered),
        "left_top_ten": tuple((classes[one.a], classes[one.b]) for one in against.left),
        "new_cross_species": tuple(predictions.sample_ids[idx] for idx in against.new_cross_species),
    }


def comparison_json(findings: Findings, code: str) -> dict[str, Any] | None:
    """The key as plain values, with its sentences in the language `code`. None without an earlier run."""
    against = findings.comparison
    return plain(ComparisonJson.of(findings, against, code)) if against else None
