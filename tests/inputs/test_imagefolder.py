"""Folders as classes: what is one, what is none, and in which order."""

import pytest

from reportgen.errors import InputError
from reportgen.inputs.datasets.imagefolder import imagefolder
from reportgen.inputs.options import DataSource
from tests.inputs.refusals import refused


def tree(root, *files):
    """Writes empty files; a name that ends in / is an empty folder."""
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.touch()
    return root


def read(root, split="test"):
    return imagefolder(DataSource(root=root, split=split))


def ids(data):
    return [(sample.sample_id, sample.label) for sample in data.samples]


def test_numeric_names_stay_text_in_the_order_of_text(tmp_path):
    data = read(tree(tmp_path, "2/a.png", "10/a.png", "007/a.png", "9/a.png"))
    assert data.classes == ("007", "10", "2", "9")
    assert ids(data) == [("007/a.png", "007"), ("10/a.png", "10"), ("2/a.png", "2"), ("9/a.png", "9")]


def test_hidden_folders_and_files_are_passed_over_at_every_depth(tmp_path):
    root = tree(
        tmp_path,
        "cat/1.png",
        "cat/.thumbs/1.png",
        "cat/.DS_Store",
        "cat/.ipynb_checkpoints/1-checkpoint.png",
        ".ipynb_checkpoints/1.png",
        ".git/x",
        "__MACOSX/1.png",
    )
    assert read(root).classes == ("cat",)
    assert ids(read(root)) == [("cat/1.png", "cat")]


def test_an_empty_class_folder_is_a_class_without_images(tmp_path):
    data = read(tree(tmp_path, "cat/1.png", "dog/"))
    assert data.classes == ("cat", "dog")
    assert ids(data) == [("cat/1.png", "cat")]


def test_pictures_in_nested_folders_belong_to_the_outermost(tmp_path):
    data = read(tree(tmp_path, "cat/2019/may/1.png", "cat/2.png"))
    assert data.classes == ("cat",)
    assert ids(data) == [("cat/2.png", "cat"), ("cat/2019/may/1.png", "cat")]


def test_a_file_that_is_no_image_is_listed_and_not_lost(tmp_path):
    data = read(tree(tmp_path, "cat/1.png", "cat/notes.txt"))
    assert ids(data) == [("cat/1.png", "cat"), ("cat/notes.txt", "cat")]


def test_files_beside_the_class_folders_are_no_samples(tmp_path):
    assert ids(read(tree(tmp_path, "README.txt", "cat/1.png"))) == [("cat/1.png", "cat")]


@pytest.mark.parametrize(("split", "name"), [("test", "cat"), ("train", "dog")])
def test_the_folder_of_the_split_is_taken_where_there_is_one(tmp_path, split, name):
    data = read(tree(tmp_path, "test/cat/1.png", "train/dog/1.png"), split)
    assert (data.classes, ids(data), data.split) == ((name,), [(f"{name}/1.png", name)], split)
    assert data.samples[0].path == tmp_path / split / name / "1.png"


def test_a_class_that_is_called_like_the_split_is_a_class(tmp_path):
    """A folder `test` without folders inside is no split."""
    assert read(tree(tmp_path, "test/1.png", "other/1.png")).classes == ("other", "test")


def test_a_data_root_below_a_hidden_folder_is_read_like_any_other(tmp_path):
    assert ids(read(tree(tmp_path / ".cache" / "pets", "cat/1.png"))) == [("cat/1.png", "cat")]


def test_a_root_that_is_missing_a_file_or_empty_is_refused(tmp_path):
    tree(tmp_path, "file.txt", "empty/cat/")
    with refused(InputError, f"data root {tmp_path / 'gone'}", "no such directory", "a directory", "--data-root"):
        read(tmp_path / "gone")
    with refused(InputError, str(tmp_path / "file.txt"), "a file", "--data-root"):
        read(tmp_path / "file.txt")
    with refused(InputError, "imagefolder, split 'test'", "no image", "at least one labelled image", "--split"):
        read(tmp_path / "empty")
