"""`render()`: HTML, PDF, findings.json, tables and the files for CI of a report (stage 6)."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from reportgen.compose.report import Report, report_in_language
from reportgen.render.data.ci_files import ci_files
from reportgen.render.data.findings_json import findings_json
from reportgen.render.data.tables import csv_files
from reportgen.render.file_names import document_name
from reportgen.render.html.page import html
from reportgen.render.pdf.document import PdfLimits, pdf


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
    """report.html and report.pdf (as asked for) in each language, findings.json, the tables and the files for CI.

    The PDF carries the tables and findings.json too; the copy inside it has no `timing`, which is never the same twice.

    Raises RenderingError; then nothing is left anywhere.
    """
    started = time.perf_counter()
    tables = csv_files(report.findings)
    files = dict(tables)
    audit: list[str] = []
    data = {**tables, "findings.json": _json({**findings_json(report), "timing": {}})}
    for code in report.stamp.languages:
        told = report if code == report.notes.language else report_in_language(report, code)
        if "html" in formats:
            files[document_name(code, "html", first=report.stamp.language)] = html(told, "screen").encode()
        if "pdf" in formats:
            page = html(told, "print")
            document = pdf(page, told.print_assets, limits, attachments=data, created_at=report.stamp.created_at)
            files[document_name(code, "pdf", first=report.stamp.language)] = document.content
            audit += document.problems
    timing = {**report.stamp.timing, "render": time.perf_counter() - started}
    contract = findings_json(replace(report, stamp=replace(report.stamp, timing=timing)))
    files |= {"findings.json": _json(contract), **ci_files(contract, report.notes, report.appearance)}
    return RenderedReport(files=MappingProxyType(files), findings=MappingProxyType(contract), audit=tuple(audit))


def _json(contract: Mapping[str, object]) -> bytes:
    # allow_nan=False: a NaN in the contract is a fault of ours, not a value for the next program to trip over.
    return (json.dumps(contract, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
