"""What a checkpoint carries beside its weights: architecture, class names, preprocessing and the like."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reportgen.errors import InputError
from reportgen.inputs.preprocessing import OtherScaleError, Said, said


def carried(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The fields of `Checkpoint` beside path, hash and weights. Raises InputError for one of the wrong form."""
    arch, layer, epoch = content.get("arch"), content.get("target_layer"), content.get("epoch")
    species = content.get("species")
    return {
        "arch": arch if isinstance(arch, str) else None,
        "classes": _classes(content, path),
        "species": {str(k): str(v) for k, v in species.items()} if isinstance(species, Mapping) else {},
        "preprocessing": _preprocessing(content.get("preprocessing"), path),
        "target_layer": layer if isinstance(layer, str) else None,
        "epoch": epoch if isinstance(epoch, int) else None,
    }


def _classes(content: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    names = content.get("classes")
    if isinstance(names, list | tuple):
        return tuple(str(name) for name in names)
    if names is not None:
        raise InputError(
            f"checkpoint {path}: classes",
            found=f"a {type(names).__name__}",
            expected="the list of class names in the order of the model's outputs",
            todo="save `classes` as a list",
        )
    by_name = content.get("class_to_idx")
    if not isinstance(by_name, Mapping):
        return None
    numbered = all(isinstance(number, int) for number in by_name.values())
    if not numbered or sorted(by_name.values()) != list(range(len(by_name))):
        raise InputError(
            f"checkpoint {path}: class_to_idx",
            found=f"output numbers {sorted(by_name.values(), key=str)[:8]}",
            expected=f"each of 0 to {len(by_name) - 1} once",
            todo="save `classes`, the list of names in output order, instead",
        )
    return tuple(str(name) for name in sorted(by_name, key=lambda name: int(by_name[name])))


def _preprocessing(given: Any, path: Path) -> Said | None:
    """`{resize, crop, fit, mean, std, interpolation, exif, channels}`, each optional."""
    if not isinstance(given, Mapping):
        return None
    try:
        return said(given)
    except ValueError as error:
        meant = f"write {error.meant} " if isinstance(error, OtherScaleError) and error.meant else "correct it "
        raise InputError(
            f"checkpoint {path}: preprocessing",
            found=str(error),
            expected="resize and crop in px, mean and std for pixels in [0, 1], fit and interpolation by name",
            todo=meant + "in the checkpoint, or give [preprocessing] in the TOML file",
        ) from error
