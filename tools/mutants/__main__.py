"""`python -m tools.mutants --seed 7 -n 150`: how many of a seeded sample of mutants the tests catch."""

import argparse
import hashlib
import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tools.mutants import printing, workshop
from tools.mutants.choosing import CoverageMap
from tools.mutants.recording import record
from tools.mutants.trials import fates

NOT_HERE = {"browser", "gpu", "field"}  # folders of tests that need Chromium, a GPU or the users' own files
LIBRARIES = ("torch", "torchvision", "captum.attr", "matplotlib.figure", "pandas", "pyarrow.parquet", "sklearn.metrics")
LIBRARIES += (
    "scipy.stats",
    "skimage.segmentation",
    "weasyprint",
    "jinja2",
    "babel",
    "pydantic",
    "pypdf",
    "rich",
    "PIL.Image",
)
LIBRARIES += ("hypothesis", "pytest", "coverage", "safetensors.torch", "aiosmtpd", "trustme", "yaml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where less than the wanted part of the mutants was caught."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))  # through the `finally` that ends the forks
    options.build.mkdir(parents=True, exist_ok=True)
    workshop.import_ahead(options.ahead)
    with workshop.benches(options.root, options.build, options.jobs) as benches:
        return _caught(options, benches)


def _caught(options: argparse.Namespace, benches: list[workshop.Bench]) -> int:
    recordings = list(_recordings(options, benches))
    executed = CoverageMap(options.root, options.package, recordings)
    if options.map_only:
        printing.unexecuted(executed)
        return 0
    found = fates(options, executed, benches)
    printing.unexecuted(executed)
    return printing.report(found, wanted=options.wanted)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="folder of the package and its tests")
    parser.add_argument("--package", default="reportgen")
    parser.add_argument(
        "--tests", nargs="*", default=[], help="test files or folders; all but those that need a browser or a GPU"
    )
    parser.add_argument("--only", default="", help="mutants of files whose path starts so, as reportgen/analyse")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-n", type=int, default=150, help="size of the sample")
    parser.add_argument("--every", action="store_true", help="every mutant, not a sample")
    parser.add_argument(
        "--patience", type=float, default=90.0, help="seconds that a mutant gets beyond four times its tests'"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60.0, help="recorded seconds of tests that a mutant may cost")
    parser.add_argument("--wanted", type=float, default=0.95)
    parser.add_argument("--remap", action="store_true", help="record again what each test executes")
    parser.add_argument("--again", action="store_true", help="forget the results that are there")
    parser.add_argument("--map-only", action="store_true", help="record what each test executes, and stop")
    parser.add_argument("--ahead", nargs="*", default=LIBRARIES, help="libraries that are imported once, for all forks")
    options = parser.parse_args(arguments)
    options.root = options.root.resolve()
    options.build = options.root / "build" / "mutants"
    return options


def _test_files(options: argparse.Namespace) -> list[str]:
    tests = options.root / "tests"
    places = [options.root / name for name in options.tests]
    if not places:
        places = [path for path in sorted(tests.iterdir()) if path.name not in NOT_HERE]
    files = [file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("test_*.py")))]
    return [file.relative_to(options.root).as_posix() for file in files if file.name.startswith("test_")]


def _recordings(options: argparse.Namespace, benches: list[workshop.Bench]) -> Iterator[Path]:
    """What each test file executes, recorded where it has not been since the file was changed."""
    folder = options.build / "map"
    folder.mkdir(exist_ok=True)
    jobs, paths = [], {}
    for name in _test_files(options):
        path = folder / f"{name.replace('/', '--')}.json"
        digest = hashlib.sha256((options.root / name).read_bytes()).hexdigest()[:12]
        paths[name] = path
        if options.remap or not path.exists() or json.loads(path.read_text(encoding="utf-8"))["digest"] != digest:
            work = partial(_recorded, name, package=options.package, out=path, digest=digest)
            jobs.append(workshop.Job(name, work, limit_s=1800.0))
    start = time.monotonic()
    for number, outcome in enumerate(workshop.finished(jobs, benches), 1):
        tail = "" if outcome.code in {0, 5} else f"  exit code {outcome.code}: {_tail(outcome.bench.log)}"
        told = f"mapped {number} of {len(jobs)}: {outcome.name} ({outcome.seconds:.0f} s){tail}"
        print(f"[{time.monotonic() - start:5.0f} s] {told}", flush=True)
    yield from (path for path in paths.values() if path.exists())


def _recorded(name: str, _: workshop.Bench, *, package: str, out: Path, digest: str) -> int:
    return record(name, package=package, out=out, digest=digest)


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-600:]


if __name__ == "__main__":
    sys.exit(main())
