"""What every method by captum shares: its notices are kept quiet, its errors are worded, pictures go in parts."""

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from reportgen.errors import ReportgenError, in_one_line
from reportgen.evaluate.memory import in_memory
from reportgen.explain.attribution_method import AttributionRequest, ModelContext, NotApplicableError
from reportgen.explain.method_traits import RefusalReason
from reportgen.language import N_

# Captum tells of hooks that it sets and removes. They are set on a private copy. Torch tells of each kernel that it has
# no deterministic one for (DeepLIFT's unpooling): the report says that there may be such.
_NOTICES = (
    "Setting backward hooks on ReLU activations",
    r"\s*Setting forward, backward hooks and attributes",
    r"\S+ does not have a deterministic implementation",
)
# What torch says where the model switches gradients off (torch.no_grad, detach) on the way to the score.
_NO_GRADIENT = re.compile(r"does not require grad|appears to not have been used in the graph|Inference tensors cannot")

# Baselines; pages have the words, findings.json the keys.
BLACK_AND_WHITE = N_("black and white").replace(" ", "_")
MEAN_COLOUR = N_("mean colour").replace(" ", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleRequest:
    """One picture (1, 3, H, W), one output, one seed; at most `size` pictures in memory at a time."""

    image: torch.Tensor
    class_idx: int
    seed: int
    size: int


@contextmanager
def foreign_code() -> Iterator[None]:
    """Whatever a model, a plug-in or captum raises becomes NotApplicableError, except for want of memory.

    The global draws are as before: captum's LIME runs a data loader, which takes a seed from them.
    """
    try:
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            for notice in _NOTICES:
                warnings.filterwarnings("ignore", message=notice)
            yield
    except (torch.OutOfMemoryError, NotApplicableError, ReportgenError, Warning):
        raise
    except (Exception, SystemExit) as error:  # a model may raise anything, captum often only asserts
        reason: RefusalReason = "no_gradient" if _NO_GRADIENT.search(str(error)) else "failed"
        raise NotApplicableError(reason, in_one_line(error)) from error


def in_batches(
    context: ModelContext, thing: str, work: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> Callable[[AttributionRequest], torch.Tensor]:
    """Maps (M, N, H, W) from `work(inputs (n, 3, H, W), class_idx (n,))`, which gives (n, H, W)."""

    def maps(request: AttributionRequest) -> torch.Tensor:
        def all_rows(size: int) -> torch.Tensor:
            starts = range(0, len(request.inputs), size)
            return torch.stack(
                [
                    torch.cat([work(request.inputs[at : at + size], row[at : at + size]) for at in starts])
                    for row in request.class_idx
                ]
            )

        with foreign_code():
            return in_memory(all_rows, context.options.batch_size, on=context.on, thing=thing).detach().float()

    return maps


def one_by_one(
    context: ModelContext, thing: str, work: Callable[[SingleRequest], torch.Tensor]
) -> Callable[[AttributionRequest], torch.Tensor]:
    """Maps (M, N, H, W) from `work`, which gives (H, W) for one picture and one output."""

    def maps(request: AttributionRequest) -> torch.Tensor:
        def one(picture: int, class_idx: int) -> torch.Tensor:
            image, seed = request.inputs[picture : picture + 1], request.seeds[picture]
            return in_memory(
                lambda size: work(SingleRequest(image=image, class_idx=class_idx, seed=seed, size=size)),
                context.options.batch_size,
                on=context.on,
                thing=thing,
            )

        with foreign_code():
            rows = [torch.stack([one(n, int(k)) for n, k in enumerate(row)]) for row in request.class_idx]
        return torch.stack(rows).detach().float()

    return maps


def watched(inputs: torch.Tensor) -> torch.Tensor:
    """The same numbers as a leaf that asks for its gradient: captum warns when it has to ask itself."""
    return inputs.detach().clone().requires_grad_(True)  # torch's own signature
