"""The key `gate` of findings.json: whether the run passes, and by which rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field

from reportgen.analyse.findings import Findings
from reportgen.analyse.gate_outcome import GateOutcome, RuleOutcome, RuleResult
from reportgen.inputs.stored_fields import Name
from reportgen.language import LANGUAGES
from reportgen.render.data.gate_texts import gate_texts
from reportgen.render.words import rule_text
from reportgen.runs.published import DateText, LanguageCode, Positive, Published, from_attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleJson(Published):
    """A rule that was looked at."""

    name: str
    """Its name, as in the configuration; min_recall with the class."""
    outcome: RuleOutcome
    """invalid where it could not be worked out, inconclusive where the data do not decide it."""
    detail: str
    """Why, in one sentence in the language of this file."""
    details: Mapping[LanguageCode, str]
    """The same by language."""

    @classmethod
    def of(cls, rule: RuleResult, classes: tuple[str, ...], code: str) -> Self:
        """With its sentence in the language `code`, and in each."""
        return from_attributes(
            cls,
            rule,
            detail=rule_text(rule, classes, code=code),
            details={each: rule_text(rule, classes, code=each) for each in LANGUAGES},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedJson(Published):
    """A confusion that the user knows of: the rules for pairs do not count it."""

    pair: tuple[Name, Name]
    """The two classes."""
    owner: str
    """Who answers for it."""
    reason: str
    """Why."""
    expires: DateText
    """The last day (UTC) on which it is accepted."""
    expired: bool
    """Whether that day is past, so that it counts again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateJson(Published):
    """Whether the run passes."""

    outcome: GateOutcome
    """The worst of the rules' outcomes; not_judged where no rule is set and the data checks passed (older runs say pass
    there)."""
    strict: bool
    """Whether inconclusive counts as failed."""
    n_data_checks: Positive
    """How many of the rules are data checks (max_unreadable, class_order), which are always looked at."""
    passed: bool
    """Whether nothing speaks against the run; where it is false, `reportgen run` ends with the exit code 1."""
    detail: str | None
    """What the outcome alone does not tell, in the language of this file; null where it tells all."""
    details: Mapping[LanguageCode, str]
    """The same by language."""
    rules: Annotated[tuple[RuleJson, ...], Field(min_length=1)]
    """The data checks and the rules, in their order."""
    accepted: tuple[AcceptedJson, ...]
    """Confusions that the user accepts."""

    @classmethod
    def of(cls, findings: Findings, code: str) -> Self:
        """With sentences in the language `code`, and in each."""
        gate, classes = findings.gate, findings.predictions.facts.classes
        details = gate_texts(gate.outcome, gate.strict, gate.n_data_checks)
        return from_attributes(
            cls,
            gate,
            detail=details[code] or None,
            details=details,
            rules=tuple(RuleJson.of(rule, classes, code) for rule in gate.rules),
            accepted=tuple(
                from_attributes(AcceptedJson, one, expires=one.expires.isoformat(), expired=one in gate.expired)
                for one in gate.accepted
            ),
        )
