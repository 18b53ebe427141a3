"""Outcomes of the gate: of each rule in force, and how they make the gate's.

Wording is left to the templates: a rule gives its values.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # the rules are declared for the command line, too, which needs no predictions
    from reportgen.analyse.gate import Evidence

RuleOutcome = Literal["pass", "inconclusive", "fail", "invalid"]
GateOutcome = Literal["not_judged", "pass", "inconclusive", "fail", "invalid"]
OUTCOMES: tuple[RuleOutcome, ...] = ("pass", "inconclusive", "fail", "invalid")  # of a rule, from best to worst
DATA_CHECKS = ("max_unreadable", "class_order")  # always looked at; they say nothing about the model's quality


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """One rule. `values` is what the templates word: limit, found, and what belongs to the rule; error: it crashed."""

    name: str
    outcome: RuleOutcome
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """Metadata of a field of GateRules: how a run is judged by its value."""

    judge: Callable[["RuleInForce", "Evidence"], Iterable[RuleResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInForce:
    """A rule that is set: `limit` is the field's value, `accepted` the pairs of class names not to be counted."""

    name: str
    limit: Any
    accepted: frozenset[frozenset[str]]
    rule: JudgedBy

    def judge(self, evidence: "Evidence") -> Iterable[RuleResult]:
        """The outcomes: one, or one for each class that the limit names."""
        return self.rule.judge(self, evidence)


def gate_outcome(outcomes: Mapping[str, RuleOutcome]) -> GateOutcome:
    """The outcome of a gate from those of its rules by name, of which there is at least one."""
    worst = max(outcomes.values(), key=OUTCOMES.index)
    return "not_judged" if worst == "pass" and set(outcomes) <= set(DATA_CHECKS) else worst
