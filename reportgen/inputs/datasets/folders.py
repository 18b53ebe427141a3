"""Folders as torchvision's ImageFolder walks them: links are followed; a loop ends, and nothing vanishes."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from reportgen.errors import InputError, in_one_line
from reportgen.inputs.datasets.passed_over import SystemFileKind, passed_over

PassedOverCounts = Counter[SystemFileKind]


def entries(folder: Path, counts: PassedOverCounts) -> Iterator[tuple[Path, bool]]:
    """(path, whether it is a folder or a link to one) of all in `folder` that is the user's, sorted by name.

    What systems and programs left is passed over and counted in `counts`. Raises InputError for a folder that cannot be
    read: its pictures must not be missing in silence.
    """
    try:
        with os.scandir(folder) as found:
            here = sorted((entry.name, _is_dir(entry)) for entry in found)
    except OSError as error:
        raise InputError(
            f"folder {folder}",
            found=in_one_line(error),
            expected="a folder that can be read",
            todo="give the user of reportgen the right to read it (chmod -R a+rX), or take it out of the data set",
        ) from error
    for name, is_folder in here:
        kind = passed_over(name, folder=is_folder)
        if kind:
            counts[kind] += 1
        else:
            yield folder / name, is_folder


def files_below(folder: Path, counts: PassedOverCounts) -> list[Path]:
    """All files in and below `folder`, sorted; links are followed, a link back to a folder above is not.

    A link to nothing, a pipe and a device count as files here: reading them says what they are. Raises InputError.
    """
    files: list[Path] = []
    waiting = [(folder, frozenset[tuple[int, int]]())]
    while waiting:
        here, above = waiting.pop()
        facts = here.stat()
        if (facts.st_dev, facts.st_ino) in above:
            counts["loop"] += 1
            continue
        seen = above | {(facts.st_dev, facts.st_ino)}
        for path, is_folder in entries(here, counts):
            waiting += [(path, seen)] if is_folder else []
            files += [] if is_folder else [path]
    return sorted(files)


def _is_dir(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
