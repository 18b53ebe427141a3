"""`reportgen run`: the seven stages in their order."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.files import FileFindings
from reportgen.analyse.findings import Findings, RunContext, analyse
from reportgen.analyse.gate import refuse_unknown_classes
from reportgen.compose.report import refuse_unknown_sections
from reportgen.deliver.archive.bundle import held, remove_bundle, write_bundle
from reportgen.deliver.archive.foreign_links import warn_of_links
from reportgen.deliver.archive.model_folders import model_folders
from reportgen.deliver.mail.sending import MailReceipt
from reportgen.deliver.receipts import Receipts
from reportgen.errors import ConfigError, DeliveryError, EvaluationError, InputError, RenderingError
from reportgen.evaluate.compute import Compute
from reportgen.evaluate.device import compute
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.predictions import Predictions
from reportgen.evaluate.resume import resumed
from reportgen.evaluate.trial import trial_run
from reportgen.explain.attributions import explain, refuse_unexplainable
from reportgen.explain.rehearsal import rehearse
from reportgen.inputs.checkpoints.fitting import in_groups
from reportgen.inputs.images.thumbnails import thumbnails
from reportgen.inputs.run_inputs import RunInputs, read_inputs
from reportgen.options import RunOptions
from reportgen.pipeline.after import index_mail_and_prune
from reportgen.pipeline.foreign import translate_foreign_errors
from reportgen.pipeline.printable import refuse_unprintable_words
from reportgen.pipeline.read_appearance import read_appearance
from reportgen.pipeline.render import make_report, timed
from reportgen.plain_text import named, shown
from reportgen.runs.appearance import Appearance
from reportgen.runs.bundle_files import AUDIT_FAILED, EVALUATED, UNRENDERED
from reportgen.runs.history import read_history
from reportgen.runs.stamp import RunStamp
from reportgen.runs.stored_evaluation import kept_evaluations, read_evaluation, stored_evaluation
from reportgen.runs.stored_run import StoredRun, as_stored
from reportgen.stopping import Stopped, deferred_signals

log = logging.getLogger(__name__)
_MEND = "mend that code, or name another; the line above is its own"
_RESUME = "the evaluation is kept: `reportgen run` with --resume takes it over"
_LEAVE_OUT = "the evaluation is kept: mend that code or leave the method out of --methods, and run again with --resume"
_ENDINGS = ("", UNRENDERED, AUDIT_FAILED)
StageProgress = Callable[[str, int, int], None]  # (stage, done, in all)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What a run left. `failed`: deliveries that failed although the bundle stands."""

    findings: Findings
    receipts: Receipts
    mail: MailReceipt | None
    failed: tuple[DeliveryError, ...]

    @property
    def exit_code(self) -> int:
        """0: the gate passed; 1: it did not; 6: it passed and a delivery failed.

        The gate comes first: a CI job that tolerates a mail server that is down must not tolerate a failed gate.
        """
        if not self.findings.gate.passed:
            return 1
        return DeliveryError.exit_code if self.failed else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _SetUp:
    """What is known before device time is spent. The run goes into the first of `model_dirs`; others are older."""

    inputs: RunInputs
    on: Compute
    model_dirs: tuple[Path, ...]
    stamp: RunStamp
    appearance: Appearance


