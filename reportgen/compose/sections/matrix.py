"""The confusion matrix as a table: rows true, columns predicted, classes by species and group."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reportgen.analyse.confusion import ConfusionCounts
from reportgen.analyse.findings import Findings
from reportgen.compose.section import Section, SectionContext
from reportgen.language import N_

MAX_COLUMNS = 38  # more columns than this would fall below 5 pt on a landscape A4 page
_CONFUSED_PART = 30
_SHADES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One count. shade 0 to 5: share of the row's images, for the colour; zero counts are printed blank.

    place: the class numbers (true, predicted); None where either is `other`.
    """

    place: tuple[int, int] | None
    count: int
    kind: Literal["right", "wrong", "zero"]
    shade: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One true class (or `other`): its size and its cells in the order of the columns."""

    name: str
    n: int
    cells: tuple[Cell, ...]


def matrix(context: SectionContext) -> Section:
    """The whole matrix up to MAX_CLASSES classes; beyond, the confused part with an `other` row and column.

    The whole matrix is always in confusion.csv.
    """
    findings = context.findings
    order = display_order(findings)
    whole = len(order) <= MAX_COLUMNS
    shown = order if whole else _confused_part(findings, order)
    counts = findings.confusion.toarray() if whole else with_other(findings.confusion, shown)
    names = [context.classes[k] for k in shown] + ([] if whole else [""])
    numbers = list(shown) if whole else list(range(len(names)))
    return Section(
        id="matrix",
        title=N_("Confusion matrix"),
        template="sections/matrix.html.j2",
        data={
            "names": names,
            "rows": [_row(names, counts[k][numbers], place, shown) for place, k in enumerate(numbers)],
            "column_sums": [int(counts[:, k].sum()) for k in numbers],
            "whole": whole,
            "n_classes": len(order),
            "worked": _largest_error(findings),
        },
        landscape=True,
    )


def display_order(findings: Findings) -> tuple[int, ...]:
    """All class numbers: by species, within it the groups by impact, then the other classes in their own order."""
    species = findings.predictions.facts.taxonomy.species
    names = sorted(set(species))
    group_of = {k: place for place, group in enumerate(findings.groups) for k in group.classes}
    n = len(findings.predictions.facts.classes)
    return tuple(
        sorted(range(n), key=lambda k: (names.index(species[k]) if species else 0, group_of.get(k, len(group_of)), k))
    )


def _confused_part(findings: Findings, order: tuple[int, ...]) -> tuple[int, ...]:
    """The classes of the groups, then of the pairs by rank, up to _CONFUSED_PART, in the order of `order`."""
    wanted = [k for group in findings.groups for k in group.classes]
    wanted += [k for pair in findings.pairs for k in (pair.a, pair.b)]
    chosen = set(list(dict.fromkeys(wanted))[:_CONFUSED_PART])
    return tuple(k for k in order if k in chosen)


def with_other(counts: ConfusionCounts, shown: tuple[int, ...]) -> NDArray[np.int64]:
    """(S + 1, S + 1): the S shown classes in order, and all other ones added up in the last row and column.

    The sum stays N. The corner (other, other) holds right and wrong predictions among the other classes alike.
    """
    entries = csr_array(counts).tocoo()
    place = np.full(entries.shape[0], len(shown))
    place[list(shown)] = np.arange(len(shown))
    smaller = np.zeros((len(shown) + 1, len(shown) + 1), dtype=np.int64)
    np.add.at(smaller, (place[entries.row], place[entries.col]), entries.data)
    return smaller


def _row(names: list[str], counts: NDArray[np.int64], place: int, shown: tuple[int, ...]) -> Row:
    n = int(counts.sum())
    places = [(shown[place], k) if place < len(shown) else None for k in shown] + [None]
    return Row(
        name=names[place],
        n=n,
        cells=tuple(
            _cell(int(count), n, places[column], on_diagonal=column == place) for column, count in enumerate(counts)
        ),
    )


def _cell(count: int, n: int, place: tuple[int, int] | None, *, on_diagonal: bool) -> Cell:
    if not count:
        return Cell(place=place, count=0, kind="zero", shade=0)
    shade = min(_SHADES, 1 + int(count / n * 2 * _SHADES))  # full colour from 40% of the row on
    return Cell(place=place, count=count, kind="right" if on_diagonal else "wrong", shade=shade)


def _largest_error(findings: Findings) -> dict[str, object] | None:
    """The largest count off the diagonal, for one worked sentence; ties go to the first row, then column."""
    entries = findings.confusion.tocoo()
    errors = [
        (-int(n), int(i), int(j)) for i, j, n in zip(entries.row, entries.col, entries.data, strict=True) if i != j
    ]
    if not errors:
        return None
    n, i, j = min(errors)
    classes = findings.predictions.facts.classes
    return {"true": classes[i], "pred": classes[j], "count": -n, "n": int(findings.confusion[[i]].sum())}
