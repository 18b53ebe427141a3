"""Attribution maps side by side with captum and pytorch-grad-cam: `python -m benchmarks.explain_speed`.

Options: --device, --rounds, --side (pixels), --batch. Prints Markdown rows; ratios are medians over rounds in which
the candidates take turns. Nothing is asserted. A ratio above 1 means that ours is faster.

Everybody gets the same model in channels-last layout with frozen weights. Only pytorch-grad-cam needs a weight that
takes a gradient: in one row all of them do, as its README leaves them, in another the last one before the target alone.
"""

import argparse
import copy
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import captum.attr
import numpy as np
import torch
import torchvision
from scipy.stats import spearmanr
from torch import nn

from reportgen.evaluate.compute import Compute
from reportgen.evaluate.device import compute, frozen_model
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.options import LoopOptions
from reportgen.explain.attribution_method import AttributionRequest, ModelContext, method
from reportgen.explain.methods.grad_cam import grad_cam
from reportgen.explain.methods.target_layers import target_layer
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.options import DataSource, InputOptions
from reportgen.inputs.run_inputs import RunInputs, read_inputs

SHARED = Path(__file__).resolve().parents[2] / "shared"
N_SAMPLES, NOISE_FRAC, N_PANELS = 50, 0.15, 200
JACOB = "pytorch-grad-cam as its README uses it, resizing and weight gradients included"
JACOB_FROZEN = "pytorch-grad-cam with all weights frozen but one, resizing included"
CAPTUM_SIZES = (1, 5, 10, 25, 50)  # copies at a time; the best one is compared with


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is compared: device, rounds, pictures of `side` x `side` px, `batch` at a time, models by name."""

    device: str = "auto"
    rounds: int = 5
    side: int = 224
    batch: int = 16
    models: tuple[str, ...] = ("mobilenet_v2", "resnet50")
    n_panels: int = N_PANELS


def main() -> None:
    """Reads the options and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("device", "rounds", "side", "batch"):
        default = getattr(Setting(), name)
        parser.add_argument(f"--{name}", type=type(default), default=default)
    for line in table(Setting(**vars(parser.parse_args()))):
        print(line, flush=True)


def table(setting: Setting) -> list[str]:
    """The rows, after two lines of heading."""
    on = compute(setting.device, "fp32")
    rows = [line("what, ours / theirs in speed", "ratio (range)", "ours"), "|---|---|---|"]
    for name in setting.models:
        model = torchvision.models.get_model(name, num_classes=37).eval().to(memory_format=torch.channels_last)
        with frozen_model(model, on) as device:
            context = context_for(model, on, setting)
            rows += grad_cam_rows(name, context, setting, device)
            if name == setting.models[0]:
                rows += smooth_grad_rows(name, context, setting)
                rows.append(memory_row(name, context, setting))
    return rows + real_photographs(setting, on)


def context_for(model: nn.Module, on: Compute, setting: Setting) -> ModelContext:
    """A model with random weights and one random picture."""
    device = torch.device(on.device)
    generator = torch.Generator().manual_seed(0)
    unit = torch.ones(3, 1, 1, device=device)
    return ModelContext(
        model=model,
        on=on,
        example=torch.randn(1, 3, setting.side, setting.side, generator=generator).to(device),
        black=-2 * unit,
        white=2 * unit,
        target_layer=None,
        options=ExplainOptions(smooth_grad_samples=N_SAMPLES, noise_frac=NOISE_FRAC, batch_size=setting.batch),
    )


