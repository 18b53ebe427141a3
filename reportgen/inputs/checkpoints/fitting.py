"""A checkpoint's weights by the names that a model has: prefixes of wrappers, weights of losses and metrics.

A prefix (`module.`, `model.`, `backbone.` ...) is taken off only where the model has no such keys and more of its keys
are found without it. What is left over is either of a loss, a metric or a copy of the model, told by its name, or it is
no weight of this model.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from reportgen.inputs.checkpoints.versions import versions_of, with_versions

# What torch.compile, FSDP and activation checkpointing put between the names, at any depth.
_WRAPPING = re.compile(r"(?<![^.])(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
_A_COPY = re.compile(  # one part of a dotted name
    r"(?:\w+_)?(?:ema|teacher|momentum|averaged|avg_model|swa|shadow|target_(?:net|network|encoder|model))(?:_\w+)?"
    r"|encoder_k|queue|queue_ptr"  # MoCo's
)
_NO_PART = re.compile(
    r"(?:\w+_)?(?:criterion|criterions|criteria|loss|losses|loss_fn|loss_func|loss_function)(?:_\w+)?"
    r"|(?:\w+_)?(?:metric|metrics|acc|acc[15]|accuracy|confmat|confusion_matrix|auroc|auc|f1|f1_score|precision|recall)"
    r"|class_weights?|label_weights?|pos_weight"
    r"|n_averaged|total_ops|total_params"  # AveragedModel's counter; thop's
)


class TwoFitError(ValueError):
    """Two different sets of weights in one checkpoint fit the model; `prefixes` are theirs."""

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        places = " and ".join(f"under {prefix}" if prefix else "under no prefix" for prefix in prefixes)
        super().__init__(f"weights that fit lie {places}")
        self.prefixes = prefixes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """`weights` by the model's names, with the `_metadata` of torch that they came with, its names changed alike.

    prefix was taken off ("" for none). left_out are the full names of what belongs to a loss, a metric or a copy of
    the model. What the model lacks beside that stays in `weights`, so that loading them refuses it.
    """

    weights: OrderedDict[str, torch.Tensor]
    prefix: str
    left_out: tuple[str, ...]


def fitted(weights: Mapping[str, torch.Tensor], own: Mapping[str, torch.Size]) -> Fitted:
    """`weights` for a model whose state_dict has the names and shapes `own`. Missing ones are not made up.

    Raises TwoFitError when two sets fit equally well and nothing tells which is meant.
    """
    plain = _plain_names(weights, own)
    by_name = {plain(key): value for key, value in weights.items()}
    prefix = _prefix(by_name, own)
    kept: OrderedDict[str, torch.Tensor] = OrderedDict()
    left_out = []
    for key, value in weights.items():
        name = plain(key)
        bare = name.removeprefix(prefix)
        if bare in own and not name.startswith(prefix):
            raise TwoFitError(("", prefix))
        if bare not in own and belongs_to_no_model(name):
            left_out.append(key)
        else:
            kept[bare] = value
    versions = versions_of(weights)
    with_versions(kept, _renamed(versions, plain, prefix) if versions is not None else None)
    return Fitted(weights=kept, prefix=prefix, left_out=tuple(left_out))


def in_groups(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """For a reader: (name, 1) of one that stands alone, ("part before the first dot.*", how many) of more."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition(".")[0], []).append(name)
    return tuple((same[0], 1) if len(same) == 1 else (f"{top}.*", len(same)) for top, same in groups.items())


def _plain_names(weights: Iterable[str], own: Iterable[str]) -> Callable[[str], str]:
    """Takes the parts of `_WRAPPING` out, unless the model has them too or two names would become one."""
    unwrapped = [_WRAPPING.sub("", key) for key in weights]
    if any(_WRAPPING.search(key) for key in own) or len(set(unwrapped)) < len(unwrapped):
        return str
    return lambda key: _WRAPPING.sub("", key)


def _prefix(weights: Mapping[str, torch.Tensor], own: Mapping[str, torch.Size]) -> str:
    """The prefix under which most of the model's keys are found; "" unless another finds more, and half of them."""
    n_keys: Counter[str] = Counter()
    n_shapes: Counter[str] = Counter()
    for key, value in weights.items():
        parts = key.split(".")
        for n_cut in range(len(parts)):
            bare = ".".join(parts[n_cut:])
            if bare in own:
                prefix = key.removesuffix(bare)
                n_keys[prefix] += 1
                n_shapes[prefix] += shape_of(value) == own[bare]
    most = max(n_keys.values(), default=0)
    if n_keys[""] == most or 2 * most < len(own):
        return ""
    top = max((n_keys[prefix], n_shapes[prefix]) for prefix in n_keys)
    best = [prefix for prefix in n_keys if (n_keys[prefix], n_shapes[prefix]) == top]
    originals = [prefix for prefix in best if not _is_a_copy(prefix)] or best
    first, *others = sorted(originals, key=lambda prefix: (prefix.count("."), prefix))
    if any(_differ(weights, first, other) for other in others):
        raise TwoFitError((first, *others))
    return first


def _differ(weights: Mapping[str, torch.Tensor], first: str, other: str) -> bool:
    """Whether what lies under the two prefixes is not the same, key for key; one module kept under two names is."""
    return any(
        not _equal(value, weights.get(other + key.removeprefix(first)))
        for key, value in weights.items()
        if key.startswith(first)
    )


def _equal(one: Any, other: Any) -> bool:
    tensors = isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)
    return torch.equal(one, other) if tensors else one is other


def shape_of(value: Any) -> torch.Size:
    """Of a tensor; what a module keeps as its extra state has none."""
    return value.shape if isinstance(value, torch.Tensor) else torch.Size()


def _is_a_copy(name: str) -> bool:
    return any(_A_COPY.fullmatch(part) for part in name.split("."))


def belongs_to_no_model(name: str) -> bool:
    """Whether the name of a weight is that of a loss, a metric or a copy of the model."""
    return _is_a_copy(name) or any(_NO_PART.fullmatch(part) for part in name.split("."))


def _renamed(versions: Mapping[str, Any], plain: Callable[[str], str], prefix: str) -> OrderedDict[str, Any]:
    """The names of modules have no dot at their end, the root's is empty: with one, they are cut as the weights are."""
    named = [(plain(f"{name}." if name else ""), value) for name, value in versions.items()]
    return OrderedDict(
        (name.removeprefix(prefix).removesuffix("."), value) for name, value in named if name.startswith(prefix)
    )
