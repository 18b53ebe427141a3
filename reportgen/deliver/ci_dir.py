"""The files that the next step of a CI job reads, in a folder of their own: tonight's, never last night's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reportgen.deliver.foreign_links import warn_of_links
from reportgen.deliver.writing import write_files
from reportgen.errors import DeliveryError, ReportgenError
from reportgen.inputs.bundle_files import bundle_read
from reportgen.render.ci_files import NAMES, error_files, stopped_files
from reportgen.stopping import Stopped


@contextmanager
def told_to_ci(ci_dir: Path | None) -> Iterator[list[Path]]:
    """Replaces what an earlier run left in `ci_dir`; at the end verdict.json, junit.xml and summary.md are tonight's.

    They are copied from the bundle that was put into the list; of a run that raises ReportgenError or Stopped they hold
    that. Until then, and for good where the run is killed, they say that it has not ended. Without a folder nothing is
    done. Raises DeliveryError.
    """
    made: list[Path] = []
    if ci_dir is None:
        yield made
        return
    warn_of_links("--ci-dir", ci_dir)
    try:
        _replace(ci_dir, stopped_files(None))
        try:
            yield made
        except ReportgenError as error:
            write_files(ci_dir, error_files(error))
            raise
    except Stopped as stopped:
        write_files(ci_dir, stopped_files(stopped))
        raise
    with bundle_read(made[0], NAMES) as files:
        write_files(ci_dir, files)


def _replace(ci_dir: Path, files: Mapping[str, bytes]) -> None:
    try:
        write_files(ci_dir, files)
    except DeliveryError as error:
        error.expected = "a folder whose verdict.json, junit.xml and summary.md can be replaced"
        error.todo = "correct --ci-dir, or remove last night's files"
        raise
