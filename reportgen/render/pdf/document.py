"""HTML to PDF, in a process of its own with limits on time and memory, where the PDF is also audited."""

import gc
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from reportgen.errors import RenderingError, in_one_line
from reportgen.processes import DiedError, LateError, SideProcess
from reportgen.render.pdf.audit import audit, overflows
from reportgen.render.pdf.standards import to_both_standards

_TYPES = {"jpg": "image/jpeg", "svg": "image/svg+xml", "png": "image/png"}
_RASTER_PICTURE = re.compile(r'src="(asset:[^"]+\.(?:jpg|png))"')


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfLimits:
    """What a render may take; documents can be made that never end."""

    time_s: float = 600.0
    memory_bytes: int = 6 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfDocument:
    """A PDF that was written, and what is wrong with it in words: no problem, a whole document."""

    content: bytes
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What the child process is given."""

    html: str
    assets: Mapping[str, bytes]
    attachments: Mapping[str, bytes]
    created_at: str


def pdf(
    html: str,
    assets: Mapping[str, bytes],
    limits: PdfLimits | None = None,
    *,
    attachments: Mapping[str, bytes] = MappingProxyType({}),
    created_at: str,
) -> PdfDocument:
    """A PDF that declares PDF/A-3a and PDF/UA-1, with bookmarks and `attachments` by name, of `created_at` (ISO 8601).

    Pictures come from `assets` only, by `asset:NAME`; nothing else is fetched from anywhere. The same arguments give
    the same bytes. What WeasyPrint warns of (a missing or broken picture, a letter that no font has) and what the audit
    finds are the document's problems, each once.

    Raises RenderingError when there is no document: WeasyPrint cannot be loaded or fails, or a limit is passed.
    """
    limits = limits or PdfLimits()
    job = _Job(html=html, assets=dict(assets), attachments=dict(attachments), created_at=created_at)
    made = _rendered(job, limits)
    if isinstance(made, str):
        raise _failed(made, "see `reportgen doctor` for libraries and fonts")
    return made


def _rendered(job: _Job, limits: PdfLimits) -> PdfDocument | str:
    side: SideProcess[_Job, PdfDocument | str] | None = None
    try:
        side = SideProcess(_work, method="spawn", memory_bytes=limits.memory_bytes)  # fork would copy threads and a GPU
        side.ask(job)
        return side.answer(limits.time_s)
    except LateError as error:
        raise _failed(
            f"not done after {limits.time_s:.0f} s", "look what else the machine does, or ask for fewer --sections"
        ) from error
    except DiedError as error:
        limit = f"{limits.memory_bytes / 2**30:.1f} GiB"
        todo = "free memory, or ask for fewer --sections" if error.signal in (0, 9) else "run `reportgen doctor`"
        raise _failed(f"the process that renders (memory limit {limit}): {error}", todo) from error
    finally:
        if side is not None:
            side.end()


def _failed(found: str, todo: str) -> RenderingError:
    return RenderingError("PDF", found=found, expected="a document", todo=todo)


class _Record(logging.Handler):
    """Keeps what WeasyPrint says at WARNING or above."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _work(job: _Job) -> PdfDocument | str:
    """In the process of its own: the document, or why there is none."""
    gc.disable()  # a quarter of the time, for 15 MB at 300 panels: a layout leaves hardly any cycles before its end
    record = _Record()
    logging.getLogger("weasyprint").addHandler(record)
    try:
        content, cut_off = _written(job)
        n_pictures = len(set(_RASTER_PICTURE.findall(job.html)))
        found = audit(content, n_pictures=n_pictures, attachments=job.attachments)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever went wrong is told in words
        return "; ".join([*record.lines[:5], in_one_line(error)])
    return PdfDocument(content=content, problems=tuple(dict.fromkeys((*record.lines, *cut_off, *found))))


def _written(job: _Job) -> tuple[bytes, tuple[str, ...]]:
    """The PDF, and what of its pages is cut off."""
    from weasyprint import HTML, Attachment
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class AssetFetcher(URLFetcher):  # type: ignore[misc]  # weasyprint carries no types
        """Serves the assets and nothing else; WeasyPrint logs what it could not have."""

        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002  # weasyprint passes it
            name = url.removeprefix("asset:")
            if name == url or name not in job.assets:
                raise ValueError("only the report's own images can be shown")
            return URLFetcherResponse(url, job.assets[name], {"Content-Type": _TYPES[name.rpartition(".")[2]]})

    created = datetime.fromisoformat(job.created_at).astimezone(UTC)  # WeasyPrint writes every date as UTC
    described = {"description": "Data of this report", "created": created, "modified": created}
    attachments = [
        Attachment(string=content, name=name, relationship="Data", **described)
        for name, content in sorted(job.attachments.items())  # a name tree is sorted
    ]
    options = {"pdf_variant": "pdf/a-3a", "attachments": attachments}
    document = HTML(string=job.html, url_fetcher=AssetFetcher()).render(**options)
    return document.write_pdf(finisher=to_both_standards, **options), overflows(document)
