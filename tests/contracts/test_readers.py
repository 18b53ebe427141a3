"""The contract of a data set reader, for the built-in ones and one from outside the package."""

import pytest

from reportgen.inputs.datasets.labelled_images import DATASETS, LabelledImages, read_labelled_images
from reportgen.inputs.options import DataSource
from tests.pets import picture


def write_folders(root, names, n=2):
    for name in names:
        (root / name).mkdir(parents=True)
        for index in range(n):
            picture("pug").save(root / name / f"{index}.png")


@pytest.mark.parametrize("name", [*DATASETS, "tests.contracts.own_plugins:one_picture"])
def test_the_contract_of_a_reader_holds_for_built_in_and_own_ones(name, tmp_path, five_breeds):
    write_folders(tmp_path / "folders", ["a", "b"])
    (tmp_path / "folders" / "manifest.csv").write_text("path,label\na/0.png,a\n")
    roots = {"oxford-iiit-pet": five_breeds}
    data = read_labelled_images(name, DataSource(root=roots.get(name, tmp_path / "folders")))
    assert isinstance(data, LabelledImages)
    assert all(sample.label in data.classes for sample in data.samples)
