"""What a stored run says of itself, and what `analyse` starts from: read without explanations and without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import RunContext
from reportgen.analyse.gate_rules import GateRules
from reportgen.analyse.previous_runs import N_STRIP_RUNS, History, PastRun
from reportgen.evaluate.predictions import Predictions
from reportgen.inputs.stored_fields import Name
from reportgen.runs.bounded_files import about, typed_json
from reportgen.runs.bounded_tables import columns
from reportgen.runs.bundle_files import bundle_read
from reportgen.runs.history import COLUMNS, StoredRunFacts, past_run
from reportgen.runs.stamp import RunStamp
from reportgen.runs.stored_evaluation import EVALUATION_FILES, evaluation_of

HISTORY = "history.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRecord:
    """The day of the run, and the rules of its gate."""

    today: date
    rules: GateRules


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRecord:
    """What `past_run` makes the past runs of, with their rows."""

    compare: bool
    only_passed: bool
    across_precision: bool = False
    nights: Annotated[tuple[StoredRunFacts, ...], Field(max_length=N_STRIP_RUNS + 1)]
    given: StoredRunFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """The part of run.json without explanations. look: as `stored_appearance` has it, which checks it itself."""

    rule: ExampleRule
    stamp: RunStamp
    sections: tuple[Name, ...]
    look: dict[str, Any] | None = None
    night: ContextRecord
    history: HistoryRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedRun:
    """All that `analyse` starts from, and the stamp."""

    predictions: Predictions
    rule: ExampleRule
    run_context: RunContext
    stamp: RunStamp


def read_analysed_run(run_dir: Path) -> AnalysedRun:
    """The run in `run_dir`. Raises InputError when it is no bundle or a file of these is damaged."""
    with bundle_read(run_dir, ("run.json", HISTORY, *EVALUATION_FILES)) as files:
        head: RunHead = typed_json(files, "run.json", RunHead)
        context = context_of(head, files)
        return AnalysedRun(predictions=evaluation_of(files), rule=head.rule, run_context=context, stamp=head.stamp)


def context_of(record: RunHead, files: Mapping[str, bytes]) -> RunContext:
    """The earlier runs with their rows, from HISTORY of `files`. Raises ValueError."""
    stored = record.history
    described = (*stored.nights, *((stored.given,) if stored.given else ()))
    rows = columns(files, HISTORY, {"run_id": str, **COLUMNS}, n_runs=len(described))

    def past(one: StoredRunFacts) -> PastRun:
        with about(HISTORY):
            mine = rows["run_id"] == one.run_id
            return past_run(one, {name: rows[name][mine] for name in COLUMNS})

    return RunContext(
        today=record.night.today,
        history=History(
            compare=stored.compare,
            only_passed=stored.only_passed,
            across_precision=stored.across_precision,
            runs=tuple(past(one) for one in stored.nights),
            given=past(stored.given) if stored.given else None,
        ),
        rules=record.night.rules,
    )
