"""The names of the model's outputs, wherever in a checkpoint they stand and however they are written.

A list or array is in the order of the outputs; a dictionary goes from numbers to names or from names to numbers, its
numbers whole or as JSON writes them ("0"). Two lists that differ are an error: nothing tells which one is meant.
"""

import reprlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from reportgen.errors import InputError
from reportgen.inputs.names import nfc
from reportgen.inputs.usable_names import MAX_CLASSES, too_many_classes
from reportgen.plain_text import named

# In lower case and without separators. What a dictionary under the second two numbers is plain where both sides are
# numbers (folders called 0 to 9).
_LISTS = ("classes", "classnames", "labelnames", "targetnames")
_BY_NUMBER = ("idxtoclass", "idx2class", "id2class", "idtoclass", "id2label", "idx2label", "idxtolabel", "idtolabel")
_BY_NAME = ("classtoidx", "class2idx", "class2id", "classtoid", "label2id", "label2idx", "labeltoidx", "labeltoid")
_LOOSE = ("labels", "categories")  # may hold something else: names only where they are texts
CLASS_NAME_KEYS = (*_LISTS, *_BY_NUMBER, *_BY_NAME, *_LOOSE)
# Where training scripts keep what belongs to the model: Lightning, timm and torchvision's references, mmpretrain, hub.
PLACES = (
    "hyper_parameters",
    "args",
    "config",
    "meta",
    "dataset_meta",
    "hparams",
    "opt",
    "cfg",
    "data",
    "pretrained_cfg",
)


class NotNamesError(ValueError):
    """A value under a key of class names that names no outputs in order; the text says what it is."""


def class_names(content: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    """The names in the order of the outputs; None when there are none.

    Raises InputError for names that leave the order open, and for two lists that differ.
    """
    found: dict[str, tuple[str, ...]] = {}
    for key, value in _candidates(content):
        try:
            names = _names(key, value)
        except NotNamesError as error:
            raise InputError(
                f"checkpoint {path}: {key}",
                found=str(error),
                expected="a list of class names in the order of the model's outputs, or a dictionary that numbers them",
                todo="save `classes`, the list of names in output order",
            ) from error
        if names is not None and len(names) > MAX_CLASSES:
            raise too_many_classes(f"checkpoint {path}: {key}", len(names))
        if names is not None:
            found[key] = tuple(nfc(name) for name in names)
    if len(set(found.values())) > 1:
        raise InputError(
            f"checkpoint {path}",
            found="class names that contradict each other: "
            + "; ".join(f"{key}: {named(names, most=8)}" for key, names in found.items()),
            expected="one list of class names",
            todo="keep the one in the order of the model's outputs, as `classes`",
        )
    return next(iter(found.values()), None)


def _names(key: str, value: Any) -> tuple[str, ...] | None:
    plain = _plain(key.rpartition(".")[2])
    try:
        names = in_output_order(value, by_name=plain in _BY_NAME)
    except NotNamesError:
        if plain in _LOOSE:
            return None
        raise
    if plain in _LOOSE and all(_number(name) is not None for name in names or ()):
        return None  # the labels of some images, rather
    # What transformers writes for a model whose labels nobody named.
    return None if names == tuple(f"LABEL_{k}" for k in range(len(names or ()))) else names


def in_output_order(value: Any, *, by_name: bool = False) -> tuple[str, ...] | None:
    """The names of a list, tuple, array or dictionary; None for a number, a text and what else names nothing.

    by_name: a dictionary of numbers on both sides goes from names to numbers. Raises NotNamesError for a dictionary
    that does not number 0 to K-1, each once, and for a list of other things.
    """
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(value, list | tuple):
        return _of_list(value)
    if isinstance(value, set | frozenset):
        raise NotNamesError("a set, which has no order")
    return _of_dictionary(value, by_name) if isinstance(value, Mapping) and value else None


def _candidates(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if _plain(key) in CLASS_NAME_KEYS:
            yield str(key), value
    for place in PLACES:
        inner = as_mapping(content.get(place))
        yield from ((f"{place}.{key}", value) for key, value in inner.items() if _plain(key) in CLASS_NAME_KEYS)


def as_mapping(value: Any) -> Mapping[str, Any]:
    """A dictionary, or the attributes of a Namespace; empty for anything else."""
    if isinstance(value, Mapping):
        return value
    return vars(value) if hasattr(value, "__dict__") and not callable(value) else {}


def _plain(key: Any) -> str:
    return str(key).lower().replace("_", "").replace("-", "")


def _of_list(value: list[Any] | tuple[Any, ...]) -> tuple[str, ...] | None:
    if not value:
        return None
    if all(isinstance(name, str | int | np.integer) and not isinstance(name, bool) for name in value):
        return tuple(str(name) for name in value)
    if all(isinstance(one, Mapping) and isinstance(one.get("name"), str) for one in value):  # as COCO's categories
        return tuple(one["name"] for one in value)
    odd = next(name for name in value if not isinstance(name, str))
    raise NotNamesError(f"a list that holds {'an' if type(odd).__name__[0] in 'aeiou' else 'a'} {type(odd).__name__}")


def _of_dictionary(value: Mapping[Any, Any], by_name: bool) -> tuple[str, ...]:
    keys, values = list(value), list(value.values())
    numbered_by_key, numbered_by_value = (all(_number(one) is not None for one in side) for side in (keys, values))
    if not numbered_by_key and not numbered_by_value:
        raise NotNamesError("a dictionary whose entries have no numbers: " + _some(value))
    texts_to_numbers = all(isinstance(key, str) for key in keys) and not any(isinstance(one, str) for one in values)
    if not numbered_by_key or (numbered_by_value and (by_name or texts_to_numbers)):
        keys, values = values, keys
    numbers = [_number(key) or 0 for key in keys]
    if sorted(numbers) != list(range(len(numbers))):
        raise NotNamesError(f"the output numbers {sorted(numbers)[:8]} instead of 0 to {len(numbers) - 1}, each once")
    return tuple(_name(values[k]) for k in sorted(range(len(values)), key=numbers.__getitem__))


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | np.integer) or (isinstance(value, str) and value.isdecimal()):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _name(value: Any) -> str:
    """Of torchvision-like tables a name is the last of several: ("n02123045", "tabby")."""
    last = value[-1] if isinstance(value, list | tuple) and value else value
    if isinstance(last, list | tuple | set | frozenset | Mapping):  # written out, one could have no end
        raise NotNamesError(f"a dictionary whose entries are a {type(last).__name__}")
    return str(last)


def _some(value: Mapping[Any, Any]) -> str:
    some = islice(value.items(), 3)
    return ", ".join(f"{reprlib.repr(key)}: {reprlib.repr(one)}"[:60] for key, one in some)
