"""`reportgen mail`, and the mail at the end of a run: smaller and smaller versions of the PDF until one fits."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from reportgen.analyse.findings import analyse
from reportgen.compose.report import Report, compose, with_appearance
from reportgen.compose.size_reduction import SIZE_REDUCTIONS, SizeReduction, recompressed
from reportgen.deliver.mail.sending import MailReceipt, MailSettings, PdfVersion, mail
from reportgen.inputs.notes import read_notes
from reportgen.inputs.stored_fields import refuse_other_run
from reportgen.language import N_, language
from reportgen.pipeline.stored_names import own_sections
from reportgen.plain_text import named
from reportgen.render.file_names import document_name
from reportgen.render.rendered import render
from reportgen.render.words import omitted_text
from reportgen.runs.bundle_files import bundle_read
from reportgen.runs.stored_run import StoredRun, read_stored_run

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
    run = read_stored_run(run_dir)
    refuse_other_run(run_dir.resolve(), run.stamp.run_id)
    versions = _versions(run_dir, run, settings.lang or run.stamp.language, sections)
    return mail(run_dir.resolve(), settings, versions=versions, now=now, resend=resend, dry_run=dry_run)


def _versions(run_dir: Path, run: StoredRun, code: str, sections: tuple[str, ...]) -> Iterator[PdfVersion]:
    """The whole PDF, then one for each of SIZE_REDUCTIONS, last none; made only when the one before was too big."""
    name = document_name(code, "pdf", first=run.stamp.language)
    with bundle_read(run_dir, (), optional=(name,)) as files:
        archived = files.get(name)
    if archived is not None:
        yield PdfVersion(content=archived, omitted="")
    unnamed = [own for own in own_sections(run) if own not in sections]
    for reduction in SIZE_REDUCTIONS if archived is not None else (None, *SIZE_REDUCTIONS):
        if unnamed and not (reduction and reduction.sections):
            log.warning("not made smaller with %s: sections that the stored run alone names do not run", named(unnamed))
            continue
        rendered = render(_smaller(run, reduction, code), formats=("pdf",))
        if rendered.audit:
            log.warning("not mailed in this form: %s", "; ".join(rendered.audit[:3]))
            continue
        omitted = omitted_text(reduction, code=code) if reduction else ""
        yield PdfVersion(content=rendered.files["report.pdf"], omitted=omitted)
    yield PdfVersion(content=None, omitted=language(code).gettext(_NO_PDF))


def _smaller(run: StoredRun, reduction: SizeReduction | None, code: str) -> Report:
    """The report in one language without what `reduction` leaves out, from the stored maps; the whole one for None."""
    findings = analyse(run.predictions, (reduction and reduction.rule) or run.rule, run.run_context)
    chosen = {example.idx: example for example in findings.examples}
    examples = tuple(
        replace(one, example=chosen[one.example.idx]) for one in run.attributions.examples if one.example.idx in chosen
    )
    report = compose(
        findings,
        replace(run.attributions, examples=examples),
        notes=read_notes(run.predictions.facts.own_notes),
        stamp=replace(run.stamp, languages=(code,)),
        section_names=(reduction and reduction.sections) or run.sections,
    )
    report = with_appearance(report, run.appearance)
    if reduction is None:
        return report
    return replace(report, assets=recompressed(report.assets, reduction.jpeg_quality), reduction=reduction)
