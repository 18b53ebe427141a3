"""The front door of stage 6: the documents and tables of a run, as bytes."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from reportgen.compose.report import Report
from reportgen.render.ci_files import ci_files
from reportgen.render.findings_json import findings_json
from reportgen.render.html import html
from reportgen.render.pdf import PdfLimits, pdf
from reportgen.render.tables import csv_files


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedReport:
    """The files of a bundle that this stage makes, by name, and the contract as plain values.

    `audit` says in words what is wrong with report.pdf; empty when it is whole or was not asked for.
    """

    files: Mapping[str, bytes]
    findings: Mapping[str, object]
    audit: tuple[str, ...]


def render(
    report: Report, *, formats: tuple[str, ...] = ("html", "pdf"), limits: PdfLimits | None = None
) -> RenderedReport:
    """report.html and report.pdf (as asked for), findings.json, the CSV tables and the files for CI.

    The PDF carries the tables and findings.json too; the copy inside it is the same but for `timing.render`, the
    seconds that all this took, of which making the PDF is a part.

    Raises RenderingError; then nothing is left anywhere.
    """
    started = time.perf_counter()
    tables = csv_files(report.findings)
    files = dict(tables)
    audit: tuple[str, ...] = ()
    if "html" in formats:
        files["report.html"] = html(report, "screen").encode()
    if "pdf" in formats:
        data = {**tables, "findings.json": _json(findings_json(report))}
        page = html(report, "print")
        document = pdf(page, report.assets, limits, attachments=data, created_at=report.stamp.created_at)
        files["report.pdf"], audit = document.content, document.problems
    timing = {**report.stamp.timing, "render": time.perf_counter() - started}
    contract = findings_json(replace(report, stamp=replace(report.stamp, timing=timing)))
    files |= {"findings.json": _json(contract), **ci_files(contract)}
    return RenderedReport(files=MappingProxyType(files), findings=MappingProxyType(contract), audit=audit)


def _json(contract: Mapping[str, object]) -> bytes:
    # allow_nan=False: a NaN in the contract is a fault of ours, not a value for the next program to trip over.
    return (json.dumps(contract, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
