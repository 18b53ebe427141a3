"""CONTRIBUTING.md and the pages below docs are true: the commands, modules and files that they name exist."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["CONTRIBUTING.md", "README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))]  # fmt: skip
FOLDERS = ("reportgen/", "templates/", "tests/", "tools/", "benchmarks/", "docs/", ".ci/")


def targets():
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def untrue(text, targets):
    """The commands, modules and files of `text` that do not exist."""
    code = re.findall(r"`([^`\n]+)`", text)
    code += [line for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE) for line in block.splitlines()]  # fmt: skip
    for span in code:
        command = re.match(r"make ([a-z-]+)", span)
        if command and command[1] not in targets:
            yield f"make {command[1]}"
        for module in re.findall(r"python (?:-W ignore )?-m ([\w.]+)", span):
            if module.split(".")[0] in ("reportgen", "tests", "tools", "benchmarks", "docs") and not find_spec(module):
                yield f"python -m {module}"
        path = span.split("::")[0]
        if (
            path.startswith(FOLDERS)
            and not re.search(r"[\s{<]", path)
            and not list(ROOT.glob(re.sub(r"\b(NAME|CODE)\b", "*", path).rstrip("/")))
        ):
            yield path


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_exists(page):
    assert list(untrue((ROOT / page).read_text(), targets())) == []


def test_the_commands_of_contributing_are_seen():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert {"make check", "make test", "make demo"} <= set(re.findall(r"make [a-z]+", text))
    assert "python -m tools.demo" in text


UNTRUE = {
    "run `make tests`": "make tests",
    "```sh\nmake tests\n```": "make tests",
    "`python -m tools.nothing --x`": "python -m tools.nothing",
    "`tests/test_nothing.py::test_x`": "tests/test_nothing.py",
    "`reportgen/nothing/*.po`": "reportgen/nothing/*.po",
}


@pytest.mark.parametrize("text", UNTRUE)
def test_what_does_not_exist_is_seen(text):
    assert list(untrue(text, {"test"})) == [UNTRUE[text]]
