"""Point 3: a damaged neighbour never costs a night. Each file that a run reads of others, times what may be wrong with it.

All bundles are sealed again after the damage (their manifests agree), so that no hash tells: reading gives a value that
the stages can use, or an InputError that names the file, in bounded memory.
"""

import gzip
import io
import json
import pickle
import random
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from shutil import copytree

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from reportgen.analyse.comparison import comparison
from reportgen.analyse.findings import analyse
from reportgen.analyse.previous_runs import History
from reportgen.deliver.archive.contents import bundles, refresh
from reportgen.deliver.archive.verification import verify
from reportgen.deliver.mail.receipts import read_receipts
from reportgen.deliver.mail.sending import _draft
from reportgen.deliver.mail.settings import MailSettings
from reportgen.errors import InputError
from reportgen.render.data.mail_contract import MailContract
from reportgen.render.index_page import Verdict
from reportgen.runs.bounded_files import BadFileError, typed_json
from reportgen.runs.history import StoredRunFacts, read_history, read_past_run
from reportgen.runs.run_record import RunRecord
from reportgen.runs.stored_evaluation import _Record, read_evaluation
from reportgen.runs.stored_run import read_stored_run
from tests.hostile.stored import COUNTS, OTHER, RUN_ID, PeakMemory, exchanged, paths_in, sealed, whole_bundle
from tests.synthetic import past_run_of, predictions_of

pytestmark = pytest.mark.timeout(120)
MOST = 1_500_000_000  # bytes that any of these files may take for a moment
TONIGHT = predictions_of(COUNTS)
SETTINGS = MailSettings(sender="a@example.com", to=("b@example.com",))


def compared(bundle):
    """As tonight's run does with its neighbour."""
    return comparison(TONIGHT, History(runs=(read_past_run(bundle),)))


def analysed(bundle):
    """As `render`, `mail` and `compare` do."""
    run = read_stored_run(bundle)
    return analyse(run.predictions, run.rule, run.run_context)


def mailed(bundle):
    return _draft(bundle, SETTINGS, datetime(2026, 11, 23, tzinfo=UTC)).words("")


def listed(bundle):
    """As the index does; what it says of a damaged bundle as an error, as the others do."""
    found = bundles(bundle.parents[1])
    if found.unreadable:
        raise InputError("index", found=found.unreadable[0].reason, expected="", todo="")
    return found


USES = {  # by file: what is done with it
    "findings.json": (compared, mailed),
    "predictions.parquet": (compared,),
    "evaluation.json": (read_evaluation, analysed, mailed),
    "logits.npz": (read_evaluation, analysed),
    "run.json": (analysed, mailed),
    "attributions.npz": (analysed,),
    "history.parquet": (analysed,),
    "thumbnails.parquet": (analysed,),
    "verdict.json": (listed,),
}
JSON = [name for name in USES if name.endswith(".json")]
NPZ = [name for name in USES if name.endswith(".npz")]
PARQUET = [name for name in USES if name.endswith(".parquet")]


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return whole_bundle(tmp_path_factory.mktemp("made"))


@pytest.fixture
def bundle(made, tmp_path):
    copytree(made.parents[1], tmp_path / "reports", dirs_exist_ok=True)
    return tmp_path / "reports" / "m" / RUN_ID


def faults(bundle, name):
    """What the users of the file said of it; None for one that could use it."""
    said = []
    with PeakMemory() as peak:
        for use in USES[name]:
            try:
                use(bundle)
                said.append(None)
            except InputError as error:
                assert name in error.found, error
                assert len(error.found) < 1000
                said.append(error.found)
    assert peak.n_bytes < MOST, f"{peak.n_bytes:,} bytes"
    return said


def test_what_is_sound_is_used(bundle):
    for name, uses in USES.items():
        assert faults(bundle, name) == [None] * len(uses)
        assert faults(sealed(bundle, **{name: (bundle / name).read_bytes()}), name) == [None] * len(uses)


