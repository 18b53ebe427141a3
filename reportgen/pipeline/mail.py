"""`reportgen mail`, and the mail at the end of a run: smaller and smaller versions of the PDF until one fits."""

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from reportgen.deliver.mail.sending import MailReceipt, MailSettings, PdfVersion, mail
from reportgen.inputs.stored_fields import refuse_other_run
from reportgen.language import N_, language
from reportgen.render.file_names import document_name
from reportgen.runs.bundle_files import bundle_read
from reportgen.runs.stamp import RunStamp, read_stamp

log = logging.getLogger(__name__)
_NO_PDF = N_("no PDF is attached")


def mail_report(
    run_dir: Path,
    settings: MailSettings,
    *,
    now: datetime,
    sections: tuple[str, ...] = (),
    resend: bool = False,
    dry_run: bool = False,
) -> MailReceipt:
    """Mails the report archived in `run_dir`. Raises InputError when it is no bundle, DeliveryError as `mail` does.

    sections: those that this call names. Code that the stored run alone names does not run: a PDF that is too big is
    then made smaller without any section but ours.
    """
    stamp = read_stamp(run_dir)
    refuse_other_run(run_dir.resolve(), stamp.run_id)
    versions = _versions(run_dir, stamp, settings.lang or stamp.language, sections)
    return mail(run_dir.resolve(), settings, versions=versions, now=now, resend=resend, dry_run=dry_run)


def _versions(run_dir: Path, stamp: RunStamp, code: str, sections: tuple[str, ...]) -> Iterator[PdfVersion]:
    """The whole PDF, then smaller ones, last none; each made only when the one before was too big."""
    name = document_name(code, "pdf", first=stamp.language)
    with bundle_read(run_dir, (), optional=(name,)) as files:
        archived = files.get(name)
    if archived is not None:
        yield PdfVersion(content=archived, omitted="")
    from reportgen.pipeline.smaller_pdf import smaller_versions  # most reports fit: nothing is composed

    yield from smaller_versions(run_dir, code, sections, whole=archived is None)
    yield PdfVersion(content=None, omitted=language(code).gettext(_NO_PDF))
