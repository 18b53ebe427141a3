"""Weights by the names that a model has: prefixes, leftovers of training, torch's versions of modules."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from reportgen.inputs.checkpoints import fitted
from reportgen.inputs.checkpoints.fitting import TwoFitError


def small():
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 2, 1), norm=nn.BatchNorm2d(2), head=nn.Linear(2, 2)))


OWN = {key: value.shape for key, value in small().state_dict().items()}
WEIGHTS = {key: torch.full(shape, float(k)) for k, (key, shape) in enumerate(OWN.items())}


def under(prefix, weights=WEIGHTS):
    return {prefix + key: value for key, value in weights.items()}


class Holds(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.add_module(name, small())


@pytest.mark.parametrize(
    "prefix",
    [
        *("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "encoder.", "classifier_model."),
        *(
            "module.model.",
            "_orig_mod.module.",
            "model._orig_mod.",
            "timm_model.",
            "student.",
            "ema_model.",
            "a.b.c.d.",
        ),
        "_forward_module.module.",
    ],
)
def test_a_prefix_that_the_model_lacks_is_taken_off(prefix):
    found = fitted(under(prefix), OWN)
    assert list(found.weights) == list(OWN)
    assert all(torch.equal(found.weights[key], WEIGHTS[key]) for key in OWN)
    assert found.prefix == prefix.replace("_orig_mod.", "")
    assert found.left_out == ()


@pytest.mark.parametrize("name", ["module", "model", "net", "backbone", "encoder", "_orig_mod"])
def test_a_prefix_that_the_model_has_stays(name):
    own = {key: value.shape for key, value in Holds(name).state_dict().items()}
    found = fitted(under(f"{name}."), own)
    assert list(found.weights) == list(own)
    assert (found.prefix, found.left_out) == ("", ())


def test_one_of_two_prefixes_is_taken_off_where_the_model_has_the_other():
    own = {key: value.shape for key, value in Holds("model").state_dict().items()}
    found = fitted(under("module.model."), own)
    assert (list(found.weights), found.prefix) == (list(own), "module.")


@pytest.mark.parametrize("wrapped", ["_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."])
def test_what_wrapping_puts_between_the_names_is_taken_out(wrapped):
    weights = {key.replace("conv.", f"conv.{wrapped}"): value for key, value in WEIGHTS.items()}
    assert list(fitted(weights, OWN).weights) == list(OWN)


@pytest.mark.parametrize(
    "beside",
    [
        *(
            "criterion.weight",
            "criterion.0.weight",
            "loss.weight",
            "loss_fn.pos_weight",
            "train_loss.alpha",
            "pos_weight",
        ),
        *(
            "focal_loss.alpha",
            "metrics.total",
            "train_acc.correct",
            "val_acc.tp",
            "train_acc.confmat",
            "val_metrics.f1.tp",
        ),
        *("test_accuracy.total", "auroc.thresholds", "class_weights", "total_ops", "conv.total_params", "n_averaged"),
        *("teacher.conv.weight", "model_ema.module.conv.weight", "ema.conv.weight", "momentum_encoder.conv.weight"),
        *("target_network.head.bias", "encoder_k.conv.weight", "model.ema.decay"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "model."])
def test_what_belongs_to_a_loss_a_metric_or_a_copy_is_left_out_and_named(beside, prefix):
    found = fitted({**under(prefix), beside: torch.ones(3)}, OWN)
    assert list(found.weights) == list(OWN)
    assert found.left_out == (beside,)


def test_a_module_of_such_a_name_is_kept_where_the_model_has_it():
    own = {key: value.shape for key, value in Holds("metric_head").state_dict().items()}
    assert list(fitted(under("metric_head."), own).weights) == list(own)


@pytest.mark.parametrize("copy", ["ema_model.", "teacher.", "model_ema.module.", "encoder_k."])
def test_the_trained_weights_come_before_a_copy_that_fits_as_well(copy):
    other = {key: value + 1 for key, value in WEIGHTS.items()}
    for weights in ({**under("model."), **under(copy, other)}, {**under(copy, other), **under("model.")}):
        found = fitted(weights, OWN)
        assert found.prefix == "model."
        assert torch.equal(found.weights["head.bias"], WEIGHTS["head.bias"])
        assert set(found.left_out) == set(under(copy))


def test_two_sets_that_fit_are_refused_and_the_same_set_twice_is_not():
    other = {key: value + 1 for key, value in WEIGHTS.items()}
    with pytest.raises(TwoFitError, match=r"under net_a\. and under net_b\.") as caught:
        fitted({**under("net_a."), **under("net_b.", other)}, OWN)
    assert caught.value.prefixes == ("net_a.", "net_b.")
    with pytest.raises(TwoFitError, match="no prefix"):
        fitted({**under("net."), "head.bias": torch.ones(2)}, OWN)
    assert fitted({**under("net_a."), **under("net_b.")}, OWN).prefix == "net_a."


def test_the_set_of_the_right_shapes_is_taken_where_two_have_the_names():
    other = {key: torch.zeros(7) for key in WEIGHTS}
    assert fitted({**under("a.", other), **under("b.")}, OWN).prefix == "b."


@pytest.mark.parametrize("lacking", sorted(OWN))
def test_missing_weights_are_not_made_up(lacking):
    weights = under("model.", {key: value for key, value in WEIGHTS.items() if key != lacking})
    assert set(fitted(weights, OWN).weights) == set(OWN) - {lacking}


@pytest.mark.parametrize("other", ["projector.weight", "model.extra.weight", "fc.bias", "lossless.weight"])
def test_a_weight_of_something_else_stays_for_the_loading_to_refuse(other):
    found = fitted({**under("model."), other: torch.ones(1)}, OWN)
    assert set(found.weights) == {*OWN, other.removeprefix("model.")}
    assert found.left_out == ()


def test_weights_of_another_architecture_keep_their_names():
    weights = {"module.features.weight": torch.ones(1), "module.head.bias": torch.ones(2)}
    found = fitted(weights, OWN)
    assert (list(found.weights), found.prefix) == (list(weights), "")


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.module.", "model."])
def test_the_versions_of_the_modules_come_along_under_their_new_names(prefix):
    """torch keeps them beside the weights: {"": {"version": 1}, "norm": {"version": 2}, ...}."""
    state = small().state_dict()
    wrapped = OrderedDict(under(prefix, state))
    outer = [prefix[: -len(rest)].rstrip(".") for rest in (prefix, prefix.partition(".")[2]) if prefix and rest]
    wrapped._metadata = {name: {"version": 7} for name in outer} | {
        f"{prefix}{name}".rstrip("."): value for name, value in state._metadata.items()
    }
    assert dict(fitted(wrapped, OWN).weights._metadata) == dict(state._metadata)


def test_the_names_are_those_that_plain_torch_gives_a_wrapped_model():
    """DataParallel, torch.compile and AveragedModel themselves, not names that we made up."""
    model = small()
    for wrapped in (nn.DataParallel(model), torch.compile(model), torch.optim.swa_utils.AveragedModel(model)):
        found = fitted(wrapped.state_dict(), OWN)
        assert list(found.weights) == list(OWN)
        fresh = small()
        fresh.load_state_dict(found.weights, strict=True)
        assert torch.equal(fresh.head.weight, model.head.weight)
        assert found.weights._metadata["norm"] == {"version": 2}