def run(options: RunOptions, *, now: datetime, watch: StageProgress) -> RunOutcome:
    """One run, from the files named in `options` to bundle, index, mail and retention, in this order.

    `now` (UTC) goes into the run id and onto the page. Raises ReportgenError; its exit_code is the program's. A run
    that dies after the evaluation leaves it for --resume; when only the rendering fails, all results are kept in
    `<run_id>.unrendered`, for `reportgen render`.
    """
    timing: dict[str, float] = {}
    with timed("inputs", timing), translate_foreign_errors("inputs", InputError, todo=_MEND):
        setup = _set_up(options, now, timing)
        history = replace(
            read_history(setup.model_dirs, options.history.baseline), across_precision=options.history.across_precision
        )
    with timed("evaluate", timing), translate_foreign_errors("evaluation", EvaluationError, todo=_MEND):
        predictions, kept_dir = _evaluated(options, setup, watch)
    with _kept_until_a_bundle_holds_it(kept_dir):
        with timed("analyse", timing):
            findings = analyse(
                predictions, ExampleRule(), RunContext(today=now.date(), history=history, rules=options.gate)
            )
        _say(findings)
        with timed("explain", timing), translate_foreign_errors("explanation", EvaluationError, todo=_LEAVE_OUT):
            attributions = explain(
                setup.inputs,
                findings,
                on=setup.on,
                options=options.explain,
                watch=lambda done, total: watch("explain", done, total),
            )
        with timed("thumbnails", timing):
            pictures = _thumbnails(setup.inputs, findings)
        whole = StoredRun(
            predictions=predictions,
            attributions=as_stored(attributions),
            thumbnails=pictures,
            rule=findings.rule,
            run_context=findings.run_context,
            stamp=setup.stamp,
            sections=options.report.sections,
            appearance=setup.appearance,
        )
        bundle_dir = setup.model_dirs[0] / setup.stamp.run_id
        receipts = make_report(whole, findings, formats=options.report.formats, bundle_dir=bundle_dir)
    with _left_behind(f"the report is archived as {bundle_dir}, and may not be mailed or in the index"):
        mail, failed = index_mail_and_prune(options, bundle_dir, model_dirs=setup.model_dirs, now=now)
    return RunOutcome(findings=findings, receipts=receipts, mail=mail, failed=failed)


def _thumbnails(inputs: RunInputs, findings: Findings) -> Mapping[int, bytes]:
    """Of the errors that the report shows, by row."""
    ids, sha256 = findings.predictions.sample_ids, findings.predictions.sha256
    return thumbnails(inputs, {idx: (ids[idx], sha256[idx]) for idx in findings.gallery.rows})


@contextmanager
def _kept_until_a_bundle_holds_it(kept_dir: Path) -> Iterator[None]:
    """Removes the kept evaluation when the run has its bundle, or what could not be rendered is kept with all results.

    After any other error, and after a kill, it stays for --resume.
    """
    try:
        with held(kept_dir), _left_behind(_RESUME):
            yield
    except RenderingError:
        remove_bundle(kept_dir)
        raise
    except DeliveryError as error:
        error.todo += f"; {_RESUME}"
        raise
    remove_bundle(kept_dir)


@contextmanager
def _left_behind(words: str) -> Iterator[None]:
    """Lets a signal that ends the run say what the run leaves."""
    try:
        yield
    except Stopped as stopped:
        stopped.add_note(words)
        raise


def _set_up(options: RunOptions, now: datetime, timing: dict[str, float]) -> _SetUp:
    inputs = read_inputs(options.inputs)
    on = compute(options.compute.device, options.compute.precision)
    refuse_unknown_classes(options.gate, inputs.facts.classes)
    if options.gate.strict and not options.gate.has_model_rules:
        log.warning("--strict-gate, and no rule in [gate]: there is nothing to judge the model by")
    refuse_unknown_sections(options.report.sections)
    own = read_appearance(options.report.templates, options.theme)
    if "pdf" in options.report.formats:
        refuse_unprintable_words(inputs.facts, options.report.lang, appearance=own, rules=options.gate)
    inputs = trial_run(inputs, on)
    refuse_unexplainable(inputs, options.explain)
    rehearse(inputs, on=on, options=options.explain)
    sha256 = inputs.facts.model.checkpoint_sha256
    stamp = RunStamp(
        run_id=f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{sha256[:8]}",
        created_at=f"{now:%Y-%m-%dT%H:%M:%S}+00:00",
        languages=options.report.lang,
        timing=timing,
        option_sources=options.sources,
    )
    model_dirs = model_folders(options.archive.out, inputs.facts.model.name)
    _refuse_taken(model_dirs, stamp.run_id)
    _warn_of_links(model_dirs[0])
    return _SetUp(
        inputs=inputs,
        on=on,
        model_dirs=model_dirs,
        stamp=stamp,
        appearance=own,
    )


def _warn_of_links(model_dir: Path) -> None:
    warn_of_links("--out", model_dir)
    if model_dir.is_symlink():
        log.warning("%s is a link: no index lists what is written there", model_dir)


