"""Methods that change the backward pass: against captum on clean nets where it is known to hold, and by hand."""

import warnings

import captum.attr
import pytest
import torch
from torch import nn
from torch.nn import functional

from reportgen.explain.attribution_method import NotApplicableError
from reportgen.explain.methods.backprop_rules import deconv, deep_lift, guided_backprop, lrp
from tests.model_contexts import BLACK, WHITE, asked, context_for
from tests.traces import state_of

ALL = (deconv, guided_backprop, deep_lift, lrp)


class Clean(nn.Module):
    """What captum asks for: each ReLU a module, called once, on a tensor that nothing else reads or has a hook on.

    Captum applies no rule for a max pool that reads a ReLU's own output: with + 0 between them its shares add up.
    """

    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.first, self.second = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.pool, self.head = nn.MaxPool2d(2), nn.Linear(6 * 16, 4)
        self.one, self.two, self.three = nn.ReLU(), nn.ReLU(), nn.ReLU()

    def forward(self, inputs):
        left = self.one(self.first(inputs))
        right = self.two(self.second(left)) + 0
        return self.head(self.three(self.pool(right) - 0.1).flatten(1))


class Shared(Clean):
    def forward(self, inputs):
        left = self.one(self.first(inputs))
        right = self.one(self.second(left))
        return self.head(self.one(self.pool(right) - 0.1).flatten(1))


class InPlace(Clean):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = nn.ReLU(inplace=True), nn.ReLU(inplace=True), nn.ReLU(inplace=True)


class Functional(Clean):
    def forward(self, inputs):
        left = functional.relu(self.first(inputs), inplace=True)
        right = torch.relu(self.second(left))
        return self.head((functional.max_pool2d(right, 2) - 0.1).relu().flatten(1))


class Six(Clean):
    """None of the activations of these pictures comes near 6."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = nn.ReLU6(), nn.ReLU6(inplace=True), nn.ReLU6()


class Branched(Clean):
    """The ReLU's input is read by others too."""

    def forward(self, inputs):
        first = self.first(inputs)
        return self.head(self.pool(self.two(self.second(self.one(first))) + first).flatten(1))


class BranchedClean(Clean):
    def forward(self, inputs):
        first = self.first(inputs)
        return self.head(self.pool(self.two(self.second(self.one(first.clone()))) + first).flatten(1))


