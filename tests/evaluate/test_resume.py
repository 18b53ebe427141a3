"""An evaluation is taken over only where it would come out the same."""

from dataclasses import replace

import pytest

from reportgen.evaluate.resume import resumed
from tests.pets import picture


def test_the_same_inputs_are_taken_over_with_tonights_facts(hand_inputs, hand_predictions):
    tonight = replace(hand_inputs, facts=replace(hand_inputs.facts, own_notes="x"))
    found = resumed(hand_predictions, tonight, hand_predictions.compute)
    assert found.facts is tonight.facts
    assert found.logits is hand_predictions.logits


def other_file(inputs):
    picture("pug").save(inputs.samples[3].path, format="PNG")
    return inputs


def lost_file(inputs):
    inputs.samples[3].path.unlink()
    return inputs


def other_model(inputs):
    return replace(inputs, facts=replace(inputs.facts, model=replace(inputs.facts.model, checkpoint_sha256="1" * 64)))


def other_arch(inputs):
    return replace(inputs, facts=replace(inputs.facts, model=replace(inputs.facts.model, arch="resnet18")))


def other_crop(inputs):
    crop = replace(inputs.facts.preprocessing, resize_px=50)
    return replace(inputs, facts=replace(inputs.facts, preprocessing=crop))


def other_label(inputs):
    samples = (replace(inputs.samples[0], label="pug"), *inputs.samples[1:])
    return replace(inputs, samples=samples)


def fewer_samples(inputs):
    return replace(inputs, samples=inputs.samples[1:])


def more_samples(inputs):
    return replace(inputs, samples=(*inputs.samples, replace(inputs.samples[0], sample_id="another")))


def other_order(inputs):
    return replace(inputs, samples=inputs.samples[::-1])


@pytest.mark.parametrize(
    "changed",
    [
        *(other_file, lost_file, other_model, other_arch, other_crop),
        *(other_label, fewer_samples, more_samples, other_order),
    ],
)
def test_whatever_differs_is_evaluated_anew(hand_inputs, hand_predictions, changed):
    assert resumed(hand_predictions, changed(hand_inputs), hand_predictions.compute) is None


def test_another_precision_is_evaluated_anew(hand_inputs, hand_predictions):
    assert resumed(hand_predictions, hand_inputs, replace(hand_predictions.compute, precision="bf16")) is None


def test_an_unreadable_image_that_was_mended_is_evaluated_anew(hand_inputs, hand_predictions, five_breeds):
    from reportgen.evaluate.evaluation import evaluate
    from reportgen.evaluate.options import LoopOptions

    path = hand_inputs.samples[0].path
    whole = path.read_bytes()
    path.write_bytes(b"")
    stored = evaluate(hand_inputs, on=hand_predictions.compute, loop=LoopOptions(batch_size=16), max_unreadable=0.1)
    assert len(stored.unreadable) == 1
    assert resumed(stored, hand_inputs, stored.compute) is not None
    path.write_bytes(whole)
    assert resumed(stored, hand_inputs, stored.compute) is None


def test_an_evaluation_that_did_not_keep_orientations_is_none(hand_inputs, hand_predictions):
    """It is of a version that turned pictures upright, and may have seen other pixels."""
    assert resumed(replace(hand_predictions, orientations=()), hand_inputs, hand_predictions.compute) is None


def test_what_becomes_of_turned_pictures_matters_only_where_there_are_any(hand_inputs, hand_predictions, five_breeds):
    from PIL import Image

    from reportgen.evaluate.evaluation import evaluate
    from reportgen.evaluate.options import LoopOptions

    def evaluated(exif):
        seen = replace(hand_inputs.facts.preprocessing, exif=exif)
        inputs = replace(hand_inputs, facts=replace(hand_inputs.facts, preprocessing=seen))
        return evaluate(inputs, on=hand_predictions.compute, loop=LoopOptions(), max_unreadable=0.1)

    assert evaluated("ignore").fingerprint == evaluated("apply").fingerprint == hand_predictions.fingerprint
    sideways = Image.Exif()
    sideways[0x0112] = 6
    Image.open(hand_inputs.samples[0].path).copy().save(hand_inputs.samples[0].path, "PNG", exif=sideways)
    ignored, applied = evaluated("ignore"), evaluated("apply")
    assert ignored.fingerprint != applied.fingerprint
    assert ignored.orientations[:2] == applied.orientations[:2] == (6, 1)
