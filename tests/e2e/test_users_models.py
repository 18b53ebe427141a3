"""Users' own models through the whole program: the exit code, the words, and what the report says of them."""

import json
import warnings

import pytest
import torch

from tests import users_models
from tests.program import reportgen
from tests.users_models import NAMES, pictures, saved

FAST = """[preprocessing]
resize = 32
crop = 32
mean = 0.5
std = 0.5
[explain]
certificate_pictures = 0
focus_pictures = 0
insertion_steps = 0
smooth_grad_samples = 2
"""


def ran(tmp_path, name, *more, names=NAMES, checkpoint=None, settings=FAST):
    if checkpoint is None:
        checkpoint = saved(tmp_path / "m.pt", getattr(users_models, name)(), classes=list(names))
        more = ("--arch", f"tests.users_models:{name}", "--target-layer", "conv", *more)
    (tmp_path / "fast.toml").write_text(settings)
    root = tmp_path / "photos"
    if not root.exists():
        pictures(root, names)
        (root / names[0] / "odd.png").write_bytes((root / names[1] / "0.png").read_bytes())  # an error to explain
    return reportgen(
        "run", "--checkpoint", checkpoint, "--dataset", "imagefolder", "--data-root", root, "--config", "fast.toml",
        "--model-name", "own", "--format", "html", "--out", tmp_path / "reports", *more, cwd=tmp_path,
    )  # fmt: skip


def found_in(tmp_path):
    (bundle,) = (tmp_path / "reports" / "own").glob("2*")
    return json.loads((bundle / "findings.json").read_text()), (bundle / "report.html").read_text()