ANY_FILE = {
    "empty": lambda content: b"",
    "one byte": lambda content: content[:1],
    "cut in half": lambda content: content[: len(content) // 2],
    "its last byte lacking": lambda content: content[:-1],
    "zeros": lambda content: bytes(len(content)),
    "zeros in the middle": lambda content: content[:200] + bytes(200) + content[400:],
    "a gzip of it": gzip.compress,
    "text": lambda content: b"not found\n",
    "a page": lambda content: b"<!DOCTYPE html><title>login</title>",
    "a pickle": lambda content: pickle.dumps({"a": print}),
    "an LFS pointer": lambda content: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
}


@pytest.mark.parametrize("damage", ANY_FILE)
@pytest.mark.parametrize("name", USES)
def test_a_file_that_is_another_is_a_fault_that_names_it(bundle, name, damage):
    sealed(bundle, **{name: ANY_FILE[damage]((bundle / name).read_bytes())})
    harmless = damage == "its last byte lacking" and name in ("verdict.json", "findings.json")  # a line end
    assert (None in faults(bundle, name)) <= (harmless or damage == "zeros in the middle")


def _deep(n, ends=("[", "]")):
    return (ends[0] * n + ends[1] * n).encode()


WHOLE_JSON = {
    "200,000 lists deep": lambda plain: _deep(200_000),
    "200,000 objects deep": lambda plain: b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
    "a key 200,000 deep": lambda plain: json.dumps(plain).encode()[:-1] + b', "x": ' + _deep(200_000) + b"}",
    "cut after 900,000 brackets": lambda plain: b"[" * 900_000,
    "a number of 5,001 digits": lambda plain: json.dumps(plain | {"x": 1}).encode()[:-2] + b"1" * 5001 + b"}",
    "a number beyond 64 bits": lambda plain: json.dumps(plain | {"x": 2**70}).encode(),
    "NaN": lambda plain: json.dumps(plain | {"x": float("nan")}).encode(),
    "Infinity": lambda plain: json.dumps(plain | {"x": float("-inf")}).encode(),
    "1e400": lambda plain: json.dumps(plain | {"x": 1}).encode()[:-2] + b"1e400}",
    "UTF-16": lambda plain: json.dumps(plain).encode("utf-16"),
    "bytes that are no UTF-8": lambda plain: json.dumps(plain | {"x": "?"}).encode().replace(b"?", b"\xff"),
    "half a letter in UTF-8": lambda plain: json.dumps(plain | {"x": "?"}).encode().replace(b"?", b"\xed\xa0\x80"),
    "the first key twice": lambda plain: b'{"%b": [], ' % next(iter(plain)).encode() + json.dumps(plain).encode()[1:],
    "two values": lambda plain: json.dumps(plain).encode() * 2,
    "a list": lambda plain: json.dumps([plain]).encode(),
    "null": lambda plain: b"null",
    "a text": lambda plain: b'"' + b"x" * 1000 + b'"',
    "a number": lambda plain: b"1",
    "20 million values": lambda plain: b"[" + b"0," * 20_000_000 + b"0]",
    "10 million lists": lambda plain: b'{"a": [' + b"[]," * 10_000_000 + b"[]]}",
    "single quotes": lambda plain: str(plain).encode(),
}


@pytest.mark.parametrize("damage", WHOLE_JSON)
@pytest.mark.parametrize("name", JSON)
def test_json_over_a_bound_or_of_another_shape_is_a_fault(bundle, name, damage):
    sealed(bundle, **{name: WHOLE_JSON[damage](json.loads((bundle / name).read_bytes()))})
    assert None not in faults(bundle, name)


WRONG = {
    "null": None,
    "true": True,
    "a negative number": -1,
    "a large number": 10**17,
    "a huge number": 1e308,
    "a fraction": 0.5,
    "a text": "x",
    "half a letter": "\ud800",
    "a long text": "y" * 5000,
    "a command": "\n::error::\x1b[2J",
    "a path": "../../outside",
    "a list": [],
    "nested lists": [[[["x"]]]],
    "an object": {},
}


KINDS = {  # by file: what its readers expect of it
    "findings.json": (StoredRunFacts, MailContract),
    "evaluation.json": (_Record,),
    "run.json": (RunRecord,),
    "verdict.json": (Verdict,),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", JSON)
def test_every_key_with_a_value_of_another_kind_is_read_or_named(made, name, wrong):
    """The value at each place in turn; of lists the first and the last."""
    plain = json.loads((made / name).read_bytes())
    for path in paths_in(plain):
        content = json.dumps(exchanged(plain, path, WRONG[wrong])).encode()
        for kind in KINDS[name]:
            try:
                typed_json({name: content}, name, kind)
            except BadFileError as error:
                assert str(error).startswith(f"{name}: "), path


@pytest.mark.parametrize("name", JSON)
def test_what_was_read_of_wrong_values_can_be_used(bundle, name):
    """A seeded draw of the above, through all that is done with the file."""
    plain = json.loads((bundle / name).read_bytes())
    drawn = random.Random(name).choices([(path, wrong) for path in paths_in(plain) for wrong in WRONG], k=15)
    for path, wrong in drawn:
        sealed(bundle, **{name: json.dumps(exchanged(plain, path, WRONG[wrong])).encode()})
        for use in USES[name]:
            try:
                use(bundle)
            except InputError as error:
                assert name in error.found, (path, wrong, error.found)
            except Exception as error:
                raise AssertionError(f"{name}: {path} {wrong}") from error


def _head(shape, kind="<f4"):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": kind, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def _zip(members, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _npz(arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _each(arrays, change):
    return _npz({name: change(array) for name, array in arrays.items()})


def _claiming(content, n_bytes):
    """The sizes in the zip's own list of members say another number of bytes."""
    buffer = bytearray(content)
    at = buffer.find(b"PK\x01\x02")
    while at >= 0:
        buffer[at + 24 : at + 28] = n_bytes.to_bytes(4, "little")
        at = buffer.find(b"PK\x01\x02", at + 4)
    return bytes(buffer)


class _Trap:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


NPZ_DAMAGES = {
    "24 GB in 365 bytes": lambda a: _zip({f"{name}.npy": _head((2_000_000_000, 3)) + bytes(100) for name in a}),
    "more than there are numbers for": lambda a: _zip({f"{name}.npy": _head((2**62, 2**62)) for name in a}),
    "a negative side": lambda a: _zip({f"{name}.npy": _head((-1, 3)) + bytes(12) for name in a}),
    "10 GB of zeros": lambda a: _npz({name: np.zeros(100_000_000, dtype=np.uint8) for name in list(a)[:2]}),
    "a claim of 4 GB": lambda a: _claiming(_npz(a), 2**32 - 2),
    "a claim of nothing": lambda a: _claiming(_npz(a), 0),
    "no member": lambda a: _zip({}),
    "no array in its members": lambda a: _zip(dict.fromkeys((f"{name}.npy" for name in a), b"text")),
    "objects": lambda a: _each(a, lambda one: np.array([_Trap()], dtype=object)),
    "texts": lambda a: _each(a, lambda one: np.array(["x"])),
    "records": lambda a: _each(a, lambda one: np.zeros(one.shape, dtype=[("a", "<f4")])),
    "dates": lambda a: _each(a, lambda one: np.zeros(one.shape, dtype="datetime64[s]")),
    "complex numbers": lambda a: _each(a, lambda one: one.astype(complex)),
    "other numbers": lambda a: _each(a, lambda one: one.astype(np.float64)),
    "the other order of bytes": lambda a: _each(a, lambda one: one.astype(one.dtype.newbyteorder(">"))),
    "one row less": lambda a: _each(a, lambda one: one[:-1]),
    "no row": lambda a: _each(a, lambda one: one[:0]),
    "one side more": lambda a: _each(a, lambda one: one[None]),
    "a single number": lambda a: _each(a, lambda one: np.array(1.0)),
    "not finite": lambda a: _each(a, lambda one: np.full_like(one, np.nan if one.dtype.kind == "f" else 255)),
    "infinite": lambda a: _each(a, lambda one: np.full_like(one, np.inf if one.dtype.kind == "f" else 99)),
    "a method of its own": lambda a: _npz(a).replace(b"\x08\x00", b"\x63\x00"),
}


@pytest.mark.parametrize("damage", NPZ_DAMAGES)
@pytest.mark.parametrize("name", NPZ)
def test_arrays_that_are_not_what_the_record_says_are_a_fault(bundle, name, damage):
    with np.load(bundle / name) as found:
        arrays = dict(found)
    sealed(bundle, **{name: NPZ_DAMAGES[damage](arrays)})
    said = faults(bundle, name)
    crops_alone = name == "attributions.npz" and damage in ("one row less", "not finite", "infinite")
    assert None not in said or (crops_alone and damage == "one row less")


def _parquet(table, **options):
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, **options)
    return buffer.getvalue()


def _five_million(frame):
    one = np.zeros(5_000_000, np.int8)
    columns = {
        name: pa.DictionaryArray.from_arrays(pa.array(one), pa.array([frame[name].iloc[0]]))
        for name in frame.columns[:5]
    }
    return _parquet(pa.table(columns), compression="zstd", row_group_size=len(one))


def _with(frame, **columns):
    return _parquet(pa.table({**{name: pa.array(frame[name]) for name in frame.columns}, **columns}))


def _first(frame):
    return frame.columns[0]


PARQUET_DAMAGES = {
    "5 million rows": _five_million,
    "a text of 100,000 letters": lambda frame: _with(
        frame, **{_first(frame): pa.array(["x" * 100_000, *frame[_first(frame)][1:]])}
    ),
    "cells without a value": lambda frame: _with(frame, **{_first(frame): pa.nulls(len(frame), pa.string())}),
    "numbers": lambda frame: _with(frame, **{_first(frame): pa.array(range(len(frame)))}),
    "lists": lambda frame: _with(frame, **{_first(frame): pa.array([["x"]] * len(frame))}),
    "records": lambda frame: _with(frame, **{_first(frame): pa.array([{"a": "x"}] * len(frame))}),
    "bytes that are no text": lambda frame: _with(frame, **{_first(frame): pa.array([b"\xff"] * len(frame))}),
    "dates": lambda frame: _with(frame, **{_first(frame): pa.array([datetime(2026, 1, 1)] * len(frame))}),  # noqa: DTZ001
    "a column less": lambda frame: _parquet(pa.table({"x": ["y"] * len(frame)})),
    "the first column twice": lambda frame: _parquet(
        pa.Table.from_arrays(
            [pa.array(frame[name]) for name in [_first(frame), *frame.columns]], [_first(frame), *frame.columns]
        )
    ),
    "one id for all rows": lambda frame: (
        _with(frame, sample_id=pa.array([frame["sample_id"].iloc[0]] * len(frame))) if len(frame) > 1 else b""
    ),
    "other ids": lambda frame: _with(frame, sample_id=pa.array([f"stranger {k}" for k in range(len(frame))])),
    "a class that there is not": lambda frame: _with(frame, target=pa.array(["unicorn"] * len(frame))),
    "pictures that are none": lambda frame: _with(frame, jpeg=pa.array([b"<svg/>"] * len(frame))),
    "no row": lambda frame: _parquet(pa.table({name: pa.array([], pa.string()) for name in frame.columns})),
}
HARMLESS = {  # the file has no such column, or the stages can do with it
    ("other ids", "predictions.parquet"),
    ("other ids", "history.parquet"),
    ("a class that there is not", "thumbnails.parquet"),
    ("pictures that are none", "predictions.parquet"),
    ("pictures that are none", "history.parquet"),
    ("no row", "thumbnails.parquet"),
}


@pytest.mark.parametrize("damage", PARQUET_DAMAGES)
@pytest.mark.parametrize("name", PARQUET)
def test_tables_over_a_bound_or_of_other_columns_are_a_fault(bundle, name, damage):
    sealed(bundle, **{name: PARQUET_DAMAGES[damage](pd.read_parquet(bundle / name))})
    said = faults(bundle, name)
    assert (said == [None]) == ((damage, name) in HARMLESS)
    assert damage != "5 million rows" or "5,000,000 rows, more than" in said[0]


def test_columns_that_unpack_to_too_much_are_not_read(bundle):
    frame = pd.read_parquet(bundle / "predictions.parquet")
    texts = pa.array(["x" * 300_000_000, "y" * 300_000_000, *frame["target"][2:]])
    plain = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}
    large = _parquet(pa.table({name: texts if name == "target" else frame[name] for name in frame}), **plain)
    assert len(large) < 200_000
    sealed(bundle, **{"predictions.parquet": large})
    with PeakMemory() as peak, pytest.raises(InputError, match=r"predictions\.parquet: columns of 600,\d+,\d+ bytes"):
        compared(bundle)
    assert peak.n_bytes < 100_000_000


