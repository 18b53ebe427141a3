"""How an option is declared: in the dataclass of the stage that uses it, as metadata of its type.

    batch_size: Annotated[int, Interval(ge=1, le=65_536), Option("Images at a time.")] = 64

Command line, TOML reader and documentation are made from these declarations (`reportgen.options`). Nothing heavy is
imported here, so that `--help` stays light.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Group:
    """Of one dataclass of options, as its `GROUP`: the heading in the help, and its table in the TOML file, if any.

    about: one line of documentation for the table.
    """

    title: str
    table: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One option. help: one sentence, in Markdown, for all three places; more: what documentation says beyond it.

    key: in the TOML file, dotted where it stands in a table; "" for the field's name in the table of its group. flag:
    of the command line; None for the key's own (`--batch-size`) outside of tables and for no flag in a table, "" for
    none. unset: what holds where nothing is given, in words, in place of the default's value. example: a TOML value
    for documentation, where the default is none. older: a dotted key of older files that means the same. environment:
    a variable that gives the value, and nothing else does.
    """

    help: str
    key: str = ""
    flag: str | None = None
    unset: str = ""
    example: str = ""
    more: str = ""
    older: str = ""
    environment: str = ""

    def __get_pydantic_json_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:  # its name
        """The schema of the value, described by `help`: options are recorded in findings.json."""
        return {**handler(source), "description": self.help}


@dataclass(frozen=True, slots=True)
class Table:
    """Metadata of a field that holds a dataclass of options: its own table, whatever that of its group is."""

    name: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """Metadata for pydantic: `function(value)` is the value as it is kept, or raises ValueError.

    when: before the value has the field's type, after, or "only", in place of any other check.
    """

    function: Callable[[Any], Any]
    when: Literal["before", "after", "only"] = "after"

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:  # its name
        """The check, as pydantic asks for it."""
        from pydantic_core import core_schema

        if self.when == "only":
            return core_schema.no_info_plain_validator_function(self.function)
        if self.when == "before":
            return core_schema.no_info_before_validator_function(self.function, handler(source))
        return core_schema.no_info_after_validator_function(self.function, handler(source))


def listed(value: object) -> object:
    """A comma-separated text is a list: `--format html,pdf`."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
