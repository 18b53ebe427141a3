"""What a report costs, as ratios in one run: `python -m benchmarks.report_cost [DATA_ROOT]`.

DATA_ROOT holds oxford-iiit-pet/ (the shared photographs, when they lie beside the checkout); without it the demo's
drawn pets are used. Prints the Markdown table of docs/benchmarks.md. Nothing is asserted.
"""

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import torch
import torchvision
from PIL import Image
from torchvision import transforms as pil_path

from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import Findings, RunContext, analyse
from reportgen.analyse.gate_rules import GateRules
from reportgen.analyse.previous_runs import History
from reportgen.compose.report import compose
from reportgen.compose.sections.registry import SECTIONS
from reportgen.deliver.receipts import deliver
from reportgen.demo.drawn_pets import unpack_drawn_pets
from reportgen.evaluate.decoding import batches
from reportgen.evaluate.device import compute, frozen_model
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.options import LoopOptions
from reportgen.explain.attributions import explain
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.images.preprocessing import Preprocessing
from reportgen.inputs.images.reading import decoded
from reportgen.inputs.images.thumbnails import thumbnails
from reportgen.inputs.notes import read_notes
from reportgen.inputs.options import DataSource, InputOptions
from reportgen.inputs.run_inputs import RunInputs, read_inputs
from reportgen.render.rendered import render
from reportgen.runs.stamp import RunStamp
from reportgen.runs.stored_run import StoredRun, stored_run

SHARED = Path(__file__).resolve().parents[2] / "shared"
N_PANELS, BATCH, ROUNDS = 60, 32, 5
NIGHT = RunContext(today=date(2026, 1, 1), history=History(), rules=GateRules())


def main() -> None:
    """Prints the machine and the table."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED
        if not (root / "oxford-iiit-pet").is_dir():
            root = unpack_drawn_pets(Path(folder) / "data")
        on = compute("auto", "fp32")
        print(f"{on.device_name} ({on.device}), {on.n_threads} threads, torch {on.torch_version}, data {root.name}\n")
        print("| what | figure |\n|---|---|")
        preparation(root)
        for arch in ("mobilenet_v2", "resnet50"):
            evaluation_share(read(root, arch, Path(folder)), arch)
        whole_report(read(root, "mobilenet_v2", Path(folder)), Path(folder))


def read(root: Path, arch: str, folder: Path) -> RunInputs:
    """The data set and an untrained model of `arch`: cost does not depend on the weights."""
    path = folder / f"{arch}.pt"
    torch.save({"arch": arch, "state_dict": torchvision.models.get_model(arch, num_classes=37).state_dict()}, path)
    return read_inputs(InputOptions(checkpoint=path, dataset="oxford-iiit-pet", source=DataSource(root=root)))


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def preparation(root: Path) -> None:
    """Decode, resize, crop and normalise: the PIL transform path of torchvision against ours, one process."""
    contents = [path.read_bytes() for path in sorted((root / "oxford-iiit-pet" / "images").iterdir())[:100]]
    ours = Preprocessing()
    steps = [
        pil_path.Resize(256),
        pil_path.CenterCrop(224),
        pil_path.ToTensor(),
        pil_path.Normalize(ours.mean, ours.std),
    ]
    theirs = pil_path.Compose(steps)

    def by_pil() -> None:
        for content in contents:
            theirs(Image.open(io.BytesIO(content)).convert("RGB"))

    def by_us() -> None:
        for start in range(0, len(contents), BATCH):
            crops = [ours.cropped(decoded(content)) for content in contents[start : start + BATCH]]
            ours.normalised(torch.stack(crops))

    pairs = [(seconds(by_pil), seconds(by_us)) for _ in range(ROUNDS)]
    mine = 1e3 * statistics.median(b for _, b in pairs) / len(contents)
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"| preparing an image, PIL transform path / ours | {ratio:.2f} (ours {mine:.1f} ms) |")


def evaluation_share(inputs: RunInputs, arch: str) -> None:
    """Rate from files to predictions over the rate of the forward passes alone, same batches, same arithmetic."""
    on, loop = compute("auto", "fp32"), LoopOptions(batch_size=BATCH)
    ready = [
        inputs.facts.preprocessing.normalised(batch.crops)
        for batch in batches(inputs.samples, inputs.facts.preprocessing, loop)
    ]

    def forward_only() -> None:
        with frozen_model(inputs.model, on) as device, torch.inference_mode():
            for batch in ready:
                inputs.model(batch.to(device)).cpu()

    def whole() -> None:
        evaluate(inputs, on=on, loop=loop, max_unreadable=1.0)

    forward_only()
    pairs = [(seconds(forward_only), seconds(whole)) for _ in range(ROUNDS)]
    share = statistics.median(a / b for a, b in pairs)
    rate = len(inputs.samples) / statistics.median(b for _, b in pairs)
    print(f"| {arch}: evaluation from files / forward only | {share:.2f} ({rate:.0f} images/s) |")


def whole_report(inputs: RunInputs, folder: Path) -> None:
    """A report of N_PANELS panels over its evaluation and attribution passes alone; and the size of its documents."""
    on = compute("auto", "fp32")
    took: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        took[stage] = time.perf_counter() - started
        return result

    predictions = timed("evaluate", lambda: evaluate(inputs, on=on, loop=LoopOptions(), max_unreadable=1.0))
    findings = timed("analyse", lambda: some_errors(analyse(predictions, ExampleRule(n_confident=N_PANELS), NIGHT)))
    attributions = timed("explain", lambda: explain(inputs, findings, on=on, options=ExplainOptions()))
    ids, sha256 = predictions.sample_ids, predictions.sha256
    shown = {idx: (ids[idx], sha256[idx]) for idx in findings.gallery.rows}
    made = timed("thumbnails", lambda: thumbnails(inputs, shown))
    stamp = RunStamp(run_id="benchmark", created_at="2026-01-01T00:00:00+00:00", languages=("en",), timing={})
    report = timed("compose", lambda: compose(findings, attributions, notes=read_notes(), stamp=stamp, thumbnails=made))
    rendered = timed("render", lambda: render(report))
    whole = StoredRun(
        predictions=predictions,
        attributions=attributions,
        thumbnails=made,
        rule=findings.rule,
        run_context=NIGHT,
        stamp=stamp,
        sections=tuple(SECTIONS),
    )
    stored = timed("store", lambda: stored_run(whole))
    timed("deliver", lambda: deliver(rendered, stored, bundle_dir=folder / "bundle"))
    device = took["evaluate"] + took["explain"]
    sizes = {name: len(rendered.files[name]) / 1e6 for name in ("report.pdf", "report.html")}
    n_panels, share = len(attributions.examples), sum(took.values()) / device
    print(f"| report of {n_panels} panels / evaluation and attribution alone | {share:.3f} |")
    print(f"| its stages, s | {', '.join(f'{stage} {value:.1f}' for stage, value in took.items())} |")
    print(f"| its PDF and HTML, MB | {sizes['report.pdf']:.1f} and {sizes['report.html']:.1f} |")


def some_errors(findings: Findings) -> Findings:
    """Exactly N_PANELS examples, whatever the model: the first ones of the rule."""
    return replace(findings, examples=findings.examples[:N_PANELS])


if __name__ == "__main__":
    main()
