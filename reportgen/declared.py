"""Declared options read off dataclasses: what there is to be given, each value checked, and the dataclasses built."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from reportgen.option import Group, Option, Table

LARGEST_NUMBER = 2**53  # a float has every whole number up to it
Kind = TypeVar("Kind")
Path_ = tuple[str, ...]  # names of fields, from the outermost dataclass inwards


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One option of a dataclass. key: in the TOML file, dotted, "" for one of the environment; hint: its type.

    default: MISSING where it must be given. part: the path of the field that holds it and may be None as a whole; ()
    where none may.
    """

    path: Path_
    key: str
    hint: Any
    option: Option
    group: Group
    default: Any
    part: Path_

    @property
    def flag(self) -> str:
        """Of the command line; "" for none."""
        if self.option.flag is not None:
            return self.option.flag
        return "" if not self.key or "." in self.key else "--" + self.key.replace("_", "-")

    @property
    def table(self) -> str:
        """The table of the TOML file in which it stands; "" outside of tables."""
        return self.key.rpartition(".")[0]

    @property
    def unset(self) -> str:
        """What holds where nothing is given, in words or as on the command line; "" for what is off or none."""
        if self.option.unset or self.default is None or self.default is False:
            return self.option.unset
        if self.default is MISSING:
            return "required"
        return ",".join(self.default) if isinstance(self.default, tuple) else str(self.default)

    @property
    def kinds(self) -> tuple[Any, ...]:
        """Its type without metadata, or the types of a union."""
        return tuple(_arms(self.hint))

    @property
    def bounds(self) -> tuple[Any, ...]:
        """The metadata of its type."""
        return tuple(_metadata(self.hint))

    def checked(self, value: Any) -> Any:
        """The value as the option takes it. Raises ValueError in words; a wrong type is pydantic's ValidationError."""
        from pydantic import TypeAdapter

        refuse_odd(value, may_be_bool=bool in self.kinds)
        return TypeAdapter(self.hint).validate_python(value)


def refuse_odd(value: Any, *, may_be_bool: bool = False) -> None:
    """Raises ValueError for true in a number's place, for no finite or a huge number, and for text that holds a NUL."""
    if isinstance(value, bool) and not may_be_bool:
        raise ValueError("a number or a text, not true or false")
    if isinstance(value, int | float) and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise ValueError(f"a finite number, at most {LARGEST_NUMBER:,}")
    if "\0" in (str(value) if isinstance(value, str | Path) else ""):
        raise ValueError("text without NUL")
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            refuse_odd(part)


def declared(kind: type) -> tuple[Declared, ...]:
    """The options of the dataclass `kind` and of those in its fields, in their order."""
    return _known(kind)


def built(kind: type[Kind], values: Mapping[Path_, Any], parts: frozenset[Path_], *, path: Path_ = ()) -> Kind:
    """The dataclass with `values` by path; what is not there has its default.

    Of the fields that hold options and may be None as a whole, those in `parts` are made. path: where in another
    dataclass it stands.
    """
    hints = get_type_hints(kind, include_extras=True)
    given: dict[str, Any] = {}
    for each in fields(kind):  # type: ignore[arg-type]  # a dataclass
        inside, nested = (*path, each.name), _nested(hints[each.name])
        if inside in values:
            given[each.name] = values[inside]
        elif nested is not None and (each.default is not None or inside in parts):
            given[each.name] = built(nested, values, parts, path=inside)
    return kind(**given)


@cache
def _known(kind: type) -> tuple[Declared, ...]:
    return tuple(_declared(kind, (), (), Group("")))


def _declared(kind: type, path: Path_, part: Path_, outer: Group) -> Iterator[Declared]:
    hints = get_type_hints(kind, include_extras=True)
    group = getattr(kind, "GROUP", outer)
    for each in fields(kind):
        hint, inside = hints[each.name], (*path, each.name)
        option = next((one for one in _metadata(hint) if isinstance(one, Option)), None)
        nested = _nested(hint)
        if option is not None:
            key = option.key or ".".join(filter(None, (group.table, each.name)))
            default = each.default if each.default_factory is MISSING else each.default_factory()
            yield Declared(
                path=inside,
                key="" if option.environment else key,
                hint=hint,
                option=option,
                group=group,
                default=default,
                part=part,
            )
        elif nested is not None:
            own = next((one for one in _metadata(hint) if isinstance(one, Table)), None)
            inner = Group(group.title, own.name, own.about) if own else group
            yield from _declared(nested, inside, inside if each.default is None else part, inner)


def _nested(hint: Any) -> type | None:
    """The dataclass of options that a field holds."""
    for arm in _arms(hint):
        if isinstance(arm, type) and is_dataclass(arm) and declared(arm):
            return arm
    return None


def _arms(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Annotated:
        yield from _arms(get_args(hint)[0])
    elif get_origin(hint) in (Union, UnionType):
        for arm in get_args(hint):
            yield from _arms(arm)
    else:
        yield hint


def _metadata(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Annotated:
        inner, *metadata = get_args(hint)
        yield from _metadata(inner)
        yield from metadata
    elif get_origin(hint) in (Union, UnionType):
        for arm in get_args(hint):
            yield from _metadata(arm)
