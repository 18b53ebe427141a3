"""Point 6, tables and lists: what a manifest or a text file of a data set may hold is bounded, and said."""

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from reportgen.errors import InputError
from reportgen.inputs.datasets.manifest import MOST_ROWS, manifest
from reportgen.inputs.options import DataSource
from reportgen.inputs.text_files import MAX_TEXT_BYTES, read_text


def refused(path):
    with pytest.raises(InputError) as told:
        manifest(DataSource(root=path))
    assert len(str(told.value)) < 5000
    return str(told.value)


def test_a_file_of_gigabytes_without_a_byte_on_disk_is_not_read(tmp_path):
    for name in ("m.csv", "m.parquet"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(2**33)
        assert "m." in refused(tmp_path / name)
    with pytest.raises(OSError, match="more than"):
        read_text(tmp_path / "m.csv")
    assert MAX_TEXT_BYTES < 2**30


CELLS = {
    "a label of 2 MB": ("path,label\n1.png," + "x" * 2_000_000 + "\n", "2,000,000 letters"),
    "a path of 2 MB": ("path,label\n" + "x" * 2_000_000 + ",a\n", "2,000,000 letters"),
    "a species of 2 MB": ("path,label,species\n1.png,a," + "x" * 2_000_000 + "\n", "2,000,000 letters"),
    "100,000 columns": (
        "path," + ",".join(f"c{k}" for k in range(100_000)) + "\n1.png" + "," * 100_000 + "\n",
        "cells",
    ),
    "a quote without end": ('path,label\n1.png,"a\n' + "x,y\n" * 300_000, ""),
    "zeros": ("\0" * 100_000_000, "a byte 0 on line 1"),
    "one row of commas": ("path,label\n" + "," * 1_000_000, ""),
}


@pytest.mark.parametrize(("text", "told"), CELLS.values(), ids=CELLS)
def test_a_table_of_too_much_is_refused(tmp_path, text, told):
    (tmp_path / "m.csv").write_text(text)
    assert told in refused(tmp_path / "m.csv")


def test_a_parquet_table_of_40_million_rows_in_some_kilobytes_is_refused(tmp_path):
    one = pa.array(["1.png"]).dictionary_encode()
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), one.dictionary)
    table = pa.table({"path": column, "label": column})
    with parquet.ParquetWriter(tmp_path / "m.parquet", table.schema, compression="zstd") as file:
        for _ in range(MOST_ROWS // 1_000_000 + 1):
            file.write_table(table)
    assert (tmp_path / "m.parquet").stat().st_size < 2_000_000
    assert "rows, more than" in refused(tmp_path / "m.parquet")


def test_a_parquet_table_of_lists_is_refused(tmp_path):
    parquet.write_table(pa.table({"path": [["a"] * 1000] * 1000, "label": ["a"] * 1000}), tmp_path / "m.parquet")
    assert "a column path of list" in refused(tmp_path / "m.parquet")


def test_numbers_and_texts_of_a_parquet_table_are_taken(tmp_path):
    pd.DataFrame({"path": ["1.png", "2.png"], "label": [7, 8], "x": [[1], [2]]}).to_parquet(tmp_path / "m.parquet")
    assert manifest(DataSource(root=tmp_path / "m.parquet")).classes == ("7", "8")
