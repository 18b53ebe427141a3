"""The embedded default: drawn the same every time, in Oxford's layout, with the errors that a first report should show."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import OxfordIIITPet

import reportgen.demo
from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.demo.drawn_pets import write_drawn_pets
from reportgen.evaluate.decoding import LoopOptions
from reportgen.evaluate.device import compute
from reportgen.evaluate.predictions import evaluate
from reportgen.inputs.datasets.labelled_images import DataSource
from reportgen.inputs.run_inputs import InputOptions, read_inputs
from tests.synthetic import FIRST_NIGHT

DEMO = Path(reportgen.demo.__file__).parent
LOOK_ALIKES = [
    {"Bengal", "Egyptian_Mau"},
    {"Birman", "Ragdoll", "Siamese"},
    {"British_Shorthair", "Russian_Blue"},
    {"american_pit_bull_terrier", "staffordshire_bull_terrier"},
    {"english_cocker_spaniel", "english_setter"},
]


def hashes(root):
    return {
        path.relative_to(root): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_drawing_twice_gives_the_same_bytes(tmp_path):
    first, second = (write_drawn_pets(tmp_path / name, n_test=1) for name in "ab")
    assert hashes(first) == hashes(second)
    assert len(list(first.rglob("*.jpg"))) == 37


def test_torchvision_reads_the_layout_and_the_trimaps_mark_the_animal(tmp_path):
    root = write_drawn_pets(tmp_path, n_test=1)
    data = OxfordIIITPet(str(root), split="test", target_types=("category", "segmentation"))
    assert len(data) == 37
    _, (category, trimap) = data[5]
    assert data.classes[category] == "Bengal"
    assert set(np.unique(np.asarray(trimap))) == {1, 2, 3}
    animal = (np.asarray(trimap) == 1).mean()
    assert 0.05 < animal < 0.9


def test_nothing_embedded_is_over_one_megabyte():
    assert max(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) < 1e6


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """The demo's own data and model, analysed."""
    source = DataSource(root=write_drawn_pets(tmp_path_factory.mktemp("demo")))
    options = InputOptions(
        checkpoint=DEMO / "tiny_net.pt",
        dataset="reportgen.demo.drawn_pets:drawn_pets",
        source=source,
        arch="reportgen.demo.tiny_net:tiny_net",
    )
    predictions = evaluate(read_inputs(options), on=compute("cpu", "fp32"), loop=LoopOptions(), max_unreadable=0.0)
    return analyse(predictions, ExampleRule(), FIRST_NIGHT)


def test_the_model_errs_where_look_alikes_look_alike(findings):
    classes = findings.predictions.facts.classes
    assert 0.80 < findings.scores.accuracy < 0.97
    found = [{classes[k] for k in group.classes} for group in findings.groups]
    for look_alikes in LOOK_ALIKES:
        assert any(group <= look_alikes for group in found), look_alikes
    assert 1 <= len(findings.cross_species) <= 8


def test_drawn_data_does_not_claim_to_be_oxfords_photographs(findings):
    assert findings.predictions.facts.data.name == "drawn pets"


def test_a_drawn_picture_is_a_picture(tmp_path):
    root = write_drawn_pets(tmp_path, n_test=1)
    with Image.open(root / "oxford-iiit-pet" / "images" / "Bengal_1.jpg") as image:
        assert image.size == (224, 224)
        assert np.asarray(image).std() > 15  # not a blank sheet
