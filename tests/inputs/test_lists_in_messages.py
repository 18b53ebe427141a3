"""Lists in messages: so many things are named, and how many more there are; tried at the limit and around it."""

import json

import pandas as pd
import pytest

from reportgen.errors import InputError
from reportgen.evaluate.decoding import LoopOptions
from reportgen.evaluate.device import compute
from reportgen.evaluate.evaluation import evaluate
from reportgen.inputs.checkpoints.reading import read_checkpoint
from reportgen.inputs.datasets.labelled_images import DataSource
from reportgen.inputs.datasets.manifest import manifest

MOST_5 = {
    1: "{0}",
    4: "{0}, {1}, {2}, {3}",
    5: "{0}, {1}, {2}, {3}, {4}",
    6: "{0}, {1}, {2}, {3}, {4} and 1 more",
    12: "{0}, {1}, {2}, {3}, {4} and 7 more",
}


def repeated_rows(folder, n):
    rows = pd.DataFrame({"path": ["other.png", *["a.png"] * n], "label": "x"})
    rows.to_csv(folder / "manifest.csv", index=False)
    manifest(DataSource(root=folder, split="test"))


def weights_in_a_folder(folder, n):
    for k in range(n):
        (folder / f"w{k:02d}.pt").touch()
    read_checkpoint(folder)


def missing_parts(folder, n):
    (folder / "config.json").write_text('{"model_type": "vit"}', encoding="utf-8")
    places = {f"layer.{k}": f"w{k:02d}.safetensors" for k in range(n)}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}), encoding="utf-8")
    read_checkpoint(folder)


@pytest.mark.parametrize("n", MOST_5)
@pytest.mark.parametrize(
    ("attempt", "names", "around"),
    [
        (repeated_rows, [str(k + 2) for k in range(12)], "such as a.png in the rows {}, labelled x"),
        (weights_in_a_folder, [f"w{k:02d}.pt" for k in range(12)], "it holds {}"),
        (missing_parts, [f"w{k:02d}.safetensors" for k in range(12)], "parts of the weights are missing: {}"),
    ],
)
def test_five_are_named_and_the_others_counted(tmp_path, attempt, names, around, n):
    if attempt is repeated_rows and n == 1:
        return  # one row is not repeated
    with pytest.raises(InputError) as caught:
        attempt(tmp_path, n)
    before, there, after = caught.value.found.partition(around.format(MOST_5[n].format(*names)))
    assert there, before
    assert not after.startswith((",", " and"))


@pytest.mark.parametrize(
    ("n", "named", "more"), [(9, 9, None), (10, 10, None), (11, 10, "and 1 more"), (13, 10, "and 3 more")]
)
def test_ten_unreadable_images_are_named_and_the_others_counted(hand_inputs, five_breeds, n, named, more):
    for sample in hand_inputs.samples[:n]:
        sample.path.write_bytes(b"broken")
    with pytest.raises(InputError) as caught:
        evaluate(hand_inputs, on=compute("cpu", "fp32"), loop=LoopOptions(), max_unreadable=0.1)
    first, *listed = (line.strip() for line in caught.value.found.splitlines())
    assert first.startswith(f"{n} of 50 (")
    paths = [str(sample.path) for sample in hand_inputs.samples[:named]]
    assert [line.partition(": ")[0] for line in listed[:named]] == paths
    rest = [line for line in listed[named:] if not line.startswith("no image of these classes")]
    assert rest == ([more] if more else [])
