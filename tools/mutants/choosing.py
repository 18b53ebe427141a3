"""Which tests can notice a mutant: those that execute its line, the cheapest first."""

import ast
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.mutants.finding import Mutant
from tools.mutants.recording import functions_of, text_hash


@dataclass(frozen=True)
class Choice:
    """Tests for one mutant, the cheapest first; `left_out` were over the limit of seconds."""

    tests: tuple[str, ...]
    seconds: float
    left_out: int

    def stages(self, package: str) -> list[tuple[str, ...]]:
        """Those of the folder of the mutant's own package, which mostly see it, then the others."""
        own = tuple(test for test in self.tests if test.startswith(f"tests/{package}/"))
        others = tuple(test for test in self.tests if test not in set(own))
        return [stage for stage in (own, others) if stage]


class CoverageMap:
    """What the recordings of the test files say about the code as it is now.

    A function whose text is another than at the time of the recording counts as executed as a whole.
    """

    def __init__(self, root: Path, package: str, recordings: list[Path]) -> None:
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self._shared: dict[
            str, dict[tuple[str, str], float]
        ] = {}  # test: file and fixture of more than one test: seconds
        self._bits: dict[str, dict[str, dict[str, tuple[int, str]]]] = defaultdict(lambda: defaultdict(dict))
        self._sources = {
            path.relative_to(root).as_posix(): path.read_bytes() for path in sorted((root / package).rglob("*.py"))
        }
        self._functions = {path: functions_of(source) for path, source in self._sources.items()}
        self._importers = _importers(self._sources)
        for recording in recordings:
            self._add(json.loads(recording.read_text(encoding="utf-8")))

    def _add(self, content: Any) -> None:
        self.seconds |= content["seconds"]
        self.failed += content["failed"]
        for test, fixtures in content["fixtures"].items():
            file, cost = test.partition("::")[0], content["shared_seconds"]
            self._shared[test] = {(file, name): cost[name] for name in fixtures if name in cost}
        users: dict[str, list[str]] = defaultdict(list)
        for test, fixtures in content["fixtures"].items():
            for name in fixtures:
                users[f"fixture {name}"].append(test)
        for context, files in content["lines"].items():
            for test in users.get(context, [context]):
                if test in content["seconds"]:
                    for path, names in files.items():
                        for name, bits in names.items():
                            before = self._bits[path][name].get(test, (0, ""))[0]
                            found = content["functions"][path].get(name, "")
                            self._bits[path][name][test] = (before | int(bits, 16), found)

    def choice(self, mutant: Mutant, *, most_seconds: float) -> Choice:
        """The tests for `mutant` until their recorded seconds are over `most_seconds`; at least one if there is one."""
        if mutant.function in self._functions.get(mutant.path, {}):
            ranked = [sorted(self._executing(mutant), key=self._cost)]
        else:
            own = self._of_file(mutant.path)
            users = {test for path in self._importers.get(mutant.path, ()) for test in self._of_file(path)} - own
            ranked = [sorted(own, key=self._cost), sorted(users, key=self._cost)]
        tests, spent, total = [], 0.0, 0
        paid: set[tuple[str, str]] = set()
        for test in (test for group in ranked for test in group):
            total += 1
            more = self.seconds[test] + sum(s for key, s in self._shared.get(test, {}).items() if key not in paid)
            if not tests or spent + more <= most_seconds:
                tests.append(test)
                spent += more
                paid |= self._shared.get(test, {}).keys()
        return Choice(tuple(tests), spent, total - len(tests))

    def _cost(self, test: str) -> tuple[float, str]:
        return self.seconds[test] + sum(self._shared.get(test, {}).values()), test

    def _executing(self, mutant: Mutant) -> set[str]:
        first, last = self._functions[mutant.path][mutant.function]
        now = text_hash(self._sources[mutant.path], (first, last))
        low, high = mutant.lines[0] - first, mutant.lines[1] - first
        mask = ((1 << (high - low + 1)) - 1) << max(low, 0)
        return {
            test
            for test, (bits, then) in self._bits[mutant.path][mutant.function].items()
            if then != now or bits & mask
        }

    def _of_file(self, path: str) -> set[str]:
        return {test for name, tests in self._bits[path].items() if name for test in tests}

    def unexecuted(self) -> Iterator[tuple[str, list[int]]]:
        """Path and first lines of the statements in functions that no recorded test executes, where there are any."""
        for path, source in self._sources.items():
            lines = []
            statements = _statements(source, self._functions[path])
            for name, starts in statements.items():
                first = self._functions[path][name][0]
                now = text_hash(source, self._functions[path][name])
                bits, known = 0, True
                for executed, then in self._bits[path][name].values():
                    bits |= executed
                    known = known and then == now
                lines += [line for line in starts if known and not bits >> (line - first) & 1]
            if lines:
                yield path, sorted(lines)


def _importers(sources: dict[str, bytes]) -> dict[str, set[str]]:
    """Path to the paths of the modules that import from it."""
    importers: dict[str, set[str]] = defaultdict(set)
    for path, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                for file in (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"):
                    if file in sources:
                        importers[file].add(path)
    return importers


def _statements(source: bytes, functions: dict[str, tuple[int, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    homes = {}
    for name, (first, last) in sorted(functions.items(), key=lambda item: item[1][0] - item[1][1]):
        homes.update(dict.fromkeys(range(first, last + 1), name))
    for node in ast.walk(ast.parse(source)):
        silent = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        silent = silent or isinstance(node, ast.Global | ast.Nonlocal | ast.Pass)
        if isinstance(node, ast.stmt) and not silent and node.lineno in homes:
            found.setdefault(homes[node.lineno], []).append(node.lineno)
    return found
