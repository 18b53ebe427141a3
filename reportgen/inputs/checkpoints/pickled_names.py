"""The classes and functions that a pickle asks for, read from its opcodes. Nothing is unpickled."""

import pickletools
import zipfile
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reportgen.inputs.checkpoints.kinds import kind_of

_N_PICKLES = 5  # of the old format of torch.save: magic number, version, system, object, storage keys


@dataclass(frozen=True, slots=True, kw_only=True)
class PickledNames:
    """`names`: `module.name`, each once, in the order of the file. `protocol`: the highest that was declared.

    whole: whether the opcodes could be read to their end.
    """

    names: tuple[str, ...]
    protocol: int
    whole: bool


def pickled_names(path: Path) -> PickledNames:
    """Of a file of torch.save, zipped or old, or of a bare pickle. What cannot be read ends the list."""
    names: dict[str, None] = {}
    protocol, whole = 0, False
    try:
        for part, n_pickles in _parts(path):
            with part:
                for name, its_protocol in _globals(part, n_pickles):
                    protocol = max(protocol, its_protocol)
                    names |= {name: None} if name else {}
        whole = True
    except Exception:  # noqa: BLE001, S110  # a damaged file: pickletools, struct and zipfile raise many kinds
        pass
    return PickledNames(names=tuple(names), protocol=protocol, whole=whole)


def _parts(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The files that hold pickles, and how many each holds, one after the other."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from ((archive.open(name), 1) for name in archive.namelist() if name.endswith("data.pkl"))
    else:
        yield path.open("rb"), _N_PICKLES if kind_of(path) == "torch_legacy" else 1


def _globals(file: IO[bytes], n_pickles: int) -> Iterator[tuple[str, int]]:
    """(name, 0) of each global, ("", protocol) of each pickle. `STACK_GLOBAL` takes the two texts before it."""
    for _ in range(n_pickles):
        texts: list[str] = []
        for opcode, argument, _at in pickletools.genops(file):
            if opcode.name == "PROTO":
                yield "", int(argument or 0)
            elif opcode.name in ("GLOBAL", "INST"):
                yield _in_python_3(*str(argument).split(" ", 1)), 0
            elif opcode.name == "STACK_GLOBAL" and len(texts) >= 2:
                yield ".".join(texts[-2:]), 0
            elif isinstance(argument, str):
                texts = [*texts[-1:], argument]


def _in_python_3(module: str, name: str) -> str:
    """Protocol 2 writes Python 2's names: `__builtin__ xrange` is `builtins.range`."""
    if (module, name) in NAME_MAPPING:
        return ".".join(NAME_MAPPING[module, name])
    return f"{IMPORT_MAPPING.get(module, module)}.{name}"
