"""The saliency certificate of a run: do the maps depend on what the model has learnt?

Cascading randomisation (Adebayo et al., Sanity Checks for Saliency Maps, 2018): the weights are drawn anew from the
head downwards, and each map is compared with the original one by Spearman's rank correlation. A map that stays alike
shows the picture, not the model. Departures: three stages instead of every layer; parameters without an initialiser of
their own (class tokens, layer scales) are drawn from a normal distribution with their own spread; BatchNorm forgets its
statistics too.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import nn

from reportgen.explain.methods import Explainer, NotApplicableError, Question, Subject, method

Stage = Literal["head", "upper_half", "all"]
JUDGED: Stage = "upper_half"
ALIKE = 0.5
"""At or above this mean correlation, with the upper half of the layers random, a method fails.

On the real models measured, Guided Backprop has 0.7 to 0.9 there and all gradients, SmoothGrad and Grad-CAM below 0.4;
with the head alone random a plain gradient is still at 0.3 and SmoothGrad at 0.6, rightly: all else is as it was.
"""
STAGES: tuple[tuple[Stage, float], ...] = (("head", 0.0), ("upper_half", 0.5), ("all", 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What the test said of one method. `correlation`: mean Spearman correlation with the original map, by stage.

    A stage is None where no picture could be compared: maps were blank, or the method does not hold for random weights.
    """

    method: str
    correlation: Mapping[Stage, float | None]
    n_pictures: int

    @property
    def outcome(self) -> Literal["pass", "fail", "unknown"]:
        """fail: the map stays alike although the upper half of the layers is random. unknown is no pass."""
        judged = self.correlation[JUDGED]
        return "unknown" if judged is None else "fail" if judged >= ALIKE else "pass"


def certificates(subject: Subject, ready: Mapping[str, Explainer], question: Question) -> tuple[Certificate, ...]:
    """One certificate a method of `ready`, from the pictures of `question` (M = 1); the model is left as it is."""
    originals = {name: _maps_of(partial(ready.__getitem__, name), question) for name in ready}
    found: dict[str, dict[Stage, float | None]] = {name: {} for name in ready}
    for stage, share in STAGES:
        random = replace(
            subject, model=randomised(subject.model, subject.example, share=share, seed=subject.options.seed)
        )
        for name, maps in originals.items():
            again = _maps_of(partial(method, name, random), question)
            found[name][stage] = None if maps is None or again is None else _mean_correlation(maps, again)
    n = len(question.inputs)
    return tuple(Certificate(method=name, correlation=found[name], n_pictures=n) for name in ready)


def _maps_of(made: Callable[[], Explainer], question: Question) -> NDArray[np.float32] | None:
    """(N, h, w), or None where the method does not hold."""
    try:
        maps: NDArray[np.float32] = made().maps(question)[0].float().cpu().numpy()
    except NotApplicableError:
        return None
    return maps


def _mean_correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float | None:
    """Mean over the pictures of two stacks (N, h, w); pictures where a map is constant are left out."""
    pairs = [(a.ravel(), b.ravel()) for a, b in zip(first, second, strict=True) if np.ptp(a) > 0 and np.ptp(b) > 0]
    return float(np.mean([spearmanr(a, b).statistic for a, b in pairs])) if pairs else None


def randomised(model: nn.Module, example: torch.Tensor, *, share: float, seed: int) -> nn.Module:
    """A copy of `model` whose last modules have new weights: `share` of those with weights, the last one at least.

    The order is that of the forward pass on `example`. The global random state is as it was afterwards.
    """
    changed = copy.deepcopy(model)
    modules = _in_order(changed, example)
    devices = [example.device] if example.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        torch.manual_seed(seed)
        for module in modules[-max(1, round(share * len(modules))) :]:
            _draw_anew(module)
    return changed


def _in_order(model: nn.Module, example: torch.Tensor) -> list[nn.Module]:
    """The modules with parameters of their own, in the order in which they are first entered."""
    seen: dict[nn.Module, None] = {}
    hooks = [
        module.register_forward_pre_hook(lambda entered, _inputs: seen.setdefault(entered))
        for module in model.modules()
        if list(module.parameters(recurse=False))
    ]
    try:
        with torch.inference_mode():
            model(example)
    finally:
        for hook in hooks:
            hook.remove()
    return list(seen)


def _draw_anew(module: nn.Module) -> None:
    reset = getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)
    if reset is not None:
        reset()
        return
    for parameter in module.parameters(recurse=False):
        spread = parameter.std() if parameter.numel() > 1 else parameter.abs().max()
        parameter.normal_(0, float(spread) or 0.02)  # 0.02: the usual spread of a token that starts at zero