@pytest.fixture
def pictures():
    return torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def by_captum(method, model, pictures, k):
    model = model.eval().requires_grad_(False)
    inputs = pictures.clone().requires_grad_(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if method is not deep_lift:
            kind = captum.attr.Deconvolution if method is deconv else captum.attr.GuidedBackprop
            return kind(model).attribute(inputs, target=k).abs().sum(dim=1)
        both = [
            torch.cat(
                [
                    captum.attr.DeepLift(model).attribute(
                        one[None].detach().requires_grad_(True),
                        colour.expand(1, 3, 8, 8).clone().requires_grad_(True),
                        target=k,
                    )
                    for one in inputs
                ]
            )
            for colour in (BLACK, WHITE)
        ]
        return ((both[0] + both[1]) / 2).sum(dim=1).clamp(min=0).detach()


@pytest.mark.parametrize("method", [deconv, guided_backprop, deep_lift])
@pytest.mark.parametrize("tangled", [Clean, Shared, InPlace, Functional, Six, Branched])
def test_a_tangled_net_gives_what_captum_gives_on_a_clean_one(method, tangled, pictures):
    expected = by_captum(method, BranchedClean() if tangled is Branched else Clean(), pictures, 2)
    found = method(context_for(tangled(), pictures[:1])).maps(asked(pictures, 2))[0]
    assert torch.allclose(found, expected, atol=1e-6)
    assert expected.max() > 0.01


class Saturated(nn.Module):
    """Three pixels a channel: below 0, between, above 6; the score is their sum after ReLU6, or its negative."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU6()

    def forward(self, inputs):
        total = self.relu(inputs).flatten(1).sum(dim=1, keepdim=True)
        return torch.cat([total, -total], dim=1)


def three_pixels():
    return torch.tensor([-1.0, 3.0, 8.0]).view(1, 1, 1, 3).repeat(1, 3, 1, 1)


def test_a_saturated_relu6_passes_nothing_back_in_guided_backpropagation():
    found = guided_backprop(context_for(Saturated(), three_pixels())).maps(asked(three_pixels(), [[0], [1]]))
    assert found[0, 0, 0].tolist() == [0, 3, 0]
    assert found[1, 0, 0].tolist() == [0, 0, 0]


def test_deep_lift_of_a_relu6_by_hand():
    """Black is -2 and gives 0, white is 2.5 and gives 2.5; what ReLU6 gives is 0, 3 and 6: half the sum, three times."""
    found = deep_lift(context_for(Saturated(), three_pixels())).maps(asked(three_pixels(), 0))
    expected = [max(0, 3 * ((value - 0) + (value - 2.5)) / 2) for value in (0, 3, 6)]
    assert found[0, 0, 0].tolist() == pytest.approx(expected, abs=1e-5)


class Picky(nn.Module):
    """Overlapping windows of a max pool with a ragged edge, as in a ResNet, VGG and GoogLeNet.

    The padding makes the features of a flat picture uneven: over even ones a pool without a rule adds up, too.
    """

    def __init__(self, pool):
        super().__init__()
        torch.manual_seed(6)
        self.conv, self.relu = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()
        self.pool, self.head = pool, nn.LazyLinear(3)

    def forward(self, inputs):
        return self.head(self.pool(self.relu(self.conv(inputs))).flatten(1))


POOLS = [
    nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(3, 2, ceil_mode=True), nn.MaxPool2d(3, 1, 1), nn.MaxPool2d((3, 2), (2, 1)),
    nn.MaxPool2d(2, 2, dilation=2), nn.MaxPool2d(5, 3, 2, ceil_mode=True),
]  # fmt: skip


@pytest.mark.parametrize("pool", POOLS, ids=str)
def test_deep_lift_adds_up_over_overlapping_windows(pool, pictures):
    """f(x) less the mean of f(black) and f(white) is the sum of all shares, those for it less those against it."""
    model = Picky(pool)
    with torch.no_grad():
        model(pictures)
        moved = [(model(pictures) - model(colour.expand_as(pictures)))[:, 1] for colour in (BLACK, WHITE)]
    up, down = twins(model)
    for_it = deep_lift(context_for(up, pictures[:1])).maps(asked(pictures, 1))[0].sum(dim=(1, 2))
    against = deep_lift(context_for(down, pictures[:1])).maps(asked(pictures, 1))[0].sum(dim=(1, 2))
    assert torch.allclose(for_it - against, (moved[0] + moved[1]) / 2, atol=1e-4)


def twins(model):
    """The model, and one with the opposite scores: the positive parts of their maps are all shares of the model."""
    opposite = nn.Sequential(model, nn.Linear(3, 3, bias=False))
    opposite[1].weight.data = -torch.eye(3)
    return model, opposite


class Gated(nn.Module):
    """Two branches multiplied: no rule of DeepLIFT or LRP covers that."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(7)
        self.conv, self.gate, self.relu, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Linear(6, 3)

    def forward(self, inputs):
        return self.head((self.relu(self.conv(inputs)) * self.relu(self.gate(inputs))).mean(dim=(2, 3)))


def test_what_does_not_add_up_is_refused_with_both_numbers(pictures):
    with pytest.raises(NotApplicableError) as caught:
        deep_lift(context_for(Gated(), pictures[:1]))
    assert caught.value.reason == "does_not_add_up"
    shared, whole = (float(word) for word in caught.value.detail.removeprefix("shares out ").split(" of "))
    assert abs(shared - whole) > 0.1 * abs(whole)


class SqueezeExcite(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.gate, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 1), nn.Linear(6, 3)

    def forward(self, inputs):
        features = self.conv(inputs).relu()
        return self.head((features * self.gate(features.mean((2, 3), keepdim=True)).sigmoid()).mean((2, 3)))


NO_RULE = {
    SqueezeExcite: "sigmoid, mul",
    Gated: "mul",
    lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(144, 2)): "GELU",
    lambda: nn.Sequential(nn.Flatten(), nn.LayerNorm(192), nn.Linear(192, 2), nn.Softmax(dim=1)): "LayerNorm, Softmax",
}


@pytest.mark.parametrize(("make", "named"), NO_RULE.items(), ids=NO_RULE.values())
def test_lrp_names_what_has_no_rule(make, named, pictures):
    with pytest.raises(NotApplicableError) as caught:
        lrp(context_for(make(), pictures[:1]))
    assert (caught.value.reason, caught.value.detail) == ("no_rule", named)


def test_lrp_of_a_linear_layer_is_input_times_weight(pictures):
    """R_i = x_i w_i, whatever epsilon does to the rest: the bias takes nothing off them."""
    torch.manual_seed(8)
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
    found = lrp(context_for(model, pictures[:1])).maps(asked(pictures, 1))[0]
    expected = (pictures * model[1].weight[1].view(3, 8, 8)).sum(dim=1).clamp(min=0)
    assert torch.allclose(found, expected, atol=1e-4)


