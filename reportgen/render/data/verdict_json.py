"""verdict.json: the run in one line, for the next step of a CI job; every key is one of findings.json, or a count."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_COPIED = MappingProxyType(  # key to its place in findings.json; n_cross_species, top_pairs and rules are made below
    {
        **{key: key for key in ("schema_version", "run_id", "created_at")},
        "model": "model.name",
        **{key: key for key in ("language", "languages")},
        **{key: f"gate.{key}" for key in ("outcome", "passed", "strict", "n_data_checks", "detail", "details")},
        **{key: f"scores.{key}" for key in ("accuracy", "accuracy_ci", "n", "correct", "species_accuracy")},
        **{key: key for key in ("n_cross_species", "top_pairs", "comparison")},
        "fingerprint": "data.fingerprint",
        "class_order_suspicious": "class_order.suspicious",
        "notice": "data.notice",
        "rules": "gate.rules",
    }
)
_OF_COMPARISON = (
    *("baseline_run_id", "comparable", "reason", "reasons", "verdict", "fixed", "broken", "n_paired", "p_value"),
    *("differences", "across", "acrosses"),
    *("accuracy_difference", "accuracy_difference_ci"),
)
_OF_A_PAIR = ("a", "b", "a_as_b", "b_as_a", "n_a", "n_b")
_N_TOP_PAIRS = 3


def verdict(contract: Mapping[str, Any]) -> dict[str, Any]:
    """The run in one line, from findings.json."""
    known, against = contract["scores"]["species_accuracy"] is not None, contract["comparison"]
    made = {
        "n_cross_species": len(contract["cross_species"]) if known else None,
        "top_pairs": [{key: pair[key] for key in _OF_A_PAIR} for pair in contract["pairs"][:_N_TOP_PAIRS]],
        "comparison": {key: against[key] for key in _OF_COMPARISON} if against else None,
        "rules": [rule for rule in contract["gate"]["rules"] if rule["outcome"] != "pass"],
    }
    return {key: made[key] if key in made else _at(contract, place) for key, place in _COPIED.items()}


def verdict_schema(findings: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of verdict.json from that of findings.json; where there is no report, four keys say why."""
    defs = findings["$defs"]
    made = {
        "n_cross_species": {
            "description": "How many errors have a predicted class of another species; null without species.",
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}],
        },
        "top_pairs": {
            "description": "The first three of `pairs`.",
            "type": "array",
            "maxItems": _N_TOP_PAIRS,
            "items": _part(defs["PairJson"], _OF_A_PAIR),
        },
        "comparison": {
            "description": "Against the baseline; null without a previous run.",
            "anyOf": [_part(defs["ComparisonJson"], _OF_COMPARISON), {"type": "null"}],
        },
        "rules": {
            "description": "The rules that do not pass.",
            "type": "array",
            "items": {"$ref": "#/$defs/RuleJson"},
        },
    }
    properties = {key: made[key] if key in made else _schema_at(findings, place) for key, place in _COPIED.items()}
    used = {name: defs[name] for name in ("DifferenceJson", "RuleJson")}
    return {"$defs": used, "anyOf": [_object(properties, "A run with a report."), _NO_REPORT]}


def _at(value: Any, place: str) -> Any:
    for key in place.split("."):
        value = value[key]
    return value


def _schema_at(schema: Mapping[str, Any], place: str) -> Any:
    found: Any = schema
    for key in place.split("."):
        at = schema["$defs"][found["$ref"].rpartition("/")[2]] if "$ref" in found else found
        found = at["properties"][key]
    return found


def _part(schema: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return _object({key: schema["properties"][key] for key in keys}, schema["description"])


def _object(properties: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_NO_REPORT = _object(
    {
        "outcome": {"enum": ["error", "stopped"], "description": "stopped: by a signal, or the run has not ended."},
        "passed": {"const": False, "description": "Without a report nothing passes."},
        "exit_code": {
            "anyOf": [{"type": "integer", "minimum": 0, "maximum": 255}, {"type": "null"}],
            "description": "Of the program; null while the run goes on, or after it was killed.",
        },
        "error": {"type": "string", "description": "Why there is no report."},
    },
    "A run without a report, as --ci-dir has it.",
)
