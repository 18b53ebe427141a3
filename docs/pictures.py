"""The pictures of the README, from the embedded default's report: `make pictures`."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PLACE = Path(__file__).parent / "pictures"
ARCHIVE = Path("build/pictures")
DPI, WIDE, TALL = 75, 1180, 860
DAY = "1795510800"  # 24 November 2026, 09:00 UTC: the same pictures from the same code


def main() -> None:
    """Makes the demo report in both languages and takes four pictures of it."""
    program = [sys.executable, "-m", "reportgen", "demo", "--out", str(ARCHIVE), "--lang", "en,ja"]
    shutil.rmtree(ARCHIVE, ignore_errors=True)  # an earlier run would be compared with
    subprocess.run(program, check=True, env=os.environ | {"SOURCE_DATE_EPOCH": DAY})
    bundle = (ARCHIVE / "demo" / "latest").resolve()
    PLACE.mkdir(exist_ok=True)
    save("page-one.png", page(bundle / "report.pdf", 1))
    save("page-one.ja.png", page(bundle / "report.ja.pdf", 1))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, file, part, scheme in (
            ("groups.png", "report.html", ".group .sub", "light"),
            ("matrix.ja.png", "report.ja.html", "#matrix", "dark"),
        ):
            context = browser.new_context(viewport={"width": WIDE, "height": TALL}, color_scheme=scheme, offline=True)
            shown = context.new_page()
            shown.goto((bundle / file).as_uri())
            shown.locator(part).first.evaluate("part => { part.style.scrollMarginTop = '55px'; part.scrollIntoView() }")
            save(name, Image.open(io.BytesIO(shown.screenshot())))
            context.close()
        browser.close()


def page(pdf: Path, number: int) -> Image.Image:
    """One page of a PDF."""
    order = ["pdftoppm", "-r", str(DPI), "-f", str(number), "-l", str(number), "-png", str(pdf)]
    return Image.open(io.BytesIO(subprocess.run(order, check=True, capture_output=True).stdout))


def save(name: str, picture: Image.Image) -> None:
    """As a PNG in all its colours: with 256 of them the maps change theirs."""
    picture.convert("RGB").save(PLACE / name, optimize=True)


if __name__ == "__main__":
    main()
