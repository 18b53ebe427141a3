"""HTML to PDF, in a process of its own with limits on time and memory.

WeasyPrint writes a "successful" PDF without its pictures and with boxes for letters that no font has; it only logs it.
Here every such log record stops the render.
"""

import logging
import multiprocessing
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from reportgen.errors import RenderingError, in_one_line

_TYPES = {"jpg": "image/jpeg", "svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfLimits:
    """What a render may take; documents can be made that never end."""

    time_s: float = 600.0
    memory_bytes: int = 6 * 2**30


def pdf(html: str, assets: Mapping[str, bytes], limits: PdfLimits | None = None) -> bytes:
    """A tagged PDF with bookmarks and embedded fonts.

    Pictures come from `assets` only, by `asset:NAME`; nothing else is fetched from anywhere.

    Raises RenderingError when a picture is missing or broken, a letter has no font, WeasyPrint cannot be loaded, or a
    limit is passed.
    """
    limits = limits or PdfLimits()
    context = multiprocessing.get_context("spawn")  # fork would copy a process that may hold threads and a GPU
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=_work, args=(sender, html, dict(assets), limits.memory_bytes), daemon=True)
    worker.start()
    sender.close()
    try:
        if not receiver.poll(limits.time_s):
            raise _failed(f"not done after {limits.time_s:.0f} s", "fewer panels, or a higher time limit")
        content, problems = receiver.recv()
    except EOFError as error:
        worker.join(10)
        raise _failed(f"the renderer died (exit code {worker.exitcode}, -9: out of memory)", "fewer panels") from error
    finally:
        worker.kill()
        worker.join()
    if problems:
        raise _failed("; ".join(problems[:5]), "see `reportgen doctor` for libraries and fonts")
    return bytes(content)


def _failed(found: str, todo: str) -> RenderingError:
    return RenderingError("PDF", found=found, expected="a whole document, every picture and letter in it", todo=todo)


class _Record(logging.Handler):
    """Keeps what WeasyPrint says at WARNING or above."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _work(sender: Connection, html: str, assets: dict[str, bytes], memory_bytes: int) -> None:
    """The child process: sends (PDF, problems)."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    record = _Record()
    logging.getLogger("weasyprint").addHandler(record)
    try:
        content = _written(html, assets)
    except MemoryError:
        sender.send((b"", [f"over the memory limit of {memory_bytes / 2**30:.1f} GiB"]))
    except Exception as error:  # noqa: BLE001  # whatever went wrong crosses the pipe as words
        sender.send((b"", [*record.lines, in_one_line(error)]))
    else:
        sender.send((content, record.lines))


def _written(html: str, assets: dict[str, bytes]) -> bytes:
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class AssetFetcher(URLFetcher):  # type: ignore[misc]  # weasyprint carries no types
        """Serves the assets and nothing else."""

        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002  # weasyprint passes it
            name = url.removeprefix("asset:")
            if name == url or name not in assets:
                raise FatalURLFetchingError(f"{url[:80]}: only the report's own pictures can be shown")
            return URLFetcherResponse(url, assets[name], {"Content-Type": _TYPES[name.rpartition(".")[2]]})

    document = HTML(string=html, url_fetcher=AssetFetcher(fail_on_errors=True))
    content: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    return content
