"""Every rule in each of its outcomes."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from reportgen.analyse.gate import refuse_unknown_classes
from reportgen.analyse.gate_rules import AcceptedConfusion, GateRules
from reportgen.analyse.previous_runs import History
from reportgen.errors import ConfigError
from tests.synthetic import TODAY, findings_of, past_run_of, predictions_of

# 3 classes of 40: 12 of the first are called the second, one of the third the first. Accuracy 107 of 120.
COUNTS = np.array([[28, 12, 0], [0, 40, 0], [1, 0, 39]])
SPECIES = ("cat", "cat", "dog")


def gate_of(rules, before=None, *, counts=COUNTS, comparable=True, **options):
    """The gate against a night with the predictions `before` (None: no earlier night)."""
    history = None
    if before is not None:
        changed = {} if comparable else {"fingerprint": "e" * 64}
        history = History(runs=(past_run_of(predictions_of(counts, **options), before, **changed),))
    return findings_of(counts, rules=rules, history=history, **options).gate


def outcome(rules, name, *arguments, **options):
    found = {rule.name: rule for rule in gate_of(rules, *arguments, **options).rules}
    return found[name].outcome


def right():
    """A night without an error."""
    return predictions_of(COUNTS).targets


def same():
    return predictions_of(COUNTS).preds()


def with_flips(broken, fixed):
    """A night from which `broken` images of the second class broke and `fixed` of the first were fixed."""
    before = same().copy()
    errors = np.flatnonzero(before != right())
    hits = np.flatnonzero(before == right())
    before[errors[:broken]] = right()[errors[:broken]]
    before[hits[:fixed]] = (right()[hits[:fixed]] + 1) % 3
    return before


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (GateRules(min_accuracy=107 / 120), "pass"),
        (GateRules(min_accuracy=0.9), "fail"),
        (GateRules(min_balanced_accuracy=0.89), "pass"),
        (GateRules(min_balanced_accuracy=0.9), "fail"),
        (GateRules(min_macro_f1=0.88), "pass"),
        (GateRules(min_macro_f1=0.95), "fail"),
        (GateRules(min_species_accuracy=119 / 120), "pass"),
        (GateRules(min_species_accuracy=1.0), "fail"),
        (GateRules(max_cross_species=1), "pass"),
        (GateRules(max_cross_species=0), "fail"),
        (GateRules(max_ece=1.0), "pass"),
        (GateRules(max_ece=0.1), "fail"),  # every prediction has probability e^2 / (e^2 + e + 1) = 0.67
        (GateRules(max_pair_rate=12 / 80), "pass"),
        (GateRules(max_pair_rate=0.14), "fail"),
        (GateRules(min_recall={"class_000": 0.7}), "pass"),
        (GateRules(min_recall={"class_000": 0.71}), "fail"),
        (GateRules(min_recall={"class_000": 0.1 + 0.6}), "pass"),  # 0.7 and 0.7 but for the last bit
        (GateRules(max_pair_rate=0.1 * 3 / 2 - 1e-16), "pass"),
    ],
)
def test_floors_and_ceilings_hold_for_the_figure_itself(rules, expected):
    found = gate_of(rules, species=SPECIES)
    assert [rule.outcome for rule in found.rules][2:] == [expected]
    assert found.outcome == expected
    assert found.passed == (expected == "pass")


def test_a_pair_that_does_not_stand_out_is_no_reason_to_stop_a_model():
    """The third class called the first once of 80: over the limit, but one error is no pair."""
    assert (
        outcome(GateRules(max_pair_rate=0.01), "max_pair_rate", counts=np.array([[40, 0, 0], [0, 40, 0], [1, 0, 39]]))
        == "pass"
    )


@pytest.mark.parametrize(
    ("broken", "fixed", "margin", "expected"),
    [
        (0, 0, 0.04, "pass"),  # the interval is +-3.1 points
        (0, 0, 0.03, "inconclusive"),
        (13, 0, 0.01, "fail"),  # -10.8 points, all of the interval below 0
        (3, 1, 0.01, "inconclusive"),
        (0, 8, 0.01, "pass"),
        (13, 0, 0.2, "pass"),  # worse, but by less than the margin
    ],
)
def test_the_margin_is_judged_by_the_interval(broken, fixed, margin, expected):
    assert outcome(GateRules(accuracy_margin=margin), "accuracy_margin", with_flips(broken, fixed)) == expected


COMPARING = {
    "accuracy_margin": GateRules(accuracy_margin=0.05),
    "no_worse_classes": GateRules(no_worse_classes=True),
    "no_worse_pairs": GateRules(no_worse_pairs=True),
    "no_new_cross_species": GateRules(no_new_cross_species=True),
}


@pytest.mark.parametrize("name", COMPARING)
def test_without_a_comparable_night_a_comparing_rule_is_inconclusive(name):
    assert outcome(COMPARING[name], name, species=SPECIES) == "inconclusive"
    assert outcome(COMPARING[name], name, right(), species=SPECIES, comparable=False) == "inconclusive"


@pytest.mark.parametrize("name", COMPARING)
def test_a_comparing_rule_fails_when_it_is_worse_and_passes_when_nothing_changed(name):
    rules = replace(COMPARING[name], accuracy_margin=0.05)
    assert outcome(rules, name, right(), species=SPECIES) == "fail"
    assert outcome(rules, name, same(), species=SPECIES) == "pass"


@pytest.mark.parametrize("name", ["min_species_accuracy", "max_cross_species", "no_new_cross_species"])
def test_a_rule_about_species_without_species_is_invalid(name):
    rules = GateRules(**{name: True if name.startswith("no") else 1})
    assert outcome(rules, name, right()) == "invalid"
    assert gate_of(rules, right()).outcome == "invalid"
    assert not gate_of(rules, right()).passed


def test_a_class_without_images_was_not_looked_at():
    counts = np.array([[10, 0], [0, 0]])
    assert outcome(GateRules(min_recall={"class_001": 0.5}), "min_recall class_001", counts=counts) == "inconclusive"


def test_a_rule_that_crashes_is_invalid_and_the_others_are_still_applied():
    """A floor for a class that the model does not have gets past the gate's own check only by a fault."""
    found = gate_of(GateRules(min_recall={"nobody": 0.5}, max_ece=1.0))
    outcomes = {rule.name: rule.outcome for rule in found.rules}
    assert outcomes["min_recall"] == "invalid"
    assert outcomes["max_ece"] == "pass"
    assert found.outcome == "invalid"
    assert "nobody" in str(next(rule for rule in found.rules if rule.name == "min_recall").values["error"])


