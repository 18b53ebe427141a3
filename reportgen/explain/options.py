"""The options of the explanation."""

from dataclasses import dataclass

from reportgen.explain.methods.registry import DEFAULT_METHODS


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainOptions:
    """What to work out. The noise of a picture comes from `seed` and its row, so it is the same in every run.

    `batch_size`: pictures in memory at a time, at most; halved on out-of-memory, and no map depends on it.
    `smooth_grad_samples`, `noise_frac`: n and sigma / (x_max - x_min) of SmoothGrad. `insertion_steps`: pictures a
    curve of insertion and deletion, 0 for none; `random_maps`: how many random maps each is compared with.
    `certificate_pictures`: pictures of the randomisation test at most, 0 for none. `focus_pictures`: errors, and as
    many hits, whose masks are compared with Grad-CAM, at most.
    """

    methods: tuple[str, ...] = DEFAULT_METHODS
    seed: int = 0
    batch_size: int = 16
    smooth_grad_samples: int = 50
    noise_frac: float = 0.15
    insertion_steps: int = 8
    random_maps: int = 8
    certificate_pictures: int = 12
    focus_pictures: int = 200
