"""The allow-list: harmless types that training scripts write beside weights, for `torch.serialization.safe_globals`.

Where a type's own constructor or `__setstate__` trusts what it is given (NumPy's do: a forged dtype corrupts memory) or
could be made to eat memory, a stand-in of the same name takes its place and builds the value through the public,
checking constructor. Whatever is not listed here and not in torch's own list is refused.
"""

import argparse
import collections
import datetime as dt
import decimal
import fractions
import functools
import math
import pathlib
import re
import sys
import types
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import _weights_only_unpickler
from torch.torch_version import TorchVersion


class Dtype:
    """`numpy.dtype` as pickled: its name, then a state with byte order, fields and unit. `dtype` is the real one."""

    def __init__(self, name: str, align: bool = False, copy: bool = True) -> None:  # noqa: ARG002  # numpy's own order
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """State of NumPy: (version, byte order, subarray, names, fields, itemsize, alignment, flags[, (_, unit)])."""
        order, subarray, names, fields, itemsize = state[1:6]
        if names is not None:
            given = [fields[name] for name in names]
            self.dtype = np.dtype(
                {
                    "names": list(names),
                    "formats": [real_dtype(field[0]) for field in given],
                    "offsets": [int(field[1]) for field in given],
                    "itemsize": itemsize,
                }
            )
        elif subarray is not None:
            self.dtype = np.dtype((real_dtype(subarray[0]), subarray[1]))
        elif self.dtype.kind in "mM":
            unit, times, *_ = state[8][1]
            unit = unit.decode() if isinstance(unit, bytes) else unit
            self.dtype = np.dtype(f"{self.dtype.kind}8[{times}{unit}]").newbyteorder(order)
        elif self.dtype.kind != "O":
            self.dtype = self.dtype.newbyteorder(order)


class Array(np.ndarray[Any, Any]):
    """`numpy.ndarray` as pickled: made empty, filled by its state."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """(version, shape, dtype, Fortran order, bytes, or a list where the dtype is object)."""
        given_shape, dtype, is_fortran, raw = state[-4:]
        real, shape = real_dtype(dtype), tuple(int(length) for length in given_shape)
        of_objects = real.kind == "O"
        if real.hasobject is not of_objects or not isinstance(raw, list if of_objects else bytes):
            raise TypeError(f"an array of {real} whose content is a {type(raw).__name__}")
        if min(shape, default=0) < 0 or math.prod(shape) * (1 if of_objects else real.itemsize) != len(raw):
            raise ValueError(f"an array of shape {shape} whose content has another length")
        super().__setstate__((shape, real, bool(is_fortran), raw))  # type: ignore[arg-type]  # the stub wants a version


def real_dtype(given: Any) -> np.dtype[Any]:
    """The dtype that a stand-in stands for. Raises TypeError for anything else."""
    if not isinstance(given, Dtype) or not isinstance(given.dtype, np.dtype):
        raise TypeError(f"a {type(given).__name__} where NumPy has a dtype")
    return given.dtype


def _reconstructed(subtype: Any, shape: Any, _typecode: Any) -> Array:
    if subtype is not Array or tuple(shape) not in ((0,), ()):
        raise TypeError("an array of another class")
    return Array((0,), "i1")


def _scalar(dtype: Any, raw: Any = b"") -> Any:
    """`numpy.float64(0.93)` as pickled; text in `raw` is what Python 2 wrote."""
    real = real_dtype(dtype)
    if real.hasobject:
        return raw
    raw = raw.encode("latin1") if isinstance(raw, str) else raw
    return np.frombuffer(raw, real, count=1)[0] if real.itemsize else real.type()


def _bytes(*given: Any) -> bytes:
    if given:  # bytes(10**12) would be a terabyte; pickle writes b"" so, and all else by _codecs.encode
        raise TypeError("bytes with an argument")
    return b""


def _list(*given: Any) -> list[Any]:
    """A deque: pickle appends its items after it was made."""
    if given and given[0] != ():
        raise TypeError("a deque that is made of something")
    return []


def _dict(*_factory: Any) -> dict[Any, Any]:
    """A defaultdict: pickle sets its items after it was made. What makes its defaults is not needed."""
    return {}


def _frozenset(items: Any = ()) -> frozenset[Any]:
    if not isinstance(items, list):
        raise TypeError("a frozenset that is made of no list")
    return frozenset(items)


def _fraction(numerator: Any, denominator: int = 1) -> fractions.Fraction:
    if isinstance(numerator, str) and not re.fullmatch(r"-?\d{1,4000}(/\d{1,4000})?", numerator):
        raise ValueError("a fraction in exponents")  # Fraction("1e999999999") would work it out
    return fractions.Fraction(numerator) if denominator == 1 else fractions.Fraction(numerator, denominator)


def foreign_class(name: str) -> type:
    """Stands for a class that cannot be imported here. It names it; called as an enum is, it gives the member's value.

    Nothing of the class itself runs. Made of anything but one plain value, as no enum's member is, it raises TypeError.
    """

    def member(_cls: type, *given: Any) -> Any:
        if len(given) == 1 and isinstance(given[0], str | int | float | tuple | None):
            return given[0]
        raise TypeError(f"{name} is made as no enum's member is")

    module, _, own_name = name.rpartition(".")
    return type(own_name, (), {"__new__": member, "__module__": module})


def may_be_an_enum(name: str) -> bool:
    """Whether a global that is in no list may be taken for a user's enum class: by its place and its spelling.

    Functions (lower case by convention) and everything of Python, torch and NumPy may not.
    """
    top, _, rest = name.partition(".")
    of_a_system = {*sys.stdlib_module_names, *sys.builtin_module_names, "__builtin__", "torch", "numpy"}
    return top not in of_a_system and rest.rpartition(".")[2][:1].isupper()


def is_known(name: str) -> bool:
    """Whether `name` is in this list, in torch's own, or may be an enum."""
    return name in _allowed() or name in _torchs_own() or may_be_an_enum(name)


