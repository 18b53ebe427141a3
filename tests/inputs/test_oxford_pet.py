"""The Oxford-IIIT Pet reader beyond the five breeds: class ids, splits and what a refusal says."""

import pytest

from reportgen.errors import InputError
from reportgen.inputs.datasets.oxford_pet import oxford_pet
from reportgen.inputs.options import DataSource
from tests.inputs.refusals import refused
from tests.pets import BREEDS, SPECIES

# The ids 1 to 37 by breed, cats then: from the paper's data set, annotations/list.txt.
CATS = {
    *("Abyssinian", "Bengal", "Birman", "Bombay", "British_Shorthair", "Egyptian_Mau", "Maine_Coon", "Persian"),
    *("Ragdoll", "Russian_Blue", "Siamese", "Sphynx"),
}


def annotated(root, test, everything=None):
    """A data set of annotation lines alone."""
    folder = root / "annotations"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test.txt").write_text(test, encoding="utf-8")
    if everything is not None:
        (folder / "list.txt").write_text(everything, encoding="utf-8")
    return DataSource(root=root)


@pytest.mark.parametrize("inside", ["", "oxford-iiit-pet"])
@pytest.mark.parametrize(("split", "numbers"), [("test", range(1, 11)), ("trainval", (11, 12))])
def test_both_forms_of_the_data_root_give_the_same_samples(five_breeds, inside, split, numbers):
    data = oxford_pet(DataSource(root=five_breeds / inside, split=split))
    assert [sample.sample_id for sample in data.samples] == [f"{breed}_{n}" for breed in BREEDS for n in numbers]
    for sample in data.samples:
        assert sample.path == five_breeds / "oxford-iiit-pet" / "images" / f"{sample.sample_id}.jpg"
        assert sample.path.is_file()
        assert sample.sample_id.startswith(f"{sample.label}_")
    assert (data.classes, dict(data.species)) == (BREEDS, SPECIES)


def test_classes_come_by_class_id_and_from_the_whole_data_set(tmp_path):
    """Neither alphabetically nor in the order of the file; `ox` is not in the split but keeps its place."""
    test = "ant_hill_12 3 2 1\nzebra_7 1 1 1\n"
    data = oxford_pet(annotated(tmp_path, test, "# comment\n\nox_1 2 2 1\n" + test))
    assert data.classes == ("zebra", "ox", "ant_hill")
    assert dict(data.species) == {"zebra": "cat", "ox": "dog", "ant_hill": "dog"}
    assert [(sample.sample_id, sample.label) for sample in data.samples] == [
        ("ant_hill_12", "ant_hill"),
        ("zebra_7", "zebra"),
    ]


def test_without_list_txt_the_split_alone_gives_the_classes(tmp_path):
    assert oxford_pet(annotated(tmp_path, "b_1 2 1 1\na_1 1 1 1\n")).classes == ("a", "b")


def test_the_shared_photographs_have_twelve_cats_and_twenty_five_dogs(shared_dir):
    for split, n_images in (("test", 305), ("trainval", 185)):
        data = oxford_pet(DataSource(root=shared_dir, split=split))
        assert len(data.samples) == n_images
        assert len(data.classes) == 37
        assert {breed for breed, species in data.species.items() if species == "cat"} == CATS
        assert list(data.species.values()).count("dog") == 25
        assert all(sample.path.is_file() for sample in data.samples)


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("Bengal_1 2 1 1\nBengal_2 2\n", ("test.txt, line 2", "'Bengal_2 2'", "<class id>", "restore")),
        ("Bengal_x 2 1 1\n", ("line 1", "'Bengal_x 2 1 1'", "<Breed>_<number>")),
        ("Bengal_1 2 0 1\n", ("line 1", "species 1 or 2")),
        ("Bengal_1 2 1 1\npug_1 2 1 1\n", ("class id 2", "Bengal (cat) and pug (cat), in pug_1", "one breed")),
        ("Bengal_1 2 1 1\nBengal_2 2 2 1\n", ("class id 2", "Bengal (cat) and Bengal (dog)", "one species")),
        ("Bengal_1 2 1 1\nBengal_2 3 1 1\n", ("class names", "Bengal", "each one once")),
        ("Bengal_1 2 1 1\nBengal_1 2 1 1\n", ("sample ids", "Bengal_1", "remove or rename")),
        ("# Image CLASS-ID\n", ("split 'test'", "no image", "at least one labelled image", "--split")),
    ],
)
def test_a_wrong_annotation_is_refused_by_file_and_line(tmp_path, test, told):
    with refused(InputError, *told):
        oxford_pet(annotated(tmp_path, test))


def test_a_missing_split_names_those_there_are(five_breeds):
    with refused(InputError, "split 'val'", "val.txt", "there are: list, test, trainval", "--split"):
        oxford_pet(DataSource(root=five_breeds, split="val"))


@pytest.mark.parametrize(("folder", "found"), [("", "no annotations/ folder"), ("gone", "no such directory")])
def test_a_missing_data_set_says_where_it_was_looked_for(tmp_path, folder, found):
    root = tmp_path / folder
    with refused(InputError, str(root), found, f"{root / 'oxford-iiit-pet'}/annotations/test.txt", "--download"):
        oxford_pet(DataSource(root=root))


@pytest.mark.parametrize("line", ["Björn_1 1 1 1\n".encode("latin-1"), "Bengal_1 ² 1 1\n".encode()])
def test_an_annotation_of_odd_bytes_is_refused_like_any_other(tmp_path, line):
    source = annotated(tmp_path, "")
    (tmp_path / "annotations" / "test.txt").write_bytes(line)
    with refused(InputError, "test.txt"):
        oxford_pet(source)


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    source = annotated(tmp_path, "Bengal_1 1 1 1\n")
    path = tmp_path / "annotations" / "test.txt"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert oxford_pet(source).classes == ("Bengal",)