def taking_turns(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each candidate in each round, after one round to warm up."""
    took: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, work in candidates.items():
            started = time.perf_counter()
            work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if number:
                took[name].append(time.perf_counter() - started)
    return took


def line(what: str, ratios: str = "", ours: str = "") -> str:
    """A row of the table."""
    return f"| {what} | {ratios} | {ours} |"


def compared(what: str, theirs: list[float], ours: list[float], n_pictures: int) -> str:
    """A row: median ratio over the rounds with its range, and both rates."""
    each = [a / b for a, b in zip(theirs, ours, strict=True)]
    rate, other = (f"{n_pictures / statistics.median(took):.3g}" for took in (ours, theirs))
    return line(
        what,
        f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})",
        f"{rate} pictures/s, theirs {other}",
    )


def grad_cam_rows(name: str, context: ModelContext, setting: Setting, device: torch.device) -> list[str]:
    """Maps for two classes of each picture of a batch, as a panel needs them; then for one."""
    pictures = torch.randn(setting.batch, *context.example.shape[1:], generator=torch.Generator().manual_seed(1))
    pictures = pictures.to(device).contiguous(memory_format=torch.channels_last)
    classes = torch.stack([torch.arange(setting.batch) % 37, (torch.arange(setting.batch) + 1) % 37]).to(device)
    layer = target_layer(context.model, None, context.example)
    theirs = captum.attr.LayerGradCam(context.model, layer.module)
    candidates: dict[str, Callable[[], object]] = {
        "ours": lambda: grad_cam(context.model, layer, pictures, class_idx=classes),
        "captum": lambda: [theirs.attribute(pictures, target=row) for row in classes],
        "ours, one class": lambda: grad_cam(context.model, layer, pictures, class_idx=classes[:1]),
        "captum, one class": lambda: theirs.attribute(pictures, target=classes[0]),
    }
    for peer, as_readme in ((JACOB, True), (JACOB_FROZEN, False)):
        jacob = pytorch_grad_cam(context.model, layer.module, frozen=not as_readme)
        if jacob:
            candidates[peer] = lambda jacob=jacob: [jacob(pictures, row) for row in classes]
            candidates[f"{peer}, one class"] = lambda jacob=jacob: jacob(pictures, classes[0])
    took = taking_turns(candidates, setting.rounds)
    rows = []
    for end, what in (("", "two classes each"), (", one class", "one class each")):
        for peer in ("captum", JACOB, JACOB_FROZEN):
            thing = f"{name}: Grad-CAM of {setting.batch} pictures, {what} / {peer}"
            if peer + end in took:
                rows.append(compared(thing, took[peer + end], took["ours" + end], setting.batch))
            else:
                rows.append(line(thing, "not installed"))
    return rows


def pytorch_grad_cam(
    model: nn.Module, module: nn.Module, *, frozen: bool
) -> Callable[[torch.Tensor, torch.Tensor], object] | None:
    """GradCAM as its README shows it: one target a picture, a map a picture; on a model of its own, which it alters."""
    try:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    except ImportError:
        return None
    path = next(path for path, found in model.named_modules() if found is module)
    own = copy.deepcopy(model).requires_grad_(not frozen)
    layer = own.get_submodule(path)
    list(layer.parameters())[-1].requires_grad_(True)  # with none it fails, and a graph from here on is the cheapest
    cam = GradCAM(model=own, target_layers=[layer])
    return lambda pictures, idx: cam(input_tensor=pictures, targets=[ClassifierOutputTarget(int(k)) for k in idx])


def smooth_grad_rows(name: str, context: ModelContext, setting: Setting) -> list[str]:
    """One map of 50 copies against captum's NoiseTunnel at its best batch size."""
    exact = method("smooth_grad", context)
    rough = method("smooth_grad", replace(context, on=replace(context.on, precision="bf16")))
    idx = torch.ones((1, 1), dtype=torch.int64, device=context.example.device)
    request = AttributionRequest(inputs=context.example, class_idx=idx, rival_idx=idx, seeds=(0,))
    sigma = NOISE_FRAC * float(context.example.max() - context.example.min())
    tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(context.model))

    def by_captum(size: int) -> object:
        return tunnel.attribute(
            context.example, nt_samples=N_SAMPLES, nt_samples_batch_size=size, stdevs=sigma, target=1, abs=False
        )

    candidates: dict[str, Callable[[], object]] = {
        "fp32": lambda: exact.maps(request),
        "bf16": lambda: rough.maps(request),
        **{f"captum {size}": lambda size=size: by_captum(size) for size in CAPTUM_SIZES},
    }
    took = taking_turns(candidates, setting.rounds)
    best = min((key for key in took if key.startswith("captum")), key=lambda key: statistics.median(took[key]))
    size = best.removeprefix("captum ")
    of = f"captum's NoiseTunnel in float32, {size} copies at a time (its best)"
    return [
        compared(f"{name}: SmoothGrad of {N_SAMPLES} copies, {precision} / {of}", took[best], took[precision], 1)
        for precision in ("fp32", "bf16")
    ]


