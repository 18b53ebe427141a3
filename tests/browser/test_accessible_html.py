"""What axe-core finds in the page, in both languages and both colour schemes: nothing."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report.html", "report.ja.html"])
def test_axe_finds_nothing(opened, report_path, name, scheme):
    """All of its rules, best practices with them; axe comes with its Python package, so nothing is downloaded."""
    from axe_playwright_python.sync_playwright import Axe

    page = opened(report_path.with_name(name), color_scheme=scheme, viewport={"width": 1280, "height": 900})
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]][:5]) for rule in found] == []
