"""`Reading`: the format of a model's outputs (logits, softmax, sigmoid; where the tensor lies)."""

from dataclasses import dataclass
from typing import Literal

Step = str | int  # a key, the name of a field or the number of an element
Numbers = Literal[
    "logits",
    "probabilities",  # of a softmax: rows of 0 or more that add up to 1
    "log_probabilities",  # of a log-softmax
    "sigmoids",  # each output a probability of its own
    "one_logit",  # one output for two classes, before a sigmoid
    "one_sigmoid",  # one output for two classes, the probability of the second
]
Program = Literal["torchscript", "exported_program"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How what a model returns becomes logits.

    steps: where the scores lie in it. n_columns: scores a picture. numbers: what they are. batch: (least, most)
    pictures that it bears at a time, None for any. reshaped: they come in another shape than (N, n_columns), as (N, K,
    1, 1) or squeezed. copied: it changes its inputs in place, and gets copies. cast: its weights have another precision
    than float32, and its inputs must. program: it is one of its own, whose inside cannot be looked at.
    """

    n_columns: int
    steps: tuple[Step, ...] = ()
    numbers: Numbers = "logits"
    batch: tuple[int, int] | None = None
    reshaped: bool = False
    copied: bool = False
    cast: bool = False
    program: Program | None = None

    @property
    def n_outputs(self) -> int:
        """K, the logits that the stages see."""
        return 2 if self.numbers in ("one_logit", "one_sigmoid") else self.n_columns


NOT_YET_READ = Reading(n_columns=0)  # before anything is known
