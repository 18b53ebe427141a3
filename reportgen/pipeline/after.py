"""What follows the bundle: the archive's index, mail, retention. What fails here is told, and loses nothing."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from reportgen.deliver.archive.contents import refresh
from reportgen.deliver.archive.retention import remove, retention
from reportgen.deliver.mail.sending import MailReceipt
from reportgen.errors import DeliveryError, ReportgenError
from reportgen.options import RunOptions
from reportgen.pipeline.mail import mail_report

log = logging.getLogger(__name__)


def index_mail_and_prune(
    options: RunOptions, bundle_dir: Path, *, model_dirs: tuple[Path, ...], now: datetime
) -> tuple[MailReceipt | None, tuple[DeliveryError, ...]]:
    """Prunes in the folders of this model alone: other models have limits and evaluations of their own.

    The receipt, None where no mail was asked for or it failed; and the deliveries that failed.
    """
    failed: list[DeliveryError] = []
    receipt = None
    with _collect_failures(failed, f"make the index later: reportgen index {options.archive.out}"):
        refresh(options.archive.out)
    if options.mail is not None:
        with _collect_failures(failed, f"the report is archived; send it later: reportgen mail {bundle_dir}"):
            receipt = mail_report(bundle_dir, options.mail, now=now, sections=options.report.sections)
    if options.retention.keep is not None or options.retention.keep_days is not None:
        with _collect_failures(failed, f"prune later: reportgen prune {options.archive.out}"):
            keep, keep_days = options.retention.keep, options.retention.keep_days
            removals = retention(options.archive.out, keep=keep, keep_days=keep_days, now=now, of=model_dirs)
            log.info("pruned %d of %s", len(remove(removals)), options.archive.out)
    return receipt, tuple(failed)


@contextmanager
def _collect_failures(failed: list[DeliveryError], todo: str) -> Iterator[None]:
    """Puts what goes wrong into `failed`, whatever its kind, as a failed delivery: the report itself stands."""
    try:
        yield
    except ReportgenError as error:
        failed.append(
            DeliveryError(error.thing, found=error.found, expected=error.expected, todo=f"{error.todo}; {todo}")
        )
