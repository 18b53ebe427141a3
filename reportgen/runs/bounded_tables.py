"""npz and Parquet files that others may have written: bounds on rows and unpacked bytes, looked at first.

A few kilobytes can unpack to what no machine has. See `bounded_files`, which needs neither numpy nor pyarrow.
"""

import io
import math
import zipfile
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, parquet

from reportgen.runs.bounded_files import about

MOST_IMAGES = 2_000_000  # of one run
MOST_UNPACKED = 2**33  # bytes of all arrays of a file: the logits of two million images and a thousand classes
MOST_RUN_BYTES, MOST_TABLE_BYTES = 2**29, 2**32  # of the columns of a table that are read: of one run, of all
MOST_ARRAYS = 100_000
Shape: TypeAlias = tuple[int | None, ...]
_LONGEST_CELL = 2**16  # bytes: of a path in letters of four bytes, of a thumbnail
_DEFLATE = 1032  # deflate makes of one byte at most so many
_KINDS = "biuf"  # of arrays: numbers
_NPY = 4096  # bytes of the longest head of an array that numpy writes here


def arrays(files: Mapping[str, bytes], name: str, shapes: Mapping[str, Shape]) -> dict[str, NDArray[Any]]:
    """The arrays of numbers named in `shapes`, from an npz file; others in it are not looked at.

    A side that is None may have any length. Refused is an array that is lacking or of another shape; what is claimed of
    an array is compared with what the file can hold before memory is taken for it.
    """
    content = files[name]
    with about(name), zipfile.ZipFile(io.BytesIO(content)) as archive:
        there = set(archive.namelist())
        lacking = [key for key in shapes if f"{key}.npy" not in there]
        if lacking:
            raise ValueError(f"no array {lacking[0]}")
        infos = {key: archive.getinfo(f"{key}.npy") for key in shapes}
        _refuse_unpacked(list(infos.values()), len(content))
        return {key: _array(archive, infos[key], shape) for key, shape in shapes.items()}


def columns(
    files: Mapping[str, bytes],
    name: str,
    kinds: Mapping[str, type[str] | type[bytes]],
    *,
    n_runs: int = 1,
) -> dict[str, NDArray[np.object_]]:
    """The columns `kinds` of a Parquet file, of texts or of bytes; equal values of a row group are one object.

    Refused are more rows or bytes than `n_runs` runs have, another kind of column, and a cell without a value or with a
    long one.
    """
    content = files[name]
    with about(name), parquet.ParquetFile(io.BytesIO(content)) as file:
        if not file.metadata.num_rows:  # an empty column tells no kind
            return {key: np.empty(0, dtype=object) for key in kinds}
        _refuse_large_table(file, kinds, n_runs)
    with about(name), parquet.ParquetFile(io.BytesIO(content), read_dictionary=list(kinds)) as file:
        table = file.read(columns=list(kinds), use_threads=False)
        return {key: _column(table.column(key), key, kind) for key, kind in kinds.items()}


def _refuse_unpacked(infos: list[zipfile.ZipInfo], n_bytes: int) -> None:
    if len(infos) > MOST_ARRAYS:
        raise ValueError(f"{len(infos):,} arrays, more than {MOST_ARRAYS:,}")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > min(MOST_UNPACKED, _DEFLATE * n_bytes):
        raise ValueError(f"arrays of {unpacked:,} bytes in {n_bytes:,}")


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, expected: Shape) -> NDArray[Any]:
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"{info.filename}: version {version} of its format")
        shape, _, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=_NPY)
        n_bytes = math.prod(shape) * dtype.itemsize
        if dtype.kind not in _KINDS or dtype.shape:
            raise ValueError(f"{info.filename}: an array of {dtype}, no numbers")
        if len(shape) != len(expected) or any(b not in (a, None) for a, b in zip(shape, expected, strict=True)):
            raise ValueError(f"{info.filename}: the shape {shape}, expected {expected}")
        if min(shape, default=0) < 0 or file.tell() + n_bytes != info.file_size:
            raise ValueError(f"{info.filename}: {n_bytes:,} bytes of {shape} {dtype} in {info.file_size:,}")
    with archive.open(info) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False, max_header_size=_NPY)
        file.read(1)  # to the end, where the checksum is compared
    return array


def _refuse_large_table(file: Any, kinds: Mapping[str, type[str] | type[bytes]], n_runs: int) -> None:
    facts, schema = file.metadata, file.schema_arrow
    most_rows, most_bytes = n_runs * MOST_IMAGES, min(n_runs * MOST_RUN_BYTES, MOST_TABLE_BYTES)
    if facts.num_rows > most_rows:
        raise ValueError(f"{facts.num_rows:,} rows, more than {most_rows:,}")
    for name in kinds:
        at = schema.get_field_index(name)
        if at < 0 or not _is_of_bytes(schema.field(at).type):
            raise ValueError(f"no column {name} of texts or bytes" if at >= 0 else f"no column {name}, or several")
    groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
    parts = [group.column(at) for group in groups for at in range(group.num_columns)]
    n_bytes = sum(part.total_uncompressed_size for part in parts if part.path_in_schema in kinds)
    if n_bytes > most_bytes:
        raise ValueError(f"columns of {n_bytes:,} bytes, more than {most_bytes:,}")


def _is_of_bytes(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(
        of(value) for of in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    )


def _column(column: Any, name: str, kind: type[str] | type[bytes]) -> NDArray[np.object_]:
    if column.null_count:
        raise ValueError(f"no {name} in {column.null_count:,} rows")
    parts = []
    for chunk in column.chunks:
        longest = compute.max(compute.binary_length(chunk.dictionary)).as_py() or 0
        if longest > _LONGEST_CELL:
            raise ValueError(f"a cell of {longest:,} bytes in {name}")
        values = np.array([*chunk.dictionary.to_pylist(), None], dtype=object)[:-1]  # of objects, also of bytes
        if not all(isinstance(value, kind) for value in values):
            raise ValueError(f"a column {name} of {chunk.type.value_type}")
        parts.append(values[np.from_dlpack(chunk.indices)])  # to_numpy would load pandas
    found: NDArray[np.object_] = np.concatenate(parts)
    return found
