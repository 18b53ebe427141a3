"""Folders as timm's and transformers' own functions save them: read whole, without the net, or told what is missing."""

import json
import shutil
import socket

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from reportgen.errors import ConfigError, InputError
from reportgen.inputs.checkpoints import file_format_of, read_checkpoint
from reportgen.inputs.checkpoints.hub_config import of_processor
from reportgen.inputs.images.preprocessing import merged
from reportgen.inputs.images.preprocessing_values import said
from reportgen.inputs.models.building import read_model
from tests.inputs.refusals import refused

timm = pytest.importorskip("timm", reason="NOT RUN: timm is not installed")
transformers = pytest.importorskip("transformers", reason="NOT RUN: transformers is not installed")
LABELS = {0: "blue", 1: "red", 2: "green"}
TINY = {
    "resnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]},
    "vit": {"image_size": 32, "patch_size": 8},
    "swin": {"embed_dim": 8, "depths": [1], "num_heads": [2], "image_size": 32, "window_size": 4},
    "convnext": {"hidden_sizes": [8, 8], "depths": [1, 1], "num_stages": 2},
}
for kind in ("vit", "beit"):
    TINY[kind] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16} | {
        "image_size": 32,
        "patch_size": 8,
    }


@pytest.fixture(autouse=True)
def _no_net(monkeypatch):
    def refuse(*_args, **_options):
        raise AssertionError("the net was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def theirs(kind="resnet"):
    config = transformers.AutoConfig.for_model(kind, id2label=LABELS, **TINY[kind])
    torch.manual_seed(0)
    return transformers.AutoModelForImageClassification.from_config(config).eval()


def saved(folder, kind="resnet", **options):
    model = theirs(kind)
    model.save_pretrained(folder, **options)
    return model


def logits_of(checkpoint, inputs):
    model = read_model(checkpoint, None).model
    with torch.inference_mode():
        return model(inputs).logits


@pytest.mark.parametrize("kind", TINY)
@pytest.mark.parametrize("how", ["one file", "parts", "bin", "the file itself"])
def test_a_model_that_transformers_saved_gives_its_logits(tmp_path, kind, how):
    folder = tmp_path / "hub"
    model = saved(folder, kind, **({"max_shard_size": "5KB"} if how == "parts" else {}))
    if how == "bin":
        torch.save(safetensors.torch.load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    found = read_checkpoint(folder / "model.safetensors" if how == "the file itself" else folder)
    assert (found.arch, found.classes) == (f"transformers/{kind}", ("blue", "red", "green"))
    inputs = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(logits_of(found, inputs), model(inputs).logits, atol=1e-5)


def test_a_folder_of_parts_has_parts_and_each_change_changes_its_hash(tmp_path):
    saved(tmp_path / "hub", max_shard_size="5KB")
    parts = sorted((tmp_path / "hub").glob("model-*.safetensors"))
    assert len(parts) > 1
    before = read_checkpoint(tmp_path / "hub").sha256
    assert before == read_checkpoint(tmp_path / "hub").sha256
    weights = safetensors.torch.load_file(parts[-1])
    safetensors.torch.save_file(
        {key: value + 1 for key, value in weights.items()}, parts[-1], metadata={"format": "pt"}
    )
    assert read_checkpoint(tmp_path / "hub").sha256 != before


def timm_folder(folder, **config):
    """As timm.models.push_to_hf_hub lays it out."""
    folder.mkdir()
    torch.manual_seed(0)
    model = timm.create_model("resnet10t", num_classes=3).eval()
    safetensors.torch.save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    data = {
        "input_size": [3, 64, 64],
        "mean": [0.5] * 3,
        "std": [0.25] * 3,
        "crop_pct": 0.8,
        "interpolation": "bilinear",
    }
    content = {
        "architecture": "resnet10t",
        "num_classes": 3,
        "label_names": list(LABELS.values()),
        "pretrained_cfg": data,
    }
    (folder / "config.json").write_text(json.dumps(content | config))
    return model


@pytest.mark.parametrize("how", ["folder", "file"])
@pytest.mark.parametrize(
    "names",
    [
        {},
        {"label_names": {"0": "blue", "1": "red", "2": "green"}},
        {"label_names": None, "pretrained_cfg": {"label_names": ["blue", "red", "green"], "input_size": [3, 64, 64]}},
        {"architecture": "resnet10t.c3_in1k"},
    ],
)
def test_a_folder_that_timm_saved_gives_its_logits(tmp_path, how, names):
    model = timm_folder(tmp_path / "hub", **names)
    found = read_checkpoint(tmp_path / "hub" if how == "folder" else tmp_path / "hub" / "model.safetensors")
    assert (found.arch, found.classes) == ("timm/resnet10t", ("blue", "red", "green"))
    read = read_model(found, None)
    own = read.model
    inputs = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(own(inputs), model(inputs), atol=1e-5)
    assert read.said["crop_px"] == 64


def test_arguments_of_a_timm_model_are_its_own_and_none_of_the_loaders(tmp_path):
    """`checkpoint_path` would make timm read another file."""
    timm_folder(tmp_path / "hub", model_args={"checkpoint_path": "/nowhere/x.pt", "drop_rate": 0.25})
    read = read_model(read_checkpoint(tmp_path / "hub"), None)
    own = read.model
    assert own.drop_rate == 0.25


def test_what_timms_training_script_writes_is_known_as_timms(tmp_path):
    model = timm.create_model("resnet10t", num_classes=3)
    torch.save({"arch": "resnet10t", "state_dict": model.state_dict(), "version": 2}, tmp_path / "c.pth.tar")
    read = read_model(read_checkpoint(tmp_path / "c.pth.tar"), None)
    assert read.arch == "timm/resnet10t"
    with refused(ConfigError, "nearest: timm/resnet10t"):
        read_model(read_checkpoint(tmp_path / "c.pth.tar"), "resnet10t")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda hub: (hub / "model.safetensors").unlink(), ("a folder with a config.json and without weights",)),
        (
            lambda hub: (hub / "model.safetensors").rename(hub / "tf_model.h5"),
            ("without weights that this program reads (it holds tf_model.h5)", "model.safetensors"),
        ),
        (
            lambda hub: (hub / "model.safetensors").rename(hub / "adapter_config.json"),
            ("adapter_config.json", "merge the adapter into its model"),
        ),
        (lambda hub: (hub / "config.json").write_text("{"), ("config.json", "JSONDecodeError")),
        (lambda hub: (hub / "config.json").write_text('{"model_type": "nonsense"}'), ("cannot be made", "nonsense")),
        (
            lambda hub: (hub / "config.json").write_text('{"model_type": "bert"}'),
            ("cannot be made", "an image classifier"),
        ),
        (
            lambda hub: (hub / "config.json").write_text('{"other": 1}'),
            ("without the name of an architecture", "timm/NAME"),
        ),
        (lambda hub: weights_of(hub, drop="classifier.1.bias"), ("missing: 1 (classifier.1.bias)",)),
        (lambda hub: weights_of(hub, projector=torch.ones(1)), ("not in the model: 1 (projector)",)),
        (
            lambda hub: weights_of(hub, **{"classifier.1.bias": torch.ones(7)}),
            ("of another shape: 1 (classifier.1.bias)",),
        ),
    ],
)
def test_a_folder_that_lacks_something_is_told_what(tmp_path, change, told):
    saved(tmp_path / "hub")
    change(tmp_path / "hub")
    with refused(InputError, *told):
        read_model(read_checkpoint(tmp_path / "hub"), None)


