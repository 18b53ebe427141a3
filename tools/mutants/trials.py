"""Mutants on trial: each in a copy of the tree, before the tests that execute it; and what is known from earlier."""

import argparse
import hashlib
import json
import os
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tools.mutants import printing, workshop
from tools.mutants.choosing import Choice, CoverageMap
from tools.mutants.finding import Mutant, all_mutants, sample
from tools.mutants.printing import Fate
from tools.mutants.recording import QUIET, functions_of, text_hash

EQUIVALENT = Path("tools/mutants/equivalent.toml")
BROKEN, TIME_IS_UP = 71, 72
# Exit codes; any other is a test that failed.
ENDINGS = {None: "timed out", TIME_IS_UP: "timed out", 0: "survived", 5: "not executed", BROKEN: "not judged"}


class _Chosen:
    """Leaves of test files the chosen tests, in their order, and writes down what failed first."""

    def __init__(self, tests: Sequence[str], killer: Path | None) -> None:
        self.place = {test: number for number, test in enumerate(tests)}
        self.killer = killer

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.place), key=lambda item: self.place[item.nodeid]
        )

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and self.killer and not self.killer.exists():
            self.killer.write_text(report.nodeid, encoding="utf-8")

    pytest_collectreport = pytest_runtest_logreport


@dataclass(frozen=True)
class Trial:
    """A mutant, its tests, and what tells whether an earlier result still holds."""

    mutant: Mutant
    choice: Choice
    key: str
    tests_digest: str


class Results:
    """What became of mutants in earlier calls, one line of JSON each, so that an interrupted call is taken up again."""

    def __init__(self, file: Path, *, again: bool) -> None:
        if again:
            file.unlink(missing_ok=True)
        self.file = file
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        self.rows: dict[str, Any] = {row["id"]: row for row in map(json.loads, text.splitlines())}

    def fate(self, trial: Trial) -> str | None:
        """Its fate if that still holds: a survivor is tried again when one of its tests has changed."""
        row = self.rows.get(trial.key)
        return row["fate"] if row and (row["fate"] != "survived" or row["tests"] == trial.tests_digest) else None

    def add(self, trial: Trial, fate: str, seconds: float) -> None:
        """Notes a fate at once."""
        row = {"id": trial.key, "fate": fate, "tests": trial.tests_digest, "seconds": round(seconds, 1)}
        with self.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")


def fates(options: argparse.Namespace, executed: CoverageMap, benches: list[workshop.Bench]) -> list[Fate]:
    """What became of each mutant of the sample, in the order of the draw."""
    root = options.root
    mutants = [mutant for mutant in all_mutants(root, options.package) if mutant.path.startswith(options.only)]
    if not options.every:
        mutants = sample(mutants, options.n, options.seed)
    results = Results(options.build / "results.jsonl", again=options.again)
    listed = equivalents(root)
    found: dict[str, Fate] = {}
    open_: dict[str, Trial] = {}
    for mutant in mutants:
        choice = executed.choice(mutant, most_seconds=options.seconds)
        trial = Trial(mutant, choice, _key(root, mutant), _digest(root, choice))
        fate = "equivalent" if (mutant.path, mutant.function, mutant.change) in listed else results.fate(trial)
        fate = fate or (None if choice.tests else "not executed")
        if fate:
            found[trial.key] = Fate(mutant, fate, choice)
        else:
            open_[trial.key] = trial
    jobs = [
        workshop.Job(key, _work(trial), limit_s=4 * trial.choice.seconds + options.patience)
        for key, trial in open_.items()
    ]
    start = time.monotonic()
    for number, outcome in enumerate(workshop.finished(jobs, benches), 1):
        trial = open_[outcome.name]
        workshop.copied(root / trial.mutant.path, outcome.bench.root / trial.mutant.path)
        fate = ENDINGS.get(outcome.code, "caught")
        found[trial.key] = Fate(trial.mutant, fate, trial.choice)
        if fate != "not judged":  # its tests fail without it
            results.add(trial, fate, outcome.seconds)
        told = f"{number} of {len(jobs)}: {fate} in {outcome.seconds:.0f} s: {printing.line(trial.mutant)}"
        print(f"[{time.monotonic() - start:5.0f} s] {told}", flush=True)
    return [found[_key(root, mutant)] for mutant in mutants]


def _work(trial: Trial) -> Callable[[workshop.Bench], int]:
    """In a fork that stays clean: a further fork tries the mutant, and what fails there is tried here without it."""

    def work(place: workshop.Bench) -> int:
        target, killer, sound = (place.root / trial.mutant.path, *(place.log.with_name(n) for n in ("killer", "sound")))
        killer.unlink(missing_ok=True)
        before, times = target.read_bytes(), target.stat()
        child = os.fork()
        if not child:
            workshop.leave(partial(_tried, trial, target, killer))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        target.write_bytes(before)
        os.utime(target, (times.st_atime, times.st_mtime))
        if code in (0, 5, *workshop.TIMES_UP) or not killer.exists():
            return 1 if code < 0 and code not in workshop.TIMES_UP else TIME_IS_UP if code < 0 else code
        failed = killer.read_text(encoding="utf-8")
        if failed not in (sound.read_text(encoding="utf-8").splitlines() if sound.exists() else ()):
            if _pytest([failed.partition("::")[0]], [failed] if "::" in failed else None):
                return BROKEN
            with sound.open("a", encoding="utf-8") as out:
                out.write(f"{failed}\n")
        return 1

    return work


def _tried(trial: Trial, target: Path, killer: Path) -> int:
    text = trial.mutant.applied(target.read_bytes())
    compile(text, str(target), "exec")
    # Python tells a compiled module from its source by size and whole seconds: each mutant gets seconds of its own.
    stamp = target.stat().st_mtime - 10 - int(hashlib.sha256(text).hexdigest()[:6], 16)
    target.write_bytes(text)
    os.utime(target, (stamp, stamp))
    for tests in trial.choice.stages(trial.mutant.package):
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        code = _pytest(files, tests, killer)
        if code:
            return code
    return 0


def _pytest(files: Sequence[str], tests: Sequence[str] | None, killer: Path | None = None) -> int:
    """The exit code for `tests` in `files`; without tests the files are imported and no more."""
    import pytest

    chosen = () if tests is None else [_Chosen(tests, killer)]
    only = ("--collect-only",) if tests is None else ("-x", *_hypothesis_seed())
    return int(pytest.main([*files, *QUIET, *only], plugins=chosen))


def _hypothesis_seed() -> tuple[str, ...]:
    return ("--hypothesis-seed=0",) if workshop.imported("hypothesis") else ()


def _key(root: Path, mutant: Mutant) -> str:
    source = (root / mutant.path).read_bytes()
    place = functions_of(source).get(mutant.function, (1, 10**6))
    text = f"{mutant.path}|{mutant.function}|{mutant.change}|{text_hash(source, place)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest(root: Path, choice: Choice) -> str:
    """Of the chosen tests and their files: a survivor is tried again when one of them was changed."""
    digest = hashlib.sha256("\n".join(sorted(choice.tests)).encode())
    for name in sorted({test.partition("::")[0] for test in choice.tests}):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()[:12]


def equivalents(root: Path) -> dict[tuple[str, str, str], str]:
    """File, function and change of the mutants that do not change what the program does, to the reason."""
    file = root / EQUIVALENT
    listed = tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", []) if file.exists() else []
    return {(entry["file"], entry["function"], entry["change"]): entry["reason"] for entry in listed}
