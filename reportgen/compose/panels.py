"""Panels: the crop that the model saw, with its attributions over it, as JPEG tiles.

Grad-CAM for the predicted and for the true class share one scale, from 0 to the larger of the two peaks, so that a weak
map looks weak. A map without positive evidence is not drawn at all: its tile is the plain crop and is marked `blank`.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reportgen.analyse.examples import Reason
from reportgen.analyse.findings import Findings
from reportgen.explain.attributions import Attribution, Attributions, HeatValues

COLOUR_MAP = "viridis"  # perceptually uniform, and still rising in lightness when printed in grey
JPEG_QUALITY = 80
CLIP_PERCENTILE = 99.0  # of SmoothGrad, Smilkov et al. 2017, section 3.2
_MAX_OPACITY = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One picture of a panel. `shown`: the explained class ("" for the crop); `scale_max`: the value of full colour."""

    kind: Literal["crop", "grad_cam", "smooth_grad"]
    asset: str
    shown: str
    peak: float
    scale_max: float
    blank: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One example for the reader. Probabilities in [0, 1]; `tiles` begins with the crop."""

    idx: int
    sample_id: str
    path: str
    reason: Reason
    target: str
    pred: str
    confidence: float
    prob_target: float
    tiles: tuple[Tile, ...]

    @property
    def correct(self) -> bool:
        """Whether the model was right."""
        return self.target == self.pred


def panels(findings: Findings, attributions: Attributions) -> tuple[Mapping[int, Panel], Mapping[str, bytes]]:
    """Panels by row of the predictions, and the JPEG files of their tiles by name."""
    made: dict[int, Panel] = {}
    assets: dict[str, bytes] = {}
    predictions, probs = findings.predictions, findings.predictions.probs()
    classes = predictions.facts.classes
    for number, attribution in enumerate(attributions.examples, start=1):
        idx = attribution.example.idx
        pred, target = int(probs[idx].argmax()), int(predictions.targets[idx])
        tiles, files = _tiles(attribution, classes, f"example-{number:03d}")
        assets |= files
        made[idx] = Panel(
            idx=idx,
            sample_id=predictions.sample_ids[idx],
            path=predictions.paths[idx],
            reason=attribution.example.reason,
            target=classes[target],
            pred=classes[pred],
            confidence=float(probs[idx, pred]),
            prob_target=float(probs[idx, target]),
            tiles=tiles,
        )
    return made, assets


def _tiles(attribution: Attribution, classes: tuple[str, ...], name: str) -> tuple[tuple[Tile, ...], dict[str, bytes]]:
    cam_max = max((heat.peak for heat in attribution.maps if heat.method == "grad_cam"), default=0.0)
    tiles = [Tile(kind="crop", asset=f"{name}-crop.jpg", shown="", peak=0.0, scale_max=0.0, blank=False)]
    files = {tiles[0].asset: jpeg(attribution.crop)}
    for heat in attribution.maps:
        scale_max = cam_max if heat.method == "grad_cam" else float(np.percentile(heat.values, CLIP_PERCENTILE))
        tile = Tile(
            kind=heat.method,
            asset=f"{name}-{heat.method}-{heat.class_idx}.jpg",
            shown=classes[heat.class_idx],
            peak=heat.peak,
            scale_max=scale_max,
            blank=heat.peak <= 0 or scale_max <= 0,
        )
        tiles.append(tile)
        files[tile.asset] = jpeg(_drawn(attribution.crop, heat, tile))
    return tuple(tiles), files


def _drawn(crop: NDArray[np.uint8], heat: HeatValues, tile: Tile) -> NDArray[np.uint8]:
    if tile.blank:
        return crop
    share = scaled(heat.values, tile.scale_max, (crop.shape[0], crop.shape[1]))
    return overlay(crop, share) if heat.method == "grad_cam" else heatmap(share)


def scaled(values: NDArray[np.float32], scale_max: float, size: tuple[int, int]) -> NDArray[np.float64]:
    """`values` (h, w) as shares of `scale_max`, clipped to [0, 1], bilinear at `size` (H, W)."""
    picture = Image.fromarray(values.astype(np.float32) / scale_max)
    larger = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.clip(np.asarray(larger, dtype=np.float64), 0, 1)


def heatmap(share: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(H, W) in [0, 1] through the colour map: (H, W, 3) uint8."""
    colours: NDArray[np.uint8] = mpl.colormaps[COLOUR_MAP](share, bytes=True)[..., :3]
    return colours


def overlay(crop: NDArray[np.uint8], share: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The heat map over the crop in grey: the hotter, the more opaque; a white line on black at half of full colour.

    Both (H, W, 3) uint8. Where there is no heat the picture is untouched but for its colour.
    """
    grey = np.asarray(Image.fromarray(crop).convert("L"), dtype=np.float64)[..., None]
    opacity = (_MAX_OPACITY * np.sqrt(share))[..., None]
    mixed = (1 - opacity) * grey + opacity * heatmap(share)
    hot = share >= 0.5
    line, halo = _border(hot, 1), _border(hot, 2)
    mixed[halo] *= 0.45
    mixed[line] = 255
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