# Names of runs

NO_RUN_IDS = [
    *(
        "",
        " ",
        ".",
        "..",
        "latest",
        "index.html",
        "../../outside",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "con",
        "NUL.txt",
        "COM1",
    ),
    *(
        "x" * 300,
        f"{RUN_ID}\n",
        f" {RUN_ID}",
        RUN_ID.lower(),
        RUN_ID.upper() + "G",
        f"{RUN_ID}.unrendered",
        "\u202e" + RUN_ID,
    ),
    *(
        "２０２６１１２３T080000000Z-1a2b3c4d",
        "20261123T080000000Z",
        "mail",
        "manifest.json",
        ".evaluated-x",
        "-rf",
        "~",
        "\0",
    ),
]


@pytest.mark.parametrize("run_id", NO_RUN_IDS, ids=ascii)
def test_a_run_id_has_one_pattern_wherever_it_is_read(bundle, run_id):
    for name, path in (
        ("run.json", ("stamp", "run_id")),
        ("findings.json", ("run_id",)),
        ("verdict.json", ("run_id",)),
    ):
        plain = json.loads((bundle / name).read_bytes())
        sealed(bundle, **{name: json.dumps(exchanged(plain, path, run_id)).encode()})
        for use in USES[name][:1]:
            with pytest.raises(InputError, match=rf"{name}: [a-z.]*run_id: "):
                use(bundle)


