"""The three built-in data sets and what they refuse."""

import pandas as pd
import pytest

from reportgen.errors import ConfigError, InputError
from reportgen.inputs.labelled_images import DATASETS, DataSource, LabelledImages, read_labelled_images
from tests.pets import BREEDS, SPECIES, picture


def read(name, root, split="test"):
    return read_labelled_images(name, DataSource(root=root, split=split))


def write_folders(root, names, n=2):
    for name in names:
        (root / name).mkdir(parents=True)
        for index in range(n):
            picture("pug").save(root / name / f"{index}.png")
    return root


def test_oxford_reads_classes_in_id_order_with_species(five_breeds):
    data = read("oxford-iiit-pet", five_breeds)
    assert data.classes == BREEDS
    assert dict(data.species) == SPECIES
    assert len(data.samples) == 50
    assert data.samples[0].sample_id == "Abyssinian_1"


def test_oxford_takes_the_folder_itself_as_data_root(five_breeds):
    assert read("oxford-iiit-pet", five_breeds / "oxford-iiit-pet").classes == BREEDS


def test_oxford_on_the_shared_photographs(shared_dir):
    data = read("oxford-iiit-pet", shared_dir)
    assert len(data.samples) == 305
    assert len(data.classes) == 37
    assert sorted(data.species.values()).count("cat") == 12
    assert len(read("oxford-iiit-pet", shared_dir, "trainval").samples) == 185


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Bengal 2 1 2", "line 2"),
        ("Bengal_1 two 1 2", "line 2"),
        ("Bengal_1 2 3 2", "line 2"),
        ("Bengal_1 1 1 2", "class id 1"),
        ("Abyssinian_99 1 2 1", "class id 1"),
    ],
)
def test_oxford_names_a_wrong_annotation(five_breeds, line, told):
    path = five_breeds / "oxford-iiit-pet" / "annotations" / "test.txt"
    path.write_text(f"Abyssinian_1 1 1 1\n{line}\n")
    with pytest.raises(InputError, match=told) as caught:
        read("oxford-iiit-pet", five_breeds)
    assert caught.value.exit_code == 3


def test_oxford_names_the_splits_there_are(five_breeds):
    with pytest.raises(InputError, match="list, test"):
        read("oxford-iiit-pet", five_breeds, "val")


def test_oxford_without_data_says_how_to_download(tmp_path):
    with pytest.raises(InputError, match="--download"):
        read("oxford-iiit-pet", tmp_path)


def test_imagefolder_passes_hidden_folders_over_and_keeps_names_as_text(tmp_path):
    root = write_folders(tmp_path / "d", ["100", "2", ".ipynb_checkpoints", "__MACOSX"])
    (root / "empty").mkdir()
    data = read("imagefolder", root)
    assert data.classes == ("100", "2", "empty")
    assert {sample.label for sample in data.samples} == {"100", "2"}


def test_imagefolder_lists_every_file_even_one_that_is_no_image(tmp_path):
    root = write_folders(tmp_path / "d", ["a"])
    (root / "a" / "notes.txt").write_text("x")
    (root / "a" / ".hidden.png").write_bytes(b"x")
    assert [sample.sample_id for sample in read("imagefolder", root).samples] == ["a/0.png", "a/1.png", "a/notes.txt"]


def test_imagefolder_takes_the_split_folder(tmp_path):
    write_folders(tmp_path / "d" / "train", ["a", "b"])
    write_folders(tmp_path / "d" / "test", ["a"])
    assert read("imagefolder", tmp_path / "d").classes == ("a",)


@pytest.mark.parametrize("name", ["imagefolder", "manifest", "oxford-iiit-pet"])
def test_a_root_that_is_not_there_is_exit_3(name, tmp_path):
    with pytest.raises(InputError) as caught:
        read(name, tmp_path / "gone")
    assert str(tmp_path / "gone") in str(caught.value)
    assert "to do" in str(caught.value)


def test_an_empty_folder_has_no_image(tmp_path):
    with pytest.raises(InputError, match="no image"):
        read("imagefolder", tmp_path)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_manifest_reads_both_formats_with_species_and_split(tmp_path, form):
    table = pd.DataFrame(
        {
            "path": ["a.png", "b.png", "c.png"],
            "label": ["007", "7", "7"],
            "species": ["spy", "digit", "digit"],
            "split": ["test", "test", "train"],
        }
    )
    path = tmp_path / f"manifest.{form}"
    if form == "csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    for root in (tmp_path, path):
        data = read("manifest", root)
        assert data.classes == ("007", "7")
        assert [sample.path for sample in data.samples] == [tmp_path / "a.png", tmp_path / "b.png"]
        assert dict(data.species) == {"007": "spy", "7": "digit"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("file,label\na.png,x\n", "missing column: path"),
        ("path,label\na.png,\n", "row 1"),
        ("path,label\na.png,x\na.png,y\n", "more than once"),
        ("path,label,species\na.png,x,cat\nb.png,x,dog\n", "cat and dog"),
        ("path,label,split\na.png,x,train\n", "splits: train"),
        ("", "EmptyDataError|No columns"),
    ],
)
def test_manifest_names_what_is_wrong(tmp_path, text, told):
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(InputError, match=told) as caught:
        read("manifest", tmp_path)
    assert caught.value.exit_code == 3


def test_an_unknown_data_set_is_a_usage_error_with_the_nearest_name(tmp_path):
    with pytest.raises(ConfigError, match="imagefolder") as caught:
        read("imagefoldr", tmp_path)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", [*DATASETS, "tests.contracts.own_plugins:one_picture"])
def test_the_contract_of_a_reader_holds_for_built_in_and_own_ones(name, tmp_path, five_breeds):
    write_folders(tmp_path / "folders", ["a", "b"])
    (tmp_path / "folders" / "manifest.csv").write_text("path,label\na/0.png,a\n")
    roots = {"oxford-iiit-pet": five_breeds}
    data = read(name, roots.get(name, tmp_path / "folders"))
    assert isinstance(data, LabelledImages)
    assert all(sample.label in data.classes for sample in data.samples)
