"""Folders of splits (train, val, test ...) and folders of classes: which a root holds, and what is refused."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from reportgen.errors import InputError
from reportgen.inputs.datasets.labelled_images import LabelledImages
from reportgen.inputs.names import by_nfc, nfc
from reportgen.plain_text import named

# Each part of a name, without digits at its end, is one of the words, or of the words that say nothing.
_SPLITS = (
    r"(?:train(?:ing|ed)?|trn|minitrain|val(?:id|idate|idation)?|minival|test(?:ing)?|tst|eval(?:uation)?|dev(?:el)?|"
    r"development|hold-?out|学習|訓練|検証|評価|テスト|训练|测试|验证)"
)
_FILLERS = r"(?:sets?|data|splits?|images?|imgs?|seg|samples?|用|集|データ|セット)"
_BETWEEN = r"[-_ .]*"
_SPLIT_NAME = re.compile(
    rf"(?:{_FILLERS}{_BETWEEN})*{_SPLITS}(?:{_BETWEEN}(?:{_FILLERS}|{_SPLITS}))*{_BETWEEN}\d*", re.IGNORECASE
)


def is_split_name(name: str) -> bool:
    """Whether a folder is called like a part of a data set: train, Validation, test_set, val2017 ..."""
    return _SPLIT_NAME.fullmatch(name) is not None


def refuse_splits(root: Path, split: str, folders: Mapping[str, tuple[int, int]]) -> None:
    """Raises InputError when the folders of `root` are splits and `split` is none of them with class folders.

    folders: name to the numbers of (folders, files) inside. They are splits when all are called like splits, or two or
    more that are called so hold folders alone; a class "train" beside "car" and "bus" is a class.
    """
    named = [name for name in folders if is_split_name(name)]
    with_classes = [name for name in named if folders[name][0] and not folders[name][1]]
    if not named or (len(named) < len(folders) and len(with_classes) < 2):
        return
    there = ", ".join(
        f"{name} ({folders[name][0]} folders)" if folders[name][0] else f"{name} (no class folder)" for name in named
    )
    usable = sorted((name for name in named if folders[name][0]), key=lambda name: "tr" in name.lower())
    raise InputError(
        f"data root {root}, split {split!r}",
        found=f"{'no class folder in that split' if split in folders else 'no such split'}; there are: {there}",
        expected=f"{root / split} with one folder per class",
        todo=f"name one of those, such as --split {usable[0]}" if usable else "sort the images into a folder per class",
    )


def refuse_splits_in_classes(root: Path, parts: Sequence[tuple[str, ...]]) -> None:
    """Raises InputError when the images of every class lie in folders of splits: their mixture is no split.

    parts: of each image the path below `root`, from the class folder to the file.
    """
    inside = {names[1] if len(names) > 2 else "" for names in parts}
    if len(inside) < 2 or not all(is_split_name(name) for name in inside):
        return
    raise InputError(
        f"data root {root}",
        found=f"splits inside of the class folders: {', '.join(f'{parts[0][0]}/{name}' for name in sorted(inside))}",
        expected="one folder per split, and in it one folder per class",
        todo="move or link the folders to ROOT/<split>/<class>",
    )


def refuse_classes_in_classes(
    data: LabelledImages, model_classes: Sequence[str] | None, *, n_outputs: int, renamed: Mapping[str, str]
) -> None:
    """Raises InputError when the folders that were taken for classes hold the classes, as far as the model tells.

    torchvision takes ROOT/<class>/**/<image>, and so does this: what lies between a class folder and an image is the
    user's business. But where no image lies in a class folder itself and the names further down are the model's
    classes (by the names of `aligned`), or, of a model without names, as many as its outputs, the root is one folder
    too high.
    """
    parts = [tuple(sample.sample_id.split("/")) for sample in data.samples]
    if data.name != "imagefolder" or min(len(part) for part in parts) < 3:
        return
    mapped = by_nfc(renamed)
    known = {nfc(mapped.get(nfc(name), name)) for name in model_classes or ()}
    for depth in range(1, max(len(part) for part in parts) - 1):
        inner = sorted({part[depth] for part in parts if len(part) > depth + 1})
        if model_classes is not None:
            fits = not known & set(data.classes) and 2 * len(known & {nfc(name) for name in inner}) > len(inner)
        else:
            fits = len(inner) == n_outputs and _look_like_the_classes(data, parts, depth)
        if fits:
            raise _one_too_high(data, inner, depth)


def _look_like_the_classes(data: LabelledImages, parts: Sequence[tuple[str, ...]], depth: int) -> bool:
    """Of a model without names: the outer folders are not as many as its outputs, or all hold the same named folders.

    Where both numbers fit, years, numbers and sessions inside (2019, cam1) are no classes.
    """
    outer, inner = {part[0] for part in parts}, {part[depth] for part in parts if len(part) > depth + 1}
    if len(data.classes) != len(inner):
        return True
    same = {(part[0], part[depth]) for part in parts if len(part) > depth + 1}
    return len(same) == len(outer) * len(inner) and all(re.fullmatch(r"[^\W\d]{3,}[^\d]*", name) for name in inner)


def _one_too_high(data: LabelledImages, inner: list[str], depth: int) -> InputError:
    sample = data.samples[0]
    below = sample.path.parents[len(sample.sample_id.split("/")) - 1 - depth]
    several = len(data.classes) > 1
    return InputError(
        f"data root: class folders {named(data.classes, most=5)}",
        found=f"folders in {'them' if several else 'it'} that are the classes: {named(inner, most=10)}",
        expected="a root that holds one folder per class",
        todo=f"name the folder of the classes: --data-root {below}"
        + (", or bring the class folders of all of them together (links will do)" if several else ""),
    )
