"""The public situations of ../shared/field, each run as its reporter ran it: `python -m tests.field [NN ...]`.

Prints one row a situation and ends with the number of those that do not end as they should. Minutes; some need root.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import SHARED
from tests.field.cases import CASES, Expected

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = SHARED / "field"
LIMIT_S = 300


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a situation ended in; `wrong` is empty where it is right."""

    case: str
    name: str
    code: int
    seconds: float
    wrong: tuple[str, ...]
    output: str


def played(script: Path, folder: Path, expected: Expected) -> Row:
    """Makes the input with `script` in `folder` and runs the program on it."""
    case, _, name = script.stem.partition("-")
    program = folder.parent / f"{case}-reportgen"
    installed = shlex.quote(str(Path(sys.executable).with_name("reportgen")))
    path = shlex.quote(str(ROOT)) + "${PYTHONPATH:+:$PYTHONPATH}"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {installed} "$@"\n')
    program.chmod(0o755)
    subprocess.run([sys.executable, script, folder], check=True, capture_output=True)
    _as_root_without_its_rights(folder / "run.sh")
    started = time.monotonic()
    printed = folder.parent / f"{case}-printed"  # a file: one of the scripts reads its own log, which drains a pipe
    search = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with printed.open("wb") as out:
        run = subprocess.Popen(
            ["bash", folder / "run.sh"],
            env={**os.environ, "REPORTGEN": str(program), "PATH": search},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        code = run.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        code = -1
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    output = printed.read_text(errors="replace")
    wrong = tuple(_wrong(expected, code, output))
    return Row(case=case, name=name, code=code, seconds=time.monotonic() - started, wrong=wrong, output=output)


def _as_root_without_its_rights(run: Path) -> None:
    """Where another user may not enter the interpreter's folder: root, whom permissions bind like anybody else."""
    ours = "setpriv --bounding-set=-dac_override,-dac_read_search"
    run.write_text(run.read_text().replace("setpriv --reuid 65534 --regid 65534 --clear-groups", ours))


def _wrong(expected: Expected, code: int, output: str) -> list[str]:
    found = [] if code == expected.code else [f"exit {code}, not {expected.code}" if code >= 0 else "no end"]
    flags = re.IGNORECASE | re.MULTILINE
    found += [f"does not say {pattern!r}" for pattern in expected.says if not re.search(pattern, output, flags)]
    found += [f"says {pattern!r}" for pattern in expected.never if re.search(pattern, output, flags)]
    found += ["a traceback"] if "Traceback (most recent call last)" in output else []
    largest = [int(kb) // 1024 for kb in re.findall(r"Maximum resident set size \(kbytes\): (\d+)", output)]
    if expected.largest_mb is not None and not (largest and max(largest) <= expected.largest_mb):
        found.append(f"took {largest} MB, not at most {expected.largest_mb}")
    return found


def main(wanted: list[str]) -> int:
    """The number of situations that end wrongly."""
    if not SCRIPTS.is_dir():
        print(f"NOT RUN: the situations are missing: ../shared/field ({SCRIPTS})")
        return 0
    scripts = {path.stem.partition("-")[0]: path for path in sorted(SCRIPTS.glob("[0-9]*.py"))}
    unknown = sorted(set(scripts) ^ set(CASES))
    assert not unknown, f"scripts without an expectation, or the other way round: {unknown}"
    n_wrong = 0
    # A short path for everybody: the situation of the folder without permission runs as another user.
    with (
        tempfile.TemporaryDirectory(prefix="field-", ignore_cleanup_errors=True) as made,
        ThreadPoolExecutor(2) as pool,
    ):
        Path(made).chmod(0o755)
        rows = pool.map(lambda case: played(scripts[case], Path(made) / case, CASES[case]), wanted or sorted(scripts))
        for row in rows:
            n_wrong += bool(row.wrong)
            print(
                f"{row.case} {row.name:<32} exit {row.code:>3}  {row.seconds:5.0f} s  {'; '.join(row.wrong) or 'right'}",
                flush=True,
            )
            if row.wrong:
                print("\n".join(f"      | {line[:200]}" for line in row.output.splitlines()[-12:]), flush=True)
    print(f"{n_wrong} wrong")
    return n_wrong


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 100))
