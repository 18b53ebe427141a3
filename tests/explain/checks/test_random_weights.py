"""Weights drawn anew: nothing learnt is left, whatever reads it, and the order is that of the forward pass."""

import copy
import itertools

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from reportgen.explain.checks.random_weights import randomised
from tests.families import FAMILIES, built
from tests.traces import state_of

EXAMPLE = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
LEARNT_BUFFERS = ("running_mean", "running_var")


def changed_in(first, second):
    pairs = zip(first.state_dict().items(), second.state_dict().values(), strict=True)
    return {name for (name, a), b in pairs if not torch.equal(a, b)}


def learnt(model):
    """Names in the state dictionary: every parameter, under each of its names, and the running statistics."""
    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    return parameters | {name for name, _ in model.named_buffers() if name.rpartition(".")[2] in LEARNT_BUFFERS}


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_nothing_learnt_is_left_in_any_family_of_torchvision(name):
    """The nets are fresh: norms hold ones and zeros, tokens zeros, which an initialiser would give them again."""
    model, px = built(name), FAMILIES[name][0]
    inputs = torch.randn(1, 3, px, px, generator=torch.Generator().manual_seed(0))
    before = state_of(model)
    random = randomised(model, inputs, share=1.0, seed=0)
    assert learnt(model) <= changed_in(model, random)
    scores = random(inputs)
    assert torch.isfinite(scores).all()
    assert scores.std() > 0
    assert state_of(model) == before
    head = changed_in(model, randomised(model, inputs, share=0.0, seed=0))
    last = [name for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)][-1]
    assert head == {f"{last}.{part}" for part, value in model.get_submodule(last).named_parameters()}


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_heads_that_no_forward_pass_reads_are_drawn_too(name):
    model, px = built(name, aux_logits=True), FAMILIES[name][0]
    random = randomised(model, torch.zeros(1, 3, px, px), share=1.0, seed=0)
    assert learnt(model) <= changed_in(model, random)


class Pooled(nn.Module):
    """A convolution, something in the middle, and a head: layers are read in that order, registered in another."""

    def __init__(self, middle):
        super().__init__()
        self.head = nn.Linear(6, 2)
        self.middle = middle
        self.first = nn.Conv2d(3, 6, 3)

    def forward(self, inputs):
        return self.head(self.middle(self.first(inputs)).mean(dim=(2, 3)))


class ReadsItsChild(nn.Module):
    """As Swin's attention: the child is never called."""

    def __init__(self):
        super().__init__()
        self.child = nn.Linear(6, 6)

    def forward(self, inputs):
        return functional.linear(inputs.movedim(1, 3), self.child.weight, self.child.bias).movedim(3, 1)


class Attends(nn.Module):
    """`nn.MultiheadAttention` reads the weights of its `out_proj` and does not call it."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)

    def forward(self, inputs):
        tokens = inputs.flatten(2).movedim(1, 2)
        return self.attention(tokens, tokens, tokens)[0].movedim(1, 2).unflatten(2, inputs.shape[2:])


class Twice(nn.Module):
    """One module used twice, and one weight under two names."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Conv2d(6, 6, 1)
        self.tied = nn.Conv2d(6, 6, 1)
        self.tied.weight = self.shared.weight

    def forward(self, inputs):
        return self.tied(self.shared(self.shared(inputs)))


class Listed(nn.Module):
    """Parameters in a list and in a dictionary, a single one, one of two dimensions."""

    def __init__(self):
        super().__init__()
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(6, 1, 1)), nn.Parameter(torch.zeros(()))])
        self.named = nn.ParameterDict({"shift": nn.Parameter(torch.zeros(6, 1, 1))})
        self.token = nn.Parameter(torch.full((1, 6, 1, 1), 1e-6))

    def forward(self, inputs):
        return inputs * self.scales[0] + self.scales[1] + self.named["shift"] + self.token


class LoadsItself(nn.Conv2d):
    """An initialiser of the user's that gives back what was learnt."""

    def __init__(self):
        super().__init__(6, 6, 1)
        self.trained = copy.deepcopy(self.state_dict())

    def reset_parameters(self):
        if hasattr(self, "trained"):
            self.load_state_dict(self.trained)
        else:
            super().reset_parameters()


