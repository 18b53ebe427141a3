"""What a gate's outcome alone does not tell, in each language; and of runs of older versions what they lack of it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from reportgen.analyse.gate_outcome import DATA_CHECKS, gate_outcome
from reportgen.language import LANGUAGES
from reportgen.render.words import gate_text


@cache
def gate_texts(outcome: str, strict: bool, n_data_checks: int) -> dict[str, str]:
    """By language; an index tells hundreds of runs, and of these words there are few."""
    gate = {"outcome": outcome, "strict": strict, "n_data_checks": n_data_checks}
    return {each: gate_text(gate, each) for each in LANGUAGES}


def as_judged(gate: Mapping[str, Any], code: str = "en") -> dict[str, Any]:
    """The gate of a findings.json of any version: older ones say "pass" also where no rule was set.

    Of `gate` are read: outcome, strict, and of each of `rules` name and outcome.
    """
    if "n_data_checks" in gate:
        return dict(gate)
    outcomes = {rule["name"]: rule["outcome"] for rule in gate["rules"]}
    outcome = gate_outcome(outcomes) if outcomes and gate["outcome"] == "pass" else gate["outcome"]
    n_data_checks = sum(name in DATA_CHECKS for name in outcomes)
    details = gate_texts(outcome, gate["strict"], n_data_checks)
    told = {"outcome": outcome, "strict": gate["strict"], "n_data_checks": n_data_checks}
    return {**gate, **told, "detail": details[code] or None, "details": details}
