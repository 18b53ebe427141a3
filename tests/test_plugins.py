"""Plug-ins by short name and by `package.module:attribute`, and what a wrong name is told."""

import math
import os.path
import sys

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
        ("math:gone", ("AttributeError", "'gone'", "install the package that holds it, or correct the name")),
        ("reportgen_no_such_package:x", ("ModuleNotFoundError", "reportgen_no_such_package")),
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
