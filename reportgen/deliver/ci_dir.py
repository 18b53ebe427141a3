"""The files that the next step of a CI job reads, in a folder of their own: tonight's or none, never last night's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reportgen.deliver.bundle import write_files
from reportgen.errors import DeliveryError, ReportgenError, in_one_line
from reportgen.render.ci_files import NAMES, error_files


@contextmanager
def told_to_ci(ci_dir: Path | None) -> Iterator[list[Path]]:
    """Removes what an earlier run left in `ci_dir`; at the end writes verdict.json, junit.xml and summary.md there.

    They are copied from the bundle that was put into the list; of a run that raises ReportgenError they hold the error.
    A killed run leaves none. Without a folder nothing is done.
    """
    made: list[Path] = []
    if ci_dir is None:
        yield made
        return
    _remove(ci_dir)
    try:
        yield made
    except ReportgenError as error:
        write_files(ci_dir, error_files(error))
        raise
    write_files(ci_dir, {name: (made[0] / name).read_bytes() for name in NAMES})


def _remove(ci_dir: Path) -> None:
    try:
        for name in NAMES:
            (ci_dir / name).unlink(missing_ok=True)
    except OSError as error:
        raise DeliveryError(
            f"folder {ci_dir}",
            found=in_one_line(error),
            expected="a folder whose verdict.json, junit.xml and summary.md can be replaced",
            todo="correct --ci-dir, or remove last night's files",
        ) from error
