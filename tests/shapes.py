"""Reports of every shape of result: few and many classes, long names, no error, nothing but errors, one image.

Each has a model's name that has nowhere to break a line.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import numpy as np

from reportgen.analyse.findings import Findings
from reportgen.compose.report import Report, compose
from reportgen.inputs.notes import read_notes
from reportgen.render.rendered import RenderedReport, render
from reportgen.runs.stamp import RunStamp
from tests.synthetic import attributions_of, findings_of

MODEL = "M" * 60
CREATED_AT = "2026-11-23T08:00:00+00:00"
CAT_AND_DOG_NAMES = ("Bengal", "Egyptian_Mau", *(f"breed_{k:02d}" for k in range(35)))


def confused(n_classes: int, size: int = 20) -> np.ndarray:
    """`size` right images a class, 7 images of the first called the second and 4 the other way round."""
    counts = np.diag(np.full(n_classes, size))
    counts[0, 1], counts[1, 0] = 7, 4
    return counts


SHAPES: Mapping[str, Callable[[], Findings]] = MappingProxyType(
    {
        "3 classes": lambda: findings_of(confused(3), unreadable=2),
        "37 classes": lambda: findings_of(
            confused(37), classes=list(CAT_AND_DOG_NAMES), species=("cat",) * 12 + ("dog",) * 25, notice="Drawn data"
        ),
        "120 classes": lambda: findings_of(confused(120)),
        "names of 60 letters": lambda: findings_of(
            confused(37),
            classes=[f"a_breed_with_a_very_long_name_that_goes_on_and_on_and_on_{k:03d}" for k in range(37)],
        ),
        "names without a break": lambda: findings_of(
            confused(3), classes=[f"{'Breed' * 11}Name{k}" for k in range(3)], species=("a", "a", "b"), stem="x" * 120
        ),
        "names of 300 letters": lambda: findings_of(
            confused(4),
            classes=["x" * 300, "ヨ" * 300, "e\u0301\u0323" * 100, f"{'a_b/' * 70}c"],
            species=("a", "a", "b", "b"),
            stem="猫" * 2000,
            notice="n" * 300,
            unreadable=2,
        ),
        "no error": lambda: findings_of(np.diag([5, 5, 5])),
        "every image wrong": lambda: findings_of(np.roll(np.diag(np.full(6, 5)), 1, axis=1), species=("a", "b") * 3),
        "one class": lambda: findings_of(np.array([[4]])),
        "one image": lambda: findings_of(np.array([[0, 1], [0, 0]])),
    }
)


def report_of_shape(name: str, *languages: str) -> Report:
    """The report of a shape, in the first of `languages` (English when none is given)."""
    findings = SHAPES[name]()
    facts = findings.predictions.facts
    named = replace(findings.predictions, facts=replace(facts, model=replace(facts.model, name=MODEL)))
    findings = replace(findings, predictions=named)
    stamp = RunStamp(run_id="r1", created_at=CREATED_AT, languages=languages or ("en",), timing={"evaluate": 1.0})
    return compose(findings, attributions_of(findings), notes=read_notes(), stamp=stamp)


@cache
def pdf_of_shape(name: str) -> RenderedReport:
    """That report with its PDF, made once for all tests: the first shape in English and Japanese, others in English."""
    languages = ("en", "ja") if name == next(iter(SHAPES)) else ("en",)
    return render(report_of_shape(name, *languages), formats=("pdf",))
