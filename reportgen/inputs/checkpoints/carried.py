"""What a checkpoint carries beside its weights: architecture, class names, preprocessing and the like."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reportgen.errors import InputError
from reportgen.inputs.checkpoints.class_names import PLACES, as_mapping, class_names
from reportgen.inputs.images.preprocessing_values import OtherScaleError, Said, said
from reportgen.inputs.names import nfc
from reportgen.inputs.usable_names import MAX_LETTERS, refuse_unusable

_LAST_EPOCH = 10**9
_ARCH_KEYS = ("arch", "architecture", "model", "model_name", "backbone")


def carried(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The fields of `Checkpoint` beside path, hash and weights. Raises InputError for one of the wrong form."""
    arch, layer, epoch = content.get("arch"), content.get("target_layer"), content.get("epoch")
    for key in ("arch", "target_layer"):
        if isinstance(content.get(key), str):
            refuse_unusable([content[key]], f"checkpoint {path}: {key}")
    return {
        "arch": arch if isinstance(arch, str) else None,
        "arch_hints": tuple(_arch_hints(content)),
        "classes": class_names(content, path),
        "species": _species(content.get("species"), path),
        "preprocessing": _preprocessing(content.get("preprocessing"), path),
        "target_layer": layer if isinstance(layer, str) else None,
        "config": content.get("hub_config"),
        "epoch": epoch if isinstance(epoch, int) and 0 <= epoch <= _LAST_EPOCH else None,
    }


def _species(given: Any, path: Path) -> dict[str, str]:
    """Texts and numbers; what else a dictionary may hold is written out at no end."""
    table = given if isinstance(given, Mapping) else {}
    odd = next((one for pair in table.items() for one in pair if not isinstance(one, str | int | np.generic)), None)
    if odd is not None:
        raise InputError(
            f"checkpoint {path}: species",
            found=f"a {type(odd).__name__}",
            expected="a species by the name of each class, both texts",
            todo="save `species` as a dictionary of texts",
        )
    species = {nfc(str(name)): str(one) for name, one in table.items()}
    refuse_unusable((*species, *species.values()), f"checkpoint {path}: species")
    return species


def _arch_hints(content: Mapping[str, Any]) -> Iterator[str]:
    for place in PLACES:
        settings = as_mapping(content.get(place))
        yield from (
            each for each in map(settings.get, _ARCH_KEYS) if isinstance(each, str) and len(each) <= MAX_LETTERS
        )


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
