"""The seven stages in their order: the only module that knows them all."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import Findings, analyse
from reportgen.compose.report import RunStamp, compose
from reportgen.compose.sheet import sheet, sheet_png
from reportgen.config import Config
from reportgen.deliver.bundle import remove_bundle, write_bundle, write_files
from reportgen.deliver.receipts import Receipts, deliver
from reportgen.deliver.stored_run import read_stored_run, stored_run
from reportgen.errors import InputError, RenderingError
from reportgen.evaluate.device import compute
from reportgen.evaluate.loop import LoopOptions
from reportgen.evaluate.predictions import evaluate
from reportgen.explain.attributions import explain, refuse_unexplainable
from reportgen.explain.methods import ExplainOptions
from reportgen.explain.one_picture import explain_picture
from reportgen.inputs.images import Preprocessing, UnreadableImageError, read_crop
from reportgen.inputs.labelled_images import DataSource
from reportgen.inputs.notes import read_notes
from reportgen.inputs.run_inputs import InputOptions, read_inputs, read_model_alone
from reportgen.render.html import sheet_html
from reportgen.render.rendered import render

log = logging.getLogger(__name__)
Watch = Callable[[str, int, int], None]  # (stage, done, in all)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What a run left. exit_code: 0 when the gate of the report passed or is inconclusive, 1 when it failed."""

    findings: Findings
    receipts: Receipts
    exit_code: int


def run(config: Config, *, now: datetime, watch: Watch) -> RunOutcome:
    """One run, from the files named in `config` to the bundle. `now` (UTC) goes into the run id and onto the page.

    Raises ReportgenError; its exit_code is the program's. When only the rendering fails, the results of the device
    stages are kept in `<run_id>.unrendered`, for `reportgen render`.
    """
    timing: dict[str, float] = {}
    with _timed("inputs", timing):
        inputs = read_inputs(_input_options(config))
    on, explain_options = compute(config.device, config.precision), _explain_options(config)
    refuse_unexplainable(inputs, explain_options)
    log.info("evaluating %s on %s (%s)", inputs.facts.model.arch, on.device_name, on.precision)
    with _timed("evaluate", timing):
        predictions = evaluate(
            inputs,
            on=on,
            loop=LoopOptions(batch_size=config.batch_size, n_workers=_n_workers(config, on.device)),
            max_unreadable=config.max_unreadable,
            watch=lambda done, total: watch("evaluate", done, total),
        )
    with _timed("analyse", timing):
        findings = analyse(predictions, ExampleRule())
    _say(findings)
    with _timed("explain", timing):
        attributions = explain(
            inputs,
            findings,
            on=on,
            options=explain_options,
            watch=lambda done, total: watch("explain", done, total),
        )
    stamp = _stamp(config, now, findings, timing)
    stored = stored_run(predictions, attributions, rule=findings.rule, stamp=stamp)
    bundle_dir = config.out / inputs.facts.model.name / stamp.run_id
    with _kept_on_failure(stored, bundle_dir):
        with _timed("compose", timing):
            notes = read_notes(inputs.facts.own_notes)
            report = compose(findings, attributions, notes=notes, stamp=stamp, section_names=config.sections)
        rendered = render(report, formats=config.format)
    receipts = deliver(rendered, stored, bundle_dir=bundle_dir)
    return RunOutcome(findings=findings, receipts=receipts, exit_code=exit_code(rendered.findings))


@contextmanager
def _kept_on_failure(stored: Mapping[str, bytes], bundle_dir: Path) -> Iterator[None]:
    """When the report cannot be made, the stored run is kept beside the bundle's place, and the error says so."""
    try:
        yield
    except RenderingError as error:
        kept = write_bundle(bundle_dir.with_name(f"{bundle_dir.name}.unrendered"), stored)
        error.todo += f"; the results are kept: reportgen render {kept}"
        raise


def render_again(run_dir: Path, *, formats: tuple[str, ...], own_notes: str | None = None) -> RunOutcome:
    """Renders a stored run anew, from `analyse` on: no model, no images, no device. The bundle is exchanged at the end.

    `own_notes` (the text of a notes file) replaces the user's notes of the run. A run kept as `<run_id>.unrendered`
    becomes the bundle `<run_id>`.
    """
    predictions, attributions, rule, stamp = read_stored_run(run_dir)
    findings = analyse(predictions, rule)
    notes = read_notes(own_notes if own_notes is not None else predictions.facts.own_notes)
    report = compose(findings, attributions, notes=notes, stamp=stamp)
    rendered = render(report, formats=formats)
    bundle_dir = run_dir.resolve()
    if bundle_dir.name.endswith(".unrendered"):
        bundle_dir = bundle_dir.with_name(stamp.run_id)
    stored = stored_run(predictions, attributions, rule=rule, stamp=stamp)
    receipts = deliver(rendered, stored, bundle_dir=bundle_dir, replace=True)
    if bundle_dir != run_dir.resolve():
        remove_bundle(run_dir)
    return RunOutcome(findings=findings, receipts=receipts, exit_code=exit_code(rendered.findings))


