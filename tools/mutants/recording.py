"""A pytest plugin: which lines of the package each test executes, by coverage.py's contexts, and how long it takes."""

import ast
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import coverage
import pytest

Functions = Mapping[str, tuple[int, int]]  # qualified name: first and last line


class Recorder:
    """Switches coverage's context with each test. What a module or session fixture runs is kept under its own name."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.test = ""
        self.seconds: dict[str, float] = {}
        self.passed: dict[str, bool] = {}
        self.fixtures: dict[str, list[str]] = defaultdict(list)
        self.shared_seconds: dict[str, float] = defaultdict(float)
        self._in_shared = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """One test, its own fixtures included."""
        self.test = item.nodeid
        self.measured.switch_context(self.test)
        start, self._in_shared = time.monotonic(), 0.0
        result = yield
        self.seconds[item.nodeid] = round(time.monotonic() - start - self._in_shared, 3)
        self.measured.switch_context("")
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """A fixture of more than one test: every test that uses it uses its lines."""
        if fixturedef.scope == "function":
            return (yield)
        self.measured.switch_context(f"fixture {fixturedef.argname}")
        start, before = time.monotonic(), self._in_shared
        result = yield
        spent = time.monotonic() - start
        self.shared_seconds[fixturedef.argname] += spent - (
            self._in_shared - before
        )  # those that it asks for count alone
        self._in_shared = before + spent
        self.measured.switch_context(self.test)
        return result

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Notes which fixtures each test uses."""
        for item in session.items:
            self.fixtures[item.nodeid] = list(getattr(item, "fixturenames", ()))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test counts as passed when its call passed and nothing of it failed."""
        if report.when == "call" or report.outcome != "passed":
            self.passed[report.nodeid] = report.outcome == "passed" and self.passed.get(report.nodeid, True)


def functions_of(source: bytes) -> dict[str, tuple[int, int]]:
    """Qualified name of every function in a file, to its first and last line; the decorators are not of it."""
    found: dict[str, tuple[int, int]] = {}

    def walk(node: ast.AST, name: str) -> None:
        for child in ast.iter_child_nodes(node):
            inner = name
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{name}.{child.name}".lstrip(".")
                if not isinstance(child, ast.ClassDef):
                    found[inner] = (child.body[0].lineno, child.end_lineno or child.lineno)
            walk(child, inner)

    walk(ast.parse(source), "")
    return found


def text_hash(source: bytes, lines: tuple[int, int]) -> str:
    """Of these lines of a file, both ends included."""
    return hashlib.sha256(b"\n".join(source.splitlines()[lines[0] - 1 : lines[1]])).hexdigest()[:12]


def record(test_file: str, *, package: str, out: Path, digest: str) -> int:
    """Runs one test file in this process, the root as working directory, and writes what it executed to `out`.

    `lines` in the file: test or fixture, to path, to function ("" is the module's own level), to the executed lines
    relative to the first line of the function, as the bits of a hexadecimal number. Subprocesses of the test are
    measured too, where they end by themselves.
    """
    data = out.with_suffix(".coverage")
    measured = coverage.Coverage(source=[package], data_file=str(data), config_file=False, messages=False)
    measured.start()
    recorder = Recorder(measured)
    code = pytest.main([test_file, *QUIET], plugins=[recorder])
    measured.stop()
    measured.save()
    lines = _lines_by_test(measured.get_data(), Path.cwd())
    content = {
        "digest": digest,
        "seconds": {test: seconds for test, seconds in recorder.seconds.items() if recorder.passed.get(test)},
        "failed": [test for test, passed in recorder.passed.items() if not passed],
        "fixtures": recorder.fixtures,
        "shared_seconds": {name: round(seconds, 3) for name, seconds in recorder.shared_seconds.items()},
        "functions": {
            path: {
                name: text_hash((Path.cwd() / path).read_bytes(), span)
                for name, span in functions_of((Path.cwd() / path).read_bytes()).items()
            }
            for path in sorted({path for files in lines.values() for path in files})
        },
        "lines": lines,
    }
    out.write_text(json.dumps(content), encoding="utf-8")
    data.unlink(missing_ok=True)
    return int(code)


QUIET = (
    "-q",
    "-p",
    "no:randomly",
    "-p",
    "no:cacheprovider",
    "--no-header",
    "--tb=line",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)


def _lines_by_test(data: coverage.CoverageData, root: Path) -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for file in data.measured_files():
        path = Path(file).relative_to(root)
        home = _homes(functions_of(path.read_bytes()))
        for line, contexts in data.contexts_by_lineno(file).items():
            name, first = home.get(line, ("", 1))
            for context in contexts:
                if context or name:
                    found[context][path.as_posix()][name] |= 1 << (line - first)
    return {
        context: {path: {name: f"{bits:x}" for name, bits in names.items()} for path, names in files.items()}
        for context, files in found.items()
    }


def _homes(functions: Functions) -> dict[int, tuple[str, int]]:
    """Line to the innermost function that it is in, and the first line of that."""
    return {
        line: (name, first)
        for name, (first, last) in sorted(functions.items(), key=lambda item: item[1][0] - item[1][1])
        for line in range(first, last + 1)
    }
