"""Models by name and by factory, and the refusals of both."""

import pytest
import torch
import torchvision
from torch import nn

from reportgen.errors import ConfigError, InputError
from reportgen.inputs.checkpoints import Checkpoint, read_checkpoint
from reportgen.inputs.models.building import read_model
from reportgen.inputs.models.first_forward import ExpectedInput, first_run
from tests.inputs.refusals import refused
from tests.pets import BREEDS, LOGIT, hand_checkpoint, picture

HERE = "tests.inputs.test_models"


def checkpoint(tmp_path, weights, **more) -> Checkpoint:
    torch.save({"state_dict": weights, **more}, tmp_path / "c.pt")
    return read_checkpoint(tmp_path / "c.pt")


def n_outputs(model, px):
    return first_run(model, ExpectedInput(size=(px, px), channels=3, n_classes=None)).reading.n_columns


class ShapeOf(nn.Module):
    """Returns what `shape` makes of its input."""

    def __init__(self, shape):
        super().__init__()
        self.head = nn.Linear(1, 1)
        self.shape = shape

    def forward(self, inputs):
        return self.shape(inputs)


def failing():
    return ShapeOf(lambda x: x.view(7))


def no_module():
    return "resnet50"


def needs_a_number(num_classes):
    return nn.Linear(1, num_classes)


not_callable = 3


def test_resnet18_by_name_is_the_same_model_in_eval_mode(tmp_path):
    torch.manual_seed(0)
    own = torchvision.models.resnet18(weights=None, num_classes=5)
    read = read_model(checkpoint(tmp_path, own.state_dict(), arch="resnet18"), None)
    model = read.model
    assert read.arch == "resnet18"
    assert n_outputs(model, 64) == 5
    assert not any(module.training for module in model.modules())
    pictures = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(model(pictures), own.eval()(pictures), atol=1e-5)


def test_the_name_given_by_the_user_wins_over_the_checkpoints(tmp_path):
    weights = torchvision.models.squeezenet1_1(weights=None, num_classes=3).state_dict()
    read = read_model(checkpoint(tmp_path, weights, arch="resnet50"), "squeezenet1_1")
    assert (read.arch, n_outputs(read.model, 64)) == ("squeezenet1_1", 3)


def test_half_precision_weights_become_float32(tmp_path):
    weights = {key: value.half() for key, value in nn.Linear(1, 2).state_dict().items()}
    model = read_model(checkpoint(tmp_path, weights, classes=["a", "b"]), f"{HERE}:needs_a_number").model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_an_unknown_name_is_a_usage_error_with_the_nearest(tmp_path):
    told = (
        "architecture 'resnet05'",
        "nearest: resnet50",
        "resnet50 or vit_b_16, timm/NAME, or package.module:function",
        "--arch",
    )
    with refused(ConfigError, *told):
        read_model(checkpoint(tmp_path, nn.Linear(1, 1).state_dict()), "resnet05")


def test_without_a_name_one_is_asked_for(tmp_path):
    with refused(
        InputError, str(tmp_path / "c.pt"), "without the name", "`arch` in the checkpoint", "--arch mobilenet"
    ):
        read_model(checkpoint(tmp_path, nn.Linear(1, 1).state_dict()), None)


