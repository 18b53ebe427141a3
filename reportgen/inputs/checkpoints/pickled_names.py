"""The classes and functions that a pickle asks for, and under which keys, by its opcodes. Nothing is unpickled."""

import pickletools
import zipfile
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from reportgen.inputs.checkpoints.kinds import file_format_of

MOST_PARTS = 5_000_000  # each takes some microseconds here, and may take some 100 bytes of memory
_MOST_GLOBALS = 1000
_N_PICKLES = 5  # of the old format of torch.save: magic number, version, system, object, storage keys


@dataclass(frozen=True, slots=True, kw_only=True)
class PickledNames:
    """`names`: `module.name`, each once, in the order of the file. `protocol`: the highest that was declared.

    keys: by name the keys that lead to where it is asked for first, the outermost first; as far as they are texts.
    whole: whether the opcodes could be read to their end. n_parts: how many were read, at most MOST_PARTS + 1.
    """

    names: tuple[str, ...]
    protocol: int
    whole: bool
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    n_parts: int = 0


def pickled_names(path: Path) -> PickledNames:
    """Of a file of torch.save, zipped or old, or of a bare pickle. What cannot be read ends the list."""
    names: dict[str, tuple[str, ...]] = {}
    protocol, whole, n_parts = 0, False, 0
    try:
        for part, n_pickles in _parts(path):
            with part:
                for its_protocol, stack in _globals(part, n_pickles):
                    protocol, n_parts = max(protocol, its_protocol), max(n_parts, stack.n_parts)
                    for name, keys in stack.keys.items():
                        names.setdefault(name, keys)
        whole = True
    except Exception:  # noqa: BLE001, S110  # a damaged file: pickletools, struct and zipfile raise many kinds
        pass
    return PickledNames(names=tuple(names), protocol=protocol, whole=whole, keys=names, n_parts=n_parts)


def _parts(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The files that hold pickles, and how many each holds, one after the other."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from ((archive.open(name), 1) for name in archive.namelist() if name.endswith("data.pkl"))
    else:
        yield path.open("rb"), _N_PICKLES if file_format_of(path) == "torch_legacy" else 1


def _globals(file: IO[bytes], n_pickles: int) -> Iterator[tuple[int, "_Stack"]]:
    """Of each pickle its protocol, and its globals with the keys above; what was read before a damage comes too."""
    for _ in range(n_pickles):
        protocol, stack = 0, _Stack()
        try:
            for opcode, argument, _at in pickletools.genops(file):
                protocol = int(argument or 0) if opcode.name == "PROTO" else protocol
                stack.run(opcode, argument)
        finally:
            yield protocol, stack


class _Stack:
    """The stack of a pickle, of which texts and marks are told apart from the rest.

    keys: by global the keys of dictionaries that it has turned out to lie under, the outermost first. A dictionary is
    known when its items are put into it, so that the keys are found from the inside out.
    """

    _MARK, _OTHER = object(), object()

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, ...]] = {}
        self.n_parts = 0
        self._values: list[object] = []
        self._memo: dict[int, object] = {}
        self._places: dict[str, int] = {}  # where in the stack the thing lies that a global is part of

    def run(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        """What `opcode` takes from the stack and puts onto it. Raises ValueError for too many, or too many globals."""
        self.n_parts = self.n_parts + 1 if len(self.keys) <= _MOST_GLOBALS else MOST_PARTS + 1
        if self.n_parts > MOST_PARTS:
            raise ValueError("a pickle without end")
        name, values = opcode.name, self._values
        if name == "MEMOIZE" or name.endswith("PUT"):
            self._memo[len(self._memo) if name == "MEMOIZE" else int(str(argument))] = values[-1]
            return
        if name.endswith("GET"):
            values.append(self._memo.get(int(str(argument)), self._OTHER))
            return
        asked = _asked(name, argument, values)
        start = self._start(opcode.stack_before)
        if name in ("SETITEM", "SETITEMS"):
            self._set_items(start + (1 if name == "SETITEM" else 2))
        del values[start:]
        values += [self._put(opcode, kind, argument) for kind in opcode.stack_after]
        for one, place in self._places.items():
            self._places[one] = min(place, max(len(values) - 1, 0))
        if asked and asked not in self.keys:
            self.keys[asked], self._places[asked] = (), len(values) - 1

    def _start(self, kinds: list[pickletools.StackObject]) -> int:
        """How many values stay."""
        values, n = self._values, len(kinds)
        if pickletools.markobject in kinds:
            mark = next((at for at in range(len(values) - 1, -1, -1) if values[at] is self._MARK), 0)
            return max(mark - kinds.index(pickletools.markobject), 0)
        return max(len(values) - n, 0)

    def _set_items(self, first: int) -> None:
        """Keys and values in turn from place `first` on."""
        for one, place in self._places.items():
            key = first + (place - first) // 2 * 2
            if place > key >= first and isinstance(self._values[key], str):
                self.keys[one] = (str(self._values[key]), *self.keys[one])

    def _put(self, opcode: pickletools.OpcodeInfo, kind: pickletools.StackObject, argument: object) -> object:
        if kind is pickletools.markobject:
            return self._MARK
        return argument if isinstance(argument, str) and "UNICODE" in opcode.name else self._OTHER


def _asked(opcode: str, argument: object, values: list[object]) -> str:
    """`module.name` of a global; "" for another opcode. `STACK_GLOBAL` takes the two texts before it."""
    if opcode in ("GLOBAL", "INST"):
        return _in_python_3(*str(argument).split(" ", 1))
    texts = values[-2:]
    return ".".join(map(str, texts)) if opcode == "STACK_GLOBAL" and all(isinstance(it, str) for it in texts) else ""


def _in_python_3(module: str, name: str) -> str:
    """Protocol 2 writes Python 2's names: `__builtin__ xrange` is `builtins.range`."""
    if (module, name) in NAME_MAPPING:
        return ".".join(NAME_MAPPING[module, name])
    return f"{IMPORT_MAPPING.get(module, module)}.{name}"
