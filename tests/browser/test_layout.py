"""Boxes of the page in Chromium, on a desk and on a telephone: none reaches out, none cuts its text, none covers another."""

import pytest

from reportgen.render.html.page import html
from tests.shapes import report_of_shape

pytestmark = pytest.mark.browser

SHAPES = ("3 classes", "37 classes", "names of 60 letters", "names without a break", "every image wrong", "one image")
# Elements inside a box that scrolls may be wider than the screen; what is only for screen readers has no size.
WIDE = """() => {
  const scrolls = node => node && (/auto|scroll|hidden|clip/.test(getComputedStyle(node).overflowX) || scrolls(node.parentElement))
  return [...document.body.querySelectorAll("*")].filter(node => {
    const box = node.getBoundingClientRect()
    return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1) && !scrolls(node.parentElement) && !scrolls(node)
  }).map(node => node.outerHTML.slice(0, 120))
}"""
CUT = """() => [...document.body.querySelectorAll("*")].filter(node => {
    const style = getComputedStyle(node)
    return /hidden|clip/.test(style.overflowX) && node.clientWidth > 1 && node.innerText
      && node.scrollWidth > node.clientWidth + 1
  }).map(node => node.outerHTML.slice(0, 120))"""
COVERED = """() => {
  const blocks = [...document.body.querySelectorAll("h1, h2, h3, h4, h5, p, li, dt, dd, table, figure, figcaption, aside")]
  const shown = blocks.filter(node => node.offsetParent && node.innerText.trim() && getComputedStyle(node).position !== "sticky")
  const boxes = new Map(shown.map(node => [node, node.getBoundingClientRect()]))
  const siblings = new Map()
  for (const node of shown) siblings.set(node.parentElement, [...(siblings.get(node.parentElement) || []), node])
  const found = []
  for (const group of siblings.values()) for (const [at, a] of group.entries()) for (const b of group.slice(at + 1)) {
    const [one, other] = [boxes.get(a), boxes.get(b)]
    const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left)
    const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top)
    if (wide > 1 && high > 1) found.push([a.outerHTML.slice(0, 90), b.outerHTML.slice(0, 90)])
  }
  return found
}"""


@pytest.fixture(scope="module", params=SHAPES)
def shape_path(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("shape") / "report.html"
    path.write_text(html(report_of_shape(request.param), "screen"))
    return path


@pytest.mark.parametrize("width", [1280, 390])
def test_every_box_has_its_place(opened, shape_path, width):
    page = opened(shape_path, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(WIDE) == []
    assert page.evaluate(CUT) == []
    assert page.evaluate(COVERED) == []