def test_the_worst_outcome_is_the_gates():
    inconclusive = GateRules(accuracy_margin=0.01)
    fail = replace(inconclusive, min_accuracy=1.0)
    invalid = replace(fail, max_cross_species=0)
    assert [gate_of(rules).outcome for rules in (GateRules(), inconclusive, fail, invalid)] == [
        *("not_judged", "inconclusive", "fail", "invalid")
    ]


def test_inconclusive_passes_unless_the_gate_is_strict():
    assert gate_of(GateRules(accuracy_margin=0.01)).passed
    assert not gate_of(GateRules(accuracy_margin=0.01, strict=True)).passed
    assert gate_of(GateRules(strict=True)).passed


@pytest.mark.parametrize(("n", "expected"), [(0, "pass"), (2, "pass"), (3, "fail")])
def test_unreadable_images_are_bounded(n, expected):
    """Of 122 or 123 listed images 2% may be unreadable: 2.4."""
    assert outcome(GateRules(max_unreadable=0.02), "max_unreadable", unreadable=n) == expected


def test_a_share_on_the_limit_passes():
    """29 of 100 is 0.29, though in floating point 0.29 * 100 is less than 29."""
    rules = GateRules(max_unreadable=0.29)
    assert outcome(rules, "max_unreadable", counts=np.diag([41, 30]), unreadable=29) == "pass"
    assert outcome(rules, "max_unreadable", counts=np.diag([40, 30]), unreadable=30) == "fail"


def test_a_suspicious_class_order_is_never_a_pass():
    assert gate_of(GateRules(), counts=np.roll(np.diag(np.full(6, 10)), 1, axis=1)).outcome == "inconclusive"


@pytest.mark.parametrize(("days_left", "counts_again"), [(1, False), (0, False), (-1, True)])
def test_an_accepted_confusion_is_left_out_until_and_including_its_day(days_left, counts_again):
    """Either way round; the classes of the pair are not accepted, only their confusion."""
    accepted = AcceptedConfusion(
        pair=("class_001", "class_000"), owner="Aoi", reason="alike", expires=TODAY + timedelta(days=days_left)
    )
    rules = GateRules(no_worse_pairs=True, no_worse_classes=True, max_pair_rate=0.05, accepted=(accepted,))
    found = gate_of(rules, right())
    outcomes = {rule.name: rule.outcome for rule in found.rules}
    assert outcomes["no_worse_pairs"] == outcomes["max_pair_rate"] == ("fail" if counts_again else "pass")
    assert outcomes["no_worse_classes"] == "fail"
    assert found.expired == ((accepted,) if counts_again else ())


@pytest.mark.parametrize(
    "rules",
    [
        GateRules(min_recall={"Bengall": 0.5}),
        GateRules(accepted=(AcceptedConfusion(pair=("Bengal", "x"), owner="o", reason="r", expires=date(2030, 1, 1)),)),
    ],
)
def test_an_unknown_class_is_refused(rules):
    with pytest.raises(ConfigError, match="no such class") as caught:
        refuse_unknown_classes(rules, ("Bengal", "pug"))
    assert caught.value.exit_code == 2
    refuse_unknown_classes(GateRules(min_recall={"pug": 0.5}), ("Bengal", "pug"))
