"""The names of the sections we have, in the order of the report; nothing is imported to know them."""

from collections.abc import Mapping
from types import MappingProxyType

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        name: f"reportgen.compose.sections.{name}:{name}"
        for name in (
            "summary",
            "pairs",
            "groups",
            "cross_species",
            "changes",
            "confident",
            "images",
            "evidence",
            "matrix",
            "classes",
            "gate",
            "data",
            "methods",
        )
    }
)
