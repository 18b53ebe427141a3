"""Libraries that cannot be imported: what is said, the exit code, and a verdict for CI; with broken packages for real."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BROKEN = {  # the package, what its __init__ does: what must be told
    "torch without its objects": (
        "torch",
        'raise ImportError("libtorch_cpu.so: cannot open shared object file")',
        "libtorch_cpu.so",
    ),
    "torch without CUDA's": ("torch", 'raise OSError("libcudart.so.13: cannot open shared object file")', "libcudart"),
    "torch that is not there": (
        "torch",
        "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')",
        "torch",
    ),
    "torch for another NumPy": ("torch", 'raise RuntimeError("module compiled against another ABI")', "another ABI"),
    "torch that lacks a library": ("torch", "import no_such_library", "no_such_library"),
    "torchvision of another torch": ("torchvision", 'raise RuntimeError("operator nms does not exist")', "nms"),
    "jinja2": ("jinja2", 'raise ImportError("cannot import name x")', "cannot import name"),
}
LAST_NIGHT = '{"outcome": "pass", "passed": true}'


def program(folder, *words):
    environment = {**os.environ, "PYTHONPATH": f"{folder / 'broken'}:{ROOT}"}
    command = [sys.executable, "-m", "reportgen", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def broken(folder, package, code):
    (folder / "broken" / package).mkdir(parents=True)
    (folder / "broken" / package / "__init__.py").write_text(code + "\n")


@pytest.mark.parametrize(("package", "code", "words"), [pytest.param(*row, id=name) for name, row in BROKEN.items()])
def test_a_library_that_cannot_be_imported_is_named_and_ci_is_told(package, code, words, tmp_path):
    broken(tmp_path, package, code)
    (tmp_path / "ci").mkdir()
    for name in ("verdict.json", "junit.xml", "summary.md"):
        (tmp_path / "ci" / name).write_text(LAST_NIGHT)
    done = program(tmp_path, "run", "--checkpoint=m.pt", "--dataset=imagefolder", "--data-root=.", "--ci-dir", "ci")
    assert done.returncode == 2, done.stderr
    assert f"the library {package}" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "fault of reportgen" not in done.stderr
    told = json.loads((tmp_path / "ci" / "verdict.json").read_text())
    assert (told["outcome"], told["passed"], told["exit_code"]) == ("error", False, 2)
    assert words in told["error"]
    assert all(LAST_NIGHT not in (tmp_path / "ci" / name).read_text() for name in ("junit.xml", "summary.md"))


def test_the_doctor_says_what_is_lacking(tmp_path):
    broken(tmp_path, *BROKEN["torch without its objects"][:2])
    done = program(tmp_path, "doctor")
    assert done.returncode == 2
    assert "libtorch_cpu.so" in done.stdout
    assert "Traceback" not in done.stderr
