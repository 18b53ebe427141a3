"""The files that the next step of a CI job reads, in a folder of their own, of a run that has a report."""

from pathlib import Path

from reportgen.deliver.writing import write_files
from reportgen.render.data.no_report import CI_FILE_NAMES
from reportgen.runs.bundle_files import bundle_read


def tell_ci(ci_dir: Path, bundle_dir: Path) -> None:
    """Copies verdict.json, junit.xml and summary.md of the bundle. Raises DeliveryError, InputError."""
    with bundle_read(bundle_dir, CI_FILE_NAMES) as files:
        write_files(ci_dir, files)
