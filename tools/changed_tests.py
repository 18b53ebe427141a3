"""Runs the tests of what was changed, for `make check`: `python -m tools.changed_tests [--since COMMIT] [--list]`.

Changed is what differs from the commit where this branch left main, uncommitted and new files among it; on main itself,
what is not committed, or else the last commit. The tests of a changed file are those of its stage that name it; where
none does, all of its stage. Whole runs, browsers and hostile files are left to `make test`, unless they were changed.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
SLOW = ("browser", "e2e", "gpu", "hostile")
ALWAYS = "tests/test_architecture.py"
STAGES_OF = {"templates": "render", "locales": "render", "notes": "inputs", "tools": "tools"}  # others: by their folder


def quick_tests_of(changed: Iterable[str], root: Path = ROOT) -> list[str]:
    """The test files for changed files of the repository, both relative to it; sorted, each once, ALWAYS among them."""
    return sorted({ALWAYS, *(test for path in changed for test in _tests_of_one(PurePosixPath(path), root))})


def changed_files(since: str | None = None, root: Path = ROOT) -> list[str]:
    """What differs from the commit `since`, without what was removed; see the head of this module for None."""
    tracked = _git(root, "diff", "--name-only", since or _start(root))
    return [path for path in tracked + _new(root) if (root / path).is_file()]


def main(argv: Sequence[str] | None = None) -> int:
    """Says what is run and what is left out; the exit code is that of pytest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--since", metavar="COMMIT", help="what is compared with")
    parser.add_argument("--list", action="store_true", help="name the tests and run none")
    options = parser.parse_args(argv)
    changed = changed_files(options.since)
    tests = quick_tests_of(changed)
    print(f"{len(changed)} files changed; their tests:", *tests, sep="\n  ")
    left = [f"tests/{name}" for name in SLOW if not any(test.startswith(f"tests/{name}/") for test in tests)]
    print(f"left to make test: {', '.join(left)}, and the other stages", flush=True)
    if options.list:
        return 0
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *tests]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603  # our own words


def _tests_of_one(path: PurePosixPath, root: Path) -> list[str]:
    if path.parts[0] == "tests" and path.name.startswith("test_"):
        return [str(path)]
    stage = _stage(path)
    candidates = _quick_tests(root, stage)
    if path.name == "conftest.py":
        return candidates if stage else []
    named = re.compile(rf"\b{re.escape('.'.join(path.with_suffix('').parts))}\b|{re.escape(path.name)}")
    naming = [test for test in candidates if named.search((root / test).read_text(encoding="utf-8"))]
    return naming or (candidates if stage else [])


def _stage(path: PurePosixPath) -> str:
    """The folder below tests/ that mirrors the file's; "" for what belongs to no stage."""
    parts = path.parts[1:] if path.parts[0] in ("reportgen", "tests") else path.parts
    return STAGES_OF.get(parts[0], parts[0]) if len(parts) > 1 else ""


def _quick_tests(root: Path, stage: str) -> list[str]:
    """Those of a stage, or those that belong to none."""
    if stage in SLOW:
        return []
    folder = root / "tests" / stage
    found = folder.rglob("test_*.py") if stage else folder.glob("test_*.py")
    return [test.relative_to(root).as_posix() for test in found]


def _start(root: Path) -> str:
    """Where the branch left main."""
    known = _git(root, "for-each-ref", "--format=%(refname)", "refs/heads/main", "refs/remotes/origin/main")
    (start,) = _git(root, "merge-base", "HEAD", *known[:1] or ["HEAD"])
    (here,) = _git(root, "rev-parse", "HEAD")
    untouched = start == here and not _git(root, "diff", "--name-only", "HEAD") and not _new(root)
    return "HEAD~1" if untouched else start


def _new(root: Path) -> list[str]:
    return _git(root, "ls-files", "--others", "--exclude-standard")


def _git(root: Path, *words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)  # noqa: S603, S607
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
