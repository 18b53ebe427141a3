"""From a stored run to its report in the archive: the same for a new run and for `reportgen render`."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote

from reportgen.analyse.findings import Findings, analyse
from reportgen.compose.report import compose, refuse_unknown_sections, with_appearance
from reportgen.deliver.archive.bundle import remove_bundle, write_bundle
from reportgen.deliver.archive.contents import refresh
from reportgen.deliver.archive.model_folders import archive_of
from reportgen.deliver.mail.folder import mail_files
from reportgen.deliver.receipts import Receipts, deliver
from reportgen.errors import InputError, RenderingError
from reportgen.evaluate.predictions import Predictions
from reportgen.inputs.notes import own_notes_text, read_notes
from reportgen.inputs.plain_files import held_folder, names_in
from reportgen.inputs.stored_fields import refuse_other_run
from reportgen.options import RenderOptions
from reportgen.pipeline.printable import refuse_unprintable_words
from reportgen.pipeline.read_appearance import read_appearance
from reportgen.pipeline.stored_names import own_sections, sections_of
from reportgen.plain_text import named
from reportgen.render.html.theme import refuse_unreadable
from reportgen.render.rendered import RenderedReport, render
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance, ThemeOptions
from reportgen.runs.bundle_files import AUDIT_FAILED, UNRENDERED, damaged, error_reason
from reportgen.runs.stored_run import StoredRun, read_stored_run, stored_run

log = logging.getLogger(__name__)


@contextmanager
def timed(stage: str, timing: dict[str, float]) -> Iterator[None]:
    """Notes the seconds of a stage in `timing`."""
    started = time.perf_counter()
    yield
    timing[stage] = time.perf_counter() - started
    log.info("%s: done in %.1f s", stage, timing[stage])


def make_report(
    run: StoredRun,
    findings: Findings,
    *,
    formats: tuple[str, ...],
    bundle_dir: Path,
    replaces: bool = False,
) -> Receipts:
    """Composes, renders and archives the report of `run` as `bundle_dir`.

    Raises RenderingError when no document can be made (what is stored is then kept in `<run_id>.unrendered`) or the
    audit of the PDF finds a fault (the whole bundle is then kept as `<run_id>.audit-failed`); DeliveryError.
    """
    stored = stored_run(run)
    timing = dict(run.stamp.timing)
    try:
        with timed("compose", timing):
            notes = read_notes(run.predictions.facts.own_notes)
            report = compose(
                findings,
                run.attributions,
                notes=notes,
                stamp=run.stamp,
                section_names=run.sections,
                thumbnails=run.thumbnails,
            )
        report = with_appearance(report, run.appearance)
        rendered = render(replace(report, stamp=replace(run.stamp, timing=timing)), formats=formats)
    except RenderingError as error:
        if not replaces:
            kept = write_bundle(bundle_dir.with_name(bundle_dir.name + UNRENDERED), stored, replace=True)
            error.todo += f"; the results are kept: {_again(kept, run)}"
        raise
    if rendered.audit:
        kept = write_bundle(
            bundle_dir.with_name(bundle_dir.name + AUDIT_FAILED), {**stored, **rendered.files}, replace=True
        )
        raise _failed_audit(
            rendered, kept, again=_again(bundle_dir if bundle_dir.exists() else kept, run), appearance=run.appearance
        )
    return deliver(rendered, stored, bundle_dir=bundle_dir, replace=replaces)


def _again(kept: Path, run: StoredRun) -> str:
    """The command that tries again; with the folder of the user's templates, as the stored ones have the fault."""
    again = f"reportgen render {kept}" + (
        f" --templates {quote(run.appearance.folder)}" if run.appearance.templates else ""
    )
    return again + (f" --sections {quote(','.join(run.sections))}" if own_sections(run) else "")


def _failed_audit(rendered: RenderedReport, kept: Path, *, again: str, appearance: Appearance) -> RenderingError:
    own = (
        "a font, template or style sheet of yours, or what `reportgen doctor` finds"
        if appearance != DEFAULT_APPEARANCE
        else ""
    )
    return RenderingError(
        f"PDF of {kept}",
        found="; ".join(rendered.audit[:5]),
        expected="a whole document: every image and letter in it, nothing cut off",
        todo=f"look at its report.pdf, mend the cause ({own or '`reportgen doctor`'}), then: {again}",
    )