def memory_row(name: str, context: ModelContext, setting: Setting) -> str:
    """What the process (or the device) holds after many panels, less what it held after the first tenth of them."""
    layer = target_layer(context.model, None, context.example)
    idx = torch.tensor([[0], [1]], device=context.example.device)
    for number in range(setting.n_panels):
        grad_cam(context.model, layer, context.example, class_idx=idx)
        if number == setting.n_panels // 10:
            before = held_bytes(context.example.device)
    grown = (held_bytes(context.example.device) - before) / 1e6
    return line(f"{name}: memory after {setting.n_panels} Grad-CAM panels", ours=f"{grown:+.1f} MB")


def held_bytes(device: torch.device) -> int:
    """Allocated on the GPU; else what of this process is in memory now."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    statm = Path("/proc/self/statm")
    if statm.is_file():  # not the largest size so far: the rows before have been larger, and would hide any growth
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def real_photographs(setting: Setting, on: Compute) -> list[str]:
    """What bfloat16 changes on real photographs: correlation of maps, and answers that differ."""
    checkpoint = SHARED / "checkpoints" / "mobilenet_v2-night3.pt"
    if not checkpoint.is_file():
        return [line("bfloat16 on real photographs", "no shared photographs")]
    inputs = read_inputs(InputOptions(checkpoint=checkpoint, dataset="oxford-iiit-pet", source=DataSource(root=SHARED)))
    with frozen_model(inputs.model, on) as device:
        crops = torch.stack([inputs.crop(inputs.samples[row])[0] for row in range(0, 250, 50)]).to(device)
        pictures = inputs.facts.preprocessing.normalised(crops)
        context = replace(context_for(inputs.model, on, setting), example=pictures[:1])
        with torch.inference_mode():
            idx = inputs.model(pictures).argmax(dim=1)[None]
        request = AttributionRequest(
            inputs=pictures, class_idx=idx.clone(), rival_idx=idx.clone(), seeds=tuple(range(5))
        )
        maps = [
            method("smooth_grad", replace(context, on=replace(on, precision=precision))).maps(request)[0].cpu().numpy()
            for precision in ("fp32", "bf16")
        ]
    pearson = [float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) for a, b in zip(*maps, strict=True)]
    ranks = [float(spearmanr(a.ravel(), b.ravel()).statistic) for a, b in zip(*maps, strict=True)]
    found = f"Pearson {min(pearson):.3f} to {max(pearson):.3f}, Spearman {min(ranks):.3f} to {max(ranks):.3f}"
    return [
        line("SmoothGrad in bfloat16 and float32 on 5 photographs, correlation", ours=found),
        argmax_row(inputs, on),
    ]


def argmax_row(inputs: RunInputs, on: Compute) -> str:
    """As a run with --precision bf16 reports it."""
    few = replace(inputs, samples=inputs.samples[:64])
    found = evaluate(few, on=replace(on, precision="bf16"), loop=LoopOptions(batch_size=32), max_unreadable=1.0).argmax
    assert found is not None
    return line("evaluation in bfloat16: another answer than float32", ours=f"{found.n_differ} of {found.n} images")


if __name__ == "__main__":
    main()
