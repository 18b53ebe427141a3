"""What training scripts write beside the weights loads; what could run, does not, and is refused.

The dangerous pickles are written opcode by opcode where pickle itself would not write them.
"""

import argparse
import builtins
import collections
import datetime as dt
import decimal
import enum
import fractions
import functools
import importlib
import io
import json
import operator
import os
import pathlib
import pickle
import subprocess
import sys
import types
import uuid
import zipfile

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode

from reportgen.errors import InputError
from reportgen.inputs.checkpoints import read_checkpoint, torch_file
from tests.inputs import foreign_values
from tests.inputs.refusals import refused

WEIGHTS = {"a.weight": torch.arange(4.0), "a.bias": torch.ones(2)}
HOME = pathlib.PurePosixPath("/data/pets")


def loaded(tmp_path, value, *, zipped=True):
    """`value` from a file of torch.save that holds it beside the weights."""
    path = tmp_path / "c.pt"
    torch.save({"beside": value, "state_dict": WEIGHTS}, path, _use_new_zipfile_serialization=zipped)
    assert set(read_checkpoint(path).weights) == set(WEIGHTS)
    return torch_file.read(path)["beside"]


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    "value",
    [
        *(argparse.Namespace(lr=0.1, epochs=90, sub=argparse.Namespace(x=[1])), types.SimpleNamespace(a=1)),
        *(collections.OrderedDict(a=1), collections.Counter("aab"), {"a": {1, 2}}, frozenset([1, 2]), (1, (2, None))),
        *(slice(1, 5, 2), range(3, 9, 2), 1 + 2j, b"", b"ab\xff", bytearray(b"xy"), 2**80, -1.5, float("inf"), True),
        *(dt.datetime(2026, 11, 25, 13, 5), dt.date(2026, 1, 2), dt.time(4, 5, 6)),  # noqa: DTZ001
        *(dt.timedelta(days=3, seconds=5), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        *(decimal.Decimal("0.930"), fractions.Fraction(-2, 7), uuid.UUID(int=7), HOME),
        pathlib.PureWindowsPath(r"C:\data\pets"),
        *(torch.Size([3, 4]), torch.float16, torch.bfloat16, torch.device("cpu"), torch.strided, torch.__version__),
    ],
    ids=repr,
)
def test_a_harmless_value_beside_the_weights_is_read_as_it_was(tmp_path, value, zipped):
    found = loaded(tmp_path, value, zipped=zipped)
    assert (type(found), found) == (type(value), value)


def test_a_path_of_this_system_and_a_defaultdict_and_a_deque_come_as_plain_ones(tmp_path):
    assert loaded(tmp_path, pathlib.Path("/data/pets")) == HOME
    assert loaded(tmp_path, collections.defaultdict(list, a=[1], b=[2])) == {"a": [1], "b": [2]}
    assert loaded(tmp_path, collections.deque([1, 2, 3], maxlen=3)) == [1, 2, 3]


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
@pytest.mark.parametrize(
    "value",
    [
        *(np.float64(0.93), np.float32(0.5), np.float16(2), np.int64(-7), np.uint8(200), np.bool_(True), np.str_("ab")),
        *(np.bytes_(b"xy"), np.complex64(1 + 2j), np.datetime64("2026-11-25T13:05", "m"), np.timedelta64(90, "s")),
    ],
    ids=repr,
)
def test_scalars_of_numpy_1_and_2_are_read(tmp_path, value, core):
    found = as_written_by(tmp_path, value, core)
    assert (found, found.dtype) == (value, value.dtype)


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
@pytest.mark.parametrize(
    "value",
    [
        *(np.arange(6).astype(kind).reshape(2, 3) for kind in "bBhHiIlLqQefdFD?"),
        *(np.arange(6.0, dtype=">f4"), np.asfortranarray(np.arange(6).reshape(2, 3)), np.array(3.5), np.zeros((0, 4))),
        *(np.array(["pug", "Ünal"]), np.array([b"a", b"bc"]), np.array(["pug", None, 3], dtype=object)),
        *(np.array(["2026-11-25", "NaT"], dtype="M8[D]"), np.array([1, 2], dtype="m8[25ms]")),
        np.array([(1.5, [2, 3], "x")], dtype=[("a", "f4"), ("b", "i2", (2,)), ("c", "U3")]),
        np.zeros(2, dtype={"names": ["a", "b"], "formats": ["u1", "f8"], "offsets": [0, 8], "itemsize": 24}),
    ],
    ids=lambda value: f"{value.dtype}{value.shape}",
)
def test_arrays_of_numpy_1_and_2_are_read(tmp_path, value, core):
    found = as_written_by(tmp_path, value, core)
    assert found.dtype.newbyteorder("=") == value.dtype.newbyteorder("=")
    assert found.shape == value.shape
    assert str(found.tolist()) == str(value.tolist())


