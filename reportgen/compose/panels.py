"""Panels: the crop that the model saw, with its attributions over it, as JPEG tiles.

Maps of one picture whose methods name the same scale are drawn on one, from 0 to the largest of their peaks, so that a
weak map looks weak. A map without positive evidence is not drawn at all: its tile is the
plain crop and is marked `blank`. What the page may say of a map is its tile's `standing`.
"""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image

from reportgen.analyse.examples import ExampleReason
from reportgen.analyse.findings import Findings
from reportgen.explain.attributions import Attributions
from reportgen.explain.checks.insertion_deletion import Faithfulness
from reportgen.explain.checks.localisation import Focus
from reportgen.explain.checks.randomization import RandomizationOutcome, RandomizationTest
from reportgen.explain.checks.standing import Standing, scales_of, standings
from reportgen.explain.maps import AttributionMap
from reportgen.explain.method_traits import MethodUse
from reportgen.tokens import house_tokens

JPEG_QUALITY = 80
CLIP_PERCENTILE = 99.0  # Smilkov et al. 2017, section 3.2
_MAX_OPACITY = 0.75
_HOT, _ONE_SPOT = 0.95, 0.5  # share of the peak that is as hot as the peak; share of a side that is still one place
_PLACES = (
    ("upper_left", "top", "upper_right"),
    ("left", "centre", "right"),
    ("lower_left", "bottom", "lower_right"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One picture of a panel. `kind` is "crop" or the method; the crop has no class, numbers or place.

    `shown`: the explained class; `rival`: the class that it is compared with; `scale_max`: the value of full
    colour; `place`: which ninth of the crop holds the hottest spot, "" where there is none or no single one;
    `baseline`: what the method compares the picture with, a key, "" for none; `standing`: see `checks.standing`, ""
    for the crop; `randomization_test`: how the method came through the randomisation test, "" where there was none.
    """

    kind: str
    asset: str
    shown: str = ""
    rival: str = ""
    peak: float = 0.0
    scale_max: float = 0.0
    blank: bool = False
    place: str = ""
    faithfulness: Faithfulness | None = None
    focus: Focus | None = None
    baseline: str = ""
    standing: Standing | Literal[""] = ""
    randomization_test: RandomizationOutcome | Literal[""] = ""

    @property
    def alike(self) -> bool:
        """Whether its method fails the randomisation test; templates of one's own may ask."""
        return self.randomization_test == "fail"

    @property
    def screen_only(self) -> bool:
        """Whether print leaves it out: a map that shows the picture and not the model costs paper and persuades."""
        return self.alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One example for the reader. Probabilities in [0, 1]; `tiles` begins with the crop.

    `localising`: the method of whose maps is said in words where they lie, "" without one.
    """

    idx: int
    sample_id: str
    path: str
    reason: ExampleReason
    target: str
    pred: str
    confidence: float
    prob_target: float
    tiles: tuple[Tile, ...]
    localising: str = ""

    @property
    def correct(self) -> bool:
        """Whether the model was right."""
        return self.target == self.pred

    def map_of(self, kind: str, shown: str) -> Tile | None:
        """The tile of that method for that class, if there is one."""
        return next((tile for tile in self.tiles if (tile.kind, tile.shown) == (kind, shown)), None)


def panels(findings: Findings, attributions: Attributions) -> tuple[Mapping[int, Panel], Mapping[str, bytes]]:
    """Panels by row of the predictions, and the JPEG files of their tiles by name."""
    made: dict[int, Panel] = {}
    assets: dict[str, bytes] = {}
    predictions, probs = findings.predictions, findings.predictions.probs()
    classes = predictions.facts.classes
    for number, explained in enumerate(attributions.examples, start=1):
        idx = explained.example.idx
        pred, target = int(probs[idx].argmax()), int(predictions.targets[idx])
        tiles, files = map_tiles(
            explained.crop,
            explained.maps,
            classes,
            stem=f"example-{number:03d}",
            randomization_tests=attributions.randomization_tests,
            uses=attributions.methods,
        )
        assets |= files
        made[idx] = Panel(
            idx=idx,
            sample_id=predictions.sample_ids[idx],
            path=predictions.paths[idx],
            reason=explained.example.reason,
            target=classes[target],
            pred=classes[pred],
            confidence=float(probs[idx, pred]),
            prob_target=float(probs[idx, target]),
            tiles=tiles,
            localising=attributions.localising,
        )
    return made, assets


def map_tiles(
    crop: NDArray[np.uint8],
    maps: Sequence[AttributionMap],
    classes: tuple[str, ...],
    *,
    stem: str,
    randomization_tests: Sequence[RandomizationTest] = (),
    uses: Sequence[MethodUse] = (),
) -> tuple[tuple[Tile, ...], dict[str, bytes]]:
    """The tiles of one picture, the crop first, then one a map in the order of `maps`; and their JPEG files."""
    baselines = {use.name: str(use.settings.get("baseline", "")) for use in uses}
    outcomes = {one.method: one.outcome for one in randomization_tests}
    failed = {name for name, outcome in outcomes.items() if outcome == "fail"}
    tiles = [Tile(kind="crop", asset=f"{stem}-crop.jpg")]
    files = {tiles[0].asset: jpeg(crop)}
    overlaid = {use.name for use in uses if use.traits.overlay}

    def full_colour(attribution: AttributionMap) -> float:
        if not _alone(attribution, crop, overlaid):
            return attribution.peak
        clipped = float(np.percentile(attribution.values, CLIP_PERCENTILE))
        return clipped or attribution.peak  # 0 where few pixels are hot

    told = zip(maps, standings(maps, methods=uses, failed=failed), scales_of(maps, uses, full_colour), strict=True)
    for attribution, standing, scale_max in told:
        tile = Tile(
            kind=attribution.method,
            asset=f"{stem}-{attribution.method.replace(':', '.')}-{attribution.class_idx}.jpg",
            shown=classes[attribution.class_idx],
            rival="" if attribution.rival_idx is None else classes[attribution.rival_idx],
            peak=attribution.peak,
            scale_max=scale_max,
            blank=attribution.peak <= 0,
            place=_place(attribution.values),
            faithfulness=attribution.faithfulness,
            focus=attribution.focus,
            baseline=baselines.get(attribution.method, ""),
            standing=standing,
            randomization_test=outcomes.get(attribution.method, ""),
        )
        tiles.append(tile)
        alone = _alone(attribution, crop, overlaid)
        files[tile.asset] = jpeg(_drawn(crop, attribution, tile, alone=alone))
    return tuple(tiles), files


def _alone(attribution: AttributionMap, crop: NDArray[np.uint8], overlaid: Collection[str]) -> bool:
    """Whether the map has a value a pixel and is shown by itself, clipped at CLIP_PERCENTILE."""
    return attribution.method not in overlaid and attribution.values.shape == crop.shape[:2]


def _place(values: NDArray[np.float32]) -> str:
    """The ninth of the picture that holds the middle of all that is about as hot as the peak.

    "" when nothing is hot, or when what is about as hot lies further apart than half of the picture.
    """
    rows, columns = np.nonzero(values >= _HOT * values.max())
    apart = max(np.ptp(rows) / values.shape[0], np.ptp(columns) / values.shape[1])
    if not values.max() > 0 or apart > _ONE_SPOT:
        return ""
    row = int((rows.mean() + 0.5) / values.shape[0] * 3)
    column = int((columns.mean() + 0.5) / values.shape[1] * 3)
    return _PLACES[min(row, 2)][min(column, 2)]


def _drawn(crop: NDArray[np.uint8], attribution: AttributionMap, tile: Tile, *, alone: bool) -> NDArray[np.uint8]:
    if tile.blank:
        return crop
    share = scaled(attribution.values, tile.scale_max, (crop.shape[0], crop.shape[1]))
    return heatmap(share) if alone else overlay(crop, share)


def scaled(values: NDArray[np.float32], scale_max: float, size: tuple[int, int]) -> NDArray[np.float64]:
    """`values` (h, w) as shares of `scale_max`, clipped to [0, 1], bilinear at `size` (H, W)."""
    picture = Image.fromarray(values.astype(np.float32) / scale_max)
    larger = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.clip(np.asarray(larger, dtype=np.float64), 0, 1)


def heatmap(share: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(H, W) in [0, 1] through the colour map: (H, W, 3) uint8."""
    colours: NDArray[np.uint8] = mpl.colormaps[house_tokens().text("heat")](share, bytes=True)[..., :3]
    return colours


def overlay(crop: NDArray[np.uint8], share: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The heat map over the crop in grey: the hotter, the more opaque; a line on black at half of full colour.

    Both (H, W, 3) uint8. Where there is no heat the picture is untouched but for its colour.
    """
    grey = np.asarray(Image.fromarray(crop).convert("L"), dtype=np.float64)[..., None]
    opacity = (_MAX_OPACITY * np.sqrt(share))[..., None]
    mixed = (1 - opacity) * grey + opacity * heatmap(share)
    hot = share >= 0.5
    line, halo = _border(hot, 1), _border(hot, 2)
    mixed[halo] *= 0.45
    mixed[line] = 255 * np.array(to_rgb(house_tokens().text("heat-line")))
    return mixed.round().clip(0, 255).astype(np.uint8)


def _border(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The pixels of `mask` within `width` px of its outside."""
    inner = mask.copy()
    for _ in range(width):
        padded = np.pad(inner, 1, mode="edge")
        inner = inner & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    border: NDArray[np.bool_] = mask & ~inner
    return border


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) uint8 as a JPEG file without metadata."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return buffer.getvalue()
