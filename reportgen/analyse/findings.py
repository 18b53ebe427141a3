"""`analyse()`: metrics, confusions, comparison and gate from predictions, as `Findings` (stage 3)."""

from dataclasses import dataclass
from datetime import date

from reportgen.analyse.calibration import expected_calibration_error
from reportgen.analyse.class_order import ClassOrder, class_order
from reportgen.analyse.comparison import Comparison, comparison
from reportgen.analyse.confusion import ConfusionCounts, confusion_counts
from reportgen.analyse.cross_species import CrossSpeciesError, cross_species_errors
from reportgen.analyse.examples import Example, ExampleRule, examples
from reportgen.analyse.files import FileFindings, file_findings
from reportgen.analyse.gallery import Gallery, gallery
from reportgen.analyse.gate import Evidence, Gate, gate
from reportgen.analyse.gate_rules import GateRules
from reportgen.analyse.groups import ConfusedGroup, confused_groups
from reportgen.analyse.pairs import ConfusedPair, confused_pairs
from reportgen.analyse.previous_runs import History
from reportgen.analyse.scores import Scores, n_top5_hits, scores
from reportgen.evaluate.predictions import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What an analysis needs beside the predictions: the date (UTC), earlier runs, and the rules of the gate."""

    today: date
    history: History
    rules: GateRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found. Class numbers index `predictions.facts.classes`; `idx` is a row of `predictions`.

    calibration_error: the expected calibration error, in [0, 1]. comparison: None without an earlier run.
    """

    predictions: Predictions
    scores: Scores
    calibration_error: float
    confusion: ConfusionCounts
    pairs: tuple[ConfusedPair, ...]
    groups: tuple[ConfusedGroup, ...]
    cross_species: tuple[CrossSpeciesError, ...]
    class_order: ClassOrder
    comparison: Comparison | None
    gate: Gate
    examples: tuple[Example, ...]
    gallery: Gallery
    files: FileFindings
    rule: ExampleRule
    run_context: RunContext


def analyse(predictions: Predictions, rule: ExampleRule, run_context: RunContext) -> Findings:
    """All findings of N >= 1 predictions; the same predictions, history, rules and date give the same findings."""
    classes, species = predictions.facts.classes, predictions.facts.taxonomy.species
    probs, preds, targets = predictions.probs(), predictions.preds(), predictions.targets
    counts = confusion_counts(targets, preds, len(classes))
    pairs = confused_pairs(counts)
    groups = confused_groups(counts, pairs)
    species_errors = cross_species_errors(probs, targets, preds, species=species)
    against = comparison(predictions, run_context.history)
    evidence = Evidence(
        predictions=predictions,
        scores=scores(counts, n_top5_hits(predictions.logits, targets), classes=classes, species=species),
        calibration_error=expected_calibration_error(probs.max(axis=1), preds == targets),
        pairs=pairs,
        cross_species=species_errors,
        class_order=class_order(counts),
        comparison=against,
    )
    flips = against.flips if against else ()
    chosen = examples(probs, targets, groups=groups, cross_species=species_errors, flips=flips, rule=rule)
    return Findings(
        predictions=predictions,
        scores=evidence.scores,
        calibration_error=evidence.calibration_error,
        confusion=counts,
        pairs=pairs,
        groups=groups,
        cross_species=species_errors,
        class_order=evidence.class_order,
        comparison=against,
        gate=gate(evidence, run_context.rules, today=run_context.today),
        examples=chosen,
        gallery=gallery(probs, targets, preds),
        files=file_findings(predictions),
        rule=rule,
        run_context=run_context,
    )
