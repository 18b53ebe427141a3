"""Options of the command line, made from the declared ones: flag, type, help, and the group that help lists them in."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING
from pathlib import Path
from typing import Annotated, Any

import typer

from reportgen.declared import Declared, declared
from reportgen.option import Checked, listed

Given = Mapping[str, Any]  # by key; None where nothing was given
Command = Callable[..., None]


def takes(kind: type, *keys: str, unset: Mapping[str, str] | None = None) -> Callable[[Command], Command]:
    """For a command with a parameter `given`: it gets the options of `kind` on its command line, as `Given`.

    keys: which of them; without any all that have a flag and stand in no table. unset: by key what holds where nothing
    is given, in words, where that is another thing for this command.
    """
    options = {
        each.key.replace(".", "_"): each
        for each in declared(kind)
        if (each.key in keys if keys else each.flag and not each.table)
    }

    def told(option: Declared) -> str:
        return (unset or {}).get(option.key, option.unset)

    def with_options(command: Command) -> Command:
        signature = inspect.signature(command)
        own = [each for each in signature.parameters.values() if each.name != "given"]
        made = [_parameter(name, each, told(each)) for name, each in options.items()]

        def called(**values: Any) -> None:
            given = {each.key: _said(values.pop(name)) for name, each in options.items()}
            command(given=given, **values)

        called.__name__, called.__doc__ = command.__name__, command.__doc__
        called.__signature__ = signature.replace(parameters=_in_order([*own, *made]))  # type: ignore[attr-defined]
        called.__annotations__ = {each.name: each.annotation for each in (*own, *made)}
        return called

    return with_options


def _said(value: Any) -> Any:
    """An option that may be repeated and was not given is an empty list."""
    return None if value == [] else value


def _in_order(parameters: list[inspect.Parameter]) -> list[inspect.Parameter]:
    return sorted(parameters, key=lambda each: each.kind)


def _parameter(name: str, option: Declared, unset: str) -> inspect.Parameter:
    about = typer.Option(option.flag, help=_help(option, unset), rich_help_panel=option.group.title)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[_type(option) | None, about]
    )


def _type(option: Declared) -> Any:
    """What the command line makes of the text; all else is checked where options are read."""
    for kind in (bool, int, float, Path):
        if kind in option.kinds:
            return kind
    many = any(getattr(kind, "__origin__", None) is tuple for kind in option.kinds)
    return list[str] if many and Checked(listed, "before") not in option.bounds else str


def _help(option: Declared, unset: str) -> str:
    told = unset if option.default is MISSING else f"default: {unset}" if unset else ""
    text = option.option.help.replace("`", "") + (f" [{told}]" if told else "")
    return text.replace("[", r"\[")  # brackets are Rich's markup