def test_lrp_of_a_convolution_by_hand():
    """Pixels 1, 2 and -1 with weights 3, -1 and 2: contributions 3, -2 and -2, score -1.

    What is negative won, so gamma = 1 doubles it: 3, -4 and -4 of -5. The shares of the score -1 are 0.6, -0.8 and
    -0.8, of which 0.6 speaks for it. With the opposite weights the score is 1: -0.6, 0.8 and 0.8.
    """
    inputs = torch.zeros(1, 3, 1, 3)
    inputs[0, 0, 0] = torch.tensor([1.0, 2.0, -1.0])
    for sign, expected in ((1, [0.6, 0, 0]), (-1, [0, 0.8, 0.8])):
        conv = nn.Conv2d(3, 1, (1, 3), bias=False)
        conv.weight.data[0, 0, 0] = sign * torch.tensor([3.0, -1.0, 2.0])
        explainer = lrp(context_for(nn.Sequential(conv, nn.Flatten()), inputs))
        assert explainer.settings["gamma"] == 1
        assert explainer.maps(asked(inputs, 0)).flatten().tolist() == pytest.approx(expected, abs=1e-6)


class Residual(nn.Module):
    """Batch norms, a sum of branches, ReLU6, dropout, pooling over space: all without biases that could take a share."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(9)
        self.first, self.norm = nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.second, self.relu, self.six = nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.ReLU(), nn.ReLU6()
        self.drop, self.head = nn.Dropout(), nn.Linear(6, 3, bias=False)
        self.norm.running_var.uniform_(0.5, 2)

    def forward(self, inputs):
        left = self.relu(self.norm(self.first(inputs)))
        left = left + self.six(self.second(left))
        left = self.relu(torch.cat([left[:, :3], functional.max_pool2d(left, 3, 1, 1)[:, 3:]], dim=1))
        return self.head(functional.dropout(self.drop(left), training=self.training).mean((2, 3)))


def test_lrp_conserves_the_score(pictures):
    """No bias anywhere: relevance for less relevance against is the score itself, up to epsilon."""
    model = Residual()
    explainer = lrp(context_for(model, pictures[:1]))
    assert explainer.adjusted["batch_norm_folded"] == 1
    with torch.no_grad():
        scores = model(pictures)
    up, down = twins(model)
    for k in range(3):
        for_it = lrp(context_for(up, pictures[:1])).maps(asked(pictures, k))[0].sum(dim=(1, 2))
        against = lrp(context_for(down, pictures[:1])).maps(asked(pictures, k))[0].sum(dim=(1, 2))
        assert torch.allclose(for_it - against, scores[:, k], rtol=0.01, atol=1e-4)


REFUSED = {
    lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 2)): ("no_relu", ""),
    lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.SiLU(), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)): (
        "other_activations",
        "silu",
    ),
    SqueezeExcite: ("other_activations", "sigmoid"),
}


@pytest.mark.parametrize("method", [deconv, guided_backprop])
@pytest.mark.parametrize(("make", "told"), REFUSED.items(), ids=["no relu", "silu", "gate"])
def test_models_without_a_relu_or_with_others_are_refused(method, make, told, pictures):
    with pytest.raises(NotApplicableError) as caught:
        method(context_for(make(), pictures[:1]))
    assert (caught.value.reason, caught.value.detail) == told


def test_deconv_is_refused_where_every_picture_gets_the_same_map(pictures):
    """Without max pools nothing of the picture reaches the backward pass."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    with pytest.raises(NotApplicableError, match="same_for_every_picture"):
        deconv(context_for(model, pictures[:1]))


@pytest.mark.parametrize("method", ALL)
def test_no_map_depends_on_the_batch_and_no_trace_is_left(method, pictures):
    model = Shared().eval().requires_grad_(False)
    if method is lrp:  # the subtraction of a constant has no rule
        model = Residual().eval().requires_grad_(False)
    before = state_of(model)
    together = method(context_for(model, pictures[:1])).maps(asked(pictures, [[0, 1, 2]]))
    alone = method(context_for(model, pictures[1:2], batch_size=1)).maps(asked(pictures, [[0, 1, 2]]))
    assert torch.allclose(together, alone, atol=1e-6)
    assert state_of(model) == before


def test_memory_that_runs_out_is_not_taken_for_a_refusal(pictures):
    class Full(Clean):
        def forward(self, inputs):
            raise torch.OutOfMemoryError("CUDA out of memory")

    for method in ALL:
        with pytest.raises(torch.OutOfMemoryError):
            method(context_for(Full(), pictures[:1]))
