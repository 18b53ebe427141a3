"""timm's data configuration of a model: the size, crop and colours that it was trained and is evaluated with."""

import logging
import math
from typing import Any

from torch import nn

from reportgen.inputs.images.preprocessing_values import Said

log = logging.getLogger(__name__)


def timm_preprocessing(model: nn.Module) -> Said:
    """What timm says of a model of its own, as fields of Preprocessing; nothing of any other.

    As timm's own evaluation does it: the shorter side, or with crop_mode "squash" both sides, to floor(size /
    crop_pct), then the centre. Two things that it can do cannot be done here, and the log says so: pictures padded to
    their whole (crop_mode "border") are cropped, and for an oblong centre pictures are squashed.
    """
    if type(model).__module__.partition(".")[0] != "timm" or not getattr(model, "pretrained_cfg", None):
        return {}
    from timm.data.config import resolve_model_data_config

    config: dict[str, Any] = resolve_model_data_config(model)  # type: ignore[no-untyped-call]
    channels, height, width = config["input_size"]
    resize = tuple(math.floor(side / config["crop_pct"]) for side in (height, width))
    square = height == width
    squashed = config["crop_mode"] == "squash" or not square
    if config["crop_mode"] == "border" or (config["crop_mode"] == "center" and not square):
        how = "squashed" if squashed else "cropped"
        log.warning("timm reads images with crop_mode %s at %s; here they are %s", config["crop_mode"], resize, how)
    said: dict[str, Any] = {
        "resize_px": resize if squashed else resize[0],
        "crop_px": height if square else (height, width),
    }
    if config["interpolation"] in ("bilinear", "bicubic", "nearest"):
        said["interpolation"] = config["interpolation"]
    if next((one.in_channels for one in model.modules() if isinstance(one, nn.Conv2d)), channels) != channels:
        return said  # made with in_chans: the colours are of the model as timm has it, not of this one
    said |= {name: tuple(float(value) for value in config[name]) for name in ("mean", "std")}
    if channels in (1, 3) and len(said["mean"]) == len(said["std"]) == channels:
        said["channels"] = channels
    return said
