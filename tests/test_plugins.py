"""Plug-ins by short name and by `package.module:attribute`, and what a wrong name is told."""

import math
import os.path
import sys
from pathlib import Path

import pytest

from reportgen.errors import ConfigError
from reportgen.plugins import resolved
from tests.inputs.refusals import refused

BUILT_IN = {"root": "math:sqrt", "join": "os.path:join", "broken": "reportgen_no_such_package:x"}


@pytest.mark.parametrize(
    ("name", "found"),
    [("root", math.sqrt), ("join", os.path.join), ("math:floor", math.floor), ("collections:Counter", None)],
)
def test_a_short_name_and_a_full_one_give_the_callable_itself(name, found):
    callable_found = resolved(name, BUILT_IN, kind="toy")
    assert callable(callable_found)
    assert found is None or callable_found is found


def test_naming_one_plugin_imports_only_that_one(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("plug_wanted", "plug_other"):
        (tmp_path / f"{name}.py").write_text("def f(): return 1\n")
    mapping = {"wanted": "plug_wanted:f", "other": "plug_other:f"}
    assert resolved("wanted", mapping, kind="toy")() == 1
    assert "plug_wanted" in sys.modules
    assert "plug_other" not in sys.modules
    monkeypatch.delitem(sys.modules, "plug_wanted")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("roof", ("no such name (nearest: 'root')", "one of broken, join, root, or package.module:attribute")),
        ("zzz", ("found:    no such name\n", "correct the name of the toy")),
        ("math", ("no such name", "package.module:attribute")),
        ("math:", ("no such name",)),
        ("math:gone", ("AttributeError", "'gone'", "correct the name")),
        ("math:sqr", ("AttributeError", "nearest: 'sqrt'")),
        ("reportgen_no_such_package:x", ("ModuleNotFoundError", "reportgen_no_such_package", "in the current folder")),
        ("broken", ("ModuleNotFoundError", "reportgen_no_such_package")),
        ("math:pi", ("a float, which cannot be called", "a function or class", "name the callable itself")),
    ],
)
def test_a_wrong_name_is_a_usage_error_that_says_what_to_do(name, told):
    with refused(ConfigError, f"toy {name!r}", *told):
        resolved(name, BUILT_IN, kind="toy")


def test_the_cause_is_kept_for_the_log():
    with pytest.raises(ConfigError) as caught:
        resolved("math:gone", {}, kind="toy")
    assert isinstance(caught.value.__cause__, AttributeError)


@pytest.mark.parametrize("name", [":sqrt", ".math:sqrt"])
def test_a_name_without_a_module_is_a_usage_error_too(name):
    with refused(ConfigError, f"toy {name!r}"):
        resolved(name, BUILT_IN, kind="toy")


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """A current folder that is not on Python's path, as it is for the installed program."""
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path / "own")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(Path.cwd()))])
    before = set(sys.modules)
    yield tmp_path / "own"
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_module_in_the_current_folder_is_found_with_what_it_imports_later(own_folder):
    (own_folder / "plug_beside.py").write_text("def make():\n    import plug_sibling\n    return plug_sibling.value\n")
    (own_folder / "plug_sibling.py").write_text("value = 7\n")
    assert resolved("plug_beside:make", BUILT_IN, kind="toy")() == 7
    assert sys.path[0] == str(own_folder)
    resolved("plug_beside:make", BUILT_IN, kind="toy")
    assert sys.path.count(str(own_folder)) == 1


def test_a_package_in_the_current_folder_is_found(own_folder):
    (own_folder / "plug_package" / "inner").mkdir(parents=True)
    (own_folder / "plug_package" / "inner" / "nets.py").write_text("class Net: pass\n")
    assert resolved("plug_package.inner.nets:Net", {}, kind="toy").__name__ == "Net"


def test_a_built_in_name_leaves_the_path_alone(own_folder):
    (own_folder / "math.py").write_text("raise SystemExit(9)\n")
    path = list(sys.path)
    assert resolved("root", BUILT_IN, kind="toy") is math.sqrt
    assert sys.path == path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def f(:\n", ("SyntaxError", "plug_odd.py, line 1", "mend the module")),
        ("x = 1\n  y = 2\n", ("IndentationError", "line 2")),
        ("undefined\n", ("NameError", "'undefined' is not defined", "python -c 'import plug_odd'")),
        ("1 / 0\n", ("ZeroDivisionError: division by zero",)),
        ("raise SystemExit(3)\n", ("SystemExit: 3",)),
        ("import sys; sys.exit('need a config')\n", ("SystemExit: need a config",)),
        ("raise KeyError('k')\n", ("KeyError: 'k'",)),
        ("assert False, 'no GPU'\n", ("AssertionError: no GPU",)),
        ("raise OSError(2, 'no file')\n", ("FileNotFoundError",)),
        ("import plug_not_there\n", ("No module named 'plug_not_there'", "install plug_not_there, which it needs")),
        ("from math import gone\n", ("ImportError: cannot import name 'gone'", "mend the module")),
        ("def __getattr__(name):\n    raise RuntimeError(name)\n", ("RuntimeError", "correct the name")),
        ("class E(Exception):\n    pass\nraise E\n", ("plug_odd cannot be imported: E",)),
    ],
)
def test_whatever_a_module_raises_when_imported_is_a_usage_error_in_its_words(own_folder, text, told):
    (own_folder / "plug_odd.py").write_text(text)
    with refused(ConfigError, "toy 'plug_odd:f'", *told):
        resolved("plug_odd:f", {}, kind="toy")


def test_a_module_that_is_not_there_is_told_where_it_was_looked_for(own_folder):
    with refused(ConfigError, f"neither in the current folder ({own_folder})", "PYTHONPATH"):
        resolved("plug_nowhere.nets:Net", {}, kind="toy")


def test_a_current_folder_that_was_removed_is_no_fault(own_folder):
    own_folder.rmdir()
    assert resolved("math:floor", {}, kind="toy") is math.floor
    with refused(ConfigError, "which was removed"):
        resolved("plug_nowhere:Net", {}, kind="toy")


def test_an_interruption_is_not_taken_for_the_modules_fault(own_folder):
    (own_folder / "plug_odd.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        resolved("plug_odd:f", {}, kind="toy")
