"""`_metadata` of a state_dict: the version of each module, by its name, as torch keeps it beside the weights.

Modules that changed (BatchNorm, MultiheadAttention, torchvision's MNASNet) read it while they are loaded; a plain
dictionary of the same tensors has lost it. torch gives it no public name.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any


def versions_of(state: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """By the module's name, "" for the outermost; None where the weights came without."""
    found = getattr(state, "_metadata", None)
    return found if isinstance(found, Mapping) else None


def with_versions(state: OrderedDict[str, Any], versions: Mapping[str, Any] | None) -> OrderedDict[str, Any]:
    """The same `state`, which now carries `versions`, where there are any."""
    if versions is not None:
        state._metadata = versions  # type: ignore[attr-defined]  # noqa: SLF001  # see above
    return state
