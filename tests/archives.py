"""Archives made by hand: bundles in the layout of DESIGN §4, without the code under test and without its fsyncs."""

import hashlib
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_WRITER = """
import sys
from pathlib import Path
from reportgen.deliver.archive.bundle import write_bundle

class Files(dict):
    def items(self):
        for name, content in super().items():
            yield name, content
            print("wrote", name, flush=True)
            sys.stdin.readline()

write_bundle(Path(sys.argv[1]), Files({"a.txt": sys.argv[2].encode()}), replace=sys.argv[3] == "True")
"""


def run_id_of(day):
    """The run of the night `day` (0 is the 1st of November 2026), 02:00 UTC."""
    return f"{datetime(2026, 11, 1, 2, tzinfo=UTC) + timedelta(days=day):%Y%m%dT%H%M%S}000Z-1a2b3c4d"


def verdict_of(day, **changed):
    """verdict.json of a night that passed, 90 of 100 right; `changed` replaces keys."""
    return {
        "schema_version": 1,
        "run_id": run_id_of(day),
        "created_at": (datetime(2026, 11, 1, 2, tzinfo=UTC) + timedelta(days=day)).isoformat(),
        "model": "m",
        "outcome": "pass",
        "passed": True,
        "strict": False,
        "accuracy": 0.9,
        "accuracy_ci": [0.825, 0.944],
        "n": 100,
        "correct": 90,
        "species_accuracy": 0.97,
        "n_cross_species": 3,
        "top_pairs": [{"a": "Bengal", "b": "Egyptian_Mau", "a_as_b": 13, "b_as_a": 5, "n_a": 50, "n_b": 50}],
        "comparison": None,
        "fingerprint": "f",
        "class_order_suspicious": False,
        "notice": None,
        "rules": [],
        **changed,
    }


def against(day, **changed):
    """The key `comparison` of verdict.json, the baseline being the night `day`."""
    return {
        "baseline_run_id": run_id_of(day),
        "comparable": True,
        "reason": None,
        "verdict": "no_evidence",
        "fixed": 4,
        "broken": 3,
        "n_paired": 100,
        "p_value": 1.0,
        "accuracy_difference": 0.01,
        "accuracy_difference_ci": [-0.043, 0.063],
        **changed,
    }


def bundle_files(day, **changed):
    """The files of a bundle, fewer and smaller than real ones."""
    line = json.dumps(verdict_of(day, **changed)) + "\n"
    names = ("findings.json", "predictions.parquet", "report.html", "report.pdf", "junit.xml")
    return {"verdict.json": line.encode()} | {name: name.encode() for name in names}


def archived(archive, day, *, model="m", files=None, **changed):
    """The bundle of the night `day` at its place; its path."""
    folder = archive / model / run_id_of(day)
    folder.mkdir(parents=True)
    files = bundle_files(day, model=model, **changed) if files is None else files
    hashes = {name: {"sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()}
    for name, content in {**files, "manifest.json": json.dumps({"files": hashes}).encode()}.items():
        (folder / name).write_bytes(content)
    return folder


def contents(folder):
    """The bytes of every file below `folder`, by path; links by what they point to."""
    paths = [Path(at, name) for at, folders, files in os.walk(folder) for name in (*folders, *files)]
    return {
        path.relative_to(folder).as_posix(): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(paths)
        if path.is_symlink() or path.is_file()
    }


@contextmanager
def writer(target, content="content", *, replace=False):
    """A real process in the midst of writing the bundle `target`: its first file is there, a new line lets it go on."""
    command = [sys.executable, "-c", _WRITER, str(target), content, str(replace)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        try:
            assert process.stdout.readline() == "wrote a.txt\n", process.stderr.read()
            yield process
        finally:
            process.kill()
