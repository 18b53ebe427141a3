"""What documents of many panels and images cost: `python -m benchmarks.document_size`.

Drawn results of 37 classes: CPU seconds of the process and its children for a PDF, bytes, and when Chromium first
paints the page. Prints rows of the Markdown table of docs/benchmarks.md. Nothing is asserted. What is heavy is imported
where it is used: the PDF's own process imports this module again.
"""

import io
import resource
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reportgen.compose.report import Report

PANELS = (60, 150, 300)
N_CLASSES, N_WRONG = 37, 1000


def main() -> None:
    print("| what | figure |\n|---|---|")
    for n_panels in PANELS:
        report = report_of(errors=400, n_panels=n_panels)
        cost, files = cpu_seconds_and_files(report, "pdf")
        print(f"| PDF of {len(report.attributions.examples)} panels | {cost:.1f} CPU-s, {mb(files['report.pdf'])} |")
    for errors, n_panels in ((60, 60), (N_WRONG, 60)):
        _, files = cpu_seconds_and_files(report_of(errors=errors, n_panels=n_panels), "html")
        page = files["report.html"]
        print(f"| HTML, {errors:,} misclassified images | {mb(page)}, first paint {first_paint_s(page):.2f} s |")


def report_of(*, errors: int, n_panels: int) -> "Report":
    """`errors` spread over pairs of neighbours, with a thumbnail of noise for each: JPEG compresses nothing worse."""
    import numpy as np

    from reportgen.analyse.examples import ExampleRule
    from reportgen.analyse.findings import analyse
    from reportgen.compose.report import compose
    from reportgen.inputs.notes import read_notes
    from reportgen.runs.stamp import RunStamp
    from tests.synthetic import FIRST_NIGHT, attributions_of, predictions_of

    counts = np.diag(np.full(N_CLASSES, 30))
    for k in range(errors):
        counts[k % N_CLASSES, (k + 1) % N_CLASSES] += 1
    findings = analyse(predictions_of(counts), ExampleRule(n_confident=n_panels), FIRST_NIGHT)
    findings = replace(findings, examples=findings.examples[:n_panels])
    stamp = RunStamp(run_id="r1", created_at="2026-01-01T00:00:00+00:00", languages=("en",), timing={})
    shown = {idx: noise(idx) for idx in findings.gallery.rows}
    return compose(findings, attributions_of(findings), notes=read_notes(), stamp=stamp, thumbnails=shown)


def noise(seed: int) -> bytes:
    import numpy as np
    from PIL import Image

    from reportgen.inputs.images.thumbnails import SIDE_PX

    drawn = np.random.default_rng(seed).integers(0, 256, (14, 14, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(drawn).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC).save(file, "JPEG", quality=80)
    return file.getvalue()


def cpu_seconds_and_files(report: "Report", form: str) -> tuple[float, dict[str, bytes]]:
    from reportgen.render.rendered import render

    started = cpu_seconds()
    files = dict(render(report, formats=(form,)).files)
    return cpu_seconds() - started, files


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def mb(content: bytes) -> str:
    return f"{len(content) / 1e6:.1f} MB"


def first_paint_s(page: bytes) -> float:
    """Seconds from the start of the navigation to the first text or picture, from a file in a fresh Chromium."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "report.html"
        path.write_bytes(page)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto(path.as_uri())
        tab.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        found = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        browser.close()
    return float(found) / 1000


if __name__ == "__main__":
    main()
