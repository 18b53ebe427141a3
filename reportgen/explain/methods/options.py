"""The options of the attribution methods: which ones, and the settings of single ones."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from reportgen.explain.methods.registry import DEFAULT_METHODS, METHODS
from reportgen.nearest import nearest
from reportgen.option import Checked, Option, listed


def known_methods(names: tuple[str, ...]) -> tuple[str, ...]:
    """The methods named, in the order of METHODS, own ones (package.module:attribute) last; "all" is every built-in.

    Raises ValueError for a name that is neither.
    """
    unknown = [name for name in names if name not in METHODS and name != "all" and ":" not in name]
    if unknown or not names:
        near = nearest(unknown[0], METHODS) if unknown else ()
        hint = f"{near[0]} (the nearest name), or " if near else ""
        raise ValueError(f"{hint}all, or some of {', '.join(METHODS)}, or package.module:attribute")
    chosen = set(METHODS) if "all" in names else set(names)
    return (*(name for name in METHODS if name in chosen), *dict.fromkeys(name for name in names if ":" in name))


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodOptions:
    """`methods`: names. `smooth_grad_samples`, `noise_frac`: n and sigma / (x_max - x_min) of SmoothGrad."""

    methods: Annotated[
        tuple[str, ...],
        Checked(listed, "before"),
        Checked(known_methods),
        Option(
            f"Attribution methods: `all`, or some of {', '.join(f'`{name}`' for name in METHODS)}; also your own, "
            "`package.module:callable`.",
            key="methods",
        ),
    ] = DEFAULT_METHODS
    smooth_grad_samples: Annotated[int, Interval(ge=1, le=100_000), Option("Noisy samples per image.")] = 50
    noise_frac: Annotated[
        float, Interval(ge=0, le=1), Option("Standard deviation of that noise, as a fraction of the input's range.")
    ] = 0.15
