"""`reportgen compare A B`: two archived runs, whatever they are."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reportgen.analyse.findings import Findings, analyse
from reportgen.analyse.previous_runs import History
from reportgen.render.data.comparison_json import comparison_json
from reportgen.runs.history import read_past_run
from reportgen.runs.run_head import read_analysed_run


def compared(run_a: Path, run_b: Path, *, across_precision: bool = False) -> tuple[Findings, Mapping[str, Any]]:
    """B against A as its baseline: the findings, and the key `comparison` of the contract. Raises InputError.

    The runs between are those that B was compared with.
    """
    run, baseline = read_analysed_run(run_b), read_past_run(run_a)
    history = History(runs=run.run_context.history.runs, given=baseline, across_precision=across_precision)
    findings = analyse(run.predictions, run.rule, replace(run.run_context, history=history))
    found = comparison_json(findings, run.stamp.language)
    assert found is not None  # a given baseline is always compared with
    return findings, found
