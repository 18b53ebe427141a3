"""The program, called in this process: the same `main`, without the seconds that a new interpreter takes to start."""

import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from reportgen.program import main


@dataclass(frozen=True)
class Done:
    """What a call left: exit code and words."""

    returncode: int
    stdout: str
    stderr: str


def reportgen(*arguments: object, cwd: Path) -> Done:
    """Calls the program with `arguments` in the folder `cwd`."""
    out, err, before = StringIO(), StringIO(), sys.argv
    os.environ["COLUMNS"] = "200"
    sys.argv = ["reportgen", *map(str, arguments)]
    try:
        with chdir(cwd), redirect_stdout(out), redirect_stderr(err):
            main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.argv = before
    return Done(code, out.getvalue(), err.getvalue())
