"""Point 6, checkpoints: what a small file can ask for, of memory, of time, and in the words of the error."""

import collections
import io
import json
import os
import pickle
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import save_file

from reportgen.errors import ConfigError, InputError
from reportgen.inputs.checkpoints import read_checkpoint
from reportgen.inputs.models.building import read_model
from reportgen.inputs.usable_names import MAX_CLASSES

NAMES = ["red", "green", "blue"]
WEIGHTS = {"conv.weight": torch.eye(3).view(3, 3, 1, 1), "fc.weight": torch.eye(3)}


def refused(path, arch=None):
    """The words of the refusal; none of them takes long, much memory or many letters. Memory: as test_pictures has it."""

    def held(key):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 2**20

    Path("/proc/self/clear_refs").write_text("5")
    before, started = held("VmRSS"), time.monotonic()
    with pytest.raises((InputError, ConfigError)) as told:
        read_model(read_checkpoint(path), arch)
    words, gb, time_s = str(told.value), held("VmHWM") - before, time.monotonic() - started
    print(f"{gb:.2f} GB, {time_s:.1f} s: {words}")  # noqa: T201  # measured
    assert gb < 2.5
    assert time_s < 40
    assert len(words) < 5000
    return words


def nested(depth, leaf=0):
    for _ in range(depth):
        leaf = [leaf]
    return leaf


def doubled(depth):
    """Two of the same in each other: `depth` tuples, and 2 ** depth where they are written out."""
    one = ("a", "b")
    for _ in range(depth):
        one = (one, one)
    return one


class As:
    """Pickled as the call of `function` with `given`."""

    def __init__(self, function, *given):
        self.call = function, given

    def __reduce__(self):
        return self.call


METADATA = {
    "classes, 200,000 deep": ({"classes": "[" * 200_000 + "]" * 200_000}, "nested too deeply"),
    "classes of dictionaries, 200,000 deep": ({"classes": '{"a":' * 200_000 + "1" + "}" * 200_000}, "nested too deep"),
    "an unknown entry, 200,000 deep": ({"x": "[" * 200_000 + "]" * 200_000}, "nested too deeply"),
    "an epoch of 5,001 digits": ({"epoch": "1" * 5001}, "4300 digits"),
    "a number of 5,001 digits inside": ({"args": f'{{"lr": -{"7" * 5001}}}'}, "4300 digits"),
    "millions of values": ({"x": "[" + "1," * 2_100_000 + "1]"}, "2,000,000 values"),
    "100,001 names": ({"classes": json.dumps([f"n{k}" for k in range(MAX_CLASSES + 1)])}, "100,001 classes"),
    "an architecture of 2 MB": ({"arch": "x" * 2_000_000}, "2,000,000 letters"),
    "a layer of 2 MB": ({"target_layer": "x" * 2_000_000}, "2,000,000 letters"),
    "a species of 2 MB": ({"species": json.dumps({"red": "x" * 2_000_000})}, "2,000,000 letters"),
    "a species that is a list": ({"species": json.dumps({"red": nested(500)})}, "a list"),
    "a resize of 40,000": ({"preprocessing": '{"resize": 40000}'}, "at most 4096"),
    "a crop of 10 ** 18": ({"preprocessing": '{"crop": 1000000000000000000}'}, "at most 4096"),
    "a resize that is infinite": ({"preprocessing": '{"resize": 1e999}'}, "whole"),
    "a mean of NaN": ({"preprocessing": '{"mean": [NaN, 0, 0]}'}, "finite"),
    "a mean of 500,000 numbers": ({"preprocessing": json.dumps({"mean": [0.5] * 500_000})}, "three numbers"),
    "a mean 900 deep": ({"preprocessing": json.dumps({"mean": nested(900)})}, "three numbers"),
    "a fit that is a list": ({"preprocessing": json.dumps({"fit": nested(900)})}, "one of"),
}


@pytest.mark.parametrize(("metadata", "told"), METADATA.values(), ids=METADATA)
def test_metadata_of_safetensors_that_are_too_much_are_refused(tmp_path, metadata, told):
    save_file(WEIGHTS, tmp_path / "m.safetensors", metadata=metadata)
    assert told in refused(tmp_path / "m.safetensors", "resnet18")


