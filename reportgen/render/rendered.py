"""The front door of stage 6: the documents and tables of a run, as bytes."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from reportgen.compose.report import Report
from reportgen.render.findings_json import findings_json
from reportgen.render.html import html
from reportgen.render.pdf import PdfLimits, pdf
from reportgen.render.tables import csv_files


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedReport:
    """The files of a bundle that this stage makes, by name, and the contract as plain values."""

    files: Mapping[str, bytes]
    findings: Mapping[str, object]


def render(
    report: Report, *, formats: tuple[str, ...] = ("html", "pdf"), limits: PdfLimits | None = None
) -> RenderedReport:
    """report.html and report.pdf (as asked for), findings.json and the CSV tables.

    Raises RenderingError; then nothing is left anywhere.
    """
    started = time.perf_counter()
    files: dict[str, bytes] = dict(csv_files(report.findings))
    if "html" in formats:
        files["report.html"] = html(report, "screen").encode()
    if "pdf" in formats:
        files["report.pdf"] = pdf(html(report, "print"), report.assets, limits)
    timing = {**report.stamp.timing, "render": time.perf_counter() - started}
    contract = findings_json(replace(report, stamp=replace(report.stamp, timing=timing)))
    # allow_nan=False: a NaN in the contract is a fault of ours, not a value for the next program to trip over.
    files["findings.json"] = (json.dumps(contract, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
    return RenderedReport(files=MappingProxyType(files), findings=MappingProxyType(contract))