def test_a_factory_named_in_the_checkpoint_is_not_even_imported(tmp_path):
    marker = tmp_path / "imported"
    (tmp_path / "trap_module.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    found = checkpoint(tmp_path, nn.Linear(1, 1).state_dict(), arch="trap_module:net")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        with refused(InputError, "'trap_module:net'", "named inside the checkpoint", "--arch trap_module:net"):
            read_model(found, None)
    assert not marker.exists()


def test_weights_of_another_architecture_are_counted_and_named(tmp_path):
    """Linear has `weight` and `bias`; the checkpoint has `bias` and `wait`."""
    found = checkpoint(tmp_path, {"bias": torch.ones(2), "wait": torch.ones(2, 1)}, classes=["a", "b"])
    told = ("c.pt", "needs_a_number", "1 weights missing (weight)", "1 not in the model (wait)", "--arch")
    with refused(InputError, *told):
        read_model(found, f"{HERE}:needs_a_number")


def test_weights_of_another_shape_are_named(tmp_path):
    found = checkpoint(tmp_path, nn.Linear(1, 3).state_dict(), classes=["a", "b"])
    with refused(InputError, "size mismatch for weight", "exactly the weights", "--arch"):
        read_model(found, f"{HERE}:needs_a_number")


@pytest.mark.parametrize(
    ("factory", "told"),
    [
        ("no_module", ("returns a str", "a torch.nn.Module", "return the model")),
        ("not_callable", ("a int, which cannot be called", "a function or class")),
        ("gone", ("AttributeError", "package.module:attribute", "correct the name")),
    ],
)
def test_a_factory_that_makes_no_model_is_a_usage_error(tmp_path, factory, told):
    with refused(ConfigError, f"architecture '{HERE}:{factory}'", *told):
        read_model(checkpoint(tmp_path, nn.Linear(1, 1).state_dict()), f"{HERE}:{factory}")


def test_a_factory_without_a_signature_is_refused_like_any_other(tmp_path):
    with refused(InputError, "builtins:dict"):
        read_model(checkpoint(tmp_path, nn.Linear(1, 1).state_dict()), "builtins:dict")


def test_a_factory_that_needs_the_number_of_classes_asks_for_the_names(tmp_path):
    """It takes `num_classes`, without a default, and the checkpoint names no classes."""
    with refused(InputError, f"{HERE}:needs_a_number"):
        read_model(checkpoint(tmp_path, nn.Linear(1, 1).state_dict()), f"{HERE}:needs_a_number")


def test_a_crop_that_the_model_cannot_take_is_said_with_its_size(tmp_path):
    model = read_model(checkpoint(tmp_path, ShapeOf(None).state_dict()), f"{HERE}:failing").model
    with refused(InputError, "8 x 8 px", "RuntimeError", "[preprocessing] crop"):
        n_outputs(model, 8)


def test_the_hand_weighted_net_gives_the_logits_of_its_construction(tmp_path):
    """10/3 for the breed of the patch, 0 for the others; its activation is 1.5 on the patch and 0 elsewhere."""
    model = read_model(read_checkpoint(hand_checkpoint(tmp_path / "h.pt")), "tests.pets:hand_net").model
    for k, breed in enumerate(BREEDS):
        pixels = torch.tensor(list(picture(breed).tobytes()), dtype=torch.float32).view(48, 48, 3).permute(2, 0, 1)
        inputs = (pixels / 255 - 0.5)[None] / 0.5
        with torch.inference_mode():
            logits, activation = model(inputs)[0], model.features(inputs)[0]
        assert logits.tolist() == pytest.approx([LOGIT if k == other else 0.0 for other in range(5)], abs=1e-5)
        expected = torch.zeros(5, 48, 48)
        expected[k, 24:40, 8:24] = 1.5
        assert torch.allclose(activation, expected, atol=1e-6)


def test_a_timm_architecture_is_built_with_the_outputs_of_its_weights(tmp_path):
    timm = pytest.importorskip("timm", reason="NOT RUN: timm is not installed")
    path = tmp_path / "t.pt"
    theirs = timm.create_model("mobilenetv3_small_050", pretrained=False, num_classes=4).eval()
    torch.save(theirs.state_dict(), path)
    read = read_model(read_checkpoint(path), "timm/mobilenetv3_small_050")
    inputs = torch.randn(1, 3, 64, 64)
    assert read.arch == "timm/mobilenetv3_small_050"
    assert torch.allclose(read.model(inputs), theirs(inputs), atol=1e-5)
    with pytest.raises(ConfigError, match="mobilenetv3_small_050"):
        read_model(read_checkpoint(path), "timm/mobilenetv3_smal_050")


@pytest.mark.parametrize(
    ("name", "channels"),
    [("resnet10t", 1), ("resnet10t", 3), ("resnet10t", 4), ("mobilenetv3_small_050", 1), ("test_vit", 1)],
)
def test_a_model_of_timm_takes_as_many_channels_as_its_weights(name, channels, tmp_path):
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    own = timm.create_model(name, in_chans=channels, num_classes=4).eval()
    made = read_model(checkpoint(tmp_path, own.state_dict(), arch=f"timm/{name}"), None).model
    size = own.pretrained_cfg["input_size"][1:]
    pictures = torch.randn(2, channels, *size)
    assert torch.equal(made(pictures), own(pictures))


@pytest.mark.parametrize(
    ("name", "place"), [("resnet18", "conv1"), ("mobilenet_v2", "features.0.0"), ("squeezenet1_1", "features.0")]
)
def test_a_model_of_torchvision_with_another_first_convolution_is_told_what_to_do(name, place, tmp_path):
    own = torchvision.models.get_model(name, weights=None, num_classes=4)
    weights = own.state_dict()
    weights[f"{place}.weight"] = weights[f"{place}.weight"][:, :1].clone()
    with refused(
        InputError,
        f"{place}.weight for images of 1 channel(s), where the architecture has 3",
        f"sets its {place} to a convolution of 1 channel(s)",
        "--arch my_model:make",
    ):
        read_model(checkpoint(tmp_path, weights, arch=name), None)