MOMENTS = [
    "yesterday",
    "",
    "5",
    "2026-11-22",
    "2026-11-22T08:00:00",
    "2026-13-45T99:99:99+00:00",
    "0001-01-01T00:00:00+23:59",
]
MOMENTS += ["9999-12-31T23:59:59-23:59", "１９９９-01-01T00:00:00+00:00", "2026-11-22T08:00:00+99:00", "x" * 10_000]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda text: ascii(text[:20]))
def test_a_time_that_is_none_is_a_fault(bundle, moment):
    for name, path in (("run.json", ("stamp", "created_at")), ("findings.json", ("created_at",))):
        plain = json.loads((bundle / name).read_bytes())
        sealed(bundle, **{name: json.dumps(exchanged(plain, path, moment)).encode()})
        assert None not in faults(bundle, name)[:1]


# Whole archives


_TOLD = ("findings.json", "verdict.json")


def neighbours(made, archive):
    """A sound night of the 22nd and, after it, one a kind of damage, each sealed; their folders by kind."""
    mine = {"run_id": OTHER}
    told = {name: json.dumps(json.loads((made / name).read_bytes()) | mine).encode() for name in _TOLD}
    sealed(copytree(made, archive / "m" / OTHER), **told)
    found = json.loads((made / "findings.json").read_bytes())
    verdict = json.loads((made / "verdict.json").read_bytes())
    folders = {}
    kinds = ("deep", "yesterday", "list", "rows", "verdict", "copy")
    for day, kind in enumerate(kinds, start=10):
        folders[kind] = f"202612{day}T080000000Z-1a2b3c4d"
        mine = {} if kind == "copy" else {"run_id": folders[kind]}
        damage = {
            "deep": {"findings.json": _deep(200_000)},
            "yesterday": {"findings.json": json.dumps(found | mine | {"created_at": "yesterday"}).encode()},
            "list": {"findings.json": json.dumps(found | {"run_id": ["x"]}).encode()},
            "rows": {"predictions.parquet": _five_million(pd.read_parquet(made / "predictions.parquet"))},
            "verdict": {"verdict.json": b"[]", "findings.json": json.dumps(found).encode()},
            "copy": {},
        }[kind]
        told = {"verdict.json": json.dumps(verdict | mine).encode(), "findings.json": json.dumps(found | mine).encode()}
        sealed(copytree(made, archive / "m" / folders[kind]), **{**told, **damage})
    return folders


