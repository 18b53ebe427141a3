"""The key `panels` of findings.json: every image that was explained, with its attribution maps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field

from reportgen.analyse.examples import ExampleReason
from reportgen.compose.report import Report
from reportgen.explain.attributions import Attributions
from reportgen.explain.checks.standing import Standing, standings
from reportgen.explain.maps import AttributionMap
from reportgen.inputs.stored_fields import Fraction, Name, PathText
from reportgen.runs.published import NotNegative, Published


@dataclass(frozen=True, slots=True, kw_only=True)
class MapJson(Published):
    """One attribution map of an image; what was not measured is null."""

    name: str
    """Its method."""
    class_: Annotated[Name, Field(serialization_alias="class")]
    """The class that it explains."""
    rival: Name | None
    """The class that a contrast is drawn against; null for other methods."""
    target_layer: str | None
    """The layer that it was worked out at; null for methods on the input's pixels."""
    peak: NotNegative
    """Its largest value; 0 where there is no evidence."""
    insertion: Fraction | None
    """Area under the insertion curve."""
    insertion_random: tuple[Fraction, ...] | None
    """The same of random maps of the same image, one a random map."""
    insertion_by_chance: tuple[Fraction, Fraction] | None
    """Where the insertion of one more random map would lie 95 times in 100: low, high."""
    deletion: Fraction | None
    """Area under the deletion curve."""
    better_than_random: bool | None
    """Whether insertion is above that of each random map."""
    energy_on_object: Fraction | None
    """Share of the map's sum that lies on the object, by the mask."""
    object_area: Fraction | None
    """Share of the image that is object; a uniform map has the same energy on it."""
    peak_on_object: bool | None
    """Whether the largest value lies on the object."""
    standing: Standing
    """What the report may say of the map: the first that holds of fails_randomisation (its method), no_evidence
    (zeros), practically_no_evidence (peak below 2% of the largest of the image's maps on one scale), contradicted,
    not_distinguishable, supported (insertion, rounded to two digits, below, within, above insertion_by_chance),
    not_tested."""

    @classmethod
    def of(cls, drawn: AttributionMap, classes: tuple[str, ...], standing: Standing) -> Self:
        """With the names of its classes."""
        faithful, localised = drawn.faithfulness, drawn.focus
        return cls(
            name=drawn.method,
            class_=classes[drawn.class_idx],
            rival=None if drawn.rival_idx is None else classes[drawn.rival_idx],
            target_layer=drawn.layer or None,
            peak=drawn.peak,
            insertion=faithful.insertion if faithful else None,
            insertion_random=faithful.random if faithful else None,
            insertion_by_chance=faithful.by_chance if faithful else None,
            deletion=faithful.deletion if faithful else None,
            better_than_random=faithful.better_than_random if faithful else None,
            energy_on_object=localised.energy if localised else None,
            object_area=localised.area if localised else None,
            peak_on_object=localised.hit if localised else None,
            standing=standing,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelJson(Published):
    """One image that was explained."""

    sample_id: PathText
    """Its id in the data set."""
    reason: ExampleReason
    """Why it was chosen."""
    methods: tuple[MapJson, ...]
    """Its maps, in the order of the methods."""

    @classmethod
    def all_of(cls, report: Report) -> tuple[Self, ...]:
        """One an example."""
        predictions, attributions = report.findings.predictions, report.attributions
        return tuple(
            cls(
                sample_id=predictions.sample_ids[one.example.idx],
                reason=one.example.reason,
                methods=tuple(
                    MapJson.of(drawn, predictions.facts.classes, standing)
                    for drawn, standing in zip(one.maps, _standings(attributions, one.maps), strict=True)
                ),
            )
            for one in attributions.examples
        )


def _standings(attributions: Attributions, maps: Sequence[AttributionMap]) -> tuple[Standing, ...]:
    return standings(maps, methods=attributions.methods, failed=attributions.failed)