RIGHT = {  # the numbers, the remark, what the log and the page say beside
    "Plain": ("logits", None, ()),
    "ByView": ("logits", None, ("default memory format",)),
    "ByMemory": ("logits", None, ()),
    "Tuple": ("logits", None, ("0 of its outputs is taken",)),
    "Dictionary": ("logits", None, ("out of its outputs is taken",)),
    "Named": ("logits", None, ()),
    "Dataclass": ("logits", None, ("logits of its outputs is taken",)),
    "PixelShaped": ("logits", None, ()),
    "Squeezed": ("logits", None, ()),
    "InPlace": ("logits", None, ()),
    "OneAtATime": ("logits", None, ("batches of this size only: 1",)),
    "HalfInside": ("logits", None, ("bfloat16",)),
    "Softmax": ("probabilities", None, ("outputs are probabilities",)),
    "LogSoftmax": ("log_probabilities", None, ("logarithms of probabilities",)),
    "Sigmoids": ("sigmoids", None, ("a probability of its own",)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_model_that_plain_torch_runs_is_reported_with_its_maps(tmp_path, name):
    """Every picture is right but the one that lies in another class's folder: 6 of 7."""
    numbers, remark, told = RIGHT[name]
    done = ran(tmp_path, name)
    assert done.returncode == 0, done.stderr
    assert "6 of 7 images" in done.stdout
    found, page = found_in(tmp_path)
    assert (found["outputs"]["numbers"], found["outputs"]["remark"]) == (numbers, remark)
    for words in told:
        assert words in done.stderr, done.stderr
    assert not found["explanation"]["refused"] or name == "OneAtATime"
    assert "Model outputs" in page


REFUSED = {
    "TwoInputs": (3, ("'meta'", "takes the images alone")),
    "KeyFails": (3, ("KeyError: 'stage4'",)),
    "Exits": (3, ("SystemExit",)),
    "FourChannels": (3, ("4 channels",)),
    "Segmentation": (3, ("3 x 4 x 4",)),
    "NotFinite": (4, ("NaN or infinite",)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_that_cannot_run_is_told_before_the_evaluation(tmp_path, name):
    code, told = REFUSED[name]
    done = ran(tmp_path, name)
    assert done.returncode == code, done.stderr
    for words in told:
        assert words in done.stderr, done.stderr
    assert "evaluating" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports" / "own").exists()


def test_a_width_that_does_not_fit_is_told_before_the_data_set_is_read(tmp_path):
    path = saved(tmp_path / "m.pt", users_models.Plain(), classes=["a", "b"])
    (tmp_path / "photos").mkdir()
    done = ran(tmp_path, "", "--arch", "tests.users_models:always_three", checkpoint=path)
    assert done.returncode == 3
    assert "3 outputs, and 2 classes named in the checkpoint: a, b" in done.stderr


@pytest.mark.parametrize(
    ("methods", "drawn"),
    [
        ("grad_cam,contrast", ["occlusion"]),  # stands in
        ("grad_cam,smooth_grad", ["smooth_grad"]),  # has a copy of its own, of the operations alone
        ("grad_cam,vanilla_grad,lime", ["lime"]),
    ],
)
def test_a_forward_pass_without_gradients_gives_the_other_maps_and_says_why(tmp_path, methods, drawn):
    done = ran(tmp_path, "Frozen", "--methods", methods)
    assert done.returncode == 0, done.stderr
    found, page = found_in(tmp_path)
    assert [one["name"] for one in found["explanation"]["methods"]] == drawn
    refused = set(methods.split(",")) - set(drawn)
    assert {one["name"]: one["reason"] for one in found["explanation"]["refused"]} == dict.fromkeys(
        refused, "no_gradient"
    )
    assert "keeps no gradient" in page


@pytest.mark.parametrize("kind", ["torchscript", "exported_program"])
def test_a_program_is_reported_with_occlusion_and_lime_alone(tmp_path, kind):
    model, example = users_models.Plain().eval(), torch.zeros(1, 3, 32, 32)
    path = tmp_path / "m.bin"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        if kind == "torchscript":
            torch.jit.save(torch.jit.trace(model, example), str(path))
        else:
            torch.export.save(torch.export.export(model, (example,)), path.with_suffix(".pt2"))
            path = path.with_suffix(".pt2")
    done = ran(tmp_path, "", "--methods", "all", names=("blue", "green", "red"), checkpoint=path)
    assert done.returncode == 0, done.stderr
    assert {"torchscript": "TorchScript", "exported_program": "exported program"}[kind] in done.stderr
    found, page = found_in(tmp_path)
    assert (found["outputs"]["program"], found["model"]["arch"]) == (kind, kind)
    assert {one["name"] for one in found["explanation"]["methods"]} == {"occlusion", "lime"}
    assert {one["reason"] for one in found["explanation"]["refused"]} == {"program"}
    assert len(found["explanation"]["refused"]) == 11
    assert "a compiled program of which only the outputs are available" in page


def test_grey_pictures_for_a_model_of_one_channel(tmp_path):
    """Dark (30, 30, 230) has the luminance 52 and bright (30, 230, 30) 148 of 255 (ITU-R 601)."""
    done = ran(tmp_path, "Grey", names=("green", "blue"))
    assert done.returncode == 0, done.stderr
    assert "they are converted to grey" in done.stderr
    found, page = found_in(tmp_path)
    assert found["preprocessing"]["channels"] == 1
    assert found["preprocessing"]["sources"]["channels"] == "architecture"
    assert found["scores"]["correct"] == 4
    assert "one grey channel" in page


@pytest.mark.parametrize(("name", "numbers"), [("OneOutput", "one_logit"), ("OneSigmoid", "one_sigmoid")])
def test_one_output_for_two_classes_is_taken_and_said_on_page_one(tmp_path, name, numbers):
    done = ran(tmp_path, name, names=("red", "green"))
    assert done.returncode == 0, done.stderr
    assert "sigmoid" in done.stderr
    found, page = found_in(tmp_path)
    assert (found["outputs"]["numbers"], found["scores"]["correct"]) == (numbers, 4)
    assert "one output for two classes" in page[page.index('id="summary"') : page.index('id="data"')]


@pytest.mark.parametrize(
    ("name", "remark", "words"),
    [
        ("BatchStatistics", "batch_dependent", "depend on the other images in its batch"),
        ("DropsOut", "not_repeatable", "different outputs for the same image"),
    ],
)
def test_outputs_that_are_not_the_pictures_own_are_said_on_page_one(tmp_path, name, remark, words):
    done = ran(tmp_path, name)
    assert done.returncode == 0, done.stderr
    found, page = found_in(tmp_path)
    assert found["outputs"]["remark"] == remark
    assert words in page[page.index('id="summary"') : page.index('id="data"')]


def test_what_fails_after_the_evaluation_is_exit_4_and_the_evaluation_is_resumed(tmp_path):
    done = ran(tmp_path, "FailsLate", "--methods", "grad_cam", settings=FAST.replace("steps = 0", "steps = 4"))
    assert done.returncode == 4, done.stderr
    assert "KeyError: 'late'" in done.stderr
    assert "Traceback" not in done.stderr
    assert "--resume" in done.stderr
    again = ran(tmp_path, "FailsLate", "--methods", "grad_cam", "--resume")
    assert "evaluation taken over" in again.stderr
    assert again.returncode == 0, again.stderr
