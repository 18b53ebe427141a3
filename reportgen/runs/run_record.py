"""run.json as a typed value, and what is made of it with the arrays and tables beside it.

Every number that stands for a row, a class or an array is held against what there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reportgen.analyse.examples import Example
from reportgen.evaluate.predictions import Predictions
from reportgen.explain.attribution_method import with_traits
from reportgen.explain.attributions import Attributions, ExplainedExample
from reportgen.explain.checks.insertion_deletion import Faithfulness
from reportgen.explain.checks.localisation import Focus
from reportgen.explain.checks.precision import PrecisionCheck
from reportgen.explain.checks.randomization import RandomizationTest
from reportgen.explain.checks.run_localisation import FocusRow
from reportgen.explain.chosen import Gone
from reportgen.explain.maps import AttributionMap
from reportgen.explain.method_traits import MethodUse, Refusal
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.images.preprocessing_values import LARGEST_PX
from reportgen.inputs.images.thumbnails import is_thumbnail
from reportgen.inputs.stored_fields import Name
from reportgen.runs.bounded_files import about
from reportgen.runs.bounded_tables import Shape, arrays, columns
from reportgen.runs.run_head import RunHead

MAPS, THUMBNAILS = "attributions.npz", "thumbnails.parquet"
_Index = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heat:
    """A map without its values. peak: what they are shares of."""

    method: Name
    class_idx: _Index
    rival_idx: _Index | None = None
    layer: str
    faithfulness: Faithfulness | None = None
    focus: Focus | None = None
    peak: Annotated[float, Field(ge=0, le=float(np.finfo(np.float32).max))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explained:
    example: Example
    maps: tuple[_Heat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explain:
    """The parts of Attributions that are no pictures."""

    options: ExplainOptions
    methods: tuple[MethodUse, ...]
    refusals: tuple[Refusal, ...]
    focus: tuple[FocusRow, ...]
    precision: tuple[PrecisionCheck, ...]
    gone: tuple[Gone, ...] = ()  # not in runs of older versions, as `switched`
    certificates: tuple[RandomizationTest, ...]  # the name of the first versions
    switched: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord(RunHead):
    """run.json."""

    explain: _Explain
    maps: tuple[_Explained, ...]


def explanation_records(attributions: Attributions) -> tuple[_Explain, tuple[_Explained, ...]]:
    """The keys `explain` and `maps`: what `attributions_of` reads, with the arrays."""
    parts = {one.name: getattr(attributions, one.name) for one in fields(_Explain) if one.name != "certificates"}
    maps = tuple(
        _Explained(example=one.example, maps=tuple(_without_values(heat) for heat in one.maps))
        for one in attributions.examples
    )
    return _Explain(certificates=attributions.randomization_tests, **parts), maps


def _without_values(heat: AttributionMap) -> _Heat:
    return _Heat(**{one.name: getattr(heat, one.name) for one in fields(_Heat)})


def attributions_of(record: RunRecord, files: Mapping[str, bytes], predictions: Predictions) -> Attributions:
    """The maps with their values, from MAPS of `files`. Raises ValueError."""
    n, k = len(predictions.sample_ids), len(predictions.facts.classes)
    heats = [heat for one in record.maps for heat in one.maps]
    shown = [*(one.example for one in record.maps), *(one.example for one in record.explain.gone)]
    rows = [one.idx for one in shown] + [row.idx for row in record.explain.focus]
    classes = [idx for heat in heats for idx in (heat.class_idx, heat.rival_idx) if idx is not None]
    with about("run.json"):
        if any(not 0 <= row < n for row in rows) or any(idx >= k for idx in classes):
            raise ValueError(f"maps of other rows than those of {n} images, or of other classes than {k}")
    shapes: dict[str, Shape] = {}
    for i, one in enumerate(record.maps):
        shapes[f"crop-{i}"] = (None, None, 3)
        shapes |= {f"map-{i}-{j}": (None, None) for j in range(len(one.maps))}
    found = arrays(files, MAPS, shapes)
    with about(MAPS):
        for name, array in found.items():
            _refuse_no_picture(name, array)
        examples = tuple(
            ExplainedExample(
                example=one.example,
                crop=found[f"crop-{i}"],
                maps=tuple(_heat(heat, found[f"map-{i}-{j}"]) for j, heat in enumerate(one.maps)),
            )
            for i, one in enumerate(record.maps)
        )
    rest = {part.name: getattr(record.explain, part.name) for part in fields(record.explain)}
    rest |= {name: tuple(with_traits(one) for one in rest[name]) for name in ("methods", "refusals")}
    return Attributions(examples=examples, randomization_tests=rest.pop("certificates"), **rest)


def thumbnails_of(files: Mapping[str, bytes], predictions: Predictions) -> Mapping[int, bytes]:
    """By row, from THUMBNAILS of `files`. Empty for a run stored before there were any. Raises ValueError."""
    if THUMBNAILS not in files:
        return {}
    table = columns(files, THUMBNAILS, {"sample_id": str, "jpeg": bytes})
    row = {sample_id: idx for idx, sample_id in enumerate(predictions.sample_ids)}
    with about(THUMBNAILS):
        if not row.keys() >= set(table["sample_id"]) or not all(map(is_thumbnail, table["jpeg"])):
            raise ValueError("a thumbnail of an image that the run does not have, or that is none")
    return {row[sample_id]: jpeg for sample_id, jpeg in zip(table["sample_id"], table["jpeg"], strict=True)}


def _refuse_no_picture(name: str, array: NDArray[Any]) -> None:
    expected = np.uint8 if name.startswith("crop") else np.float16
    if array.dtype != expected or not 0 < min(array.shape[:2]) <= max(array.shape[:2]) <= LARGEST_PX:
        raise ValueError(f"{name}: {array.dtype} of shape {array.shape}")


def _heat(told: _Heat, shares: NDArray[np.float16]) -> AttributionMap:
    """Raises ValueError for shares outside of [0, 1]."""
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"a map of {told.method} with shares outside of 0 to 1")
    return AttributionMap(
        method=told.method,
        class_idx=told.class_idx,
        rival_idx=told.rival_idx,
        layer=told.layer,
        values=unpacked(shares, told.peak),
        faithfulness=told.faithfulness,
        focus=told.focus,
    )


def packed(heat: AttributionMap) -> NDArray[np.float16]:
    """The map as shares of its peak in float16 (error up to 2^-11): half the bytes, and no underflow of small maps."""
    return (heat.values / (heat.peak or 1.0)).astype(np.float16)


def unpacked(shares: NDArray[np.float16], peak: float) -> NDArray[np.float32]:
    """The map again."""
    values: NDArray[np.float32] = shares.astype(np.float32) * np.float32(peak)
    return values
