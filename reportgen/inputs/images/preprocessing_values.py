"""Values of the preprocessing, as a TOML table or a checkpoint gives them: checked key by key, without torch."""

import math
import reprlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from reportgen.plain_text import named

LARGEST_PX = 4096
CHOICES: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "fit": ("shorter_side", "squash"),
        "interpolation": ("bilinear", "bicubic", "nearest"),
        "exif": ("ignore", "apply"),
        "channels": (1, 3),
    }
)
SizeSetting = int | tuple[int, int]
Said = Mapping[str, Any]  # some fields of Preprocessing by name, their values checked


class OtherScaleError(ValueError):
    """A mean or std for pixels of another scale than [0, 1]; `meant` is what was probably meant, as TOML lines."""

    def __init__(self, found: str, *, meant: str) -> None:
        super().__init__(found)
        self.meant = meant


def said(given: Mapping[str, Any]) -> Said:
    """The fields that a TOML table or a checkpoint gives, its keys being resize, crop, and the other fields' names.

    Raises ValueError for an unknown key and for a value that cannot be right.
    """
    unknown = sorted(str(key) for key in given if key not in KEYS)
    if unknown:
        raise ValueError(f"unknown keys: {named(unknown)}")
    values = {KEYS[key]: checked_preprocessing(key, value) for key, value in given.items()}
    _refuse_other_scales(values)
    return values


def checked_preprocessing(key: str, value: Any) -> Any:
    """The value of one key as its field takes it. Raises ValueError."""
    if getattr(value, "size", 0) and hasattr(value, "tolist"):  # arrays and tensors of a checkpoint
        n = value.numel() if hasattr(value, "numel") else value.size
        if n > 3:
            raise ValueError(f"{key} must be at most three numbers, found {n:,}")
        value = value.tolist()
    kept = _CHECKS[key](key, value)
    if KEYS[key] in ("resize_px", "crop_px") and max(kept if isinstance(kept, tuple) else (kept,)) > LARGEST_PX:
        raise ValueError(f"{key} must be at most {LARGEST_PX} px, found {_brief(value)}")
    return kept


def size(name: str, value: Any) -> SizeSetting:
    """One side or two, in px, as whole numbers. Raises ValueError."""
    sides = value if isinstance(value, list | tuple) else (value,)
    whole = [int(side) for side in sides if isinstance(side, int | float) and side == side // 1 and side is not True]
    if len(whole) != len(sides) or len(sides) not in (1, 2) or min(whole) < 1:
        raise ValueError(f"{name} must be whole and 1 px or more, one number or [height, width], found {_brief(value)}")
    return (whole[0], whole[1]) if isinstance(value, list | tuple) and len(whole) == 2 else whole[0]


def _brief(value: Any) -> str:
    """A value that may be nested without end, or be of 5,000 digits, in a few letters."""
    return reprlib.repr(list(value) if isinstance(value, tuple) else value)


def _numbers(name: str, value: Any) -> tuple[float, ...]:
    numbers = value if isinstance(value, list | tuple) else (value,)
    if not all(isinstance(number, int | float) for number in numbers) or len(numbers) not in (1, 3):
        raise ValueError(f"{name} must be three numbers, or one for all channels, found {_brief(value)}")
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{name} must be finite, found {_brief(value)}")
    if name == "std" and min(numbers) <= 0:
        raise ValueError(f"every std must be over 0, found {_brief(value)}")
    return tuple(float(number) for number in numbers)


def choice(name: str, value: Any) -> Any:
    """One of CHOICES. Raises ValueError."""
    if not isinstance(value, str | int) or value not in CHOICES[name]:
        raise ValueError(f"{name} must be one of {', '.join(map(str, CHOICES[name]))}, found {_brief(value)}")
    return value


def _refuse_other_scales(values: Said) -> None:
    """Pixels are in [0, 1] when mean and std are applied: a mean or std over 1 was made for another scale."""
    mean, std = values.get("mean", (0.0,)), values.get("std", (1.0,))
    found = ", ".join(f"{name} = {list(values[name])}" for name in ("mean", "std") if name in values)
    if min(mean) < 0:
        raise OtherScaleError(f"{found}: no mean of pixels in [0, 1] is negative", meant="")
    if max(*mean, *std) <= 1:
        return
    top = 255 if max(*mean, *std) <= 255 else 65535
    scales = {"mean": 1 if 0 < max(mean) <= 1 else top, "std": top}
    meant = [f"{name} = {_divided(values[name], scales[name])}" for name in scales if name in values]
    raise OtherScaleError(f"{found}: made for pixels of 0 to {top}, not in [0, 1]", meant=", ".join(meant))


def _divided(numbers: tuple[float, ...], top: int) -> list[float]:
    return [float(f"{number / top:.4g}") for number in numbers]


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "resize": size,
        "crop": size,
        "mean": _numbers,
        "std": _numbers,
        **dict.fromkeys(CHOICES, choice),
    }
)
KEYS: Mapping[str, str] = MappingProxyType(
    {key: f"{key}_px" if key in ("resize", "crop") else key for key in _CHECKS}  # key of TOML and checkpoint: field
)