def weights_of(hub, drop=None, **more):
    weights = safetensors.torch.load_file(hub / "model.safetensors") | more
    weights.pop(drop, None)
    safetensors.torch.save_file(weights, hub / "model.safetensors", metadata={"format": "pt"})


def test_a_loss_beside_the_weights_is_left_out_and_named(tmp_path):
    saved(tmp_path / "hub")
    weights_of(tmp_path / "hub", **{"criterion.weight": torch.ones(3)})
    read = read_model(read_checkpoint(tmp_path / "hub"), None)
    assert read.fit.left_out == ("criterion.weight",)


def test_a_part_of_a_model_and_a_folder_that_lacks_one_are_named(tmp_path):
    saved(tmp_path / "hub", max_shard_size="5KB")
    first, second, *_ = sorted((tmp_path / "hub").glob("model-*.safetensors"))
    with refused(InputError, "one part of several", f"--checkpoint {tmp_path / 'hub'}"):
        read_checkpoint(first)
    second.unlink()
    with refused(InputError, "parts of the weights are missing", second.name):
        read_checkpoint(tmp_path / "hub")


def test_an_index_that_points_out_of_its_folder_reads_nothing_there(tmp_path):
    saved(tmp_path / "hub", max_shard_size="5KB")
    outside = tmp_path / "outside.safetensors"
    shutil.copy(next((tmp_path / "hub").glob("model-*.safetensors")), outside)
    index = tmp_path / "hub" / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    content["weight_map"] = dict.fromkeys(content["weight_map"], "../outside.safetensors")
    index.write_text(json.dumps(content))
    with refused(InputError, "missing: outside.safetensors"):
        read_checkpoint(tmp_path / "hub")


