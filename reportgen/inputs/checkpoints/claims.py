"""What a checkpoint claims to hold against what its files do hold: bounds on unpacked bytes, and on the weights.

A zip archive of some kilobytes can unpack to terabytes; a weight of one number can say that it stands for three million
rows (strides of 0, sparse, without content), and a model would be made as large as that.
"""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from reportgen.errors import InputError
from reportgen.inputs.checkpoints.kinds import NO_ZIP

FREE_BYTES = 2**26  # so much may be claimed by any file
_FOR_SMALL_VALUES = 2**31
_FREE_MODEL_BYTES = 2**30  # so that weights of another architecture are told by their names
_TIMES = 4  # beyond that: weights that are kept under several names, archives that somebody has packed


def most_bytes(path: Path) -> int:
    """What a checkpoint may be unpacked to, and its weights may take, by the size of the file, or of a folder's."""
    files = [file for file in path.iterdir() if file.is_file()] if path.is_dir() else [path]
    return FREE_BYTES + _TIMES * sum(file.stat().st_size for file in files)


def refuse_unpacked(path: Path) -> None:
    """Raises InputError for a zip archive that unpacks to far more than its size; other files are not looked at."""
    try:
        with zipfile.ZipFile(path) as archive:
            n_bytes = sum(info.file_size for info in archive.infolist())
    except NO_ZIP:
        return
    if n_bytes > most_bytes(path):
        raise _refused(path, f"an archive of {path.stat().st_size:,} bytes that unpacks to {n_bytes:,}")


def refuse_more_than_the_file(weights: Mapping[str, Any], path: Path) -> None:
    """Raises InputError for weights that take far more memory than the file has bytes."""
    most = most_bytes(path)
    sizes = {name: n_bytes_of(value) for name, value in weights.items() if isinstance(value, torch.Tensor)}
    largest = max(sizes, key=sizes.__getitem__, default="")
    if sum(sizes.values()) > most:
        shape = " x ".join(map(str, weights[largest].shape))
        raise _refused(path, f"weights of {sum(sizes.values()):,} bytes, such as {largest[:200]} of {shape}")


@contextmanager
def bounded_memory(path: Path) -> Iterator[None]:
    """Unpickling takes no more memory than the file may, and what MOST_PARTS small values need; then MemoryError.

    torch's own list lets a pickle make a bytearray or a tensor of any length, or a set of a range.
    """
    statm = Path("/proc/self/statm")
    if not statm.is_file():  # other systems do not keep to the limit
        yield
        return
    import resource

    now = int(statm.read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = now + most_bytes(path) + _FOR_SMALL_VALUES
    resource.setrlimit(resource.RLIMIT_AS, (wanted if soft == resource.RLIM_INFINITY else min(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def refuse_larger(model: nn.Module, weights: Mapping[str, Any]) -> None:
    """Raises InputError for a model, on the device "meta", that is far larger than the weights that are to fill it.

    A config.json gives arguments that a model is made with: pictures of 40,000 px, layers of a million units.
    """
    wanted = sum(map(n_bytes_of, (*model.parameters(), *model.buffers())))
    there = sum(n_bytes_of(value) for value in weights.values() if isinstance(value, torch.Tensor))
    if wanted > _FREE_MODEL_BYTES + _TIMES * there:
        raise InputError(
            "architecture",
            found=f"a model of {wanted:,} bytes for weights of {there:,}",
            expected="a model that the weights fill",
            todo="name the architecture that was trained, and take config.json and weights from the same save",
        )


def n_bytes_of(tensor: torch.Tensor) -> int:
    """What it takes when it is written out in full."""
    return tensor.numel() * tensor.element_size()


def _refused(path: Path, found: str) -> InputError:
    return InputError(
        f"checkpoint {path}",
        found=found,
        expected=f"not more than {_TIMES} times what the file holds and {FREE_BYTES:,} bytes",
        todo="save the weights in full: {name: weight.clone().contiguous() for each of them}, with torch.save",
    )
