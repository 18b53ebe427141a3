"""The page answers a moment after the action: it draws itself on `hashchange`. So no test of it looks only once."""

import re
from pathlib import Path

import pytest

ONCE = re.compile(
    r"^\s*assert .*\.(count|(all_)?(inner_texts?|text_contents?)|inner_html|input_value|get_attribute|is_[a-z]+)\("
)


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_what_a_page_shows_is_waited_for(path):
    """Playwright's `expect(...)` looks until it is so; a plain assert on a locator sees what happens to be there."""
    assert [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if ONCE.search(line)] == []


@pytest.mark.parametrize("line", ['assert page.locator("b").count() == 1', 'assert "x" in over.get_attribute("alt")'])
def test_a_look_once_would_be_found(line):
    assert ONCE.search(line)
