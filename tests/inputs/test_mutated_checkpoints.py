"""Whatever the bytes of a checkpoint are, it is read or refused in words: thousands of mutated files, none a crash."""

import argparse
import collections
import io
import random
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch

from reportgen.errors import InputError
from reportgen.inputs.checkpoints import read_checkpoint

WEIGHTS = {"a.weight": torch.arange(4.0), "a.bias": torch.ones(2)}
CONTENT = {
    "state_dict": collections.OrderedDict(WEIGHTS),
    "args": argparse.Namespace(lr=0.1, x=[1]),
    "best": np.float64(0.9),
    "array": np.array(["a", "b"]),
    "classes": {0: "a", 1: "b"},
    "preprocessing": {"resize": 40, "crop": 32, "mean": [0.5] * 3},
    "species": {"a": "b"},
    "epoch": 3,
}


def torch_file(*, zipped):
    buffer = io.BytesIO()
    torch.save(CONTENT, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def safetensors_file():
    metadata = {"classes": '["a", "b"]', "preprocessing": '{"resize": 40}', "species": '{"a": "b"}'}
    return safetensors.torch.save(WEIGHTS, metadata=metadata)


def mutated(content, rng):
    made = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        at = rng.randrange(len(made) or 1)
        change = rng.randrange(4)
        if change == 0:
            made[at : at + 1] = bytes([rng.randrange(256)])
        elif change == 1 and made:
            made[at % len(made)] ^= 1 << rng.randrange(8)
        elif change == 2:
            del made[at : at + rng.randrange(1, 9)]
        else:
            made[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 5)))
    return bytes(made)


def with_mutated_pickle(content, rng):
    """The zip is whole, so that the pickle inside is looked at."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as whole, zipfile.ZipFile(buffer, "w") as made:
        for name in whole.namelist():
            member = whole.read(name)
            made.writestr(name, mutated(member, rng) if name.endswith("data.pkl") else member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "change"),
    [
        (torch_file(zipped=True), mutated),
        (torch_file(zipped=True), with_mutated_pickle),
        (torch_file(zipped=False), mutated),
        (safetensors_file(), mutated),
    ],
    ids=["zip", "pickle in a zip", "old format", "safetensors"],
)
def test_a_mutated_file_is_read_or_refused(tmp_path, content, change):
    rng = random.Random(13)
    path = tmp_path / "c.pt"
    n_refused = 0
    for _ in range(1000):
        path.write_bytes(change(content, rng))
        try:
            read_checkpoint(path)
        except InputError as error:
            n_refused += 1
            assert str(error)
    assert n_refused > 300


def test_dictionaries_that_hold_themselves_or_one_another_a_thousand_times_end(tmp_path):
    inside = {"x": torch.ones(1)}
    for _ in range(12):
        inside = {f"k{k}": inside for k in range(40)}
    inside["self"] = inside
    torch.save({"odd": inside, "epoch": 1}, tmp_path / "c.pt")
    with pytest.raises(InputError):
        read_checkpoint(tmp_path / "c.pt")
