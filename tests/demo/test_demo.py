"""The embedded default: drawn the same every time, in Oxford's layout, with the errors that a first report should show."""

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import OxfordIIITPet

import reportgen.demo
from reportgen.analyse.examples import ExampleRule
from reportgen.analyse.findings import analyse
from reportgen.demo.drawn_pets import ARCHIVE, unpack_drawn_pets
from reportgen.errors import InputError
from reportgen.evaluate.device import compute
from reportgen.evaluate.evaluation import evaluate
from reportgen.evaluate.options import LoopOptions
from reportgen.inputs.options import DataSource, InputOptions
from reportgen.inputs.run_inputs import read_inputs
from tests.synthetic import FIRST_NIGHT

DEMO = Path(reportgen.demo.__file__).parent
LOOK_ALIKES = [
    {"Bengal", "Egyptian_Mau"},
    {"Birman", "Ragdoll", "Siamese"},
    {"British_Shorthair", "Russian_Blue"},
    {"american_pit_bull_terrier", "staffordshire_bull_terrier"},
    {"english_cocker_spaniel", "english_setter"},
]


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """The embedded pictures, unpacked."""
    return unpack_drawn_pets(tmp_path_factory.mktemp("pets"))


def test_torchvision_reads_the_layout_and_the_trimaps_mark_the_animal(pets):
    data = OxfordIIITPet(str(pets), split="test", target_types=("category", "segmentation"))
    assert len(data) == 37 * 12
    assert len(data.classes) == 37
    image, (category, trimap) = data[5 * 12]
    assert data.classes[category] == "Bengal"
    assert image.size == trimap.size == (224, 224)
    assert np.asarray(image).std() > 15  # not a blank sheet
    assert set(np.unique(np.asarray(trimap))) == {1, 2, 3}
    animal = (np.asarray(trimap) == 1).mean()
    assert 0.05 < animal < 0.9


def test_the_embedded_archive_holds_nothing_but_the_layout():
    with zipfile.ZipFile(ARCHIVE) as archive:
        names = archive.namelist()
    layout = r"oxford-iiit-pet/(images/\w+_\d+\.jpg|annotations/(trimaps/\w+_\d+\.png|(list|test)\.txt))"
    assert all(re.fullmatch(layout, name) for name in names)
    assert len(set(names)) == len(names) == 2 * 37 * 12 + 2


def test_what_is_embedded_is_small():
    assert ARCHIVE.stat().st_size < 3e6
    assert (DEMO / "tiny_net.pt").stat().st_size < 1e6


def cut(archive):
    archive.write_bytes(ARCHIVE.read_bytes()[:-100])


def bit_flipped(archive):
    content = bytearray(ARCHIVE.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)


DAMAGED = {
    "cut short": (cut, "a damaged archive: File is not a zip file"),
    "one bit flipped": (bit_flipped, "a damaged archive: Bad CRC-32"),
    "empty": (Path.touch, "a damaged archive: File is not a zip file"),
    "not there": (lambda archive: None, "no such file"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_installation_is_named(tmp_path, damage):
    done, found = DAMAGED[damage]
    done(tmp_path / "drawn.zip")
    with pytest.raises(InputError) as refused:
        unpack_drawn_pets(tmp_path / "data", tmp_path / "drawn.zip")
    assert found in refused.value.found
    assert refused.value.todo == "install reportgen again"


def test_unpacking_leaves_nothing_outside_of_its_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for name in ("../above.jpg", "/tmp/reportgen-above.jpg", "a/../../above.jpg"):
            archive.writestr(name, b"x")
    unpack_drawn_pets(tmp_path / "data", tmp_path / "bad.zip")
    assert {path.name for path in tmp_path.iterdir()} == {"bad.zip", "data"}
    assert not Path("/tmp/reportgen-above.jpg").exists()


@pytest.fixture(scope="module")
def findings(pets):
    """The demo's own data and model, analysed."""
    options = InputOptions(
        checkpoint=DEMO / "tiny_net.pt",
        dataset="reportgen.demo.drawn_pets:drawn_pets",
        source=DataSource(root=pets),
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
