"""`deliver()`: the files of a run written to its bundle in the archive (stage 7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reportgen.deliver.archive.bundle import write_bundle
from reportgen.render.rendered import RenderedReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """What was delivered where."""

    bundle_dir: Path
    files: tuple[str, ...]


def deliver(
    rendered: RenderedReport, stored: Mapping[str, bytes], *, bundle_dir: Path, replace: bool = False
) -> Receipts:
    """Writes the bundle: documents, tables, findings.json, stored run. Raises DeliveryError; then nothing is left."""
    files = {**stored, **rendered.files}
    write_bundle(bundle_dir, files, replace=replace)
    return Receipts(bundle_dir=bundle_dir, files=(*files, "manifest.json"))
