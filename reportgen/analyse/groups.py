"""Groups of confused classes, merged from the significant pairs."""

from dataclasses import dataclass

from scipy.sparse import csr_array

from reportgen.analyse.confusion import ConfusionCounts
from reportgen.analyse.pairs import ConfusedPair


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusedGroup:
    """Class numbers in rising order. errors: images of one member called another one; impact: errors / N."""

    classes: tuple[int, ...]
    errors: int
    impact: float


def confused_groups(counts: ConfusionCounts, pairs: tuple[ConfusedPair, ...]) -> tuple[ConfusedGroup, ...]:
    """Groups by falling impact, ties by class numbers. Every class is in one group at most.

    Significant pairs are taken in rank order; each joins the groups of its two classes when at least half of the pairs
    across the two are significant. So Birman-Ragdoll and Birman-Siamese make a group of three, while a chain does not
    grow through one common member: a fourth class must be confused with two of the three.
    """
    significant = [pair for pair in pairs if pair.significant]
    edges = {frozenset((pair.a, pair.b)) for pair in significant}
    member_of: dict[int, frozenset[int]] = {}
    for pair in significant:
        left = member_of.get(pair.a, frozenset({pair.a}))
        right = member_of.get(pair.b, frozenset({pair.b}))
        if left == right:
            continue
        across = sum(frozenset((i, j)) in edges for i in left for j in right)
        if 2 * across >= len(left) * len(right):
            merged = left | right
            member_of |= dict.fromkeys(merged, merged)
    groups = [_group(counts, tuple(sorted(members))) for members in set(member_of.values())]
    return tuple(sorted(groups, key=lambda group: (-group.errors, group.classes)))


def _group(counts: ConfusionCounts, classes: tuple[int, ...]) -> ConfusedGroup:
    block = csr_array(counts)[list(classes)][:, list(classes)]
    errors = int(block.sum() - block.trace())
    return ConfusedGroup(classes=classes, errors=errors, impact=errors / int(counts.sum()))
