"""One run of which every number is known, and no two numbers that could be taken for one another are alike.

Six classes of two species, 223 images, none of the rates 0, 1 or one half. The logits are drawn at random and then
changed so that the confusion matrix is COUNTS; what is worked out from them is for the tests to work out another way.
"""

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
from scipy import special

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import RunContext, analyse
from reportgen.analyse.gate_rules import AcceptedConfusion, GateRules
from reportgen.analyse.previous_runs import History
from reportgen.compose.report import RunStamp, compose
from reportgen.evaluate.device import Compute
from reportgen.evaluate.predictions import ArgmaxCheck
from reportgen.explain.checks.precision import PrecisionCheck
from reportgen.explain.checks.randomization import RandomizationTest
from reportgen.explain.chosen import Gone
from reportgen.inputs.models.adapted import Reading
from reportgen.inputs.notes import read_notes
from tests import outside
from tests.synthetic import attributions_of, past_run_of, predictions_of

CLASSES = ["Abyssinian", "Bengal", "Birman", "Siamese", "beagle", "pug"]
SPECIES = ("cat", "cat", "cat", "cat", "dog", "dog")
COUNTS = np.array(
    [
        [31, 2, 1, 0, 0, 0],
        [3, 37, 0, 0, 1, 0],
        [0, 0, 29, 11, 0, 0],
        [0, 1, 6, 46, 0, 0],
        [0, 0, 0, 0, 23, 4],
        [0, 0, 0, 2, 7, 19],
    ]
)
N = 223
PREDS = np.concatenate([np.repeat(np.arange(6), row) for row in COUNTS])
TARGETS = np.repeat(np.arange(6), COUNTS.sum(axis=1))
SIZES = COUNTS.sum(axis=1)
IDS = [f"image_{row:05d}" for row in range(N)]
TODAY = date(2026, 11, 23)
BASELINE, OLDER = "20261122T080000000Z-00000002", "20261120T080000000Z-00000001"
STAMP = RunStamp(
    run_id="20261123T081500000Z-1a2b3c4d",
    created_at="2026-11-23T08:15:00+00:00",
    languages=("en", "ja"),
    timing={"inputs": 1.25, "evaluate": 7.5},
)
RULES = GateRules(
    max_unreadable=0.02,
    min_accuracy=0.9,
    min_balanced_accuracy=0.8,
    min_macro_f1=0.7,
    min_species_accuracy=0.95,
    accuracy_margin=0.08,
    min_recall={"Birman": 0.76, "pug": 0.61},
    no_worse_classes=True,
    no_worse_pairs=True,
    max_pair_rate=0.15,
    no_new_cross_species=True,
    max_cross_species=4,
    max_ece=0.01,
    accepted=(
        AcceptedConfusion(pair=("beagle", "pug"), owner="Ann", reason="puppies", expires=date(2026, 12, 1)),
        AcceptedConfusion(pair=("Abyssinian", "Bengal"), owner="Bo", reason="spots", expires=date(2026, 11, 1)),
    ),
)
# Rows by (true, predicted) tonight, in the order of the matrix; (true, predicted in the baseline), how many of them.
WAS = {(2, 3): (2, 9), (3, 3): (2, 4), (3, 2): (3, 1), (5, 5): (4, 1), (5, 3): (5, 2), (0, 1): (2, 1), (0, 0): (5, 1)}
TURNED = {4: 6, 5: 3, 31: 8, 100: 6, 117: 2}  # row: EXIF orientation; 31 and 117 are errors
SAME_FILE = {7: 6, 90: 33}  # row: the row whose file it repeats; 33 is an Abyssinian and 90 a Birman


def rows_of(true, pred):
    """The rows of a cell of COUNTS, ascending."""
    start = COUNTS[:true].sum() + COUNTS[true, :pred].sum()
    return range(start, start + COUNTS[true, pred])


