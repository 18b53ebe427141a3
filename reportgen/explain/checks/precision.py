"""bfloat16 against float32: maps in both precisions, on a few pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import pearsonr

from reportgen.explain.attribution_method import (
    AttributionRequest,
    ModelContext,
    NotApplicableError,
    PreparedMethod,
    method,
)
from reportgen.explain.maps import checked_maps


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionCheck:
    """Pearson correlation of a method's bfloat16 maps with its float32 maps, one a picture, in [-1, 1]."""

    method: str
    correlation: tuple[float, ...]


def precision_checks(
    context: ModelContext, ready: Mapping[str, PreparedMethod], request: AttributionRequest
) -> tuple[PrecisionCheck, ...]:
    """One check for each method of `ready` that works in bfloat16, on the pictures of `request` (M = 1).

    A picture without a usable map in either precision is left out.
    """
    exact = replace(context, on=replace(context.on, precision="fp32"))
    checks = []
    for name, explainer in ready.items():
        if explainer.settings.get("precision") != "bf16":
            continue
        try:
            rough, fine = (checked_maps(name, one, request)[0] for one in (explainer, method(name, exact)))
        except NotApplicableError:
            continue
        pairs = [(a.ravel(), b.ravel()) for a, b in zip(rough, fine, strict=True) if a is not None and b is not None]
        drawn = [(a, b) for a, b in pairs if np.ptp(a) > 0 and np.ptp(b) > 0]
        checks.append(PrecisionCheck(method=name, correlation=tuple(float(pearsonr(a, b)[0]) for a, b in drawn)))
    return tuple(checks)
