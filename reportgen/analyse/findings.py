"""The front door of stage 3: everything that is worked out from the predictions."""

from dataclasses import dataclass

from reportgen.analyse.class_order import ClassOrder, class_order
from reportgen.analyse.confusion import Counts, confusion_counts
from reportgen.analyse.cross_species import CrossSpeciesError, cross_species_errors
from reportgen.analyse.examples import Example, ExampleRule, examples
from reportgen.analyse.groups import ConfusedGroup, confused_groups
from reportgen.analyse.pairs import ConfusedPair, confused_pairs
from reportgen.analyse.scores import Scores, n_top5_hits, scores
from reportgen.evaluate.predictions import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found. Class numbers index `predictions.facts.classes`; `idx` is a row of `predictions`."""

    predictions: Predictions
    scores: Scores
    confusion: Counts
    pairs: tuple[ConfusedPair, ...]
    groups: tuple[ConfusedGroup, ...]
    cross_species: tuple[CrossSpeciesError, ...]
    class_order: ClassOrder
    examples: tuple[Example, ...]
    rule: ExampleRule


def analyse(predictions: Predictions, rule: ExampleRule) -> Findings:
    """All findings of N >= 1 predictions; the same predictions give the same findings."""
    classes, species = predictions.facts.classes, predictions.facts.taxonomy.species
    probs, preds, targets = predictions.probs(), predictions.preds(), predictions.targets
    counts = confusion_counts(targets, preds, len(classes))
    pairs = confused_pairs(counts)
    groups = confused_groups(counts, pairs)
    strangers = cross_species_errors(probs, targets, preds, species=species)
    return Findings(
        predictions=predictions,
        scores=scores(counts, n_top5_hits(predictions.logits, targets), classes=classes, species=species),
        confusion=counts,
        pairs=pairs,
        groups=groups,
        cross_species=strangers,
        class_order=class_order(counts),
        examples=examples(probs, targets, groups=groups, cross_species=strangers, rule=rule),
        rule=rule,
    )