def _evaluated(options: RunOptions, setup: _SetUp, watch: StageProgress) -> tuple[Predictions, Path]:
    """The predictions, and the hidden folder that keeps them until the bundle stands."""
    if options.resume:
        for folder in kept_evaluations(setup.model_dirs):
            found = _taken_over(folder, setup)
            if found is not None:
                log.info("evaluation taken over from %s", folder)
                return found, folder
        log.warning("nothing to resume: no evaluation of the same inputs in %s; evaluating", setup.model_dirs[0])
    log.info("evaluating %s on %s (%s)", setup.inputs.facts.model.arch, setup.on.device_name, setup.on.precision)
    with deferred_signals(left=_RESUME):  # what has been evaluated is kept before a signal ends the run
        predictions = evaluate(
            setup.inputs,
            on=setup.on,
            loop=options.loop,
            max_unreadable=options.gate.max_unreadable,
            watch=lambda done, total: watch("evaluate", done, total),
        )
        kept_dir = setup.model_dirs[0] / f"{EVALUATED}{setup.stamp.run_id}"
        return predictions, write_bundle(kept_dir, stored_evaluation(predictions), replace=True)


def _refuse_taken(model_dirs: tuple[Path, ...], run_id: str) -> None:
    """Before device time is spent. Names have milliseconds: only SOURCE_DATE_EPOCH gives the same one again."""
    for folder in (model_dir / f"{run_id}{ending}" for model_dir in model_dirs for ending in _ENDINGS):
        if os.path.lexists(folder):
            raise ConfigError(
                f"run {folder}",
                found="a run of this checkpoint and this moment (SOURCE_DATE_EPOCH), which is archived already",
                expected="a new run, or an archive without it",
                todo="to make the same report again, give another --out or remove that run; else change or unset "
                "SOURCE_DATE_EPOCH",
            )


def _taken_over(folder: Path, setup: _SetUp) -> Predictions | None:
    try:
        return resumed(read_evaluation(folder), setup.inputs, setup.on)
    except InputError as error:
        log.warning("cannot resume from %s: %s", folder, error.found)
        return None


def _say_of_files(predictions: Predictions, files: FileFindings) -> None:
    if files.same:
        alike = (" = ".join(predictions.paths[row] for row in one.rows) for one in files.same)
        log.warning(
            "the same file more than once: %d, of these %d under several labels, of which at most one is correct: %s",
            len(files.same),
            files.n_contradicted,
            named(alike, longest=200),
        )
    if files.n_turned:
        log.info("images with an EXIF orientation: %d, %d of them wrong", files.n_turned, files.n_turned_wrong)


def _say(findings: Findings) -> None:
    """What a person watching the log must not miss."""
    scores, order, facts = findings.scores, findings.class_order, findings.predictions.facts
    log.info("accuracy %.4f (%d of %d)", scores.accuracy, scores.correct, scores.n)
    answers = set(findings.predictions.preds().tolist())
    if len(answers) == 1 and scores.n > 1:
        name = shown(facts.classes[answers.pop()])
        log.warning("every image was classified as %s: check the weights and the preprocessing", name)
    for image in findings.predictions.unreadable:
        log.warning("unreadable, left out: %s: %s", image.path, image.reason)
    _say_of_files(findings.predictions, findings.files)
    if facts.model.left_out:
        groups = (name if n == 1 else f"{name} ({n} tensors)" for name, n in in_groups(facts.model.left_out))
        log.warning(
            "weights not loaded, since they are not the model's (a loss, a metric, a copy): %s", ", ".join(groups)
        )
    if facts.alignment.without_images:
        log.info("the data set has no images of %d classes of the model", len(facts.alignment.without_images))
    if facts.alignment.named_by == "data_set":
        log.warning("the checkpoint names no classes: the data set's order is ASSUMED: %s", named(facts.classes))
    if order.suspicious:
        log.warning(
            "CLASS ORDER LOOKS WRONG: accuracy is %.1f%%, some other order of the outputs would give %.1f%%. "
            "An untrained model can look like that too; check the class names before you trust the confusions.",
            100 * order.accuracy,
            100 * order.best_accuracy,
        )
