"""The libraries whose version can change an answer: what decodes, resizes and computes."""

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from PIL import features

_PACKAGES = {"torchvision": "torchvision", "Pillow": "pillow"}
_ONLY_IF_USED = {"timm": "timm", "transformers": "transformers"}  # by the model
_CODECS = {"libjpeg-turbo": features.version_feature("libjpeg_turbo"), "libjpeg": features.version_codec("jpg")}
_OTHER_CODECS = {"zlib": features.version_codec("zlib"), "libtiff": features.version_codec("libtiff")}


def software() -> Mapping[str, str]:
    """Their versions by name; torch stands elsewhere. libjpeg-turbo takes the place of libjpeg where it decodes."""
    packages = {**_PACKAGES, **{name: package for name, package in _ONLY_IF_USED.items() if name in sys.modules}}
    found = {name: _version(package) for name, package in packages.items()}
    codecs = {**_OTHER_CODECS, "WebP": features.version_module("webp")}
    name = next((name for name, known in _CODECS.items() if known), None)
    jpeg = {name: _CODECS[name]} if name else {}
    return {key: value for key, value in {**found, **jpeg, **codecs}.items() if value}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