def as_written_by(tmp_path, value, core):
    """NumPy 2 writes `numpy._core`, NumPy 1 `numpy.core`: the same pickle with the other name in it."""
    pickled = pickle.dumps({"beside": value, "w": {}}, protocol=2)
    for other in ("numpy._core", "numpy.core"):
        pickled = pickled.replace(f"{other}.multiarray".encode(), f"{core}.multiarray".encode())
    return torch_file.read(zipped(tmp_path / "c.pt", pickled))["beside"]


def zipped(path, pickled):
    """A file of torch.save around any pickle."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("c/data.pkl", pickled)
        archive.writestr("c/version", "3\n")
        archive.writestr("c/byteorder", "little")
    return path


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (foreign_values.Phase.WARM_UP, "warm-up"),
        (foreign_values.Level.HIGH, 3),
        (foreign_values.Mode.B, 2),
        (InterpolationMode.BICUBIC, "bicubic"),
        ([foreign_values.Phase.WARM_UP] * 2, ["warm-up", "warm-up"]),
    ],
    ids=repr,
)
def test_a_member_of_a_users_enum_comes_as_its_value_and_its_class_is_not_imported(tmp_path, monkeypatch, value, read):
    torch.save({"beside": value, "state_dict": WEIGHTS}, tmp_path / "c.pt")
    monkeypatch.setitem(sys.modules, foreign_values.__name__, None)  # an import would raise
    assert torch_file.read(tmp_path / "c.pt")["beside"] == read


def test_a_class_that_is_only_named_is_a_name(tmp_path):
    """Lightning before 1.5 kept its callbacks' states by their classes."""
    found = loaded(tmp_path, {foreign_values.Plain: {"best": 0.9}, "dtype": np.float32, "kind": np.dtype("f4")})
    assert [str(key) for key in found] == ["<class 'tests.inputs.foreign_values.Plain'>", "dtype", "kind"]


class Calls:
    """Pickled as a call of `function` with `given`."""

    def __init__(self, function, *given):
        self.function, self.given = function, given

    def __reduce__(self):
        return self.function, self.given


def on_stack(module, name):
    return f"c{module}\n{name}\n".encode()


def encoded(text):
    """Bytes as protocol 2 writes them."""
    return on_stack("_codecs", "encode") + as_text(text) + as_text("latin1") + b"\x86R"


def as_text(text):
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def an_empty(module, name):
    """_reconstruct(module.name, (0,), b"b"), which then waits for its state."""
    make = on_stack("numpy._core.multiarray", "_reconstruct")
    return b"\x80\x02" + make + on_stack(module, name) + b"K\x00\x85" + encoded("b") + b"\x87R"


def an_array(shape, dtype, raw):
    """The state (1, shape, dtype, False, raw) built into an empty array; opcodes for all three."""
    return (
        an_empty("numpy", "ndarray") + b"(K\x01" + shape + on_stack("numpy", "dtype") + dtype + b"\x89" + raw + b"tb."
    )


