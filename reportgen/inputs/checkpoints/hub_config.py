"""config.json and preprocessor_config.json of the Hugging Face hub in the terms of a checkpoint.

timm's config names an `architecture`, transformers' a `model_type`. The preprocessing is that of transformers' image
processors; timm's, in `pretrained_cfg`, is resolved by timm itself when the model is made.
"""

import logging
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.images.preprocessing_values import LARGEST_PX
from reportgen.inputs.json_text import MAX_JSON_BYTES, json_value
from reportgen.inputs.plain_files import read_regular

log = logging.getLogger(__name__)
_RESAMPLE = {0: "nearest", 2: "bilinear", 3: "bicubic"}  # Pillow's numbers
_LARGEST: tuple[tuple[re.Pattern[str], int], ...] = (  # by what a key is called, the first that fits
    (re.compile("coefficient|multiplier|ratio|scale"), 1000),
    (re.compile("layers|depth|block|stage|repeat"), 4096),
    (re.compile("image_size|img_size|input_size|crop_size"), LARGEST_PX),
    (re.compile(""), 2**40),
)
_SHORTER_SIDE = ("ConvNext", "Levit", "PoolFormer", "MobileNet", "CLIP", "Siglip")  # where `size` is one number


def hub_description(folder: Path) -> dict[str, Any]:
    """What the two files say, by the keys that a checkpoint has; empty for a config.json of something else.

    Raises InputError for one that is no JSON, and for values of another kind than timm and transformers write.
    """
    try:
        return _described(folder)
    except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError) as error:
        raise InputError(
            f"checkpoint's config.json and preprocessor_config.json in {folder}",
            found=f"a value of another kind than expected ({in_one_line(error)})",
            expected="what timm and transformers write",
            todo="download the folder anew",
        ) from error


def _described(folder: Path) -> dict[str, Any]:
    config = _table(folder / "config.json")
    _refuse_large_numbers(config)
    if isinstance(config.get("architecture"), str):
        names = config.get("label_names") or (config.get("pretrained_cfg") or {}).get("label_names")
        return {"arch": f"timm/{config['architecture'].partition('.')[0]}", "label_names": names, "hub_config": config}
    if isinstance(config.get("model_type"), str):
        found = {
            "arch": f"transformers/{config['model_type']}",
            "id2label": config.get("id2label"),  # label2id has fewer entries where two classes have one name
            "hub_config": config,
        }
        said = _preprocessing(folder, config)
        return {**found, "preprocessing": said} if said else found
    return {}


def _table(path: Path) -> Mapping[str, Any]:
    try:
        found = json_value(read_regular(path, most_bytes=MAX_JSON_BYTES).decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"checkpoint's {path}", found=in_one_line(error), expected="JSON", todo="download the folder anew"
        ) from error
    return found if isinstance(found, Mapping) else {}


def _refuse_large_numbers(value: Any, key: str = "") -> None:
    """Raises ValueError for a number that makes a model of it take hours or all memory, by the name of its key."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _refuse_large_numbers(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            _refuse_large_numbers(inner, key)
    elif isinstance(value, int | float) and math.isfinite(value):
        most = next(most for words, most in _LARGEST if words.search(key.lower()))
        if abs(value) > most:
            raise ValueError(f"{key[:60]} is {value:.4g}, more than {most:,}")


def _preprocessing(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("preprocessor_config.json", "processor_config.json"):
        if (folder / name).is_file():
            table = _table(folder / name)
            return of_processor(table.get("image_processor", table))
    log.info("no preprocessor_config.json beside %s: resize, mean and std are assumed", folder / "config.json")
    size = config.get("image_size")
    return {"crop": size, "resize": round(size / 0.875)} if isinstance(size, int) else {}


def of_processor(table: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of [preprocessing] for a preprocessor_config.json of transformers' image processors."""
    said = {**_sizes(table), **_colours(table)}
    resample = table.get("resample")
    if resample in _RESAMPLE:
        said["interpolation"] = _RESAMPLE[resample]
    elif resample is not None:
        log.warning("preprocessor_config.json resizes with Pillow's filter %s; here it is bilinear", resample)
    return said


def _sizes(table: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(table.get("image_processor_type") or table.get("feature_extractor_type") or "")
    crop = _sides(table.get("crop_size")) if table.get("do_center_crop", "crop_pct" not in table) else None
    size = table.get("size")
    if table.get("do_resize", True) is False or size is None:
        return {"crop": crop} if crop else {}
    shorter = size.get("shortest_edge") if isinstance(size, Mapping) else None
    if isinstance(size, int) and kind.startswith(_SHORTER_SIDE):
        shorter = size
    if isinstance(shorter, int):
        return _of_shorter_side(table, kind, shorter, crop)
    sides = _sides(size)
    return {"resize": sides, "crop": crop or sides} if sides else {}


def _of_shorter_side(table: Mapping[str, Any], kind: str, shorter: int, crop: Any) -> dict[str, Any]:
    """ConvNeXt's, PoolFormer's and LeViT's processors resize to more than `size` and cut the centre of that."""
    share = table.get("crop_pct")
    if share and (shorter < 384 or not kind.startswith("ConvNext")):
        return {"resize": int(shorter / share), "crop": crop or shorter}
    if share:
        return {"resize": [shorter, shorter], "crop": shorter}
    return {"resize": int(256 / 224 * shorter) if kind.startswith("Levit") else shorter, "crop": crop or shorter}


def _sides(size: Any) -> Any:
    """[height, width] of a number, a pair or {height, width}; None for what is none of these."""
    if isinstance(size, Mapping):
        size = [size.get("height"), size.get("width")]
    sides = [size, size] if isinstance(size, int) else size
    whole = isinstance(sides, list) and len(sides) == 2 and all(isinstance(side, int) for side in sides)
    return sides if whole else None


def _colours(table: Mapping[str, Any]) -> dict[str, Any]:
    """Mean and std for pixels in [0, 1]; a processor scales pixels of 0 to 255 by a factor of its own."""
    normalised = table.get("do_normalize", True)
    mean, std = (table.get(key) if normalised else None for key in ("image_mean", "image_std"))
    factor = 255 * (table.get("rescale_factor", 1 / 255) if table.get("do_rescale", True) else 1)
    offset = 1 if table.get("rescale_offset") else 0
    if normalised and (mean is None or std is None):
        return {}
    return {
        "mean": [_plain((value + offset) / factor) for value in _numbers(mean, 0.0)],
        "std": [_plain(value / factor) for value in _numbers(std, 1.0)],
    }


def _numbers(values: Any, default: float) -> list[float]:
    if values is None:
        return [default] * 3
    return [float(value) for value in values] if isinstance(values, list) else [float(values)] * 3


def _plain(value: float) -> float:
    return float(f"{value:.7g}")  # 0.5 / (255 * 0.00392156862745098) is not 0.5 but for the last digits
