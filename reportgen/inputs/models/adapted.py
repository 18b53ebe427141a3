"""A user's model whose outputs are read as logits: the one place where what it returns is unwrapped and converted.

All stages run the model that `RunInputs` holds. Where it returns (N, K) logits it is the user's own; where it returns
anything else, or bears only some batch sizes, it stands behind an `Adapted`, which a tracer can look through.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import nn

from reportgen.inputs.models.output_reading import Numbers, Program, Reading
from reportgen.inputs.models.output_scores import at

_LEAST = torch.finfo(torch.float32).tiny  # what a softmax in float32 lost to zero has no logarithm


class Adapted(nn.Module):
    """`net`, its outputs read as `reading` says: pictures (N, C, h, w) to logits (N, K) float32."""

    def __init__(self, net: nn.Module, reading: Reading) -> None:
        super().__init__()
        self.net, self.reading = net, reading
        self.training = getattr(net, "training", False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The logits."""
        if self.reading.batch is None:
            return self._logits(inputs)
        least, most = self.reading.batch
        parts = [self._logits(_at_least(part, least))[: len(part)] for part in torch.split(inputs, most)]
        return torch.cat(parts)

    def _logits(self, inputs: torch.Tensor) -> torch.Tensor:
        if self.reading.copied:
            inputs = inputs.clone()
        if self.reading.cast:
            inputs = inputs.to(next(self.net.parameters()).dtype)
        scores: torch.Tensor = at(self.net(inputs), self.reading.steps)
        return _AS_LOGITS[self.reading.numbers](scores.reshape(inputs.shape[0], self.reading.n_columns).float())

    def train(self, mode: bool = True) -> "Adapted":
        """As of any module; an exported program has no modes, and torch raises when it is asked for one."""
        if self.reading.program != "exported_program":
            return super().train(mode)
        self.training = mode
        return self


def _at_least(part: torch.Tensor, least: int) -> torch.Tensor:
    return part if len(part) >= least else torch.cat([part, part[-1:].expand(least - len(part), -1, -1, -1)])


def _centred(log_probs: torch.Tensor) -> torch.Tensor:
    """The logits less their mean: what a softmax keeps of them.

    Not the logarithm itself: the gradient of a probability of nearly 1 is nearly 0, that of the logit is not.
    """
    return log_probs - log_probs.mean(dim=1, keepdim=True)


def _both(logit: torch.Tensor) -> torch.Tensor:
    return torch.cat([-logit / 2, logit / 2], dim=1)


def _logit(probs: torch.Tensor) -> torch.Tensor:
    return (probs + _LEAST).log() - (1 - probs + 1e-7).log()  # 1e-7: the next number below 1 is that far off


_AS_LOGITS: Mapping[Numbers, Callable[[torch.Tensor], torch.Tensor]] = MappingProxyType(
    {
        "logits": lambda scores: scores,
        "probabilities": lambda probs: _centred((probs + _LEAST).log()),
        "log_probabilities": _centred,
        "sigmoids": _logit,
        "one_logit": _both,
        "one_sigmoid": lambda probs: _both(_logit(probs)),
    }
)


def adapted(model: nn.Module, reading: Reading) -> nn.Module:
    """`model`, or what it was adapted from, read as `reading` says; itself where there is nothing to do."""
    net = original_model(model)
    return net if reading == Reading(n_columns=reading.n_columns) else Adapted(net, reading)


def original_model(model: nn.Module) -> nn.Module:
    """The user's own module: the names of its layers count."""
    return model.net if isinstance(model, Adapted) else model


def program_of(model: nn.Module) -> Program | None:
    """What kind of program without Python code it is; None for a model of modules."""
    return model.reading.program if isinstance(model, Adapted) else None
