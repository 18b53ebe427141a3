"""What a GPU changes: `python -m benchmarks.gpu [DATA_ROOT]`, on a machine with CUDA.

Prints date, device and a Markdown table for docs/benchmarks.md: the rows of explain_speed, how much of the forward-only
rate evaluation reaches, nvJPEG decoding on the device against decoding in worker processes, and how far CPU and
CUDA agree. DATA_ROOT holds oxford-iiit-pet/; without it the shared photographs, or else the demo's drawn pets.
"""

import multiprocessing
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import torch
import torchvision

from benchmarks.explain_speed import Setting, context_for, line, table, taking_turns
from benchmarks.report_cost import SHARED, read
from reportgen.demo.drawn_pets import unpack_drawn_pets
from reportgen.evaluate.compute import Compute
from reportgen.evaluate.decoding import batches
from reportgen.evaluate.device import compute, frozen_model
from reportgen.evaluate.evaluation import N_CHECKED, evaluate
from reportgen.evaluate.loop import logits
from reportgen.evaluate.options import LoopOptions
from reportgen.explain.attribution_method import AttributionRequest, method
from reportgen.inputs.images.reading import decoded
from reportgen.inputs.run_inputs import RunInputs

ROUNDS, BATCH = 5, 64


def main() -> None:
    """Prints everything, or says that there is no CUDA device and exits with 2."""
    if not torch.cuda.is_available():
        print("no CUDA device: run this where torch.cuda.is_available()", file=sys.stderr)
        sys.exit(2)
    on = compute("cuda", "fp32")
    print(f"## {datetime.now(UTC):%Y-%m-%d}, {on.device_name}, {os.cpu_count()} cores, torch {on.torch_version}\n")
    for text in table(Setting(device="cuda")):
        print(text, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED
        if not (root / "oxford-iiit-pet").is_dir():
            root = unpack_drawn_pets(Path(folder) / "data", size_px=400)
        inputs = read(root, "resnet50", Path(folder))
        for precision in ("fp32", "bf16"):
            print(evaluation_row(inputs, compute("cuda", precision)), flush=True)
        for text in (*decoding_rows(root), *parity_rows(inputs)):
            print(text, flush=True)


def evaluation_row(inputs: RunInputs, on: Compute) -> str:
    """From files to predictions, with cores - 1 decoding processes, over the forward passes alone."""
    loop = LoopOptions(batch_size=BATCH, n_workers=max(1, (os.cpu_count() or 2) - 1))
    ready = [batch.crops.to(on.device) for batch in batches(inputs.samples, inputs.facts.preprocessing, loop)]

    def forward_only() -> None:
        with frozen_model(inputs.model, on):
            for crops in ready:
                logits(inputs.model, crops, preprocessing=inputs.facts.preprocessing, on=on)

    took = taking_turns(
        {
            "forward": forward_only,
            "whole": lambda: evaluate(inputs, on=on, loop=loop, max_unreadable=1.0),
        },
        ROUNDS,
    )
    shares = [a / b for a, b in zip(took["forward"], took["whole"], strict=True)]
    rate = len(inputs.samples) / statistics.median(took["whole"])
    extra = f", {N_CHECKED} of them in float32 as well" if on.precision == "bf16" else ""
    what = f"{len(inputs.samples)} files{extra}, {loop.n_workers} workers started each time"
    what = f"resnet50, {on.precision}: evaluation from files / forward only, {what}"
    return line(what, f"{statistics.median(shares):.2f}", f"{rate:.0f} images/s")


def decoding_rows(root: Path) -> Iterator[str]:
    """JPEG files to pixels: nvJPEG on the device against processes on the CPU; other formats are left to the CPU."""
    contents = [path.read_bytes() for path in sorted((root / "oxford-iiit-pet" / "images").iterdir())]
    jpegs = [content for content in contents if content.startswith(b"\xff\xd8\xff")]
    raw = [torch.frombuffer(bytearray(content), dtype=torch.uint8) for content in jpegs]
    rgb = torchvision.io.ImageReadMode.RGB
    n_workers = max(1, (os.cpu_count() or 2) - 1)
    with multiprocessing.get_context("spawn").Pool(n_workers) as pool:
        took = taking_turns(
            {
                "nvjpeg": lambda: torchvision.io.decode_jpeg(raw, mode=rgb, device="cuda"),
                "workers": lambda: pool.map(_size_of, jpegs, chunksize=8),
            },
            ROUNDS,
        )
    ratios = [a / b for a, b in zip(took["workers"], took["nvjpeg"], strict=True)]
    rate = len(jpegs) / statistics.median(took["nvjpeg"])
    left = f"{len(contents) - len(jpegs)} files of another format left to the CPU"
    what = f"decoding {len(jpegs)} JPEG files ({left}): nvJPEG / {n_workers} processes"
    yield line(what, f"{statistics.median(ratios):.2f}", f"{rate:.0f} images/s")


def _size_of(content: bytes) -> tuple[int, ...]:
    """Decodes, and sends back next to nothing, so that decoding is what is timed."""
    return tuple(decoded(content).shape)


def parity_rows(inputs: RunInputs) -> Iterator[str]:
    """Largest differences between the CPU and CUDA in float32, over 16 pictures."""
    crops = torch.stack([inputs.crop(sample)[0] for sample in inputs.samples[:16]])
    found = []
    for name in ("cpu", "cuda"):
        on = compute(name, "fp32")
        with frozen_model(inputs.model, on) as device:
            pictures = inputs.facts.preprocessing.normalised(crops.to(device))
            context = replace(context_for(inputs.model, on, Setting(device=name)), example=pictures[:1])
            idx = torch.zeros((1, 16), dtype=torch.int64, device=device)
            request = AttributionRequest(inputs=pictures, class_idx=idx, rival_idx=idx, seeds=tuple(range(16)))
            with torch.inference_mode():
                scores = inputs.model(pictures).cpu()
            found.append((scores, method("grad_cam", context).maps(request)[0].cpu()))
    (scores, maps), (others, other_maps) = found
    yield line("CPU and CUDA, largest difference of a logit", ours=f"{float((scores - others).abs().max()):.2g}")
    off = float((maps - other_maps).abs().max() / maps.abs().max())
    yield line("CPU and CUDA, largest difference of a Grad-CAM value over the peak", ours=f"{off:.2g}")


if __name__ == "__main__":
    main()
