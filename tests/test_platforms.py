"""Where the program runs, and what it says where it does not."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ON_WINDOWS = """
import sys
sys.argv = ["reportgen", "doctor"]
import reportgen.cli.app  # must need nothing that Windows lacks
assert not {"fcntl", "resource"} & (set(sys.modules) - before), "imported"
sys.platform = "win32"
reportgen.cli.app.main()
"""


def test_on_windows_it_says_so_at_once_and_points_to_what_works():
    code = f"import sys, typer, subprocess\nbefore = set(sys.modules)\n{ON_WINDOWS}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "reportgen: runs on Linux and macOS; on Windows, run it in WSL\n")