class ResetsEverything(Pooled):
    """An initialiser of the user's on the whole model, which has a parameter of its own."""

    def __init__(self):
        super().__init__(nn.Identity())
        self.temperature = nn.Parameter(torch.tensor(2.0))

    def reset_parameters(self):
        for module in self.children():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()

    def forward(self, inputs):
        return super().forward(inputs) / self.temperature


class Raises(nn.Conv2d):
    """An initialiser that does not work after the model was built."""

    def __init__(self):
        super().__init__(6, 6, 1)
        self.built = True

    def reset_parameters(self):
        if hasattr(self, "built"):
            raise RuntimeError("on purpose")
        super().reset_parameters()


def half(module):
    return module.to(torch.bfloat16)


class InHalf(nn.Module):
    """Weights in bfloat16."""

    def __init__(self):
        super().__init__()
        self.conv = half(nn.Conv2d(6, 6, 1))

    def forward(self, inputs):
        return self.conv(inputs.bfloat16()).float()


MIDDLES = {
    "functional": ReadsItsChild,
    "attention": Attends,
    "twice_and_tied": Twice,
    "lists": Listed,
    "weight_norm": lambda: parametrizations.weight_norm(nn.Conv2d(6, 6, 3)),
    "older_weight_norm": lambda: nn.utils.weight_norm(nn.Conv2d(6, 6, 3)),
    "spectral_norm": lambda: parametrizations.spectral_norm(nn.Conv2d(6, 6, 3)),
    "orthogonal": lambda: parametrizations.orthogonal(nn.Conv2d(6, 6, 1)),
    "batch_norm": lambda: nn.BatchNorm2d(6),
    "frozen_batch_norm": lambda: torchvision.ops.FrozenBatchNorm2d(6),
    "group_norm": lambda: nn.GroupNorm(2, 6),
    "prelu": nn.PReLU,
    "loads_itself": LoadsItself,
    "raises": Raises,
    "bfloat16": InHalf,
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
@pytest.mark.parametrize("kind", MIDDLES)
def test_whatever_holds_a_weight_forgets_it_and_the_first_layer_keeps_its_own_until_all_are_drawn(kind):
    torch.manual_seed(0)
    model = Pooled(MIDDLES[kind]()).eval().requires_grad_(False)
    model(EXAMPLE)
    random = randomised(model, EXAMPLE, share=1.0, seed=3)
    assert learnt(model) <= changed_in(model, random)
    if kind == "frozen_batch_norm":  # its weights are no parameters
        assert {f"middle.{name}" for name in ("weight", "bias")} <= changed_in(model, random)
    assert torch.isfinite(random(EXAMPLE)).all()
    assert not torch.equal(random(EXAMPLE), model(EXAMPLE))
    assert changed_in(model, randomised(model, EXAMPLE, share=0.0, seed=3)) == {"head.weight", "head.bias"}
    n_layers = len({name.rpartition(".")[0].partition(".parametrizations")[0] for name in learnt(model)})
    but_one = randomised(model, EXAMPLE, share=1 - 1 / (n_layers + 1), seed=3)
    assert not {"first.weight", "first.bias"} & changed_in(model, but_one)


def test_an_initialiser_of_the_whole_model_reaches_no_layer_below():
    model = ResetsEverything().eval()
    assert changed_in(model, randomised(model, EXAMPLE, share=0.0, seed=0)) == {"temperature"}


def test_a_tied_head_is_drawn_with_the_first_stage_and_its_twin_stays_its_twin():
    """The weight of the output layer must be random at the first stage, though the first layer reads it too."""
    first, last = nn.Linear(4, 4), nn.Linear(4, 4)
    last.weight = first.weight
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 4), first, nn.ReLU(), last).eval()
    random = randomised(model, EXAMPLE, share=0.0, seed=0)
    assert changed_in(model, random) == {"2.weight", "4.weight", "4.bias"}
    assert random[2].weight is random[4].weight


