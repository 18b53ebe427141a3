"""Checkpoints as training scripts leave them, through the whole program: what is left out is said where it is read."""

import argparse
import json

import numpy as np
import pytest
import torch

from tests.pets import BREEDS, hand_weights
from tests.program import reportgen


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_lightning_checkpoint_of_a_real_training_gives_the_report_and_says_what_it_left_out(
    tmp_path, five_breeds, lang
):
    state = {f"model.{key}": value for key, value in hand_weights().items()}
    state |= {"criterion.weight": torch.ones(5)} | {f"ema_model.{key}": value for key, value in hand_weights().items()}
    content = {
        "epoch": 3,
        "state_dict": state,
        "hyper_parameters": {"class_names": dict(enumerate(BREEDS)), "lr": np.float64(0.1)},
        "args": argparse.Namespace(lr=0.1),
        "preprocessing": {"resize": 48, "crop": 48, "mean": [0.5] * 3, "std": [0.5] * 3},
    }
    torch.save(content, tmp_path / "last.ckpt")
    options = ["--checkpoint", "last.ckpt", "--arch", "tests.pets:hand_net", "--target-layer", "features"]
    options += ["--dataset", "oxford-iiit-pet", "--data-root", five_breeds, "--format", "html", "--methods", "grad_cam"]
    done = reportgen("run", *options, "--lang", lang, "--model-name", "hand", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "accuracy 90.0%: 45 of 50 images" in done.stdout
    said = f"(a loss, a metric, a copy): criterion.weight, ema_model.* ({len(hand_weights())} tensors)"
    assert said in " ".join(done.stderr.split())
    (bundle,) = (tmp_path / "reports" / "hand").glob("2*")
    model = json.loads((bundle / "findings.json").read_text())["model"]
    assert model["weights_prefix"] == "model."
    assert model["weights_left_out"] == ["criterion.weight", *(key for key in state if key.startswith("ema_model."))]
    page = (bundle / "report.html").read_text()
    assert {"en": "Weights left out", "ja": "除いた重み"}[lang] in page
    assert "criterion.<wbr>weight" in page or "criterion.weight" in page


def test_a_checkpoint_that_is_a_pointer_is_exit_3_in_one_breath(tmp_path, five_breeds):
    (tmp_path / "model.pt").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 9\n")
    done = reportgen(
        "run", "--checkpoint", "model.pt", "--dataset", "imagefolder", "--data-root", five_breeds, cwd=tmp_path
    )
    assert done.returncode == 3
    assert "Git LFS pointer" in done.stderr
    assert "git lfs pull" in done.stderr
