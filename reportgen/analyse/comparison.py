"""A run against its baseline, paired by image: what broke, what was fixed, and whether that is more than chance."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reportgen.analyse.class_order import class_order
from reportgen.analyse.confusion import confusion_counts
from reportgen.analyse.flips import Churn, Flip, churn, flips
from reportgen.analyse.paired import PairedChange, adjusted_for_multiple_testing, mcnemar_test, paired_change
from reportgen.analyse.pairs import confused_pairs
from reportgen.analyse.previous_runs import N_STRIP_RUNS, History, PastRun, surroundings
from reportgen.evaluate.predictions import Predictions

N_TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """Why two runs are not comparable. Of `images`: how many of this run's are new, gone, other files, other labels.

    before, now: of `precision`.
    """

    kind: Literal["images", "classes", "preprocessing", "precision"]
    n_added: int = 0
    n_removed: int = 0
    n_changed: int = 0
    n_relabelled: int = 0
    before: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentDifference:
    """A device, a library or a precision that is another than in the baseline; before: None where it is not known."""

    name: str
    before: str | None
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassChange:
    """Accuracy on the images of class `k`."""

    k: int
    change: PairedChange


@dataclass(frozen=True, slots=True, kw_only=True)
class PairChange:
    """Confusion of classes a < b, over their images: `n_broken` are newly confused, `n_fixed` no longer."""

    a: int
    b: int
    change: PairedChange


@dataclass(frozen=True, slots=True, kw_only=True)
class RankChange:
    """A pair that entered or left the top N_TOP, with its errors in both directions."""

    a: int
    b: int
    errors: int
    errors_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Class numbers are this run's. Where `mismatches` is not empty the runs are not comparable.

    Then `overall` is over the images that both have (None if there are none) without verdict, and the rest is empty.
    passed_over: ids of later runs that could not be the baseline. pairs, classes: those with a change, worst first.
    new_cross_species: rows that miss the species in this run and did not then. runs: the runs of the strips.
    """

    baseline: PastRun
    mismatches: tuple[Mismatch, ...]
    overall: PairedChange | None
    passed_over: tuple[str, ...]
    flips: tuple[Flip, ...] = ()
    pairs: tuple[PairChange, ...] = ()
    classes: tuple[ClassChange, ...] = ()
    entered: tuple[RankChange, ...] = ()
    left: tuple[RankChange, ...] = ()
    new_cross_species: tuple[int, ...] = ()
    churn: Churn | None = None
    runs: tuple[PastRun, ...] = ()
    differences: tuple[EnvironmentDifference, ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether both runs saw the same pictures, labels, class list and crop, in a precision that may be compared."""
        return not self.mismatches


def comparison(predictions: Predictions, history: History) -> Comparison | None:
    """Against the run that the user named, else the last comparable one; None without an earlier run.

    A run whose class order looks wrong is never taken as the last comparable one, nor for the strips: it would make the
    next run look like a leap. If no run is comparable the last one is taken, and the mismatch says why.
    """
    sane = tuple(run for run in history.runs if not _disordered(run, predictions.facts.classes))
    eligible = tuple(run for run in sane if run.passed or not history.only_passed)
    comparable = tuple(run for run in eligible if _is_comparable(predictions, run, history))
    baseline = history.given or (comparable or eligible or (None,))[-1]
    if baseline is None or not history.compare:
        return None
    later = [] if history.given else [run.run_id for run in history.runs if run.run_id > baseline.run_id]
    mismatches = _mismatches(predictions, baseline, history)
    if mismatches:
        common = _on_common_images(predictions, baseline)
        return Comparison(baseline=baseline, mismatches=mismatches, overall=common, passed_over=tuple(later))
    last = {run.run_id for run in history.runs[-N_STRIP_RUNS:]}
    recent = (run for run in sane if run.run_id in last)
    runs = tuple(run for run in recent if _is_comparable(predictions, run, history))
    return _compared(predictions, baseline, runs=runs, passed_over=tuple(later))


def _is_comparable(predictions: Predictions, past: PastRun, history: History) -> bool:
    precise = history.across_precision or past.precision == predictions.compute.precision
    return precise and _same_images(predictions, past)


def _same_images(predictions: Predictions, past: PastRun) -> bool:
    """Whether it saw this run's images, as its fingerprint says and its rows do: others may have written either."""
    now = (predictions.fingerprint, predictions.sample_ids, predictions.sha256, set(predictions.facts.classes))
    if (past.fingerprint, past.sample_ids, past.sha256, set(past.classes)) != now:
        return False
    return np.array_equal(_renumbered(past, past.targets, predictions.facts.classes), predictions.targets)


def _differences(predictions: Predictions, past: PastRun) -> Iterator[EnvironmentDifference]:
    """A library that one of two runs did not need is none."""
    precision = predictions.compute.precision
    if past.precision != precision:
        yield EnvironmentDifference(name="precision", before=past.precision, now=precision)
    for name, now in surroundings(asdict(predictions.compute)).items():
        before = past.surroundings.get(name)
        if before != now and (before is not None or not past.recorded):
            yield EnvironmentDifference(name=name, before=before, now=now)


def _disordered(run: PastRun, classes: tuple[str, ...]) -> bool:
    """A run of other classes is comparable with none, and its order, which thousands of them make dear, is left."""
    if set(run.classes) != set(classes):
        return False
    return class_order(confusion_counts(run.targets, run.preds, len(run.classes))).suspicious


def _compared(
    predictions: Predictions, baseline: PastRun, *, runs: tuple[PastRun, ...], passed_over: tuple[str, ...]
) -> Comparison:
    """A baseline that is none of the `runs` joins their strips; how much usually changes is theirs alone."""
    preds, targets = predictions.preds(), predictions.targets
    before = _renumbered(baseline, baseline.preds, predictions.facts.classes)
    by_id = {run.run_id: run for run in (*runs, baseline)}
    seen = tuple(by_id[run_id] for run_id in sorted(by_id))
    strips = tuple(run.correct() for run in seen)
    consecutive = tuple(run.correct() for run in runs)
    entered, left = _top_changes(targets, before, preds, len(predictions.facts.classes))
    return Comparison(
        baseline=baseline,
        mismatches=(),
        overall=mcnemar_test(before == targets, preds == targets),
        passed_over=passed_over,
        flips=flips(predictions, before, strips),
        pairs=_pairs(targets, before, preds),
        classes=_classes(targets, before, preds),
        entered=entered,
        left=left,
        new_cross_species=_new_cross_species(predictions, before),
        churn=churn(strips, before == targets, preds == targets, consecutive=consecutive),
        runs=seen,
        differences=tuple(_differences(predictions, baseline)),
    )


def _classes(
    targets: NDArray[np.int64], before: NDArray[np.int64], preds: NDArray[np.int64]
) -> tuple[ClassChange, ...]:
    """Every class with a change, most broken on balance first; ties by number."""
    changed = np.unique(targets[(before == targets) != (preds == targets)])
    rows = [targets == k for k in changed]
    changes = adjusted_for_multiple_testing(
        [paired_change(before[own] == targets[own], preds[own] == targets[own]) for own in rows]
    )
    made = [ClassChange(k=int(k), change=change) for k, change in zip(changed, changes, strict=True)]
    return tuple(sorted(made, key=lambda one: (one.change.n_fixed - one.change.n_broken, one.k)))


def _pairs(targets: NDArray[np.int64], before: NDArray[np.int64], preds: NDArray[np.int64]) -> tuple[PairChange, ...]:
    """Every pair with a change, most newly confused on balance first; ties by numbers.

    For the pair {i, j}: of the images with truth i or j, which are predicted as the other one of the two.
    """
    moved = before != preds
    ends = [(int(t), int(p)) for t, p in zip(targets[moved], preds[moved], strict=True)]
    ends += [(int(t), int(p)) for t, p in zip(targets[moved], before[moved], strict=True)]
    names = sorted({(min(t, p), max(t, p)) for t, p in ends if t != p})
    changes = []
    for a, b in names:
        own = (targets == a) | (targets == b)
        other = a + b - targets[own]
        changes.append(paired_change(before[own] != other, preds[own] != other))
    made = [
        PairChange(a=a, b=b, change=change)
        for (a, b), change in zip(names, adjusted_for_multiple_testing(changes), strict=True)
    ]
    return tuple(sorted(made, key=lambda one: (one.change.n_fixed - one.change.n_broken, one.a, one.b)))


def _top_changes(
    targets: NDArray[np.int64], before: NDArray[np.int64], preds: NDArray[np.int64], n_classes: int
) -> tuple[tuple[RankChange, ...], tuple[RankChange, ...]]:
    """The pairs that entered the first N_TOP, by this run's rank, and those that left, by the rank they had."""
    ranked = [
        {frozenset((pair.a, pair.b)): pair.errors for pair in confused_pairs(confusion_counts(targets, one, n_classes))}
        for one in (before, preds)
    ]
    then, now = (list(errors)[:N_TOP] for errors in ranked)

    def changed(pair: frozenset[int]) -> RankChange:
        a, b = sorted(pair)
        return RankChange(a=a, b=b, errors=ranked[1].get(pair, 0), errors_before=ranked[0].get(pair, 0))

    return tuple(changed(p) for p in now if p not in then), tuple(changed(p) for p in then if p not in now)


def _new_cross_species(predictions: Predictions, before: NDArray[np.int64]) -> tuple[int, ...]:
    species = np.array(predictions.facts.taxonomy.species)
    if not species.size:
        return ()
    own = species[predictions.targets]
    return tuple(np.flatnonzero((species[predictions.preds()] != own) & (species[before] == own)).tolist())


def _renumbered(past: PastRun, numbers: NDArray[np.int64], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Class numbers of the past run as numbers of `classes`; -1 for a class that is not among them."""
    number = {name: k for k, name in enumerate(classes)}
    table = np.array([number.get(name, -1) for name in past.classes], dtype=np.int64)
    renumbered: NDArray[np.int64] = table[numbers]
    return renumbered


def _mismatches(predictions: Predictions, past: PastRun, history: History) -> tuple[Mismatch, ...]:
    """Nothing when images and precisions are equal; else the precision, and what of the fingerprint differs."""
    now_precision = predictions.compute.precision
    found = []
    if past.precision != now_precision and not history.across_precision:
        found.append(Mismatch(kind="precision", before=past.precision, now=now_precision))
    if _same_images(predictions, past):
        return tuple(found)
    found += _other_inputs(predictions, past)
    return tuple(found)


def _other_inputs(predictions: Predictions, past: PastRun) -> list[Mismatch]:
    facts, found = predictions.facts, []
    if set(past.classes) != set(facts.classes):
        found.append(Mismatch(kind="classes"))
    then_seen, now_seen = (
        it.identity(any_turned=predictions.any_turned) for it in (past.preprocessing, facts.preprocessing)
    )
    if then_seen != now_seen:
        found.append(Mismatch(kind="preprocessing"))
    now = dict(zip(predictions.sample_ids, predictions.sha256, strict=True))
    then = dict(zip(past.sample_ids, past.sha256, strict=True))
    labels = [(facts.classes[k], i) for k, i in zip(predictions.targets, predictions.sample_ids, strict=True)]
    labels_then = {i: past.classes[k] for k, i in zip(past.targets, past.sample_ids, strict=True)}
    counts = {
        "n_added": len(now.keys() - then.keys()),
        "n_removed": len(then.keys() - now.keys()),
        "n_changed": sum(then.get(i, sha256) != sha256 for i, sha256 in now.items()),
        "n_relabelled": sum(labels_then.get(i, name) != name for name, i in labels),
    }
    if any(counts.values()) or not found:
        found.append(Mismatch(kind="images", **counts))
    return found


def _on_common_images(predictions: Predictions, past: PastRun) -> PairedChange | None:
    """Over the images with the same id, file and label in both runs, whose class both models know."""
    then = {i: row for row, i in enumerate(past.sample_ids)}
    rows = []
    for row, (i, sha256) in enumerate(zip(predictions.sample_ids, predictions.sha256, strict=True)):
        other = then.get(i)
        name = predictions.facts.classes[predictions.targets[row]]
        if other is not None and past.sha256[other] == sha256 and past.classes[past.targets[other]] == name:
            rows.append((row, other))
    if not rows:
        return None
    now_idx, then_idx = np.array(rows).T
    right: NDArray[np.bool_] = predictions.preds() == predictions.targets
    return paired_change(past.correct()[then_idx], right[now_idx])