class Backwards(nn.Module):
    """Built in the opposite order of its use: `used_last` comes first in the list of modules."""

    def __init__(self):
        super().__init__()
        self.used_last = nn.Linear(6, 2)
        self.norm = nn.BatchNorm2d(6)
        self.used_first = nn.Conv2d(3, 6, 3)
        self.scale = nn.Parameter(torch.full((6, 1, 1), 3.0))
        self.norm.running_mean.fill_(2.0)

    def forward(self, inputs):
        features = self.norm(self.used_first(inputs)) * self.scale
        return self.used_last(features.mean(dim=(2, 3)))


LAST = {"used_last.weight", "used_last.bias"}
NORM = {f"norm.{name}" for name in ("weight", "bias", "running_mean", "running_var")}


@pytest.mark.parametrize(
    ("share", "changed"),
    [
        (0.0, LAST),
        (0.5, LAST | {"scale"}),
        (0.75, LAST | {"scale"} | NORM),
        (1.0, LAST | {"scale"} | NORM | {"used_first.weight", "used_first.bias"}),
    ],
)
def test_weights_are_drawn_anew_from_the_layer_that_is_read_last(share, changed):
    """Four layers, as the forward pass reads them: the convolution, the norm, the scale, the head."""
    torch.manual_seed(0)
    model = Backwards().eval()
    before, state = state_of(model), torch.get_rng_state()
    random = randomised(model, EXAMPLE, share=share, seed=5)
    assert changed_in(model, random) == changed
    assert state_of(model) == before
    assert torch.equal(torch.get_rng_state(), state)
    assert not changed_in(random, randomised(model, torch.zeros(1, 3, 8, 8), share=share, seed=5))
    assert changed_in(random, randomised(model, EXAMPLE, share=share, seed=6)) == changed - {"norm.running_mean"}  # 0


def test_a_layer_that_is_random_at_one_stage_is_the_same_at_the_next():
    """Cascading: each stage draws more layers, and keeps what the one before has drawn."""
    model = Backwards().eval()
    stages = [randomised(model, EXAMPLE, share=share, seed=5) for share in (0.0, 0.5, 0.75, 1.0)]
    for fewer, more in itertools.pairwise(stages):
        assert not changed_in(fewer, more) & changed_in(model, fewer)


@pytest.mark.parametrize("name", ["mobilenet_v2", "swin_t"])
def test_the_draws_do_not_depend_on_the_memory_format(name):
    model, inputs = built(name), torch.zeros(1, 3, 64, 64)
    other = copy.deepcopy(model).to(memory_format=torch.channels_last)
    found = [randomised(one, inputs, share=1.0, seed=2) for one in (model, other)]
    assert not changed_in(*found)


def test_variances_stay_positive():
    model = nn.Sequential(nn.Conv2d(3, 500, 1), nn.BatchNorm2d(500, affine=False)).eval()
    model[1].running_var.uniform_(0.001, 5)
    random = randomised(model, EXAMPLE, share=1.0, seed=0)
    assert (random[1].running_var > 0).all()


@pytest.mark.filterwarnings("ignore:.*torch.jit.*is deprecated:FutureWarning")
def test_a_scripted_model_is_read_too():
    torch.manual_seed(0)
    model = torch.jit.trace(Pooled(nn.BatchNorm2d(6)).eval(), EXAMPLE)
    random = randomised(model, EXAMPLE, share=1.0, seed=0)
    assert learnt(model) <= changed_in(model, random)
    assert changed_in(model, randomised(model, EXAMPLE, share=0.0, seed=0)) == {"head.weight", "head.bias"}


def test_an_exported_program_is_read_too():
    torch.manual_seed(0)
    program = torch.export.export(Pooled(nn.BatchNorm2d(6)).eval(), (EXAMPLE,))
    model = program.module()
    random = randomised(model, EXAMPLE, share=1.0, seed=0)
    assert learnt(model) <= changed_in(model, random)
    assert changed_in(model, randomised(model, EXAMPLE, share=0.0, seed=0)) == {"head.weight", "head.bias"}
