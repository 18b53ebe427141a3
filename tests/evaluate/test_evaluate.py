"""The prediction loop: right numbers, each image once, unreadable ones listed, the model left as it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from reportgen.errors import ConfigError, EvaluationError, InputError
from reportgen.evaluate.device import compute, frozen_model
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.loop import logits
from reportgen.evaluate.options import LoopOptions
from reportgen.evaluate.predictions import ArgmaxCheck
from reportgen.inputs.options import DataSource, InputOptions
from reportgen.inputs.run_inputs import read_inputs
from tests.pets import BREEDS, EXPECTED_CONFUSION, hand_checkpoint
from tests.traces import state_of

CPU = compute("cpu", "fp32")


def predicted(inputs, *, batch_size=16, n_workers=0, max_unreadable=0.0, on=CPU, watch=None):
    loop = LoopOptions(batch_size=batch_size, n_workers=n_workers)
    return evaluate(inputs, on=on, loop=loop, max_unreadable=max_unreadable, watch=watch)


def counts(predictions):
    found = np.zeros((5, 5), dtype=int)
    np.add.at(found, (predictions.targets, predictions.preds()), 1)
    return found.tolist()


def test_the_confusions_are_those_built_in(hand_predictions):
    assert counts(hand_predictions) == EXPECTED_CONFUSION


def test_the_logits_are_those_of_a_hand_calculation(hand_predictions):
    """A patch of 16 x 16 in 48 x 48 px, detector 1.5 on it, head 20: 20 * 1.5 * 256 / 2304 = 10 / 3 (grey gives 0)."""
    row = hand_predictions.sample_ids.index("pug_5")
    assert hand_predictions.logits[row].tolist() == pytest.approx([0, 0, 0, 0, 10 / 3], abs=1e-5)
    own = np.exp(10 / 3)
    assert hand_predictions.probs()[row, 4] == pytest.approx(own / (own + 4))


@pytest.mark.parametrize(("batch_size", "n_workers"), [(1, 0), (7, 0), (64, 0), (16, 1), (7, 2)])
def test_neither_batch_size_nor_workers_change_the_result(hand_inputs, hand_predictions, batch_size, n_workers):
    found = predicted(hand_inputs, batch_size=batch_size, n_workers=n_workers)
    assert found.sample_ids == hand_predictions.sample_ids
    assert np.allclose(found.logits, hand_predictions.logits, atol=1e-6)
    assert found.fingerprint == hand_predictions.fingerprint


def test_another_order_in_the_checkpoint_gives_the_same_predictions(tmp_path, five_breeds, hand_predictions):
    path = hand_checkpoint(tmp_path / "other.pt", order=(BREEDS[3], BREEDS[0], BREEDS[4], BREEDS[2], BREEDS[1]))
    options = InputOptions(
        checkpoint=path, dataset="oxford-iiit-pet", source=DataSource(root=five_breeds), arch="tests.pets:hand_net"
    )
    assert np.allclose(predicted(read_inputs(options)).logits, hand_predictions.logits, atol=1e-6)


def break_files(root, names):
    for name in names:
        (root / "oxford-iiit-pet" / "images" / f"{name}.jpg").write_bytes(b"broken")


def test_unreadable_images_are_listed_counted_and_left_out(hand_inputs, five_breeds):
    break_files(five_breeds, ["pug_3"])
    (five_breeds / "oxford-iiit-pet" / "images" / "boxer_2.jpg").unlink()
    seen = []
    found = predicted(hand_inputs, max_unreadable=0.05, watch=lambda done, total: seen.append((done, total)))
    assert [image.sample_id for image in found.unreadable] == ["boxer_2", "pug_3"]
    assert "no such file" in found.unreadable[0].reason
    assert len(found.sample_ids) == 48
    assert seen[-1] == (50, 50)


def test_too_many_unreadable_images_stop_the_run_with_exit_3(hand_inputs, five_breeds):
    break_files(five_breeds, ["pug_3"])
    with pytest.raises(InputError, match=r"1 of 50 \(2.0%\)") as caught:
        predicted(hand_inputs, max_unreadable=0.01)
    assert caught.value.exit_code == 3
    assert "pug_3.jpg" in str(caught.value)
    assert "--max-unreadable 0.02" in str(caught.value)


def test_many_unreadable_images_are_told_by_ten_with_the_classes_that_lose_all_and_no_way_round_for_none(
    hand_inputs, five_breeds
):
    break_files(five_breeds, [f"pug_{k}" for k in range(1, 11)])
    with pytest.raises(InputError, match="no image of these classes can be read: pug"):
        predicted(hand_inputs, max_unreadable=0.01)
    break_files(five_breeds, [f"{breed}_{k}" for breed in BREEDS for k in range(1, 11)])
    with pytest.raises(InputError, match=r"50 of 50(?s:.*)and 40 more") as caught:
        predicted(hand_inputs, max_unreadable=0.5)
    told = str(caught.value)
    assert told.count(": text") == 10  # a line each, and what to do about them once
    assert told.count("take it out of the data set") == 1
    assert "--max-unreadable" not in str(caught.value)


@pytest.mark.parametrize(
    ("limit", "words"),
    [  # 2 of 50 are 4%
        (0.0399, ("2 of 50 (4.00%)", "at most 3.99%")),
        (0.03999999, ("2 of 50 (4.000000%)", "at most 3.999999%")),
        (0.039, ("2 of 50 (4.0%)", "at most 3.9%")),
        (0.0, ("2 of 50 (4.0%)", "at most 0.0%")),
        (0.0004, ("2 of 50 (4.0%)", "at most <0.1%")),
    ],
)
def test_a_share_and_its_limit_never_look_alike(limit, words, hand_inputs, five_breeds):
    break_files(five_breeds, ["pug_3", "pug_4"])
    with pytest.raises(InputError) as caught:
        predicted(hand_inputs, max_unreadable=limit)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_share_that_is_the_limit_is_borne(hand_inputs, five_breeds):
    break_files(five_breeds, ["pug_3", "pug_4"])
    assert len(predicted(hand_inputs, max_unreadable=0.1 - 0.06).unreadable) == 2  # 0.04000000000000001 and its like


def test_no_readable_image_stops_the_run_whatever_the_limit(hand_inputs, five_breeds):
    break_files(five_breeds, [f"{breed}_{index}" for breed in BREEDS for index in range(1, 11)])
    with pytest.raises(InputError, match="at least one readable"):
        predicted(hand_inputs, max_unreadable=1.0)


def test_nan_logits_are_exit_4_and_name_the_images(hand_inputs):
    hand_inputs.model.head.bias.data[2] = float("nan")
    with pytest.raises(EvaluationError, match="Abyssinian_1") as caught:
        predicted(hand_inputs)
    assert caught.value.exit_code == 4


def test_the_fingerprint_sees_one_changed_file(hand_inputs, hand_predictions, five_breeds):
    path = five_breeds / "oxford-iiit-pet" / "images" / "pug_3.jpg"
    path.write_bytes(path.read_bytes() + b" ")
    assert predicted(hand_inputs).fingerprint != hand_predictions.fingerprint


def test_the_model_is_left_as_it_was_also_after_an_error(hand_inputs):
    model = hand_inputs.model.train()
    model.head.bias.requires_grad_(False)
    before = state_of(model)
    predicted(hand_inputs)
    assert state_of(model) == before
    with pytest.raises(RuntimeError, match="on purpose"), frozen_model(model, CPU):
        assert not model.training
        raise RuntimeError("on purpose")
    assert state_of(model) == before


class NeedsMemory(torch.nn.Module):
    """Fits three images at a time."""

    def forward(self, inputs):
        if len(inputs) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return inputs.mean(dim=(2, 3))


def test_a_batch_that_does_not_fit_is_halved(hand_inputs):
    crops = torch.randint(0, 255, (11, 3, 4, 4), dtype=torch.uint8)
    preprocessing = hand_inputs.facts.preprocessing
    found = logits(NeedsMemory(), crops, preprocessing=preprocessing, on=CPU)
    assert torch.allclose(found, preprocessing.normalised(crops).mean(dim=(2, 3)), atol=1e-6)


def test_one_image_that_does_not_fit_is_exit_4(hand_inputs):
    class Never(torch.nn.Module):
        def forward(self, inputs):
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(EvaluationError, match="single image"):
        logits(
            Never(), torch.zeros(2, 3, 4, 4, dtype=torch.uint8), preprocessing=hand_inputs.facts.preprocessing, on=CPU
        )


def test_a_device_that_is_not_there_is_a_usage_error():
    with pytest.raises(ConfigError, match="cuda:99") as caught:
        compute("cuda:99", "fp32")
    assert caught.value.exit_code == 2


def test_bf16_stays_close(hand_inputs, hand_predictions):
    found = predicted(hand_inputs, on=compute("cpu", "bf16"))
    assert np.array_equal(found.preds(), hand_predictions.preds())
    assert np.abs(found.logits - hand_predictions.logits).max() < 0.05
    assert (hand_predictions.argmax, found.argmax) == (None, ArgmaxCheck(n=50, n_differ=0))


class SplitsHairs(torch.nn.Module):
    """Logit 1 is 1 + 2^-10 times the mean of the picture's first channel: bfloat16 (8 bits) sees it equal to logit 0."""

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(1, 5, bias=False)
        self.head.weight.data = torch.tensor([[1.0], [1 + 2**-10], [0.0], [0.0], [0.0]])

    def forward(self, inputs):
        return self.head(inputs.mean(dim=(1, 2, 3)).abs().unsqueeze(1))


def test_answers_that_bfloat16_changes_are_counted(hand_inputs):
    """In float32 the answer is class 1, in bfloat16 the two are equal and the first one counts, for every picture."""
    found = predicted(replace(hand_inputs, model=SplitsHairs()), on=compute("cpu", "bf16"))
    assert set(found.preds()) == {0}
    assert found.argmax == ArgmaxCheck(n=50, n_differ=50)
