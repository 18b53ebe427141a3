"""SmoothGrad (Smilkov et al., 2017)."""

from dataclasses import dataclass

import torch
from torch import nn

from reportgen.evaluate.memory import in_memory
from reportgen.explain.attribution_method import AttributionMethod, AttributionRequest, Explainer, ModelContext
from reportgen.explain.methods.captum_calls import foreign_code
from reportgen.explain.rewrite.fusing import lean_copy
from reportgen.language import N_

# Copies at a time: with more the caches of a CPU overflow. Measured on MobileNetV2, 25 take longer than 10 in both.
_CHUNK = {"fp32": 5, "bf16": 10}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothGradOptions:
    """`n_samples` noisy copies; `noise_frac` is sigma / (x_max - x_min) of each input; `chunk` copies at a time."""

    n_samples: int = 50
    noise_frac: float = 0.15
    chunk: int = 10

    def __post_init__(self) -> None:
        if self.n_samples < 1 or self.chunk < 1 or not self.noise_frac >= 0:
            raise ValueError(f"no SmoothGrad with {self}")


def smooth_grad(
    model: nn.Module,
    image: torch.Tensor,
    class_idx: int,
    *,
    options: SmoothGradOptions,
    seed: int,
    dtype: torch.dtype = torch.float32,
) -> torch.Tensor:
    """The mean over noisy copies of d y / d x, signed: (C, H, W) float32, on the device of `image`.

    `image` (C, H, W) is one model input; y the pre-softmax score of output `class_idx`. The noise depends on `seed` and
    the number of the copy alone, see `noise`. `dtype` is that of the model's weights; noise and mean are float32.
    """
    generator = torch.Generator().manual_seed(seed)
    sigma = options.noise_frac * (image.max() - image.min())
    total = torch.zeros_like(image)
    done = 0
    while done < options.n_samples:
        n = min(options.chunk, options.n_samples - done)
        added = noise(n, image.shape, generator).to(image.device)
        noisy = (image.unsqueeze(0) + sigma * added).to(dtype)
        total += _gradients(model, noisy, class_idx).float().sum(dim=0)
        done += n
    return total / options.n_samples


def noise(n: int, shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """Standard normal noise (n, *shape) float32, the same for the k-th copy however many are drawn at a time.

    One draw a copy: torch fills normals in blocks of 16 and draws the last block of each call anew, so that copies
    drawn together have other noise than copies drawn alone, unless 16 divides their size. The generator is the CPU's,
    whose numbers do not depend on the device.
    """
    return torch.stack([torch.randn(shape, generator=generator) for _ in range(n)])


def _gradients(model: nn.Module, inputs: torch.Tensor, class_idx: int) -> torch.Tensor:
    with torch.enable_grad():
        watched = inputs.detach().requires_grad_(True)  # torch's own signature
        score = model(watched)[:, class_idx].sum()
        (gradients,) = torch.autograd.grad(score, watched)
    return gradients


def magnitude(gradient: torch.Tensor) -> torch.Tensor:
    """(H, W): the absolute values of a signed (C, H, W) map, summed over the channels."""
    return gradient.abs().sum(dim=0)


def _prepared(context: ModelContext) -> Explainer:
    """The magnitude of the mean gradient over noisy copies of the picture, on a lean private copy of the model."""
    options, lean = context.options, lean_copy(context)
    chunk = min(options.batch_size, _CHUNK[lean.precision])
    with foreign_code():  # whether there is a gradient at all
        _gradients(lean.model, context.example.to(lean.dtype), 0)

    def one(image: torch.Tensor, class_idx: int, seed: int) -> torch.Tensor:
        def work(size: int) -> torch.Tensor:
            amounts = SmoothGradOptions(
                n_samples=options.smooth_grad_samples, noise_frac=options.noise_frac, chunk=size
            )
            return magnitude(smooth_grad(lean.model, image, class_idx, options=amounts, seed=seed, dtype=lean.dtype))

        return in_memory(work, chunk, on=context.on, thing="SmoothGrad")

    def maps(request: AttributionRequest) -> torch.Tensor:
        pictures = list(zip(request.inputs, request.seeds, strict=True))
        rows = [
            torch.stack([one(image, int(k), seed) for (image, seed), k in zip(pictures, row, strict=True)])
            for row in request.class_idx
        ]
        return torch.stack(rows)

    settings = {"n_samples": options.smooth_grad_samples, "noise_frac": options.noise_frac}
    return Explainer(maps=maps, settings={**settings, "precision": lean.precision})


SMOOTH_GRAD = AttributionMethod(
    prepare=_prepared,
    title="SmoothGrad",
    description=N_(
        "Smilkov et al. 2017: mean gradient of %(n_samples)s noisy copies, noise %(noise_frac)s of the image's "
        "range, seed %(seed)s plus the image's row; then absolute value, sum over colours. Clipped at the 99th "
        "percentile, on its own scale. Another seed gives a somewhat different map."
    ),
    tries_itself=True,  # with one copy; a map takes `n_samples` of them
)