def test_damaged_neighbours_are_passed_over_with_a_warning_each_and_the_sound_one_is_compared_with(
    made, tmp_path, caplog
):
    kinds = neighbours(made, tmp_path)
    found = read_history((tmp_path / "m",), "latest")
    assert [night.run_id for night in found.runs] == [OTHER]
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == len(kinds)
    for folder in kinds.values():
        assert sum(folder in line for line in told) == 1
    assert sum("in a folder of another name" in line for line in told) == 2  # the copy, and the one with a bad verdict


def test_the_index_shows_what_it_cannot_read_and_a_copy_as_a_copy(made, tmp_path):
    folders = neighbours(made, tmp_path)
    page = refresh(tmp_path).read_text().replace("<wbr>", "").replace("\u200b", "")
    unreadable = {one.path.name: one.reason for one in bundles(tmp_path).unreadable}
    assert set(unreadable) == {folders["copy"], folders["verdict"]}
    assert f"the run {RUN_ID} in a folder of another name" in unreadable[folders["copy"]]
    assert "verdict.json: " in unreadable[folders["verdict"]]
    section = page.partition('<section id="unreadable">')[2]
    assert all(folder in section for folder in unreadable)
    assert not any(one.problems for one in verify(tmp_path))  # sealed: no hash tells