@pytest.mark.parametrize("length", [10**6, 2**40, 2**63])
def test_a_header_that_lies_about_its_length_is_refused(tmp_path, length):
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", length) + b"{}" + bytes(90))
    refused(tmp_path / "m.safetensors")


def test_a_number_of_an_epoch_that_is_none_is_left_out(tmp_path):
    for epoch in (-1, 10**12, 2**62):
        torch.save({"state_dict": WEIGHTS, "epoch": epoch}, tmp_path / "m.pt")
        assert read_checkpoint(tmp_path / "m.pt").epoch is None
    torch.save({"state_dict": WEIGHTS, "epoch": 90}, tmp_path / "m.pt")
    assert read_checkpoint(tmp_path / "m.pt").epoch == 90


VALUES = {
    "a resize of 40,000": ({"preprocessing": {"resize": 40_000}}, "at most 4096"),
    "a resize of a tensor": ({"preprocessing": {"resize": torch.tensor([224, 40_000])}}, "at most 4096"),
    "a mean of strides 0": ({"preprocessing": {"mean": torch.zeros(1).expand(10**11)}}, "100,000,000,000"),
    "a mean of the device meta": ({"preprocessing": {"mean": torch.zeros(10**11, device="meta")}}, "100,000,000,000"),
    "a mean that is doubled": ({"preprocessing": {"mean": doubled(60)}}, "three numbers"),
    "a resize that is doubled": ({"preprocessing": {"resize": doubled(60)}}, "whole"),
    "a fit that is doubled": ({"preprocessing": {"fit": doubled(60)}}, "one of"),
    "names that are doubled": ({"classes": {0: doubled(60), 1: "b", 2: "c"}}, "a tuple"),
    "names that are nested": ({"classes": {0: nested(300), 1: "b", 2: "c"}}, "a list"),
    "names without numbers that are doubled": ({"classes": {"x": doubled(60), "y": doubled(60)}}, "no numbers"),
    "species that are doubled": ({"species": {"red": doubled(60)}}, "a tuple"),
    "100,001 names": ({"classes": [f"n{k}" for k in range(MAX_CLASSES + 1)]}, "100,001 classes"),
    "a bytearray of 10 ** 12": ({"x": As(bytearray, 10**12)}, "memory"),
    "a bytearray of 8 GB": ({"x": As(bytearray, 8 * 10**9)}, "memory"),
    "a set of a range": ({"x": As(set, range(10**12))}, "memory"),
    "a Counter of a range": ({"x": As(collections.Counter, range(10**12))}, "memory"),
    "a size of a range": ({"x": As(torch.Size, range(10**12))}, "memory"),
}


@pytest.mark.parametrize(("beside", "told"), VALUES.values(), ids=VALUES)
def test_values_of_a_pt_that_are_too_much_are_refused(tmp_path, beside, told):
    torch.save({"state_dict": WEIGHTS, **beside}, tmp_path / "m.pt")
    assert (tmp_path / "m.pt").stat().st_size < 5_000_000
    assert told in refused(tmp_path / "m.pt", "resnet18")


@pytest.mark.parametrize("key", ["classes", "preprocessing", "state_dict", "x"])
def test_a_pickle_nested_200_000_deep_is_refused(tmp_path, key):
    """Python's own pickle does not write one."""
    n, name = 200_000, key.encode()
    pickled = b"\x80\x02}X" + struct.pack("<I", len(name)) + name + b"]" * n + b"a" * (n - 1) + b"s."
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        for part, content in (("data.pkl", pickled), ("version", b"3\n"), ("byteorder", b"little")):
            archive.writestr(f"m/{part}", content)
    refused(tmp_path / "m.pt", "resnet18")


def squeezenet(weight, bias):
    own = torchvision.models.squeezenet1_1(num_classes=3).state_dict()
    return {"arch": "squeezenet1_1", "state_dict": own | {"classifier.1.weight": weight, "classifier.1.bias": bias}}


def of_strides(*shape, strides=None):
    return torch.zeros(1).as_strided(shape, strides or (0,) * len(shape))


