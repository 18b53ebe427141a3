"""Occlusion and LIME: what the score loses when a part of the picture is covered, by captum. They hold for every model.

All maps are (M, N, H, W) float32 >= 0 at the input's resolution, and y is the score before softmax. Covered pixels get
the value 0 after normalisation: the mean colour of the pictures that the model was normalised for.
"""

from typing import Any

import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import LimeBase, Occlusion
from skimage.segmentation import slic

from reportgen.explain.attribution_method import AttributionMethod, Explainer, ModelContext
from reportgen.explain.methods.captum_calls import MEAN_COLOUR, SingleRequest, one_by_one
from reportgen.language import N_

WINDOWS_A_SIDE = 7  # 32 px of 224: as fine as the last feature map of the common nets
N_SAMPLES = 200  # four a superpixel; 5 s for a MobileNetV2 on one CPU thread
N_SEGMENTS = 50  # Ribeiro's superpixels number some dozens too, and each costs samples
KERNEL_WIDTH = 0.25  # Ribeiro et al., lime_image
RIDGE = 1.0  # Ribeiro et al., lime_base


def occlusion(context: ModelContext) -> Explainer:
    """What y loses with a window covered (Zeiler and Fergus, 2014), the mean over a pixel's windows, positive part.

    The window is a seventh of the picture wide and high, and moves by half of that.
    """
    window = max(1, min(context.example.shape[-2:]) // WINDOWS_A_SIDE)
    stride = max(1, window // 2)
    method = Occlusion(context.model)

    def work(asked: SingleRequest) -> torch.Tensor:
        with torch.no_grad():
            found: torch.Tensor = method.attribute(
                asked.image,
                sliding_window_shapes=(asked.image.shape[1], window, window),
                strides=(asked.image.shape[1], stride, stride),
                baselines=0,
                target=asked.class_idx,
                perturbations_per_eval=asked.size,
            )
        covered = found[0, 0]  # a window covers all channels, and captum repeats its value in each
        return covered.clamp_min(0)

    return Explainer(
        maps=one_by_one(context, "occlusion", work),
        settings={"window_px": window, "stride_px": stride, "baseline": MEAN_COLOUR},
    )


def lime(context: ModelContext, *, n_samples: int = N_SAMPLES, n_segments: int = N_SEGMENTS) -> Explainer:
    """The weight of each superpixel in a linear model of y (Ribeiro et al., KDD 2016), its positive part.

    Superpixels by SLIC; each sample keeps each of them with probability 1/2 and covers the others; samples are weighed
    by exp(-d^2 / (2 0.25^2)) with d the cosine distance of kept and all superpixels; ridge regression. Departures: y
    is the score, not the probability, and covered superpixels get the mean colour, not their own mean.
    """

    def work(asked: SingleRequest) -> torch.Tensor:
        segments = _superpixels(context, asked.image, n_segments)
        method = LimeBase(
            context.model,
            interpretable_model=SkLearnRidge(alpha=RIDGE),
            similarity_func=_similarity,
            perturb_func=_Draws(asked.seed, n_features=int(segments.max()) + 1),
            perturb_interpretable_space=True,
            from_interp_rep_transform=lambda kept, image, **_: image * kept[0][segments],
            to_interp_rep_transform=None,
        )
        with torch.no_grad():
            weights: torch.Tensor = method.attribute(
                asked.image, target=asked.class_idx, n_samples=n_samples, perturbations_per_eval=asked.size
            )
        return weights[0].to(segments.device)[segments].clamp_min(0)

    return Explainer(
        maps=one_by_one(context, "LIME", work),
        settings={"n_samples": n_samples, "n_segments": n_segments, "baseline": MEAN_COLOUR},
    )


class _Draws:
    """Which superpixels are kept: one row of zeros and ones a call. The same from `seed` on every device."""

    def __init__(self, seed: int, *, n_features: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._n_features = n_features

    def __call__(self, image: torch.Tensor, **_: Any) -> torch.Tensor:
        kept = torch.randint(0, 2, (1, self._n_features), generator=self._generator)
        return kept.to(image.device, image.dtype)


def _similarity(_image: torch.Tensor, _covered: torch.Tensor, kept: torch.Tensor, **_: Any) -> torch.Tensor:
    distance = 1 - kept.mean().sqrt()  # the cosine of zeros and ones with ones
    return torch.exp(-(distance**2) / (2 * KERNEL_WIDTH**2))


def _superpixels(context: ModelContext, image: torch.Tensor, n_segments: int) -> torch.Tensor:
    """(H, W) int64, numbered from 0, of the picture with its colours between 0 and 1."""
    colours = ((image[0] - context.black) / (context.white - context.black)).clamp(0, 1)
    found = slic(colours.permute(1, 2, 0).cpu().double().numpy(), n_segments=n_segments, start_label=0)
    return torch.from_numpy(found).long().to(image.device)


OCCLUSION = AttributionMethod(
    prepare=occlusion,
    title=N_("Occlusion"),
    description=N_(
        "Zeiler and Fergus 2014: how much the score falls when a window of %(window_px)s px, moved by "
        "%(stride_px)s px, is painted over; its positive part. Baseline: the mean colour of the training images."
    ),
    overlay=True,
    of_outputs=True,
)
LIME = AttributionMethod(
    prepare=lime,
    title="LIME",
    description=N_(
        "Ribeiro et al. 2016: %(n_samples)s copies with some of about %(n_segments)s superpixels painted over, a "
        "linear model of the score; its positive part."
    ),
    overlay=True,
    of_outputs=True,
)
