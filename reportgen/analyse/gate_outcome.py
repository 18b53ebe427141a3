"""The outcomes of a gate and its rules, and how those of the rules make the gate's."""

from collections.abc import Mapping
from typing import Literal

RuleOutcome = Literal["pass", "inconclusive", "fail", "invalid"]
GateOutcome = Literal["not_judged", "pass", "inconclusive", "fail", "invalid"]
OUTCOMES: tuple[RuleOutcome, ...] = ("pass", "inconclusive", "fail", "invalid")  # of a rule, from best to worst
DATA_CHECKS = ("max_unreadable", "class_order")  # always looked at; they say nothing about the model's quality


def gate_outcome(outcomes: Mapping[str, RuleOutcome]) -> GateOutcome:
    """The outcome of a gate from those of its rules by name, of which there is at least one."""
    worst = max(outcomes.values(), key=OUTCOMES.index)
    return "not_judged" if worst == "pass" and set(outcomes) <= set(DATA_CHECKS) else worst