def test_the_same_run_id_twice_is_said(made, tmp_path, caplog):
    """As where an older version had the model's folder elsewhere."""
    for folder in ("a", "b"):
        copytree(made, tmp_path / folder / RUN_ID)
    found = read_history((tmp_path / "a", tmp_path / "b"), "latest")
    assert [night.run_id for night in found.runs] == [RUN_ID]
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "the same run_id" in line
    assert str(tmp_path / "a") in line
    assert str(tmp_path / "b") in line


def test_a_baseline_that_is_not_as_its_manifest_has_it_is_not_compared_with(made, tmp_path, caplog):
    for name in ("findings.json", "predictions.parquet"):
        bundle = copytree(made, tmp_path / name / "m" / RUN_ID)
        changed = pd.read_parquet(bundle / "predictions.parquet").assign(pred="class_001")
        content = (bundle / name).read_bytes() + b" "
        if name == "predictions.parquet":
            changed.to_parquet(bundle / name)
        else:
            (bundle / name).write_bytes(content)
        assert read_history((bundle.parent,), "latest").runs == ()
        assert f"{name} is not as manifest.json has it" in caplog.text
        with pytest.raises(InputError, match=f"{name} is not as manifest.json has it"):
            read_history((bundle.parent,), str(bundle))


RECEIPTS = {
    "deep": _deep(200_000),
    "a list": b"[]",
    "no receipts": b"{}",
    "a receipt that is a text": b'{"receipts": {"k": "x"}}',
    "a state that is none": b'{"receipts": {"k": {"to": "a", "state": "lost", "at": "x", "message_id": "y"}}}',
    "an address that is a number": b'{"receipts": {"k": {"to": 5, "state": "delivered", "at": "x", "message_id": "y"}}}',
    "half a letter": b'{"receipts": {"k": {"to": "\\ud800", "state": "delivered", "at": "x", "message_id": "y"}}}',
    "NaN": b'{"receipts": {}, "x": NaN}',
    "receipts that are a list": b'{"receipts": []}',
    "nothing": b"",
}


@pytest.mark.parametrize("damage", RECEIPTS)
def test_receipts_that_are_none_stop_the_mail_with_their_name(bundle, damage):
    (bundle / "mail").mkdir()
    (bundle / "mail" / "receipts.json").write_bytes(RECEIPTS[damage])
    with pytest.raises(InputError, match=r"receipts\.json"):
        read_receipts(bundle)


CLAIMS = {  # a neighbour with tonight's fingerprint, and rows that are not tonight's
    "fewer rows": lambda past: {
        name: getattr(past, name)[:-1] for name in ("sample_ids", "sha256", "targets", "preds")
    },
    "rows in another order": lambda past: {
        name: getattr(past, name)[::-1] for name in ("sample_ids", "sha256", "targets", "preds")
    },
    "other files": lambda past: {"sha256": past.sha256[::-1]},
    "other ids": lambda past: {"sample_ids": tuple(f"x{k}" for k in range(len(past.sample_ids)))},
    "other labels": lambda past: {"targets": np.roll(past.targets, 1)},
    "other classes": lambda past: {"classes": ("x", "y")},
    "a class more": lambda past: {"classes": (*past.classes, "x")},
    "one class of two": lambda past: {"classes": ("class_000", "y")},
}


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_fingerprint_is_not_believed_where_the_rows_are_others(claim, given):
    """Before: 70 after the evaluation, or other images compared row by row."""
    honest = past_run_of(TONIGHT)
    liar = replace(honest, **CLAIMS[claim](honest))
    found = comparison(TONIGHT, History(given=liar) if given else History(runs=(liar,)))
    assert not found.comparable
    before = past_run_of(TONIGHT, run_id=OTHER)
    other = comparison(TONIGHT, History(runs=(before, replace(liar, run_id=RUN_ID))))
    assert other.comparable
    assert other.baseline.run_id == OTHER
    assert [night.run_id for night in other.runs] == [OTHER]
