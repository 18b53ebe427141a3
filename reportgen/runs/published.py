"""Published files: how a file that other programs read is declared, and its JSON Schema.

Every object of such a file is a frozen dataclass that inherits `Published`: the fields are its keys, in the order of
the file, their types and bounds are annotations, and the string below a field describes it. File, JSON Schema and
documentation are made from that; nothing else says what a key is.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_Part = TypeVar("_Part")

RunIdText = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9]{8}T[0-9]{9}Z-[0-9a-f]{8}$"})]
MomentText = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
DateText = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Sha256Text = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{64}$"})]
LanguageCode = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[a-z]{2,3}$"})]
Seconds = Annotated[float, Field(ge=0)]
NotNegative = Annotated[float, Field(ge=0)]
Correlation = Annotated[float, Field(ge=-1, le=1)]
Positive = Annotated[int, Field(ge=1)]


class Published:
    """An object of a published file. Built by our own code, so that no value is checked again when it is made."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(use_attribute_docstrings=True)


def plain(value: Published) -> Any:
    """The value of a published type as JSON has it: dicts by key, lists, text, numbers, None."""
    kind: Any = type(value)
    return _adapter(kind).dump_python(value, mode="json", by_alias=True)


def from_attributes(kind: type[_Part], source: object, **given: object) -> _Part:
    """A `kind` with `given`, and all else from the attributes of `source` that have the same names."""
    names = (field.name for field in fields(kind) if field.name not in given)  # type: ignore[arg-type]  # a dataclass
    found = {name: getattr(source, name) for name in names}
    mappings = {name: dict(value) for name, value in found.items() if isinstance(value, Mapping)}  # of any kind
    return kind(**{**found, **mappings}, **given)


def json_schema(kind: Any, *, name: str) -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of the files of this type, as this version writes them.

    It allows no key but those, so that a misspelt one is seen; later versions add keys, and bring their own schema.
    """
    made = _adapter(kind).json_schema(mode="serialization", by_alias=True, schema_generator=_Generator)
    return {"$schema": DIALECT, "$id": f"urn:reportgen:{name}:1", "title": f"{name} of reportgen", **made}


class _Generator(GenerateJsonSchema):
    """Without a title for each key, which says its name once more, and with no other keys than those declared."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """None is."""
        del schema
        return False

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """An object of these keys."""
        made = super().dataclass_schema(schema)
        made.pop("title", None)
        return {**made, "additionalProperties": False, "required": list(made.get("properties", {}))}


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
