"""The table of images: CSV and Parquet say the same, and a wrong cell is named."""

import unicodedata

import pandas as pd
import pytest

from reportgen.errors import InputError
from reportgen.inputs.datasets.manifest import manifest
from reportgen.inputs.options import DataSource
from tests.inputs.refusals import refused


def written(folder, form, columns):
    path = folder / f"manifest.{form}"
    table = pd.DataFrame(columns)
    table.to_csv(path, index=False) if form == "csv" else table.to_parquet(path)
    return path


def read(root, split="test"):
    return manifest(DataSource(root=root, split=split))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_labels_stay_text_and_classes_are_those_of_the_whole_table(tmp_path, form):
    columns = {
        "path": ["sub/a.png", "b.png", "/far/c.png"],
        "label": ["007", "NA", "10"],
        "split": ["test", "test", "train"],
    }
    data = read(written(tmp_path, form, columns))
    assert data.classes == ("007", "10", "NA")
    assert [(sample.sample_id, sample.label) for sample in data.samples] == [("sub/a.png", "007"), ("b.png", "NA")]
    assert data.samples[0].path == tmp_path / "sub" / "a.png"
    assert [sample.sample_id for sample in read(tmp_path, "train").samples] == ["/far/c.png"]
    assert str(read(tmp_path, "train").samples[0].path) == "/far/c.png"


def test_numbers_in_a_parquet_table_become_text(tmp_path):
    assert read(written(tmp_path, "parquet", {"path": ["a", "b"], "label": [10, 9]})).classes == ("10", "9")


def test_without_a_split_column_every_row_is_taken(tmp_path):
    assert len(read(written(tmp_path, "csv", {"path": ["a", "b"], "label": ["x", "y"]}), "any").samples) == 2


def test_species_may_be_given_once_a_class(tmp_path):
    columns = {"path": list("abc"), "label": ["pug", "pug", "Bengal"], "species": ["", "dog", ""]}
    assert dict(read(written(tmp_path, "csv", columns)).species) == {"pug": "dog"}


def test_excels_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    (tmp_path / "manifest.csv").write_text("path,label\na.png,ペルシャ\n", encoding="utf-8-sig")
    assert read(tmp_path).classes == ("ペルシャ",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_table_with_a_byte_order_mark_of_any_kind_is_read(tmp_path, encoding):
    (tmp_path / "manifest.csv").write_bytes("path,label\r\na.png,ペルシャ\r\n".encode(encoding))
    assert read(tmp_path).classes == ("ペルシャ",)


@pytest.mark.parametrize(("written_as", "lies_as"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC")])
def test_a_table_names_files_of_a_mac_in_either_normalisation(tmp_path, written_as, lies_as):
    name = "ポメ/ガ.png"
    (tmp_path / unicodedata.normalize(lies_as, "ポメ")).mkdir()
    (tmp_path / unicodedata.normalize(lies_as, name)).touch()
    listed = unicodedata.normalize(written_as, name)
    (tmp_path / "manifest.csv").write_text(f"path,label\n{listed},x\n", encoding="utf-8")
    (sample,) = read(tmp_path).samples
    assert sample.path.is_file()
    assert sample.sample_id == listed


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("path;label\na;x\n", ("manifest.csv: columns", "path;label", "add the missing column: path, label")),
        ("path\na\n", ("columns", "found:    path\n", "missing column: label")),
        ("path,label\na,x\nb,\n", ("row 2", "no label", "every row", "fill the cell")),
        ("path,label\n,x\n", ("row 1", "no path", "fill the cell")),
        (
            "path,label\na,x\na,x\n",
            ("paths", "1 more than once, such as a in the rows 1, 2, labelled x", "remove the rows"),
        ),
        ("path,label\na,x\nb,x\na,y\n", ("such as a in the rows 1, 3, labelled x and y", "under one label")),
        ("path,label,species\na,x,cat\nb,x,dog\n", ("species of x", "cat and dog", "one species a class")),
        ("path,label,split\na,x,val\nb,x,train\n", ("split 'test'", "splits: train, val", "--split")),
        ("path,label\n", ("split 'test'", "no image", "at least one")),
        ('path,label\n"a,x\n', ("manifest.csv", "ParserError", "CSV (UTF-8) or Parquet", "save it again")),
        ("", ("manifest.csv", "EmptyDataError", "save it again")),
    ],
)
def test_a_wrong_table_is_refused_by_row_or_column(tmp_path, text, told):
    (tmp_path / "manifest.csv").write_text(text)
    with refused(InputError, *told):
        read(tmp_path)


def test_tables_that_cannot_be_read_are_refused(tmp_path):
    with refused(InputError, str(tmp_path), "neither a file nor a folder", "path and label", "--data-root"):
        read(tmp_path)
    (tmp_path / "manifest.csv").write_bytes("path,label\né,x\n".encode("latin-1"))
    with refused(InputError, "manifest.csv", "not UTF-8: byte 0xe9 on line 2", "UTF-8"):
        read(tmp_path)
    (tmp_path / "t.parquet").write_bytes(b"no table")
    with refused(InputError, "t.parquet", "ArrowInvalid", "save it again"):
        read(tmp_path / "t.parquet")


@pytest.mark.parametrize("wrong", ["ragged", "no_split"])
def test_a_ragged_row_and_an_empty_split_are_refused_like_any_other(tmp_path, wrong):
    if wrong == "ragged":
        path = tmp_path / "manifest.csv"
        path.write_text("path,label\na,x,y,z\nb,x\n")
    else:
        path = written(tmp_path, "parquet", {"path": ["a", "b"], "label": ["x", "y"], "split": ["train", None]})
    with refused(InputError, path.name):
        read(path)
