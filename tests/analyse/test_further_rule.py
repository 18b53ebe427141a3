"""A further rule of the gate is one field: its limit, its option and how it judges. Nothing else of the code knows it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, ClassVar

import numpy as np
import pytest
from annotated_types import Interval

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import RunContext, analyse
from reportgen.analyse.gate_outcome import JudgedBy, RuleResult
from reportgen.analyse.gate_rules import GateRules
from reportgen.analyse.previous_runs import History
from reportgen.declared import declared
from reportgen.option import Group, Option
from tests.synthetic import predictions_of


def _errors(rule, evidence):
    found = evidence.scores.n - evidence.scores.correct
    yield RuleResult(name=rule.name, outcome="pass" if found <= rule.limit else "fail", values={"found": found})


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRules(GateRules):
    GROUP: ClassVar = Group("Comparison and gate", table="gate")

    max_errors: Annotated[int | None, Interval(ge=0), Option("Fail on more errors."), JudgedBy(_errors)] = None
    accepted: tuple = field(default=())


@pytest.mark.parametrize(("limit", "outcome"), [(3, "fail"), (4, "pass"), (5, "pass")])
def test_a_rule_added_as_one_field_is_an_option_and_judges(limit, outcome):
    predictions = predictions_of(np.array([[9, 1], [3, 7]]))  # four errors
    context = RunContext(today=date(2026, 11, 25), history=History(), rules=OwnRules(max_errors=limit))
    gate = analyse(predictions, ExampleRule(), context).gate
    assert [rule.name for rule in gate.rules] == ["max_unreadable", "class_order", "max_errors"]
    assert (gate.outcome, gate.rules[-1].values) == (outcome, {"found": 4})
    assert "gate.max_errors" in {option.key for option in declared(OwnRules)}
