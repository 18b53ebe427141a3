"""docs/security.md names the test of each promise: those tests are there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_is_there():
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"\btest_[a-z0-9_]+\b(?!\.py)", PAGE))
    assert len(named) > 60
    assert not [name for name in named if f"def {name}(" not in written]
    files = set(re.findall(r"(?:tests|reportgen)/[\w/]+\.py", PAGE))
    assert not [file for file in files if not (ROOT / file).is_file()]
