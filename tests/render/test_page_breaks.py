"""What print.css keeps together, tried at every height near the foot of a page.

Where a word stands is poppler's word (`pdftotext`, one page after the other).
"""

import io
import re
import shutil
import subprocess

import pytest
from PIL import Image

from reportgen.package_files import templates_dir
from reportgen.render.pdf.document import pdf

pytestmark = pytest.mark.skipif(not shutil.which("pdftotext"), reason="NOT RUN: apt-get install poppler-utils")
N = 34  # of each kind, each on a page of its own below a filler that leaves 68, 66, ... 2 mm of its 268
PIECES = {
    "panel": '<article class="panel"><h4>first{k}</h4><div class="tiles">'
    + 5 * '<figure class="tile"><img src="asset:one.jpg" alt=""><figcaption>caption</figcaption></figure>'
    + '<figure class="tile"><img src="asset:one.jpg" alt=""><figcaption>second{k}</figcaption></figure></div></article>',
    "heading": "<h2>first{k}</h2><p class='lead'>lead</p><p>second{k}</p>",
    "group": "<h3>first{k}</h3><p class='facts'>facts</p><ul class='directions'><li>second{k}</li></ul><p>more</p>",
    "note": '<aside class="breednote"><h4>first{k}</h4><table class="note-rows"><tr><th>Coat</th><td>short</td></tr>'
    "<tr><th>Head</th><td>second{k}</td></tr></table></aside>",
    "table": '<table class="rows whole"><thead><tr><th>first{k}</th></tr></thead><tbody><tr><td>a</td></tr><tr><td>second{k}</td></tr>'
    "</tbody></table>",
    "card": '<div class="card"><p class="facts">first{k}</p><article class="panel"><h3>name</h3><p class="reading">second{k}</p>'
    "</article></div>",
}


@pytest.fixture(scope="module")
def page_of():
    """The page of each word."""
    css = "".join((templates_dir() / "css" / f"{name}.css").read_text() for name in ("tokens", "page", "print"))
    file = io.BytesIO()
    Image.new("RGB", (60, 60), "gray").save(file, "JPEG")
    parts = []
    for kind, piece in PIECES.items():
        for k in range(N):
            filler = f'<div style="break-before: page; height: {200 + 2 * k}mm"></div>'
            parts.append(filler + piece.replace("{k}", f"{kind}{k}x"))
    html = f'<html lang="en"><title>t</title><style>{css}</style><body><h1>t</h1>{"".join(parts)}</body></html>'
    made = pdf(html, {"one.jpg": file.getvalue()}, created_at="2026-11-23T08:00:00+00:00")
    told = subprocess.run(["pdftotext", "-", "-"], input=made.content, capture_output=True, check=True).stdout.decode()
    pages = told.split("\f")
    assert len(pages) > N
    found = {}
    for number, text in enumerate(pages):
        for word in re.findall(r"(?:first|second)\w+?\d+x", text):
            found.setdefault(word, number)  # the head of a table that is split comes again on the next page
    return found


@pytest.mark.parametrize("kind", PIECES)
def test_beginning_and_end_stand_on_one_page(page_of, kind):
    """A picture stands between its panel's heading and its last caption."""
    split = [k for k in range(N) if page_of[f"first{kind}{k}x"] != page_of[f"second{kind}{k}x"]]
    assert split == []
