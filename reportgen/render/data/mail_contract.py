"""The keys of findings.json that the mail is made of, each with its kind: what a stored run says is checked by them.

Other keys are left as they are: templates of one's own may use them.
"""

from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,  # of typing before Python 3.12 pydantic reads no keys
)

from pydantic import AfterValidator, ConfigDict, with_config
from typing_extensions import TypedDict

from reportgen.inputs.stored_fields import Count, Difference, Fraction, Moment, Name, PathText, RunId
from reportgen.language import LANGUAGES

Probability = Fraction
_Verdict = Literal["better", "worse", "no_evidence", "underpowered"]
_Outcome = Literal["pass", "fail", "inconclusive", "invalid"]


def _with_english(words: dict[str, str]) -> dict[str, str]:
    if "en" not in words:
        raise ValueError("no words in English")
    return words


def _known_language(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"the language {code[:20]!r}, of which {', '.join(LANGUAGES)} are known")
    return code


_Words = Annotated[dict[str, str], AfterValidator(_with_english)]


class _Model(TypedDict):
    name: str


class _Data(TypedDict):
    name: str
    notice: str | None


class _Scores(TypedDict):
    n: Count
    correct: Count
    accuracy: Fraction
    accuracy_ci: tuple[Fraction, Fraction]


class _Order(TypedDict):
    accuracy: Fraction
    best_accuracy: Fraction
    suspicious: bool


class _Pair(TypedDict):
    a: Name
    b: Name
    a_as_b: Count
    b_as_a: Count
    n_a: Count
    n_b: Count
    evident: bool


class _Group(TypedDict):
    classes: list[Name]
    errors: Count
    impact: Fraction


class _Stranger(TypedDict):
    sample_id: PathText
    target: Name
    pred: Name


class _Flip(_Stranger):
    kind: Literal["broken", "fixed"]
    state: str


class _PairChange(TypedDict):
    a: Name
    b: Name
    newly_confused: Count
    no_longer_confused: Count
    p_value: Probability
    verdict: _Verdict


_ClassChange = TypedDict(
    "_ClassChange",
    {"class": Name, "n": Count, "fixed": Count, "broken": Count, "p_value": Probability, "verdict": _Verdict},
)


class _Comparison(TypedDict):
    """p_value, accuracy_difference, its interval and verdict are None where no image is in both runs."""

    baseline_created_at: Moment
    comparable: bool
    reason: str | None
    reasons: NotRequired[_Words]
    across: NotRequired[str | None]
    acrosses: NotRequired[_Words]
    fixed: Count
    broken: Count
    p_value: Probability | None
    accuracy_difference: Difference | None
    accuracy_difference_ci: tuple[Difference, Difference] | None
    verdict: _Verdict | None
    flips: list[_Flip]
    pairs: list[_PairChange]
    classes: list[_ClassChange]
    entered_top_ten: list[tuple[Name, Name]]
    new_cross_species: list[PathText]


class _Rule(TypedDict):
    name: str
    outcome: _Outcome
    detail: str
    details: NotRequired[_Words]


class _Gate(TypedDict):
    outcome: Literal["not_judged"] | _Outcome
    strict: bool
    rules: list[_Rule]
    n_data_checks: NotRequired[Count]
    details: NotRequired[_Words]


@with_config(ConfigDict(extra="allow"))
class MailContract(TypedDict):
    """findings.json, as far as the mail reads it."""

    run_id: RunId
    created_at: Moment
    language: Annotated[str, AfterValidator(_known_language)]
    model: _Model
    data: _Data
    scores: _Scores
    class_order: _Order
    pairs: list[_Pair]
    groups: list[_Group]
    cross_species: list[_Stranger]
    comparison: _Comparison | None
    gate: _Gate


def refuse_contradictions(contract: dict[str, Any]) -> None:
    """Raises ValueError for what the mail could not word: runs that can be compared and were not, errors that are none.

    New errors across species are looked up among the run's.
    """
    against = contract["comparison"]
    if against is None:
        return
    figures = (
        against["verdict"],
        against["p_value"],
        against["accuracy_difference"],
        against["accuracy_difference_ci"],
    )
    if against["comparable"] and None in figures:
        raise ValueError("a comparison without its figures")
    if not against["comparable"] and against["reason"] is None and "reasons" not in against:
        raise ValueError("a comparison without the reason why it cannot be made")
    if not {error["sample_id"] for error in contract["cross_species"]} >= set(against["new_cross_species"]):
        raise ValueError("new errors across species that are not among the errors across species")