@cache
def predictions():
    """N images; of the true class of an error a random rank, so that some are not among the first five."""
    made = predictions_of(COUNTS, classes=CLASSES, species=SPECIES, notice="drawn for tests", unreadable=1)
    logits = np.random.default_rng(11).normal(scale=1.6, size=(N, 6)).astype(np.float32)
    for row, pred in enumerate(made.preds()):
        top = logits[row].argmax()
        logits[row, [pred, top]] = logits[row, [top, pred]]
    sha256 = [made.sha256[SAME_FILE.get(row, row)] for row in range(N)]
    facts = made.facts
    model = replace(
        facts.model, name="pets", n_params=4321, weights_prefix="module.", left_out=("ema.weight", "loss.centres")
    )
    return replace(
        made,
        logits=logits,
        sha256=tuple(sha256),
        orientations=tuple(TURNED.get(row, 1) for row in range(N)),
        argmax=ArgmaxCheck(n=64, n_differ=3),
        compute=Compute(
            device="cuda:1",
            device_name="NVIDIA H100",
            precision="bf16",
            n_threads=5,
            deterministic=False,
            torch_version="2.11.0",
            software={"torchvision": "0.26.0", "Pillow": "12.1"},
            arithmetic={"cudnn.benchmark": "False"},
            switched=("cuda.matmul.allow_tf32: True",),
        ),
        facts=replace(
            facts,
            model=model,
            data=replace(facts.data, passed_over={"macos": 12, "hidden": 5}),
            outputs=Reading(n_columns=6, steps=("logits", 1), numbers="probabilities"),
            remark="batch_dependent",
            preprocessing_sources={"mean": "configuration", "std": "checkpoint"},
        ),
    )


def preds_before():
    """(N,): what the baseline predicted."""
    preds = predictions().preds().copy()
    for (true, pred), (before, n) in WAS.items():
        preds[list(rows_of(true, pred))[:n]] = before
    return preds


def preds_older():
    """(N,): the run before it: the first of the Birmans was wrong there, and two beagles."""
    preds = preds_before()
    preds[rows_of(2, 3)[0]] = 3
    preds[list(rows_of(4, 4))[:2]] = 5
    return preds


@cache
def findings():
    """Against two earlier runs on another GPU with an older torch, under RULES."""
    now = predictions()
    common = {
        "precision": "bf16",
        "surroundings": {"device": "cuda (NVIDIA A100)", "torch": "2.10.1", "torchvision": "0.26.0", "Pillow": "12.1"},
        "recorded": True,
    }
    older = past_run_of(now, preds_older(), run_id=OLDER, created_at="2026-11-20T08:00:00+00:00", **common)
    before = past_run_of(now, preds_before(), run_id=BASELINE, created_at="2026-11-22T08:00:00+00:00", **common)
    return analyse(now, ExampleRule(), RunContext(today=TODAY, history=History(runs=(older, before)), rules=RULES))


@cache
def attributions():
    """Of every example but the last, which is gone."""
    found = attributions_of(findings())
    tests = tuple(
        RandomizationTest(
            method=method,
            correlation={"head": 0.61 + at / 100, "upper_half": 0.31 + at / 100, "all": 0.11 + at / 100},
            n_pictures=7 + at,
            by_picture=pictures,
        )
        for at, (method, pictures) in enumerate(
            (("grad_cam", (0.12, 0.23, 0.19)), ("contrast", (0.35, 0.61, 0.52)), ("smooth_grad", (0.81, 0.83, 0.88)))
        )
    )
    last = found.examples[-1]
    return replace(
        found,
        examples=tuple(_judged(one, number) for number, one in enumerate(found.examples[:-1])),
        randomization_tests=tests,
        precision=(PrecisionCheck(method="grad_cam", correlation=(0.97, 0.93)),),
        switched={"smooth_grad": ("cudnn.deterministic: True",)},
        gone=(Gone(example=last.example, reason="unreadable", detail="the file is empty"),),
    )


def _judged(one, number):
    """Insertion of its maps: below that of random ones for every fifth example, else as in `tests.synthetic`."""
    numbers = {"insertion": 0.12 if number % 5 == 4 else 0.62, "deletion": 0.21}
    maps = tuple(
        replace(each, faithfulness=each.faithfulness and replace(each.faithfulness, **numbers)) for each in one.maps
    )
    return replace(one, maps=maps)


@cache
def report():
    """The report in English."""
    return compose(findings(), attributions(), notes=read_notes(), stamp=STAMP, thumbnails={})


def probs():
    """(N, 6), by scipy."""
    return special.softmax(predictions().logits.astype(np.float64), axis=1)


def ece():
    """The expected calibration error over 15 bins."""
    return float(outside.calibration_error(probs().max(axis=1), PREDS == TARGETS, 15))
