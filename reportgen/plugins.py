"""Plug-ins are plain callables: a short name in one literal mapping per stage, or `package.module:attribute`."""

import difflib
import importlib
from collections.abc import Callable, Mapping
from typing import Any

from reportgen.errors import ConfigError, in_one_line


def resolved(name: str, built_in: Mapping[str, str], *, kind: str) -> Callable[..., Any]:
    """The callable that `name` stands for.

    `built_in` maps short names to `package.module:attribute`, so that naming a plug-in imports only that plug-in.
    `kind` is the word for error messages ("data set", "report section").

    Raises ConfigError when the name is neither a short name nor an importable `package.module:attribute`.
    """
    target = built_in.get(name, name)
    module_name, _, attribute = target.partition(":")
    if not attribute:
        near = difflib.get_close_matches(name, built_in, n=1)
        raise ConfigError(
            f"{kind} {name!r}",
            found="no such name" + (f" (nearest: {near[0]!r})" if near else ""),
            expected=f"one of {', '.join(sorted(built_in))}, or package.module:attribute",
            todo=f"correct the name of the {kind}",
        )
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise ConfigError(
            f"{kind} {name!r}",
            found=in_one_line(error),
            expected="an importable package.module:attribute",
            todo="install the package that holds it, or correct the name",
        ) from error
    if not callable(found):
        raise ConfigError(
            f"{kind} {name!r}",
            found=f"a {type(found).__name__}, which cannot be called",
            expected="a function or class",
            todo="name the callable itself",
        )
    return found  # type: ignore[no-any-return]  # getattr of a module is Any; callable() was checked above