def render_again(run_dir: Path, options: RenderOptions) -> tuple[Findings, Receipts]:
    """Renders a stored run anew, from `analyse` on: no model, no images, no device. The bundle is exchanged at the end.

    What `options` gives takes the place of the run's languages, sections, templates, theme and own notes. A run kept as
    `<run_id>.unrendered` or `<run_id>.audit-failed` becomes the bundle `<run_id>`. Raises ConfigError; InputError where
    the folder is not called by the run's id, or that bundle is there already: no run takes the place of another.
    """
    stored, kept = read_stored_run(run_dir), run_dir.resolve()
    bundle_dir = _place_of(kept, stored.stamp.run_id)
    run, was_whole = _changed(stored, options), bundle_dir == kept
    findings = analyse(run.predictions, run.rule, run.run_context)
    before = _documents(bundle_dir)
    receipts = make_report(run, findings, formats=options.formats, bundle_dir=bundle_dir, replaces=True)
    gone = sorted(before - set(receipts.files))
    if gone:
        log.warning("not asked for, and no longer in %s: %s", bundle_dir, ", ".join(gone))
    if not was_whole:
        remove_bundle(kept)
    refresh(archive_of(bundle_dir, run.predictions.facts.model.name))
    return findings, receipts


def _place_of(kept: Path, run_id: str) -> Path:
    """Where the report of the run in the folder `kept` goes."""
    was_whole = kept.suffix not in (UNRENDERED, AUDIT_FAILED)
    refuse_other_run(kept, run_id, name=kept.name if was_whole else kept.stem)
    bundle_dir = kept.with_name(run_id)
    if not was_whole and os.path.lexists(bundle_dir):
        raise InputError(
            f"run directory {kept}",
            found=f"{bundle_dir} is there already",
            expected="results of which there is no report yet",
            todo=f"render that bundle, or remove {kept.name}, which `reportgen prune` does after 14 days",
        )
    return bundle_dir


def _documents(bundle_dir: Path) -> set[str]:
    """The reports that it has. Raises InputError where something in its place is no bundle, before it is rendered."""
    try:
        with held_folder(bundle_dir.parent, bundle_dir.name) as at:
            mail_files(bundle_dir)
            return {name for name in names_in(at) if name.startswith("report.")}
    except FileNotFoundError:  # it was not rendered yet
        return set()
    except OSError as error:
        raise damaged(bundle_dir, error_reason(error)) from error


def _changed(run: StoredRun, options: RenderOptions) -> StoredRun:
    languages, sections = options.lang or run.stamp.languages, sections_of(run, options.sections)
    refuse_unknown_sections(sections)
    given = read_appearance(options.templates, options.theme or ThemeOptions())
    own = Appearance(
        templates=given.templates if options.templates else run.appearance.templates,
        folder=given.folder if options.templates else run.appearance.folder,
        theme=given.theme if options.theme else run.appearance.theme,
        stored=not options.templates and run.appearance.stored,
    )
    refuse_unreadable(own)
    _say_stored(own)
    predictions = _with_notes(run.predictions, options.notes) if options.notes else run.predictions
    if "pdf" in options.formats:
        refuse_unprintable_words(predictions.facts, languages, appearance=own, rules=run.run_context.rules)
    stamp = replace(run.stamp, languages=languages)
    return replace(run, predictions=predictions, stamp=stamp, sections=sections, appearance=own)


def _say_stored(own: Appearance) -> None:
    if not own.stored or not own.templates:
        return
    log.info(
        "templates of the stored run are used (%d, of %s); --templates gives others", len(own.templates), own.folder
    )
    scripts = sorted(own.templates.keys() - own.pages.keys())
    if scripts:
        again = f"--templates {quote(own.folder)}"
        log.warning("scripts of the stored run are not used (%s): name them again, by %s", named(scripts), again)


def _with_notes(predictions: Predictions, path: Path) -> Predictions:
    """With the user's notes among its facts, where the next rendering and the mail find them."""
    text = own_notes_text(path)
    read_notes(text)  # malformed ones stop it now
    return replace(predictions, facts=replace(predictions.facts, own_notes=text))