N = 3_000_000
HEADS = {
    "of strides 0": (of_strides(N, 512, 1, 1), of_strides(N)),
    "that overlaps": (torch.zeros(N + 600).as_strided((N, 512, 1, 1), (1, 1, 1, 1)), of_strides(N)),
    "of one row again and again": (torch.zeros(512).as_strided((N, 512, 1, 1), (0, 1, 1, 1)), of_strides(N)),
    "sparse": (
        torch.sparse_coo_tensor(torch.zeros(4, 1, dtype=torch.long), [1.0], (N, 512, 1, 1), check_invariants=True),
        of_strides(N),
    ),
    "on the device meta": (torch.zeros(N, 512, 1, 1, device="meta"), torch.zeros(N, device="meta")),
    "of 10 ** 15": (of_strides(10**15, 512, 1, 1), of_strides(10**15)),
    "as a parameter": (torch.nn.Parameter(of_strides(N, 512, 1, 1)), torch.nn.Parameter(of_strides(N))),
    "of half precision": (of_strides(N, 512, 1, 1).half().expand(N, 512, 1, 1), of_strides(N)),
}


@pytest.mark.parametrize(("weight", "bias"), HEADS.values(), ids=HEADS)
def test_a_head_that_the_file_does_not_hold_is_refused_before_a_model_is_made(tmp_path, weight, bias):
    if weight.dtype == torch.float16:  # half() wrote it in full
        weight = torch.zeros(1, dtype=torch.float16).expand(N, 512, 1, 1)
    torch.save(squeezenet(weight, bias), tmp_path / "m.pt")
    assert (tmp_path / "m.pt").stat().st_size < 30_000_000
    assert "weights of" in refused(tmp_path / "m.pt")


def test_a_head_of_100_001_outputs_is_refused_though_the_file_holds_it(tmp_path):
    n = MAX_CLASSES + 1
    torch.save(squeezenet(torch.zeros(n, 512, 1, 1, dtype=torch.float16), torch.zeros(n)), tmp_path / "m.pt")
    assert "100,001 classes" in refused(tmp_path / "m.pt")


def test_weights_that_are_kept_twice_and_small_ones_of_strides_0_are_taken(tmp_path):
    own = torchvision.models.squeezenet1_1(num_classes=3).state_dict()
    own["classifier.1.bias"] = of_strides(3)
    torch.save({"arch": "squeezenet1_1", "state_dict": own, "ema": own}, tmp_path / "m.pt")
    assert read_model(read_checkpoint(tmp_path / "m.pt"), None).model.classifier[1].bias.tolist() == [0, 0, 0]


def packed(path, change=lambda name, content: content):
    """The same file of torch.save, its members changed, in a zip that packs them."""
    content = io.BytesIO()
    torch.save({"state_dict": {**WEIGHTS, "w": torch.zeros(2 * 10**8 // 4)}}, content)
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))


def test_an_archive_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path):
    packed(tmp_path / "m.pt")
    assert (tmp_path / "m.pt").stat().st_size < 2_000_000
    assert "unpacks to" in refused(tmp_path / "m.pt", "resnet18")


def test_a_pickle_that_unpacks_to_far_more_is_refused(tmp_path):
    packed(tmp_path / "m.pt", lambda name, content: bytes(10**8) if name.endswith("data.pkl") else content[:400])
    assert "unpacks to" in refused(tmp_path / "m.pt", "resnet18")


def test_a_pickle_of_too_many_parts_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("reportgen.inputs.checkpoints.pickled_names.MOST_PARTS", 10_000)
    monkeypatch.setattr("reportgen.inputs.checkpoints.torch_file.MOST_PARTS", 10_000)
    torch.save({"state_dict": WEIGHTS, "x": [[] for _ in range(20_000)]}, tmp_path / "m.pt")
    assert "more than 10,000 parts" in refused(tmp_path / "m.pt", "resnet18")


def test_a_storage_of_the_old_format_that_lies_about_its_length_is_refused(tmp_path):
    content = io.BytesIO()
    torch.save({"w": torch.zeros(77)}, content, _use_new_zipfile_serialization=False)
    old = content.getvalue()
    assert b"K\x4d" in old
    (tmp_path / "m.pt").write_bytes(old.replace(b"K\x4d", b"J\x00\x00\x00\x40"))
    refused(tmp_path / "m.pt", "resnet18")


def test_what_is_no_file_is_no_checkpoint(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/tty"), Path("/proc/self/pagemap")):
        refused(path)
    folder = tmp_path / "hub"
    folder.mkdir()
    for name in ("/dev/zero", str(tmp_path / "pipe")):
        (folder / "config.json").unlink(missing_ok=True)
        (folder / "config.json").symlink_to(name)
        refused(folder)


def test_a_plain_pickle_is_still_refused(tmp_path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"a": np.zeros(3)}))
    assert "pickle" in refused(tmp_path / "m.pkl")