def dangerous(mark):
    """By name: a value whose unpickling would make the file `mark`, or a pickle of opcodes that would."""
    made = f"open({str(mark)!r}, 'w').close()"
    touch = f"touch {mark}"
    return {
        "os.system": Calls(os.system, touch),
        "posix.system": Calls(importlib.import_module("posix").system, touch),
        "subprocess": Calls(subprocess.call, ["touch", str(mark)]),
        "Popen": Calls(subprocess.Popen, touch),
        "eval": Calls(eval, made),
        "exec": Calls(exec, made),
        "open": Calls(open, str(mark), "w"),
        "compile": Calls(compile, made, "x", "exec"),
        "import": Calls(__import__, "os"),
        "getattr": Calls(getattr, foreign_values.Plain, "__init__"),
        "partial": Calls(functools.partial, os.system, touch),
        "reduce": Calls(functools.reduce, os.system, [touch]),
        "attrgetter": Calls(operator.attrgetter, "system"),
        "methodcaller": Calls(operator.methodcaller, "system", touch),
        "map": Calls(map, os.system, [touch]),
        "type": Calls(type, "X", (), {}),
        "import_module": Calls(importlib.import_module, "antigravity"),
        "run_path": Calls(importlib.import_module("runpy").run_path, str(mark)),
        "pickle.loads": Calls(pickle.loads, pickle.dumps(Calls(eval, made))),
        "torch.load": Calls(torch.load, str(mark)),
        "torch.hub": Calls(torch.hub.load, "x/y", "z"),
        "torch.storage": Calls(torch.storage._load_from_bytes, b"x"),
        "numpy.load": Calls(np.load, str(mark)),
        "numpy.memmap": Calls(np.memmap, str(mark), "u1", "w+", 0, (1,)),
        "Path.touch": Calls(pathlib.Path.touch, pathlib.Path(mark)),
        "json.loads": Calls(json.loads, "{}"),
        "io.open": Calls(io.open, str(mark), "w"),
        "users_function": Calls(foreign_values.function, touch),
        "users_class": foreign_values.Plain(3),
        "users_class_of_two": Calls(foreign_values.Plain, os.system, touch),
        "object_array": np.array([Calls(os.system, touch)], dtype=object),
        "in_a_namespace": argparse.Namespace(x=Calls(os.system, touch)),
        "in_a_key": {("k", Calls(os.system, touch)): 1},
        "factory": b"\x80\x02" + on_stack("collections", "defaultdict") + on_stack("os", "system") + b"\x85R.",
        "enum_with_code": b"\x80\x02" + on_stack("os", "Color") + b"K\x01\x85R.",
        "stack_global": b"\x80\x04\x8c\x02os\x8c\x06system\x93" + b"\x8c\x04true\x85R.",
        "inst": b"(Vtrue\nios\nsystem\n.",
        "extension": b"\x80\x02\x82\x01.",
        "dotted": b"\x80\x02" + on_stack("argparse", "_sys.modules") + b".",
        "dunder": b"\x80\x02" + on_stack("argparse", "Namespace.__init__.__globals__") + b".",
        "builtins_dotted": b"\x80\x02" + on_stack("builtins", "list.__class__") + b".",
        "subclasses": b"\x80\x02" + on_stack("numpy", "ndarray.__subclasses__") + b")R.",
        "type_as_call": b"\x80\x02" + on_stack("builtins", "list") + b"K\x03\x85R.",
        "bytes_of_a_terabyte": b"\x80\x02" + on_stack("builtins", "bytes") + b"\x8a\x06\x00\x00\x00\x00\x00\x01\x85R.",
        "fraction_in_exponents": b"\x80\x02" + on_stack("fractions", "Fraction") + b"X\x06\x00\x00\x001e9999\x85R.",
        "reconstruct_of_another": an_empty("argparse", "Namespace") + b".",
        "dtype_of_another": b"\x80\x02"
        + on_stack("numpy._core.multiarray", "scalar")
        + as_text("f8")
        + encoded("aaaaaaaa")
        + b"\x86R.",
        "scalar_too_short": b"\x80\x02"
        + on_stack("numpy._core.multiarray", "scalar")
        + on_stack("numpy", "dtype")
        + as_text("f8")
        + b"\x85R"
        + encoded("aaa")
        + b"\x86R.",
        "array_too_short": an_array(b"M\xe8\x03\x85", as_text("f8") + b"\x85R", encoded("aaaaaaaa")),
        "array_of_negative_length": an_array(b"J\xff\xff\xff\xff\x85", as_text("f8") + b"\x85R", encoded("")),
        "objects_from_bytes": an_array(b"K\x01\x85", as_text("O8") + b"\x85R", encoded("aaaaaaaa")),
        "numbers_from_a_list": an_array(b"K\x01\x85", as_text("f8") + b"\x85R", b"]"),
        "dtype_that_lies": an_array(
            b"K\x01\x85",
            as_text("V8")
            + b"\x85R(K\x03"
            + as_text("|")
            + b"N("
            + as_text("a")
            + b"t}"
            + as_text("a")
            + on_stack("numpy", "dtype")
            + as_text("O8")
            + b"\x85RK\x00\x86sK\x08K\x01K\x10tb",
            encoded("aaaaaaaa"),
        ),
    }


@pytest.mark.parametrize("name", dangerous("mark"))
def test_nothing_runs_and_the_file_is_refused(tmp_path, name):
    mark, path = tmp_path / "it_ran", tmp_path / "c.pt"
    value = dangerous(mark)[name]
    if isinstance(value, bytes):
        zipped(path, value)
    else:
        torch.save({"state_dict": WEIGHTS, "beside": value}, path)
    before = set(sys.modules)
    with refused(InputError, str(path), "not plain weights", "running code from a checkpoint is refused"):
        read_checkpoint(path)
    assert not mark.exists()
    assert "antigravity" not in set(sys.modules) - before


@pytest.mark.parametrize("name", ["os.system", "eval", "partial", "object_array", "users_function", "torch.load"])
def test_nothing_runs_in_the_old_format_either(tmp_path, name):
    mark, path = tmp_path / "it_ran", tmp_path / "c.pt"
    content = {"state_dict": WEIGHTS, "beside": dangerous(mark)[name]}
    torch.save(content, path, _use_new_zipfile_serialization=False)
    with refused(InputError, str(path), "not plain weights", "running code from a checkpoint is refused"):
        read_checkpoint(path)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["os.system", "eval", "exec", "open", "object_array", "in_a_namespace", "in_a_key"])