@functools.cache
def _torchs_own() -> frozenset[str]:
    """The names that torch lets in by itself; its list has no public name."""
    return frozenset(_weights_only_unpickler._get_allowed_globals())  # noqa: SLF001  # see above


@functools.cache
def _allowed() -> dict[str, Any]:
    found: dict[str, Any] = {
        "argparse.Namespace": argparse.Namespace,
        "types.SimpleNamespace": types.SimpleNamespace,
        "collections.defaultdict": _dict,
        "collections.deque": _list,
        "collections.Counter": collections.Counter,
        "datetime.datetime": dt.datetime,
        "datetime.date": dt.date,
        "datetime.time": dt.time,
        "datetime.timedelta": dt.timedelta,
        "datetime.timezone": dt.timezone,
        "decimal.Decimal": decimal.Decimal,
        "fractions.Fraction": _fraction,
        "uuid.UUID": uuid.UUID,
        "uuid.SafeUUID": foreign_class("uuid.SafeUUID"),
        "builtins.slice": slice,
        "builtins.range": range,
        "builtins.frozenset": _frozenset,
        "builtins.bytes": _bytes,
        "torch.torch_version.TorchVersion": TorchVersion,
        "numpy.dtype": Dtype,
        "numpy.ndarray": Array,
    }
    for module in ("pathlib", "pathlib._local"):  # _local: Python 3.13
        for name in ("PosixPath", "PurePosixPath"):
            found[f"{module}.{name}"] = pathlib.PurePosixPath
        for name in ("WindowsPath", "PureWindowsPath"):
            found[f"{module}.{name}"] = pathlib.PureWindowsPath
    for core in ("numpy.core", "numpy._core"):  # NumPy 1 and 2
        found[f"{core}.multiarray.scalar"] = _scalar
        found[f"{core}.multiarray._reconstruct"] = _reconstructed
    # Types that are values (`dtype=numpy.float32`, defaultdict's `int`), named and never made.
    types_as_values = [
        *(f"builtins.{name}" for name in ("int", "float", "str", "bool", "list", "dict", "tuple", "object")),
        *(f"numpy.{kind.__name__}" for kind in set(np.sctypeDict.values())),
        *(f"numpy.dtypes.{name}" for name in dir(np.dtypes) if name.endswith("DType")),
    ]
    return found | {name: _TypeAsValue(name) for name in types_as_values if name not in found}


class _TypeAsValue:
    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *_given: Any) -> Any:
        raise TypeError(f"{self.name} as a call")

    def __repr__(self) -> str:
        return self.name


def safe_globals(foreign: tuple[str, ...] = ()) -> list[Callable[..., Any] | tuple[Callable[..., Any], str]]:
    """The list for `torch.serialization.safe_globals`; `foreign` are names for which a `foreign_class` stands."""
    return [(value, name) for name, value in (_allowed() | {name: foreign_class(name) for name in foreign}).items()]