def explain_one(config: Config, image: Path, *, label: str | None, out_dir: Path) -> tuple[Path, ...]:
    """The comparison sheet of one picture of no data set: <image>.explained.html and .png in `out_dir`.

    Of `config` the data set is not looked at. `label` is the true class where it is known. Raises ReportgenError.
    """
    inputs = read_model_alone(_input_options(config))
    on, options = compute(config.device, config.precision), _explain_options(config)
    refuse_unexplainable(inputs, options)
    try:
        crop, _ = read_crop(image, inputs.facts.preprocessing)
    except UnreadableImageError as error:
        raise InputError(
            f"image {image}", found=str(error), expected="a picture that can be decoded", todo="name another file"
        ) from error
    picture = explain_picture(inputs, crop, label=label, on=on, options=options)
    notes = read_notes(inputs.facts.own_notes)
    made = sheet(picture, image_name=image.name, facts=inputs.facts, notes=notes, options=options)
    files = {
        f"{image.stem}.explained.html": sheet_html(made).encode(),
        f"{image.stem}.explained.png": sheet_png(made),
    }
    return write_files(out_dir, files)


def exit_code(contract: object) -> int:
    """0 or 1 from the gate of findings.json: pass and inconclusive are 0, fail and invalid are 1."""
    gate = cast("dict[str, dict[str, str]]", contract)["gate"]
    return 0 if gate["outcome"] in ("pass", "inconclusive") else 1


@contextmanager
def _timed(stage: str, timing: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timing[stage] = time.perf_counter() - started
    log.info("%s: done in %.1f s", stage, timing[stage])


def _input_options(config: Config) -> InputOptions:
    table = config.preprocessing
    own = (
        None
        if table is None
        else Preprocessing(
            resize_px=table.resize,
            crop_px=table.crop,
            mean=table.mean,
            std=table.std,
            interpolation=table.interpolation,
        )
    )
    return InputOptions(
        checkpoint=config.checkpoint,
        dataset=config.dataset,
        source=DataSource(root=config.data_root, split=config.split, download=config.download),
        arch=config.arch,
        model_name=config.model_name,
        target_layer=config.target_layer,
        preprocessing=own,
        species_path=config.species,
        notes_path=config.notes,
        renamed=config.rename,
        notice=config.notice,
    )


def _explain_options(config: Config) -> ExplainOptions:
    return ExplainOptions(methods=config.methods, seed=config.seed, **config.explain.model_dump())


def _n_workers(config: Config, device: str) -> int:
    """Without an order: beside a GPU most cores decode; on the CPU the model has the cores, and decoding its turn."""
    if config.workers is not None:
        return config.workers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1) if device.startswith("cuda") else 0


def _stamp(config: Config, now: datetime, findings: Findings, timing: dict[str, float]) -> RunStamp:
    sha256 = findings.predictions.facts.model.checkpoint_sha256
    return RunStamp(
        run_id=f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{sha256[:8]}",
        created_at=f"{now:%Y-%m-%dT%H:%M:%S}+00:00",
        language=config.lang,
        timing=timing,
    )


def _say(findings: Findings) -> None:
    """What a person watching the log must not miss."""
    scores, order, facts = findings.scores, findings.class_order, findings.predictions.facts
    log.info("accuracy %.4f (%d of %d)", scores.accuracy, scores.correct, scores.n)
    for image in findings.predictions.unreadable:
        log.warning("unreadable, left out: %s: %s", image.path, image.reason)
    if facts.alignment.without_images:
        log.info("the data set has no images of %d classes of the model", len(facts.alignment.without_images))
    if facts.alignment.named_by == "data_set":
        log.warning("the checkpoint names no classes: the data set's class order is ASSUMED")
    if order.suspicious:
        log.warning(
            "CLASS ORDER LOOKS WRONG: accuracy is %.1f %%, some other order of the outputs would give %.1f %%. "
            "Check the class names before you believe any confusion.",
            100 * order.accuracy,
            100 * order.best_accuracy,
        )
