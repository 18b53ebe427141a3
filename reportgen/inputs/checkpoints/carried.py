"""What a checkpoint carries beside its weights: architecture, class names, preprocessing and the like."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reportgen.errors import InputError
from reportgen.inputs.checkpoints.class_names import PLACES, as_mapping, class_names
from reportgen.inputs.names import nfc
from reportgen.inputs.preprocessing import OtherScaleError, Said, said

_ARCH_KEYS = ("arch", "architecture", "model", "model_name", "backbone")


def carried(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The fields of `Checkpoint` beside path, hash and weights. Raises InputError for one of the wrong form."""
    arch, layer, epoch = content.get("arch"), content.get("target_layer"), content.get("epoch")
    species = content.get("species")
    return {
        "arch": arch if isinstance(arch, str) else None,
        "arch_hints": tuple(_arch_hints(content)),
        "classes": class_names(content, path),
        "species": {nfc(str(k)): str(v) for k, v in species.items()} if isinstance(species, Mapping) else {},
        "preprocessing": _preprocessing(content.get("preprocessing"), path),
        "target_layer": layer if isinstance(layer, str) else None,
        "config": content.get("hub_config"),
        "epoch": epoch if isinstance(epoch, int) else None,
    }


def _arch_hints(content: Mapping[str, Any]) -> Iterator[str]:
    for place in PLACES:
        settings = as_mapping(content.get(place))
        yield from (str(settings[key]) for key in _ARCH_KEYS if isinstance(settings.get(key), str))


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