VIT = {"model_type": "vit", "image_size": 32, "patch_size": 16, "hidden_size": 32, "num_hidden_layers": 1}
VIT |= {"num_attention_heads": 2, "intermediate_size": 64, "id2label": {"0": "a", "1": "b"}}
TIMM = {"architecture": "vit_tiny_patch16_224", "num_classes": 3, "pretrained_cfg": {}}
CONFIGS = {
    "nested 200,000 deep": '{"model_type": "vit", "x": ' + "[" * 200_000 + "]" * 200_000 + "}",
    "nested 900 deep": json.dumps({**VIT, "x": nested(900)}),
    "a number of 5,001 digits": '{"model_type": "vit", "image_size": ' + "1" * 5001 + "}",
    "millions of values": json.dumps({**VIT, "x": [0] * 2_100_000}),
    "transformers: a million layers": json.dumps({**VIT, "num_hidden_layers": 10**6}),
    "transformers: a width of a million": json.dumps({**VIT, "hidden_size": 2**20, "intermediate_size": 2**22}),
    "transformers: pictures of 40,000 px": json.dumps({**VIT, "image_size": 40_000}),
    "transformers: pictures of 40,000 px each way": json.dumps({**VIT, "image_size": [40_000, 40_000]}),
    "transformers: 100,001 names": json.dumps({**VIT, "id2label": {k: f"n{k}" for k in range(MAX_CLASSES + 1)}}),
    "transformers: a width that is a text": json.dumps({**VIT, "hidden_size": "a"}),
    "timm: a million layers": json.dumps({**TIMM, "model_args": {"depth": 10**6}}),
    "timm: a width of a million": json.dumps({**TIMM, "model_args": {"embed_dim": 3 * 2**20}}),
    "timm: pictures of 40,000 px": json.dumps({**TIMM, "model_args": {"img_size": 40_000}}),
    "timm: a data configuration that is a text": json.dumps({**TIMM, "pretrained_cfg": "x"}),
    "timm: names that are nested": json.dumps({**TIMM, "label_names": {"0": nested(900), "1": "b", "2": "c"}}),
    "an architecture of 2 MB": json.dumps({"architecture": "x" * 2_000_000}),
    "a kind of model of 2 MB": json.dumps({"model_type": "x" * 2_000_000}),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_config_json_that_asks_for_too_much_is_refused(tmp_path, config):
    pytest.importorskip("timm")
    pytest.importorskip("transformers")
    (tmp_path / "config.json").write_text(config)
    save_file(WEIGHTS, tmp_path / "model.safetensors")
    refused(tmp_path)


PROCESSORS = {
    "an image processor that is a number": {"image_processor": 5},
    "a factor that is a text": {"rescale_factor": "x", "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
    "a factor of 0": {"rescale_factor": 0, "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
    "a mean of texts": {"image_mean": ["a"], "image_std": [0.5]},
    "a filter that is a list": {"resample": [1]},
    "a share that is a text": {"size": {"shortest_edge": 224}, "crop_pct": "x"},
    "a share of 1e-300": {"size": {"shortest_edge": 224}, "crop_pct": 1e-300},
    "a size of 40,000": {"size": {"height": 40_000, "width": 40_000}},
    "nested 900 deep": {"size": nested(900), "image_mean": nested(900), "image_std": nested(900)},
}


@pytest.mark.parametrize("table", PROCESSORS.values(), ids=PROCESSORS)
def test_a_preprocessor_config_json_of_other_values_is_refused(tmp_path, table):
    (tmp_path / "config.json").write_text(json.dumps(VIT))
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(table))
    save_file(WEIGHTS, tmp_path / "model.safetensors")
    refused(tmp_path)
