"""JSON, npz and Parquet that others may have written: bounds on size, depth, rows and unpacked bytes, looked at first.

A few kilobytes can unpack to what no machine has, and well-formed JSON can be nested without end. Each reader takes the
bytes of files by name and the name of one of them, and raises BadFileError for what is over a bound or not as expected.
"""

import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, parquet
from pydantic import ConfigDict, TypeAdapter, ValidationError

from reportgen.errors import in_one_line

MOST_IMAGES = 2_000_000  # of one run
MOST_JSON_BYTES = 2**29  # what two million images with long paths need
MOST_VALUES = 2**24  # in one JSON file, each of which takes some 60 bytes of memory
MOST_UNPACKED = 2**33  # bytes of all arrays of a file: the logits of two million images and a thousand classes
MOST_RUN_BYTES, MOST_TABLE_BYTES = 2**29, 2**32  # of the columns of a table that are read: of one run, of all
MOST_ARRAYS = 100_000
LONGEST_TEXT = 2**24  # letters of any text: the notes of 20,000 classes
Shape: TypeAlias = tuple[int | None, ...]
FieldType: TypeAlias = Any  # a type: a dataclass, a union, a tuple of them
_LONGEST_WORDS = 400
_LONGEST_NUMBER = 18  # digits of a whole number: it fits into 64 bits
_LONGEST_CELL = 2**16  # bytes: of a path in letters of four bytes, of a thumbnail
_DEFLATE = 1032  # deflate makes of one byte at most so many
_KINDS = "biuf"  # of arrays: numbers
_SHOWN = 40  # letters of a key
_NPY = 4096  # bytes of the longest head of an array that numpy writes here


class BadFileError(ValueError):
    """A file that is over a bound, or not as expected; the words begin with its name."""


@contextmanager
def about(name: str) -> Iterator[None]:
    """Makes whatever is raised inside a BadFileError of the file `name`: parsers raise some twenty kinds."""
    try:
        yield
    except Exception as error:
        words = str(error) if type(error) is ValueError else in_one_line(error)
        raise BadFileError(f"{name}: {words[:_LONGEST_WORDS]}") from error


def typed_json(files: Mapping[str, bytes], name: str, kind: FieldType) -> Any:
    """The value of the type `kind` in a JSON file in UTF-8; see `restored`.

    Refused are as well: a key given twice, NaN and infinity however they are written, and whole numbers beyond 64 bits.
    """
    with about(name):
        return restored(kind, _plain(files[name]))


def _plain(content: bytes) -> object:
    if len(content) > MOST_JSON_BYTES:
        raise ValueError(f"{len(content):,} bytes of JSON, more than {MOST_JSON_BYTES:,}")
    n_values = sum(content.count(sign) for sign in (b",", b"[", b"{"))
    if n_values > MOST_VALUES:
        raise ValueError(f"up to {n_values:,} values in JSON, more than {MOST_VALUES:,}")
    try:
        found: object = json.loads(
            content.decode(),
            object_pairs_hook=_each_key_once,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except RecursionError as error:
        raise ValueError("JSON that is nested too deep") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"Invalid JSON: {error}") from error
    return found


def restored(kind: FieldType, value: object) -> Any:
    """A value of the type `kind`, and of the types of its fields, from its plain form. Raises ValueError."""
    try:
        return _adapter(kind).validate_python((value,))[0]
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part)[:_SHOWN] for part in first["loc"][1:])
        words = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{where}: {words}" if where else words) from error


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


@cache
def _adapter(kind: FieldType) -> TypeAdapter[Any]:
    """In a tuple, because a dataclass takes its settings from what it lies in."""
    return TypeAdapter(tuple[kind], config=ConfigDict(allow_inf_nan=False, str_max_length=LONGEST_TEXT))


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key that is given twice")
    return found


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > _LONGEST_NUMBER:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]}, which is not finite")
    return number


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
        parts.append(values[chunk.indices.to_numpy()])
    found: NDArray[np.object_] = np.concatenate(parts)
    return found
