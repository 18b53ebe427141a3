"""The comparison and the gate of `tests.known_run`, by hand; part of `tests.known_document`."""

from tests import outside
from tests.known_run import BASELINE, CLASSES, IDS, OLDER, PREDS, SIZES, TARGETS, N, ece, probs, rows_of


class Says:
    """A sentence that holds these words; how it is worded is not the matter here."""

    def __init__(self, *words):
        self.words = words

    def __eq__(self, text):
        return isinstance(text, str) and all(word in text for word in self.words)

    __hash__ = None

    def __repr__(self):
        return f"Says{self.words}"


class InEachLanguage(dict):
    """The same of English and of Japanese: numbers are written alike, or `ja` has the words."""

    def __init__(self, en, ja=None):
        super().__init__(en=en, ja=en if ja is None else ja)


def judgement(lost, won, n, verdict):
    return {
        "n": n,
        "p_value": outside.mcnemar(lost, won),
        "difference": (won - lost) / n,
        "difference_ci": outside.paired_ends(lost, won, n),
        "verdict": verdict,
    }


def flips():
    """Broken before fixed, each by confidence; the first Birman was wrong two runs ago already."""
    broken = dict.fromkeys(list(rows_of(2, 3))[:9], 2) | {rows_of(3, 2)[0]: 3} | dict.fromkeys(rows_of(5, 3), 5)
    fixed = dict.fromkeys(list(rows_of(3, 3))[:4], 2) | {rows_of(5, 5)[0]: 4, rows_of(0, 0)[0]: 5}
    found = []
    for kind, rows in (("broken", broken), ("fixed", fixed)):
        for row in sorted(rows, key=lambda row: -probs()[row].max()):
            flaky = row == rows_of(2, 3)[0]
            strip = [not flaky, True, False] if kind == "broken" else [False, False, True]
            found.append(
                {
                    "sample_id": IDS[row],
                    "path": f"data/{IDS[row]}.jpg",
                    "kind": kind,
                    "target": CLASSES[TARGETS[row]],
                    "pred": CLASSES[PREDS[row]],
                    "pred_before": CLASSES[rows[row]],
                    "state": "flaky" if flaky else "new" if kind == "broken" else "fixed",
                    "strip": strip,
                }
            )
    return found


ACROSS = Says("cuda (NVIDIA A100) → cuda (NVIDIA H100)", "torch 2.10.1 → 2.11.0")


def comparison():
    """By hand from known_run.WAS: 9 Birmans, a Siamese and 2 pugs broke; 4 Siamese, a pug and an Abyssinian were fixed.

    Between a pair: Birman and Siamese 9 + 1 newly, 4 no longer; pug as Siamese 2 newly; Abyssinian as Bengal 1 newly,
    as Birman 1 no longer, as pug 1 no longer; pug as beagle 1 no longer.
    """
    changed_pairs = (
        (2, 3, 10, 4, "no_evidence"),
        (3, 5, 2, 0, "underpowered"),
        (0, 1, 1, 0, "underpowered"),
        (0, 2, 0, 1, "underpowered"),
        (0, 5, 0, 1, "underpowered"),
        (4, 5, 0, 1, "underpowered"),
    )
    changed_classes = (
        (2, 9, 0, "worse"),
        (5, 2, 1, "underpowered"),
        (0, 0, 1, "underpowered"),
        (3, 1, 4, "underpowered"),
    )
    return {
        "baseline_run_id": BASELINE,
        "baseline_created_at": "2026-11-22T08:00:00+00:00",
        "baseline_accuracy": 191 / 223,
        "same_checkpoint": False,
        "comparable": True,
        "reason": None,
        "reasons": InEachLanguage(""),
        "differences": [
            {"name": "device", "before": "cuda (NVIDIA A100)", "now": "cuda (NVIDIA H100)"},
            {"name": "torch", "before": "2.10.1", "now": "2.11.0"},
        ],
        "across": ACROSS,
        "acrosses": InEachLanguage(ACROSS),
        "n_paired": N,
        "fixed": 6,
        "broken": 12,
        "p_value": outside.mcnemar(12, 6),
        "accuracy_difference": -6 / 223,
        "accuracy_difference_ci": outside.paired_ends(12, 6, 223),
        "verdict": "no_evidence",
        "negative_flip_rate": 12 / 223,
        "passed_over": [],
        "flips": flips(),
        "pairs": [
            {
                "a": CLASSES[a],
                "b": CLASSES[b],
                "newly_confused": lost,
                "no_longer_confused": won,
                **judgement(lost, won, int(SIZES[a] + SIZES[b]), verdict),
            }
            for a, b, lost, won, verdict in changed_pairs
        ],
        "classes": [
            {"class": CLASSES[k], "fixed": won, "broken": lost, **judgement(lost, won, int(SIZES[k]), verdict)}
            for k, lost, won, verdict in changed_classes
        ],
        "entered_top_ten": [["Siamese", "pug"]],
        "left_top_ten": [["Abyssinian", "pug"]],
        "new_cross_species": [IDS[row] for row in rows_of(5, 3)],
        "churn": {"tonight": 18 / 223, "usual": [3 / 223]},
        "errors": {"new": 11, "chronic": 26, "flaky": 1},
        "nights": [
            {"run_id": OLDER, "created_at": "2026-11-20T08:00:00+00:00"},
            {"run_id": BASELINE, "created_at": "2026-11-22T08:00:00+00:00"},
        ],
    }


def gate():
    """The figures are those of the other parts, rounded by hand."""
    told = (
        ("max_unreadable", "pass", Says("1", "224", "2.0%")),
        ("class_order", "pass", Says("83.0%")),
        ("accuracy_margin", "pass", Says("−2.7", "8.0", BASELINE, "2.11.0")),
        ("min_accuracy", "fail", Says("83.0%", "90.0%")),
        ("min_balanced_accuracy", "pass", Says("82.3%", "80.0%")),
        ("min_macro_f1", "pass", Says("82.5%", "70.0%")),
        ("min_species_accuracy", "pass", Says("98.7%", "95.0%")),
        ("min_recall Birman", "fail", Says("29", "40", "72.5%", "76.0%")),
        ("min_recall pug", "pass", Says("19", "28", "67.9%", "61.0%")),
        ("no_worse_classes", "fail", Says("9", "0", "1", "3", "2.10.1")),
        ("no_worse_pairs", "pass", Says("1", "4", "1", "2.10.1")),
        ("max_pair_rate", "fail", Says("Birman", "Siamese", "18.3%", "15.0%", "1")),
        ("no_new_cross_species", "fail", Says("2", IDS[rows_of(5, 3)[0]], "2.10.1")),
        ("max_cross_species", "pass", Says("3", "4")),
        ("max_ece", "fail", Says("1.0%", f"{100 * ece():.1f}%")),
    )
    return {
        "outcome": "fail",
        "passed": False,
        "strict": False,
        "n_data_checks": 2,
        "detail": None,
        "details": InEachLanguage(""),
        "rules": [
            {"name": name, "outcome": outcome, "detail": detail, "details": InEachLanguage(detail)}
            for name, outcome, detail in told
        ],
        "accepted": [
            {"pair": ["beagle", "pug"], "owner": "Ann", "reason": "puppies", "expires": "2026-12-01", "expired": False},
            {
                "pair": ["Abyssinian", "Bengal"],
                "owner": "Bo",
                "reason": "spots",
                "expires": "2026-11-01",
                "expired": True,
            },
        ],
    }
