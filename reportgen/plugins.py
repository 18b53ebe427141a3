"""Plug-ins are plain callables: a short name in one literal mapping per stage, or `package.module:attribute`.

A module of the user's is looked for in the current folder first, as `python -m` does.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from reportgen.errors import ConfigError, in_one_line
from reportgen.nearest import nearest


def resolved(name: str, built_in: Mapping[str, str], *, kind: str) -> Callable[..., Any]:
    """The callable that `name` stands for.

    `built_in` maps short names to `package.module:attribute`, so that naming a plug-in imports only that plug-in.
    `kind` is the word for error messages ("data set", "report section"). A name that is not built in leaves the current
    folder on `sys.path`, first, for what its module imports later.

    Raises ConfigError when the name is neither a short name nor an importable `package.module:attribute`; whatever the
    module raises while it is imported is told in its own words.
    """
    target = built_in.get(name, name)
    module_name, _, attribute = target.partition(":")
    if not attribute:
        near = nearest(name, built_in)
        raise ConfigError(
            f"{kind} {name!r}",
            found="no such name" + (f" (nearest: {near[0]!r})" if near else ""),
            expected=f"one of {', '.join(sorted(built_in))}, or package.module:attribute"
            if built_in
            else "package.module:attribute",
            todo=f"correct the name of the {kind}",
        )
    if name not in built_in:
        _look_in_the_current_folder()
    found = _attribute(_module(module_name, f"{kind} {name!r}"), attribute, f"{kind} {name!r}")
    if not callable(found):
        raise ConfigError(
            f"{kind} {name!r}",
            found=f"a {type(found).__name__}, which cannot be called",
            expected="a function or class",
            todo="name the callable itself",
        )
    return found  # type: ignore[no-any-return]  # getattr of a module is Any; callable() was checked above


def _look_in_the_current_folder() -> None:
    try:
        here = str(Path.cwd())
    except OSError:  # it was removed
        return
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
        importlib.invalidate_caches()


def _module(name: str, thing: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and (name == missing or name.startswith(f"{missing}.")):
            found = f"{in_one_line(error)}, neither in the current folder ({_here()}) nor on Python's path"
            todo = f"run in the folder that holds {missing}, name that folder in PYTHONPATH, or install the package"
        elif missing is not None:
            found, todo = f"{name} cannot be imported: {in_one_line(error)}", f"install {missing}, which it needs"
        else:
            found = f"{name} cannot be imported: {in_one_line(error)}"
            todo = f"mend the module; python -c 'import {name}' shows where it fails, or correct the name"
        raise ConfigError(thing, found=found, expected="an importable package.module:attribute", todo=todo) from error


def _attribute(module: ModuleType, name: str, thing: str) -> Any:
    try:
        return getattr(module, name)
    except Exception as error:  # a module may have a __getattr__ of its own
        near = nearest(name, dir(module))
        raise ConfigError(
            thing,
            found=in_one_line(error) + (f" (nearest: {near[0]!r})" if near else ""),
            expected="an importable package.module:attribute",
            todo=f"correct the name; {module.__name__} is {getattr(module, '__file__', None) or 'built into Python'}",
        ) from error


def _here() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "which was removed"
