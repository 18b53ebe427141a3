"""Sentences in plain text, for the contract, the CI files and the page alike; worded in templates/words.txt.j2."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from reportgen.plain_text import shown
from reportgen.render.environment import environment, rendered
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance

if TYPE_CHECKING:  # the index and the mail word a gate without any analysis
    from reportgen.analyse.comparison import Comparison
    from reportgen.analyse.findings import Findings
    from reportgen.analyse.gate import Gate
    from reportgen.analyse.gate_outcome import RuleResult
    from reportgen.compose.size_reduction import SizeReduction

Breed = Callable[[str], str]


def rule_text(
    rule: "RuleResult",
    classes: tuple[str, ...],
    *,
    breed: Breed = str,
    code: str = "en",
    appearance: Appearance = DEFAULT_APPEARANCE,
) -> str:
    """Why the rule has its outcome, in one sentence. `classes` are the names of the class numbers in its values."""
    return _worded("rule", code, appearance, breed=breed, rule=rule, classes=classes)


def gate_text(
    gate: "Gate | Mapping[str, Any]", code: str = "en", *, appearance: Appearance = DEFAULT_APPEARANCE
) -> str:
    """What the outcome alone does not tell: that nothing was judged, that a strict gate fails; else "".

    `gate`: or its outcome, strict and n_data_checks by name.
    """
    return _worded("gate", code, appearance, gate=gate)


def mismatch_text(comparison: "Comparison", code: str = "en", *, appearance: Appearance = DEFAULT_APPEARANCE) -> str:
    """Why the runs are not comparable; "" when they are."""
    return _worded("mismatch", code, appearance, mismatches=comparison.mismatches)


def differences_text(comparison: "Comparison", code: str = "en", *, appearance: Appearance = DEFAULT_APPEARANCE) -> str:
    """What is another than in the baseline although the runs are comparable: device, libraries; "" where nothing is."""
    return _worded("differences", code, appearance, differences=comparison.differences)


def omitted_text(
    reduction: "SizeReduction",
    n_panels: tuple[int, int] | None = None,
    *,
    code: str = "en",
    appearance: Appearance = DEFAULT_APPEARANCE,
) -> str:
    """What a smaller version of the report leaves out; n_panels: how many it shows, of how many."""
    return _worded("omitted", code, appearance, reduction=reduction, n_panels=n_panels)


def comparison_text(findings: "Findings") -> str:
    """The comparison in lines of plain English, for the terminal."""
    made = environment(str, autoescape=False, finalize=_on_its_line)
    reason = mismatch_text(findings.comparison) if findings.comparison else ""
    across = differences_text(findings.comparison) if findings.comparison else ""
    classes = findings.predictions.facts.classes
    return rendered(made, "comparison.txt.j2", findings=findings, classes=classes, reason=reason, across=across).strip()


def _on_its_line(value: object) -> object:
    """A name is no line of its own."""
    return shown(value) if isinstance(value, str) else value


def _worded(kind: str, code: str, appearance: Appearance, *, breed: Breed = str, **values: object) -> str:
    text = rendered(
        environment(breed, code, appearance=appearance, autoescape=False), "words.txt.j2", kind=kind, **values
    )
    return " ".join(text.split())
