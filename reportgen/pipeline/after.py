"""What follows the bundle: the archive's index, mail, retention. What fails here is told, and loses nothing."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from reportgen.config import Config
from reportgen.deliver.archive.contents import refresh
from reportgen.deliver.archive.retention import remove, retention
from reportgen.deliver.mail.sending import MailReceipt
from reportgen.errors import DeliveryError, ReportgenError
from reportgen.pipeline.mail import mail_report
from reportgen.pipeline.options import mail_settings

log = logging.getLogger(__name__)


def index_mail_and_prune(
    config: Config, bundle_dir: Path, *, model_dirs: tuple[Path, ...], now: datetime
) -> tuple[MailReceipt | None, tuple[DeliveryError, ...]]:
    """Prunes in the folders of this model alone: other models have limits and evaluations of their own.

    The receipt, None where no mail was asked for or it failed; and the deliveries that failed.
    """
    failed: list[DeliveryError] = []
    receipt = None
    with _told(failed, f"make the index later: reportgen index {config.out}"):
        refresh(config.out)
    if config.mail is not None:
        with _told(failed, f"the report is archived; send it later: reportgen mail {bundle_dir}"):
            receipt = mail_report(bundle_dir, mail_settings(config.mail, os.environ), now=now, sections=config.sections)
    if config.archive.keep is not None or config.archive.keep_days is not None:
        with _told(failed, f"prune later: reportgen prune {config.out}"):
            keep, keep_days = config.archive.keep, config.archive.keep_days
            removals = retention(config.out, keep=keep, keep_days=keep_days, now=now, of=model_dirs)
            log.info("pruned %d of %s", len(remove(removals)), config.out)
    return receipt, tuple(failed)


@contextmanager
def _told(failed: list[DeliveryError], todo: str) -> Iterator[None]:
    """Puts what goes wrong into `failed`, whatever its kind, as a failed delivery: the report itself stands."""
    try:
        yield
    except ReportgenError as error:
        failed.append(
            DeliveryError(error.thing, found=error.found, expected=error.expected, todo=f"{error.todo}; {todo}")
        )
