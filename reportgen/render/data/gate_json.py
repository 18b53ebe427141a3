"""The key `gate` of findings.json, and of runs of older versions what they lack of it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from reportgen.analyse.findings import Findings
from reportgen.analyse.gate import DATA_CHECKS, gate_outcome
from reportgen.language import LANGUAGES
from reportgen.render.words import gate_text, rule_text


def gate_json(findings: Findings, code: str) -> dict[str, Any]:
    """The outcome, whether it passes, and every rule with the sentence why: in the language `code`, and in each."""
    gate, classes = findings.gate, findings.predictions.facts.classes
    told = {"outcome": gate.outcome, "strict": gate.strict, "n_data_checks": gate.n_data_checks}
    return {
        **told,
        "passed": gate.passed,
        **_details(told, code),
        "rules": [
            {
                "name": rule.name,
                "outcome": rule.outcome,
                "detail": rule_text(rule, classes, code=code),
                "details": {each: rule_text(rule, classes, code=each) for each in LANGUAGES},
            }
            for rule in gate.rules
        ],
        "accepted": [
            {
                "pair": list(one.pair),
                "owner": one.owner,
                "reason": one.reason,
                "expires": one.expires.isoformat(),
                "expired": one in gate.expired,
            }
            for one in gate.accepted
        ],
    }


def as_judged(gate: Mapping[str, Any], code: str = "en") -> dict[str, Any]:
    """The gate of a findings.json of any version: older ones say "pass" also where no rule was set.

    Of `gate` are read: outcome, strict, and of each of `rules` name and outcome.
    """
    if "n_data_checks" in gate:
        return dict(gate)
    outcomes = {rule["name"]: rule["outcome"] for rule in gate["rules"]}
    told = {
        "outcome": gate_outcome(outcomes) if outcomes and gate["outcome"] == "pass" else gate["outcome"],
        "strict": gate["strict"],
        "n_data_checks": sum(name in DATA_CHECKS for name in outcomes),
    }
    return {**gate, **told, **_details(told, code)}


def _details(told: Mapping[str, Any], code: str) -> dict[str, Any]:
    details = dict(
        zip(LANGUAGES, _in_each_language(told["outcome"], told["strict"], told["n_data_checks"]), strict=True)
    )
    return {"detail": details[code] or None, "details": details}


@cache
def _in_each_language(outcome: str, strict: bool, n_data_checks: int) -> tuple[str, ...]:
    """An index tells hundreds of runs, and of these words there are few."""
    told = {"outcome": outcome, "strict": strict, "n_data_checks": n_data_checks}
    return tuple(gate_text(told, each) for each in LANGUAGES)
