"""How many rows a table or a chart shows: just below its limit, at it, and above."""

import numpy as np
import pytest

from reportgen.analyse.previous_runs import History
from reportgen.compose.report import RunStamp, compose
from reportgen.inputs.notes import read_notes
from tests.drawn import Drawing
from tests.synthetic import attributions_of, findings_of, past_run_of, predictions_of

STAMP = RunStamp(run_id="r1", created_at="2026-11-23T08:00:00+00:00", languages=("en",), timing={})


def composed(findings, name):
    report = compose(findings, attributions_of(findings), notes=read_notes(), stamp=STAMP, section_names=(name,))
    return report.sections[0]


def twos(n_significant, n_single=0):
    """So many pairs with 9 errors each, and so many with one; every class belongs to one pair."""
    n = 2 * (n_significant + n_single)
    counts = np.diag(np.full(n, 60))
    for pair in range(n // 2):
        counts[2 * pair, 2 * pair + 1] = 9 if pair < n_significant else 1
    return counts


@pytest.mark.parametrize(("n", "charted"), [(1, 1), (14, 14), (15, 15), (16, 15)])
def test_the_pair_chart_has_at_most_fifteen_bars(n, charted):
    section = composed(findings_of(twos(n)), "pairs")
    drawn = Drawing(section.assets["pairs.svg"])
    assert len(drawn.numbered("a-as-b")) == len(drawn.ticks("y")) == charted
    assert len(section.data["pairs"]) == charted


@pytest.mark.parametrize(("n_single", "shown"), [(0, 0), (2, 2), (3, 3), (4, 3)])
def test_at_most_three_pairs_without_evidence_follow(n_single, shown):
    section = composed(findings_of(twos(3, n_single)), "pairs")
    assert len(section.data["pairs"]) == 3 + shown
    assert len(Drawing(section.assets["pairs.svg"]).numbered("a-as-b")) == 3


def test_without_a_pair_that_stands_out_there_is_no_chart():
    assert composed(findings_of(twos(0, 2)), "pairs").assets == {}


@pytest.mark.parametrize(("n", "shown"), [(39, 39), (40, 40), (41, 40)])
def test_the_recall_chart_has_at_most_forty_classes(n, shown):
    """Lowest recall first: class k has k + 1 wrong of 100."""
    counts = np.diag(99 - np.arange(n))
    counts[:, 0] += np.arange(1, n + 1)
    section = composed(findings_of(counts), "classes")
    drawn = Drawing(section.assets["recall.svg"])
    assert len(drawn.numbered("recall")) == len(drawn.numbered("interval")) == shown
    assert drawn.ticks("y")[0][1] == f"class {n - 1:03d}"
    assert section.data["n_rows"] == n


@pytest.mark.parametrize(("n", "whole"), [(37, True), (38, True), (39, False)])
def test_the_matrix_is_whole_up_to_38_classes(n, whole):
    section = composed(findings_of(np.diag(np.full(n, 5)) + 3 * np.eye(n, k=1, dtype=int)), "matrix")
    assert section.data["whole"] == whole
    assert len(section.data["names"]) == (n if whole else 31)  # the 30 most confused and the others


@pytest.mark.parametrize("n", [19, 20, 21])
def test_at_most_twenty_broken_images_are_listed_and_all_counted(n):
    counts = np.array([[40, n], [0, 40]])
    now = predictions_of(counts)
    before = past_run_of(now, np.where(now.preds() != now.targets, now.targets, now.preds()))
    section = composed(findings_of(counts, history=History(runs=(before,))), "changes")
    assert len(section.data["broken"]) == min(n, 20)
    assert section.data["n_broken"] == n
