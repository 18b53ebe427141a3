"""Commands about archived runs are light: which packages each of them loads, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.ten_images import RUN_ID, with_pdf, write_ten_images

ROOT = Path(__file__).resolve().parents[1]
DRAWN = {"matplotlib", "PIL", "weasyprint", "pypdf"}
HEAVY = {"torch", "torchvision", "captum", "pandas", "sklearn", "skimage", "timm", "transformers", *DRAWN}
NUMBERS = {"numpy", "scipy", "pyarrow"}
TEXTS = {"babel", "jinja2", "pydantic"}
CALLED = """
import json, runpy, sys
sys.argv = ["reportgen", *sys.argv[1:]]
try:
    runpy.run_module("reportgen", run_name="__main__")
except SystemExit as end:
    assert end.code in (None, 0), end.code
status = open("/proc/self/status").read() if sys.platform == "linux" else "VmHWM: 0 kB"  # getrusage counts the parent's
peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
sys.stderr.write("\\n" + json.dumps({"packages": sorted({name.partition(".")[0] for name in sys.modules}), "peak": peak}))
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """One run with a PDF."""
    folder = tmp_path_factory.mktemp("light") / "reports"
    write_ten_images(folder)
    with_pdf(folder / "m" / RUN_ID)
    return folder


# Of HEAVY, NUMBERS and TEXTS: what the command may load, and the most memory in MB.
LIGHT = {
    ("--help",): (set(), 60),
    ("run", "--help"): ({"pydantic"}, 70),  # typer checks flags by it
    ("prune", "{archive}", "--keep", "1"): (TEXTS, 150),
    ("verify", "{archive}"): (TEXTS, 150),
    ("index", "{archive}"): (TEXTS, 150),
    ("mail", "{archive}/m/" + RUN_ID, "--to", "a@example.org", "--dry-run"): (TEXTS, 150),
    ("compare", "{archive}/m/" + RUN_ID, "{archive}/m/" + RUN_ID): (TEXTS | NUMBERS, 300),
}


@pytest.mark.parametrize("command", LIGHT, ids=" ".join)
def test_a_command_loads_what_it_needs_and_no_more(archive, command):
    allowed, most_mb = LIGHT[command]
    words = [word.format(archive=archive) for word in command]
    called = [sys.executable, "-c", CALLED, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(called, cwd=archive, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stderr.splitlines()[-1])
    assert (HEAVY | NUMBERS | TEXTS) & set(told["packages"]) <= allowed
    assert told["peak"] < most_mb * 1e6