def test_code_of_a_folder_does_not_run(tmp_path):
    saved(tmp_path / "hub")
    config = json.loads((tmp_path / "hub" / "config.json").read_text())
    trap = {"AutoConfig": "trap.Config", "AutoModelForImageClassification": "trap.Model"}
    (tmp_path / "hub" / "config.json").write_text(json.dumps(config | {"auto_map": trap}))
    (tmp_path / "hub" / "trap.py").write_text(f"open({str(tmp_path / 'it_ran')!r}, 'w').close()\n")
    read_model(read_checkpoint(tmp_path / "hub"), None)
    assert not (tmp_path / "it_ran").exists()


def test_a_config_beside_a_file_of_another_name_is_none_of_its_own(tmp_path):
    saved(tmp_path / "hub")
    (tmp_path / "hub" / "model.safetensors").rename(tmp_path / "hub" / "best.safetensors")
    assert read_checkpoint(tmp_path / "hub" / "best.safetensors").arch is None
    assert file_format_of(tmp_path / "hub") == "hugging_face"


@pytest.mark.parametrize(
    "processor",
    [
        lambda t: t.ViTImageProcessor(size={"height": 48, "width": 64}, image_mean=[0.5] * 3, image_std=[0.25] * 3),
        lambda t: t.ViTImageProcessor(size=64, resample=3),
        lambda t: t.ViTImageProcessor(size=64, do_normalize=False),
        lambda t: t.ConvNextImageProcessor(size={"shortest_edge": 64}, crop_pct=0.8),
        lambda t: t.CLIPImageProcessor(size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64}),
        lambda t: t.BitImageProcessor(size={"shortest_edge": 72}, crop_size=64),
        lambda t: t.DeiTImageProcessor(size={"height": 72, "width": 72}, crop_size={"height": 64, "width": 64}),
        lambda t: t.ViTImageProcessor(size=64, rescale_factor=1 / 127.5, image_mean=[1.0] * 3, image_std=[1.0] * 3),
    ],
)
def test_a_processor_of_transformers_gives_the_same_pixels(tmp_path, processor):
    """Its own pixels are the yardstick: the mean difference is under 1% of a channel's spread."""
    own = processor(transformers)
    own.save_pretrained(tmp_path)
    table = json.loads((tmp_path / "preprocessor_config.json").read_text())
    preprocessing, _ = merged({"checkpoint": said(of_processor(table))})
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 255, (9, 13, 3), dtype=np.uint8))
    picture = coarse.resize((128, 96), Image.Resampling.BICUBIC)
    wanted = own(picture, return_tensors="pt")["pixel_values"]
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    found = preprocessing.normalised(preprocessing.cropped(pixels)[None])
    assert found.shape == wanted.shape
    assert (found - wanted).abs().mean() < 0.01 * wanted.std()


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ({"size": 224}, {"resize": [224, 224], "crop": [224, 224]}),  # ViT's before 2023: one number, both sides
        (
            {"size": 224, "feature_extractor_type": "ConvNextFeatureExtractor", "crop_pct": 0.875},
            {"resize": 256, "crop": 224},
        ),
        (
            {"size": {"shortest_edge": 384}, "image_processor_type": "ConvNextImageProcessor", "crop_pct": 1.0},
            {"crop": 384},
        ),
        ({"size": {"shortest_edge": 224}, "image_processor_type": "LevitImageProcessor"}, {"resize": 256, "crop": 224}),
        ({"size": [48, 64]}, {"resize": [48, 64], "crop": [48, 64]}),
        ({"do_resize": False, "crop_size": 64, "do_center_crop": True}, {"crop": [64, 64]}),
        # Where nothing says whether crop_size is used, it is, unless crop_pct gives the size.
        ({"do_resize": False, "crop_size": 64}, {"crop": [64, 64]}),
        ({"do_resize": False, "crop_size": 64, "crop_pct": 0.9}, {}),
        ({"do_resize": False, "crop_size": 64, "do_center_crop": False}, {}),
        ({"do_normalize": False}, {"mean": [0, 0, 0], "std": [1, 1, 1]}),
        (
            {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 3},
            {"mean": [0.5] * 3, "interpolation": "bicubic"},
        ),
        # x / 127.5 - 1, as EfficientNet's processor says it, is (x / 255 - 0.5) / 0.5.
        (
            {"rescale_factor": 1 / 127.5, "rescale_offset": True, "do_normalize": False},
            {"mean": [0.5] * 3, "std": [0.5] * 3},
        ),
    ],
)
def test_the_older_and_the_odd_forms_of_a_processor_are_read(table, keys):
    found = of_processor(table)
    for key, value in keys.items():
        assert found[key] == (pytest.approx(value) if key in ("mean", "std") else value)