def test_the_control_the_same_values_do_run_where_they_are_let(tmp_path, name):
    mark = tmp_path / "it_ran"
    result = pickle.loads(pickle.dumps(dangerous(mark)[name], protocol=2))
    if name == "open":
        result.close()
    assert mark.exists()


def test_the_refusal_names_all_that_was_wanted(tmp_path):
    value = [Calls(os.system, "true"), Calls(eval, "1"), foreign_values.Plain(1), foreign_values.Phase.WARM_UP]
    torch.save({"state_dict": WEIGHTS, "beside": value}, tmp_path / "c.pt")
    with refused(InputError, "posix.system", "builtins.eval"):
        read_checkpoint(tmp_path / "c.pt")


PLAIN = "tests.inputs.foreign_values.Plain"
PLACES = {  # what stands beside the weights, and where the message finds it
    "at the top": (lambda it: {"state_dict": WEIGHTS, "cfg": it}, "['cfg']"),
    "first": (lambda it: {"cfg": it, "state_dict": WEIGHTS}, "['cfg']"),
    "further in": (lambda it: {"state_dict": WEIGHTS, "hyper_parameters": {"lr": 1.0, "cfg": it}}, "['hyper_parameters']['cfg']"),
    "alone further in": (lambda it: {"state_dict": WEIGHTS, "hyper_parameters": {"cfg": it}}, "['hyper_parameters']['cfg']"),
    "in a list": (lambda it: {"state_dict": WEIGHTS, "all": [1, "a", (2, "b", it)]}, "['all']"),
    "after many": (lambda it: {**{f"k{n}": n for n in range(2500)}, "state_dict": WEIGHTS, "cfg": it}, "['cfg']"),
    "in an OrderedDict": (lambda it: collections.OrderedDict(state_dict=WEIGHTS, a=collections.OrderedDict(x=1, y=it)), "['a']['y']"),
    "twice": (lambda it: {"one": it, "state_dict": WEIGHTS, "two": it}, "['one']"),
    "below a long key": (lambda it: {"state_dict": WEIGHTS, "k" * 500: it}, f"['{'k' * 60}']"),
}  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
@pytest.mark.parametrize(("content", "place"), [pytest.param(*row, id=name) for name, row in PLACES.items()])
def test_a_refused_value_is_named_with_its_key(content, place, options, tmp_path):
    torch.save(content(foreign_values.Plain(1)), tmp_path / "c.pt", **options)
    with refused(InputError, f"it wants {PLAIN} (under {place})", f"leave {place.partition(']')[0]}] out"):
        read_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_refused_value_of_a_newer_protocol_is_named_with_its_key(protocol, tmp_path):
    content = {"state_dict": WEIGHTS, "a": {"b": Calls(os.system, "true")}}
    torch.save(content, tmp_path / "c.pt", pickle_protocol=protocol)
    with refused(InputError, "posix.system (under ['a']['b'])", "leave ['a'] out"):
        read_checkpoint(tmp_path / "c.pt")


def test_a_pickle_without_a_dictionary_is_refused_without_a_key(tmp_path):
    torch.save([foreign_values.Plain(1)], tmp_path / "c.pt")
    with refused(InputError, f"it wants {PLAIN}\n", "save the weights alone"):
        read_checkpoint(tmp_path / "c.pt")


def test_settings_of_omegaconf_are_told_how_to_become_plain(tmp_path):
    """Of a file as Hydra's users save it, written by hand: omegaconf need not be installed."""
    pickled = b"\x80\x02}q\x00(" + as_text("lr") + b"K\x01" + as_text("cfg")
    pickled += b"comegaconf.dictconfig\nDictConfig\nq\x01)\x81}" + as_text("_content") + b"}sbu."
    zipped(tmp_path / "c.pt", pickled)
    with refused(
        InputError,
        "settings of omegaconf (Hydra) beside the weights; it wants omegaconf.dictconfig.DictConfig (under ['cfg'])",
        "OmegaConf.to_container(cfg, resolve=True)",
        "leave ['cfg'] out",
    ):
        read_checkpoint(tmp_path / "c.pt")


def test_a_class_with_a_state_is_named(tmp_path):
    torch.save({"state_dict": WEIGHTS, "beside": foreign_values.Plain(1)}, tmp_path / "c.pt")
    with refused(InputError, "tests.inputs.foreign_values.Plain", "torch.save("):
        read_checkpoint(tmp_path / "c.pt")


def test_the_list_is_withdrawn_after_each_file(tmp_path):
    before = set(torch.serialization.get_safe_globals())
    loaded(tmp_path, argparse.Namespace(a=1))
    assert set(torch.serialization.get_safe_globals()) == before
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "c.pt", weights_only=True)


def test_builtins_that_only_name_a_type_stay_uncalled(tmp_path):
    assert repr(loaded(tmp_path, {"kind": builtins.int})["kind"]) == "builtins.int"
    assert enum  # the module of the members above
