"""Permuted class labels, detected: the best assignment (Hungarian method) of the confusion matrix."""

from dataclasses import dataclass

from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from reportgen.analyse.confusion import ConfusionCounts, occurring

ALARM_GAIN = 0.20


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassOrder:
    """What the best one-to-one renaming of the predicted classes would give; accuracies in [0, 1]."""

    accuracy: float
    best_accuracy: float
    suspicious: bool


def class_order(counts: ConfusionCounts) -> ClassOrder:
    """Suspicious when some other order of the outputs would raise accuracy by more than ALARM_GAIN.

    The best order is the assignment that maximises the trace (Hungarian method). It is fitted to the images it is
    scored on: a model near chance on few images can gain as much without any mix-up, which the report says.
    """
    present = occurring(counts)  # the others have nothing to give to any order
    whole = csr_array(counts)[present][:, present].toarray()
    n = int(whole.sum())
    rows, columns = linear_sum_assignment(whole, maximize=True)
    now, best = int(whole.trace()) / n, int(whole[rows, columns].sum()) / n
    return ClassOrder(accuracy=now, best_accuracy=best, suspicious=best - now > ALARM_GAIN)
