"""What axe-core finds in the page, in both languages and both colour schemes: nothing."""

import re

import pytest
from playwright.sync_api import expect

from reportgen.tokens import contrast

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report.html", "report.ja.html"])
def test_axe_finds_nothing(opened, report_path, name, scheme):
    """All of its rules, best practices with them; axe comes with its Python package, so nothing is downloaded."""
    from axe_playwright_python.sync_playwright import Axe

    page = opened(report_path.with_name(name), color_scheme=scheme, viewport={"width": 1280, "height": 900})
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]][:5]) for rule in found] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_counts_of_the_matrix_can_be_read_on_every_shade(opened, report_path, scheme):
    """axe passes over texts of one letter. 4.5 to 1 is WCAG's criterion 1.4.3; a cell is shown in every shade in turn."""
    page = opened(report_path, color_scheme=scheme)
    cell = page.locator(".matrix td.wrong:has(a)").first
    found = {}
    for shade in ("s1", "s2", "s3", "s4", "s5"):
        cell.evaluate("(cell, shade) => { cell.className = `wrong ${shade}` }", shade)
        colours = cell.evaluate(
            "cell => [getComputedStyle(cell.firstChild).color, getComputedStyle(cell).backgroundColor]"
        )
        found[shade] = contrast(*("#" + "".join(f"{int(n):02x}" for n in re.findall(r"\d+", one)) for one in colours))
    assert len(set(found.values())) == 5
    assert min(found.values()) >= 4.5, found


@pytest.mark.parametrize("name", ["report.html", "report.ja.html"])
def test_axe_finds_nothing_in_the_viewer_and_the_filtered_gallery(opened, report_path, name):
    from axe_playwright_python.sync_playwright import Axe

    page = opened(report_path.with_name(name), color_scheme="dark", viewport={"width": 390, "height": 844})
    page.locator("#images select").first.select_option(index=1)
    page.locator(".look").first.click()
    expect(page.locator("dialog[open]")).to_have_count(1)
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]][:5]) for rule in found] == []
