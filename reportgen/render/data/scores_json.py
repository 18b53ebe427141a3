"""How good the model is, and what it confuses: the keys of findings.json that come from the predictions alone."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field

from reportgen.analyse.confusion import MAX_WHOLE
from reportgen.analyse.cross_species import CrossSpeciesError
from reportgen.analyse.findings import Findings
from reportgen.analyse.groups import ConfusedGroup
from reportgen.analyse.pairs import ConfusedPair
from reportgen.analyse.scores import ClassScore
from reportgen.evaluate.predictions import Predictions
from reportgen.inputs.stored_fields import Count, Fraction, Name, PathText
from reportgen.runs.published import Positive, Published, from_attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScoreJson(Published):
    """The scores of one class."""

    class_: Annotated[Name, Field(serialization_alias="class")]
    """Its name."""
    species: Name | None
    """Its species; null where none are known."""
    n: Count
    """Images of the class."""
    correct: Count
    """Images of the class that were predicted as it."""
    precision: Fraction | None
    """correct / images that were predicted as this class; null for a class that was never predicted."""
    recall: Fraction | None
    """correct / n; null for a class without images."""
    f1: Fraction | None
    """Harmonic mean of precision and recall; null for a class without images."""

    @classmethod
    def of(cls, row: ClassScore) -> Self:
        """From the scores of a class."""
        return from_attributes(cls, row, class_=row.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresJson(Published):
    """How good the model is. Averages over classes take the classes that have images."""

    n: Positive
    """Images that were read and evaluated; unreadable ones do not count."""
    correct: Count
    """Images whose predicted class is the true one."""
    accuracy: Fraction
    """correct / n."""
    accuracy_ci: tuple[Fraction, Fraction]
    """95% Wilson interval of accuracy: low, high."""
    balanced_accuracy: Fraction
    """Mean of the recalls of the classes."""
    macro_f1: Fraction
    """Mean of f1 of the classes."""
    top5_accuracy: Fraction | None
    """Share of images with the true class among the five largest logits; null with five classes or fewer."""
    species_accuracy: Fraction | None
    """Share of images whose predicted class has the true species; null without species."""
    per_class: tuple[ClassScoreJson, ...]
    """One entry per class, in the order of confusion.classes."""

    @classmethod
    def of(cls, findings: Findings) -> Self:
        """From the findings."""
        rows = tuple(ClassScoreJson.of(row) for row in findings.scores.per_class)
        return from_attributes(cls, findings.scores, per_class=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionJson(Published):
    """What was predicted as what."""

    classes: tuple[Name, ...]
    """The K class names: the order of every matrix, and of the columns of `logits` in logits.npz."""
    counts: tuple[tuple[Count, ...], ...] | None
    """K rows of K images: rows true, columns predicted; null with more than 2,000 classes."""
    cells: tuple[tuple[Count, Count, Positive], ...]
    """What is not 0 of it: number of the true class (from 0), of the predicted class, images."""

    @classmethod
    def of(cls, findings: Findings) -> Self:
        """The whole matrix, and its cells; with more classes than a whole one is written for, only these."""
        entries = findings.confusion.tocoo()
        cells = sorted(zip(entries.row.tolist(), entries.col.tolist(), entries.data.tolist(), strict=True))
        whole = entries.shape[0] <= MAX_WHOLE
        return cls(
            classes=findings.predictions.facts.classes,
            counts=tuple(map(tuple, findings.confusion.toarray().tolist())) if whole else None,
            cells=tuple(cells),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairJson(Published):
    """Two classes that were confused at least once, in either direction."""

    rank: Positive
    """Place in this list, from 1."""
    a: Name
    """The class that was predicted as the other one more often, or that comes first in the order of classes."""
    b: Name
    """The other class."""
    a_as_b: Count
    """Images of a that were predicted as b."""
    b_as_a: Count
    """Images of b that were predicted as a."""
    n_a: Count
    """Images of a."""
    n_b: Count
    """Images of b."""
    rate: Fraction
    """(a_as_b + b_as_a) / (n_a + n_b)."""
    rate_ci: tuple[Fraction, Fraction]
    """95% Wilson interval of rate: low, high."""
    impact: Fraction
    """How much accuracy would rise if the two were never confused: their errors / scores.n."""
    p_value: Fraction
    """Probability of as many errors or more if errors fell evenly on all other classes (binomial test, one-sided)."""
    significant: bool
    """Whether there are more errors than chance would produce (Benjamini-Hochberg over all pairs, 3 errors or more)."""
    p_scatter: Fraction
    """The same as p_value; its name in the first versions."""
    evident: bool
    """The same as significant; its name in the first versions."""
    direction: Literal["mutual", "one_way"]
    """one_way where the rarer direction is within what chance would produce."""

    @classmethod
    def of(cls, pair: ConfusedPair, classes: tuple[str, ...]) -> Self:
        """With the names of its classes."""
        return from_attributes(
            cls, pair, a=classes[pair.a], b=classes[pair.b], p_scatter=pair.p_value, evident=pair.significant
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupJson(Published):
    """Two or more classes that are confused with one another."""

    classes: tuple[Name, ...]
    """Its classes, in the order of confusion.classes."""
    errors: Count
    """Images of one of them that were predicted as another one of them."""
    impact: Fraction
    """errors / scores.n."""

    @classmethod
    def of(cls, group: ConfusedGroup, classes: tuple[str, ...]) -> Self:
        """With the names of its classes."""
        return from_attributes(cls, group, classes=tuple(classes[k] for k in group.classes))


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossSpeciesJson(Published):
    """An error whose predicted class belongs to another species."""

    sample_id: PathText
    """The image's id in the data set."""
    path: PathText
    """Its file."""
    target: Name
    """The true class."""
    pred: Name
    """The predicted class."""
    target_species: Name
    """Species of the true class."""
    pred_species: Name
    """Species of the predicted class."""
    confidence: Fraction
    """Probability of the predicted class."""
    prob_species: Fraction
    """Sum of the probabilities of all classes of the true species."""

    @classmethod
    def of(cls, error: CrossSpeciesError, predictions: Predictions) -> Self:
        """With the names of image and classes."""
        classes = predictions.facts.classes
        return from_attributes(
            cls,
            error,
            sample_id=predictions.sample_ids[error.idx],
            path=predictions.paths[error.idx],
            target=classes[error.target],
            pred=classes[error.pred],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassOrderJson(Published):
    """Whether some other order of the model's outputs would fit the labels far better."""

    accuracy: Fraction
    """As in scores."""
    best_accuracy: Fraction
    """In the best of all orders of the outputs, which may be the one that they have."""
    suspicious: bool
    """Whether that is better by more than 0.20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationJson(Published):
    """Whether the model is as often right as its confidence says."""

    ece: Fraction
    """Expected calibration error."""
    n_bins: Positive
    """Bins of equal width over the confidence from 0 to 1."""
