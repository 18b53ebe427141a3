"""A table of images, CSV or Parquet, with the columns path and label, and optionally species and split."""

import io
import unicodedata
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from reportgen.errors import InputError, WordedError, in_one_line
from reportgen.inputs.datasets.labelled_images import LabelledImages, Sample
from reportgen.inputs.options import DataSource
from reportgen.inputs.text_files import read_text
from reportgen.plain_text import named

MOST_ROWS = 5_000_000
_MOST_COLUMNS = 1000
_COLUMNS = ("path", "label", "species", "split")
_NAMES = ("manifest.csv", "manifest.parquet")


def manifest(source: DataSource) -> LabelledImages:
    """Reads the table at `source.root`: the file itself, or manifest.csv / manifest.parquet in that folder.

    Paths are relative to the table's folder and serve as sample ids. Without a split column every row is taken. Classes
    come in sorted order of the whole table's labels. Labels stay text: "007" is not 7. Raises InputError.
    """
    path = _table_path(source.root)
    whole = _table(path)
    rows = whole
    if "split" in whole.columns:
        rows = whole[whole["split"] == source.split]
        if rows.empty:
            raise InputError(
                f"manifest {path}, split {source.split!r}",
                found=f"no such row; splits: {named(sorted(set(whole['split'].fillna('(none)'))))}",
                expected="at least one row of that split",
                todo="name one of those with --split",
            )
    _refuse_twice(rows, path)
    return LabelledImages(
        name="manifest",
        split=source.split,
        classes=tuple(sorted(set(whole["label"]))),
        samples=tuple(
            Sample(sample_id=name, path=_as_on_disk(path.parent / name), label=label)
            for name, label in zip(rows["path"], rows["label"], strict=True)
        ),
        species=_species(whole, path),
    )


def _refuse_twice(rows: pd.DataFrame, path: Path) -> None:
    twice = rows[rows["path"].duplicated(keep=False)]
    if twice.empty:
        return
    first = twice[twice["path"] == twice["path"].iloc[0]]
    labels = " and ".join(dict.fromkeys(first["label"]))
    raise InputError(
        f"manifest {path}: paths",
        found=f"{twice['path'].nunique()} more than once, such as {first['path'].iloc[0]} in the rows"
        f" {named((str(row + 1) for row in first.index), most=5)}, labelled {labels}",
        expected="each image once, under one label",
        todo="remove the rows that are too many",
    )


def _as_on_disk(path: Path) -> Path:
    """The path as the table has it, or, where only that is there, in the other normalisation: a Mac writes NFD."""
    try:
        forms = [path, *(Path(unicodedata.normalize(form, str(path))) for form in ("NFC", "NFD"))]
        return path if path.name.isascii() else next((form for form in forms if form.exists()), path)
    except (OSError, ValueError):  # reading it will say why
        return path


def _table_path(root: Path) -> Path:
    candidates = [root] if root.is_file() else [root / name for name in _NAMES]
    for path in candidates:
        if path.is_file():
            return path
    raise InputError(
        f"manifest at {root}",
        found="neither a file nor a folder with manifest.csv or manifest.parquet",
        expected="a CSV or Parquet table with the columns path and label",
        todo="name the table's file with --data-root",
    )


def _table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            table = _parquet(path)
        else:
            text = read_text(path)
            if max(line.count(",") for line in text.split("\n")) > _MOST_COLUMNS:  # hours for pandas
                raise WordedError(f"a row of more than {_MOST_COLUMNS:,} cells")
            table = pd.read_csv(io.StringIO(text), dtype="string", keep_default_na=False, nrows=MOST_ROWS + 1)
            _refuse_rows(len(table))
            if not isinstance(table.index, pd.RangeIndex):  # pandas makes an index of cells beyond the header
                raise WordedError("a row has more cells than the header")
    except (ValueError, OSError) as error:
        raise InputError(
            f"manifest {path}",
            found=in_one_line(error),
            expected="a table in CSV (UTF-8) or Parquet, with the ending .csv or .parquet",
            todo='save it again as CSV in UTF-8 (in Excel: "CSV UTF-8 (comma delimited)") or as Parquet',
        ) from error
    missing = [name for name in ("path", "label") if name not in table.columns]
    if missing:
        raise InputError(
            f"manifest {path}: columns",
            found=named(map(str, table.columns)) or "none",
            expected="path and label (and optionally species and split)",
            todo=f"add the missing column: {', '.join(missing)}",
        )
    for name in ("path", "label"):
        blank = table.index[table[name].fillna("") == ""]
        if len(blank):
            raise InputError(
                f"manifest {path}, row {blank[0] + 1}",
                found=f"no {name}",
                expected="a path and a label in every row",
                todo="fill the cell or remove the row",
            )
    return table


def _parquet(path: Path) -> pd.DataFrame:
    """Raises ValueError for more than the bounds, which some kilobytes can unpack to."""
    with parquet.ParquetFile(path) as file:
        _refuse_rows(file.metadata.num_rows)
        schema = file.schema_arrow
        names = [name for name in schema.names if name in _COLUMNS]
        for name in names:
            if pa.types.is_nested(schema.field(name).type):
                raise WordedError(f"a column {name} of {schema.field(name).type}")
    table = pd.read_parquet(path, columns=names).astype("string")
    return table if {"path", "label"} <= set(names) else table.reindex(columns=schema.names)


def _refuse_rows(n_rows: int) -> None:
    if n_rows > MOST_ROWS:
        raise WordedError(f"{n_rows:,} rows, more than {MOST_ROWS:,}")


def _species(table: pd.DataFrame, path: Path) -> dict[str, str]:
    if "species" not in table.columns:
        return {}
    known = table[table["species"].fillna("") != ""]
    pairs = sorted(
        {(str(label), str(species)) for label, species in zip(known["label"], known["species"], strict=True)}
    )
    species: dict[str, str] = {}
    for label, name in pairs:
        if species.setdefault(label, name) != name:
            raise InputError(
                f"manifest {path}: species of {label}",
                found=f"{species[label]} and {name}",
                expected="one species a class",
                todo="correct the species column",
            )
    return species
