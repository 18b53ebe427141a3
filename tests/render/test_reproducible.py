"""The same run gives the same files in another process, another time zone and another order of hashes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen.render.rendered import render
from tests.shapes import report_of_shape

SHAPE = "one image"  # it is wrong: a panel, a pair and a note
PROGRAM = f"""
import sys
from pathlib import Path

from reportgen.render.rendered import render
from tests.shapes import report_of_shape

if __name__ == "__main__":
    for name, content in render(report_of_shape({SHAPE!r})).files.items():
        (Path(sys.argv[1]) / name).write_bytes(content)
"""


@pytest.fixture(scope="module")
def here():
    return render(report_of_shape(SHAPE)).files


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The files that another process makes, by name."""
    folder = tmp_path_factory.mktemp("elsewhere")
    program = tmp_path_factory.mktemp("program") / "program.py"
    program.write_text(PROGRAM)
    world = {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1", "PYTHONPATH": str(Path.cwd())}
    subprocess.run([sys.executable, str(program), str(folder)], env=os.environ | world, check=True)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_document_is_byte_for_byte_the_same(here, elsewhere):
    assert {"report.html", "report.pdf", "confusion.csv"} <= elsewhere.keys() == here.keys()
    assert [name for name in here if name != "findings.json" and here[name] != elsewhere[name]] == []


def test_the_contract_differs_in_its_times_alone(here, elsewhere):
    first, second = (json.loads(files["findings.json"]) for files in (here, elsewhere))
    assert first.pop("timing")["render"] != second.pop("timing")["render"]
    assert first == second
