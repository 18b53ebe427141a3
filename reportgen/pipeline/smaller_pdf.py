"""Smaller and smaller versions of the PDF of a stored run, for a mail that must fit."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reportgen.analyse.findings import analyse
from reportgen.compose.report import Report, compose, with_appearance
from reportgen.compose.size_reduction import SIZE_REDUCTIONS, SizeReduction, recompressed
from reportgen.deliver.mail.message import PdfVersion
from reportgen.inputs.notes import read_notes
from reportgen.pipeline.stored_names import own_sections
from reportgen.plain_text import named
from reportgen.render.rendered import render
from reportgen.render.words import omitted_text
from reportgen.runs.stored_run import StoredRun, read_stored_run

log = logging.getLogger(__name__)


def smaller_versions(run_dir: Path, code: str, sections: tuple[str, ...], *, whole: bool) -> Iterator[PdfVersion]:
    """One for each of SIZE_REDUCTIONS, before them the whole one if it is asked for. Raises InputError.

    sections: those that may run although they are none of ours.
    """
    run = read_stored_run(run_dir)
    unnamed = [own for own in own_sections(run) if own not in sections]
    for reduction in SIZE_REDUCTIONS if not whole else (None, *SIZE_REDUCTIONS):
        if unnamed and not (reduction and reduction.sections):
            log.warning("not made smaller with %s: sections that the stored run alone names do not run", named(unnamed))
            continue
        rendered = render(_smaller(run, reduction, code), formats=("pdf",))
        if rendered.audit:
            log.warning("not mailed in this form: %s", "; ".join(rendered.audit[:3]))
            continue
        omitted = omitted_text(reduction, code=code) if reduction else ""
        yield PdfVersion(content=rendered.files["report.pdf"], omitted=omitted)


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
