"""Class alignment, by name. A wrong class order raises no error anywhere and looks like a confused model."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reportgen.errors import InputError
from reportgen.inputs.names import by_nfc, nfc, unlikeness
from reportgen.inputs.stored_fields import Name
from reportgen.inputs.usable_names import refuse_unusable
from reportgen.nearest import hint, nearest
from reportgen.plain_text import named, shown

_N_HINTS = 10  # unknown names for which the nearest one is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassAlignment:
    """`classes` is the order of the whole report: the data set's classes, then the model's other ones.

    `output_idx[k]` is the model output of class k. `without_images` are the model's classes that the data set lacks.
    `named_by` says where the names of the model's outputs come from; "data_set" means that its order was assumed.
    """

    classes: tuple[Name, ...]
    output_idx: tuple[int, ...]
    without_images: tuple[Name, ...]
    named_by: Literal["checkpoint", "data_set"]


def aligned(
    data_classes: tuple[str, ...],
    model_classes: tuple[str, ...] | None,
    *,
    n_outputs: int,
    renamed: Mapping[str, str] | None = None,
) -> ClassAlignment:
    """The alignment of a data set's classes with a model's outputs.

    `renamed` maps the checkpoint's names to the data set's. Names that differ in Unicode's normalisation alone are the
    same name; `data_classes` come in NFC, as all that is read. Raises InputError with both lists when the model's class
    list is not as long as its output, holds a name twice, or lacks a class of the data set; and, when the checkpoint
    names no classes, when the numbers differ.
    """
    if model_classes is None:
        if len(data_classes) != n_outputs:
            raise _mismatch(data_classes, None, n_outputs, f"{len(data_classes)} classes for {n_outputs} outputs")
        return ClassAlignment(
            classes=data_classes, output_idx=tuple(range(n_outputs)), without_images=(), named_by="data_set"
        )
    refuse_unusable(model_classes, "class names of the checkpoint")
    mapped = by_nfc(renamed or {})
    names = tuple(nfc(mapped.get(nfc(name), name)) for name in model_classes)
    problem = _problem(data_classes, names, n_outputs)
    if problem:
        raise _mismatch(data_classes, names, n_outputs, problem)
    pictured = set(data_classes)
    without_images = tuple(name for name in names if name not in pictured)
    classes = (*data_classes, *without_images)
    at = {name: index for index, name in enumerate(names)}
    return ClassAlignment(
        classes=classes,
        output_idx=tuple(at[name] for name in classes),
        without_images=without_images,
        named_by="checkpoint",
    )


def _problem(data_classes: tuple[str, ...], names: tuple[str, ...], n_outputs: int) -> str:
    if len(names) != n_outputs:
        return f"the checkpoint names {len(names)} classes for {n_outputs} outputs"
    twice = sorted(name for name, n in Counter(names).items() if n > 1)
    if twice:
        return f"the checkpoint names a class twice: {named(twice)}"
    known = set(names)
    unknown = [name for name in data_classes if name not in known]
    if unknown:
        wordnet = all(re.fullmatch(r"n\d{8}", name) for name in unknown)
        ids = "; these are WordNet ids, as ImageNet's folders are called" if wordnet else ""
        first = [_with_nearest(name, names) for name in unknown[:_N_HINTS]]
        return f"the model does not know {named((*first, *map(repr, unknown[_N_HINTS:])), longest=400)}{ids}"
    return ""


def _with_nearest(name: str, names: tuple[str, ...]) -> str:
    alike = next((other for other in names if unlikeness(name, other)), None)
    if alike is not None:
        return f"{name!r} (it looks like the model's {alike!r}, but has {unlikeness(name, alike)})"
    return f"{name!r}{hint(name, names)}"


def _advice(data_classes: tuple[str, ...], names: tuple[str, ...] | None, n_outputs: int) -> str:
    another = "use the data set that the model was trained on"
    if names is None:
        return f"{another}, or save `classes` in the checkpoint"
    if len(names) != n_outputs or len(set(names)) < len(names):
        return "correct `classes` in the checkpoint: one name for each output, each once"
    unmatched = [name for name in data_classes if name not in names]
    if all(any(unlikeness(name, other) for other in names) for name in unmatched):
        return "correct these labels in the data set (the names of its folders, or the column label of its table)"
    spare = [name for name in names if name not in data_classes]
    if not spare:
        return f"{another}, or take the other classes out of this one"
    near = nearest(unmatched[0], spare, cutoff=0.75)
    line = (
        f'"{shown(near[0])}" = "{shown(unmatched[0])}"' if near else f'"{shown(spare[0])}" = "its name in the data set"'
    )
    return f"{another}, or map the checkpoint's names in the TOML file (--config): [rename] with a line such as {line}"


def _mismatch(data_classes: tuple[str, ...], names: tuple[str, ...] | None, n_outputs: int, problem: str) -> InputError:
    model_list = named(map(repr, names)) if names is not None else f"{n_outputs} outputs without names"
    return InputError(
        "class names of the data set and the model",
        found=(
            problem,
            f"data set ({len(data_classes)}): {named(map(repr, data_classes))}",
            f"model ({len(names) if names is not None else n_outputs}): {model_list}",
        ),
        expected="every class of the data set among the classes of the model, by the same name, each once",
        todo=_advice(data_classes, names, n_outputs),
    )
