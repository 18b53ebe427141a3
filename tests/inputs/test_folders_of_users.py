"""Folders as they lie on disks: what systems leave, links, splits, names of every kind. torchvision reads beside us."""

import os
import unicodedata
from collections import Counter

import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from reportgen.errors import InputError
from reportgen.inputs.datasets.labelled_images import read_labelled_images
from reportgen.inputs.datasets.passed_over import passed_over
from reportgen.inputs.datasets.splits import is_split_name
from reportgen.inputs.names import as_text
from reportgen.inputs.options import DataSource
from reportgen.inputs.run_inputs import read_inputs
from tests.inputs.refusals import refused
from tests.inputs.test_run_inputs import options
from tests.pets import BREEDS, hand_checkpoint, hand_weights, picture


def tree(root, *files):
    """Writes small pictures; a name that ends in / is an empty folder."""
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            Image.new("RGB", (4, 3)).save(path, "PNG")
    return root


def read(root, split="test"):
    return read_labelled_images("imagefolder", DataSource(root=root, split=split))


LEFT = [  # name (a folder's ends in "/"), kind
    *[(name, "windows") for name in ("Thumbs.db", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "Thumbs.db:encryptable")],
    *[(name, "windows") for name in ("desktop.ini", "Desktop.ini", "autorun.inf", "~$list.xlsx", "a.jpg:Zone.Identifier")],
    *[(name, "windows") for name in ("$RECYCLE.BIN/", "$Recycle.Bin/", "System Volume Information/", "RECYCLER/", "FOUND.000/")],
    *[(name, "macos") for name in (".DS_Store", "._cat.jpg", "._.DS_Store", "Icon\r", ".localized", "__MACOSX/", ".Trashes/")],
    *[(name, "macos") for name in (".Spotlight-V100/", ".fseventsd/", ".AppleDouble/", "Temporary Items/", ".apdisk")],
    *[(name, "nas") for name in ("@eaDir/", "@tmp/", "#recycle/", "#snapshot/", "@Recycle/", ".@__thumb/", "@Recently-Snapshot/")],
    *[(name, "nas") for name in ("cat.jpg@SynoEAStream", "cat.jpg@SynoResource", "~snapshot/", ".snapshot/", ".nfs000000000123456789ab")],
    *[(name, "volume") for name in ("lost+found/", "LOST.DIR/", ".Trash-1000/", ".nomedia", ".directory", "aquota.user")],
    *[(name, "cloud") for name in (".dropbox", ".dropbox.cache/", ".tmp.drivedownload/", ".stfolder/", ".stversions/", "~syncthing~a.jpg.tmp")],
    *[(name, "version_control") for name in (".git/", ".git", ".gitignore", ".gitkeep", ".gitattributes", ".svn/", ".hg/", ".dvc/", "red.dvc")],
    *[(name, "editor") for name in (".ipynb_checkpoints/", "__pycache__/", ".idea/", ".vscode/", "cat.jpg~", "#list.txt#", ".a.txt.swp")],
    *[(name, "photo_program") for name in ("cat.xmp", "IMG_0001.AAE", ".picasa.ini", "Picasa.ini", "cat.pp3", "a.lrdata/")],
    *[(name, "hidden") for name in (".hidden", ".cat.jpg", ".thumbs/", ".env")],
]  # fmt: skip
KEPT = [  # a user's own, however they look
    *[
        "cat.jpg",
        "cat.jpeg.tmp",
        "cat.jpg.bak",
        "notes.txt",
        "cat",
        "thumbs.db.jpg",
        "mythumbs.db",
        "recycled/",
        "recycler/",
    ],
    *["train/", "CVS/", "@home/", "#1/", "__background__/", "_cat/", "~cat.jpg", "lost+found.jpg", "found/", "macosx/"],
    *[".IMG_0001.HEIC.icloud"],  # a picture that is not downloaded: unreadable, not passed over
]


@pytest.mark.parametrize(("name", "kind"), LEFT)
def test_what_systems_and_programs_leave_is_passed_over_and_counted(tmp_path, name, kind):
    tree(tmp_path, "cat/1.png", f"cat/deeper/{name}" if name.endswith("/") else "cat/deeper/2.png")
    tree(tmp_path, *(f"{place}{name}{'in.png' if name.endswith('/') else ''}" for place in ("", "cat/", "cat/deeper/")))
    data = read(tmp_path)
    wanted = ["cat/1.png"] if name.endswith("/") else ["cat/1.png", "cat/deeper/2.png"]
    assert (data.classes, [sample.sample_id for sample in data.samples]) == (("cat",), wanted)
    assert data.passed_over == {kind: 3}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_a_users_own_is_kept(name):
    assert passed_over(name.removesuffix("/"), folder=name.endswith("/")) is None


def test_files_beside_the_class_folders_are_counted(tmp_path):
    assert read(tree(tmp_path, "README.md", "labels.csv", "cat/1.png")).passed_over == {"beside": 2}


def test_links_are_followed_as_torchvision_follows_them(tmp_path):
    far = tree(tmp_path / "far", "dogs/2019/1.png", "dogs/2.png", "single.png")
    root = tree(tmp_path / "data", "cat/1.png", "cat/deep/2.png")
    (root / "dog").symlink_to(far / "dogs")
    (root / "cat" / "more").symlink_to(far / "dogs" / "2019")
    (root / "cat" / "one.png").symlink_to(far / "single.png")
    data, theirs = read(root), ImageFolder(root)
    assert {(str(sample.path), sample.label) for sample in data.samples} == {
        (path, theirs.classes[k]) for path, k in theirs.samples
    }
    assert data.classes == tuple(theirs.classes)
    assert len(data.samples) == 6


@pytest.mark.parametrize("target", [".", "..", "deep"])
def test_a_link_back_to_a_folder_above_ends(tmp_path, target):
    root = tree(tmp_path, "cat/1.png", "cat/deep/2.png")
    (root / "cat" / "deep" / "again").symlink_to(root / "cat" / target)
    data = read(root)
    seen = Counter(sample.path.resolve() for sample in data.samples)
    assert set(seen) == {root / "cat" / "1.png", root / "cat" / "deep" / "2.png"}
    assert data.passed_over == {"loop": 1}


def test_two_links_at_each_other_are_unreadable_files(tmp_path):
    root = tree(tmp_path, "cat/1.png")
    (root / "cat" / "a").symlink_to(root / "cat" / "b")
    (root / "cat" / "b").symlink_to(root / "cat" / "a")
    assert [sample.sample_id for sample in read(root).samples] == ["cat/1.png", "cat/a", "cat/b"]


def test_nothing_vanishes_a_link_to_nothing_a_pipe_and_a_placeholder_are_samples(tmp_path):
    root = tree(tmp_path, "cat/1.png")
    (root / "cat" / "2.png").symlink_to(tmp_path / "cache" / "gone.png")
    (root / "cat" / "folder").symlink_to(tmp_path / "cache")
    os.mkfifo(root / "cat" / "3.png")
    (root / "cat" / ".4.png.icloud").write_bytes(b"bplist00")
    assert [sample.sample_id for sample in read(root).samples] == [
        *("cat/.4.png.icloud", "cat/1.png", "cat/2.png", "cat/3.png", "cat/folder")
    ]


def test_a_class_folder_that_is_a_link_to_nothing_is_refused(tmp_path):
    root = tree(tmp_path, "cat/1.png")
    (root / "dog").symlink_to(tmp_path / "not-fetched" / "dog")
    with refused(InputError, f"link {root / 'dog'}", "not-fetched/dog, which is not there", "fetch what it leads to"):
        read(root)


def test_a_root_that_is_a_link_to_nothing_is_refused(tmp_path):
    (tmp_path / "data").symlink_to(tmp_path / "unmounted")
    with refused(InputError, "data root", "a link to", "unmounted, which is not there"):
        read(tmp_path / "data")


@pytest.mark.parametrize("place", ["", "cat", "cat/deep", "test", "test/cat"])
def test_a_folder_that_cannot_be_read_is_refused_by_name(tmp_path, place, monkeypatch):
    """Root may read everything, so the system's answer is put in its mouth: os.scandir of that one folder alone."""
    root = tree(
        tmp_path / "r", "cat/deep/1.png", "dog/1.png", *(["test/cat/1.png"] if place.startswith("test") else [])
    )
    scandir = os.scandir

    def forbidden(path):
        if os.fspath(path) == os.fspath(root / place):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    with refused(InputError, f"folder {root / place}", "Permission denied", "chmod -R a+rX"):
        read(root)


SPLIT_NAMES = [
    *[
        "train",
        "Train",
        "TRAIN",
        "training",
        "trn",
        "trainval",
        "train_val",
        "train2017",
        "training_set",
        "train-images",
    ],
    *[
        "val",
        "valid",
        "validation",
        "Validation",
        "val2014",
        "minival",
        "test",
        "tests" * 0 + "testing",
        "test_set",
        "testset",
    ],
    *[
        "test-dev",
        "dev",
        "development",
        "eval",
        "evaluation",
        "holdout",
        "hold-out",
        "seg_train",
        "TrainData",
        "test 1",
    ],
    *["学習", "検証データ", "テスト", "训练集", "测试集"],
]


@pytest.mark.parametrize("name", SPLIT_NAMES)
def test_what_splits_are_called(name):
    assert is_split_name(name)


@pytest.mark.parametrize(
    "name", ["cat", "trainer", "testudo", "devil", "valley", "evaluator", "data", "images", "", "1", "contest"]
)
def test_what_splits_are_not_called(name):
    assert not is_split_name(name)


def test_the_longest_name_is_judged_at_once():
    assert not is_split_name("datasetimgs" * 23 + "!")
    assert not is_split_name("trainval" * 31 + "!")


@pytest.mark.parametrize(
    ("files", "split", "told"),
    [
        (("train/a/1.png", "val/a/1.png"), "test", ("no such split", "train (1 folders), val (1 folders)", "--split val")),
        (("Train/a/1.png", "Test/a/1.png"), "test", ("no such split", "Test (1 folders)", "--split Test")),
        (("train/a/1.png",), "test", ("train (1 folders)", "--split train")),
        (("training_set/a/1.png", "test_set/a/1.png"), "test", ("test_set", "--split test_set")),
        (("train/a/1.png", "valid/a/1.png", "README.md", ".git/x"), "test", ("train", "valid")),
        (("train/a/1.png", "val/a/1.png", "docs/x.png"), "test", ("train", "val")),  # and another folder
        (("train/a/1.png", "test/1.png"), "test", ("no class folder in that split", "test (no class folder)", "--split train")),
        (("train/1.png", "test/1.png"), "test", ("no class folder", "sort the images into a folder per class")),
        (("cat/train/1.png", "cat/val/1.png", "dog/train/1.png"), "train", ("splits inside of the class folders", "cat/train, cat/val")),
    ],
)  # fmt: skip
def test_a_root_of_splits_without_the_one_asked_for_is_refused_naming_those_that_are_there(
    tmp_path, files, split, told
):
    with refused(InputError, f"data root {tmp_path}", *told):
        read(tree(tmp_path, *files), split)


@pytest.mark.parametrize(
    ("files", "split", "classes"),
    [
        (("car/1.png", "bus/1.png", "train/1.png"), "test", ("bus", "car", "train")),  # a train on rails
        (("car/2019/1.png", "train/2019/1.png"), "test", ("car", "train")),
        (("train/a/1.png", "val/b/1.png"), "val", ("b",)),
        (("a/train/1.png", "b/train/1.png"), "test", ("a", "b")),  # one part alone is no mixture
        (("a/left/1.png", "b/left/1.png"), "test", ("a", "b")),
    ],
)
def test_roots_that_are_read(tmp_path, files, split, classes):
    assert read(tree(tmp_path, *files), split).classes == classes


def breeds_in(root, *, above, names=BREEDS):
    for k, breed in enumerate(names):
        folder = root / above[k % len(above)] / breed
        folder.mkdir(parents=True, exist_ok=True)
        picture(BREEDS[k % len(BREEDS)]).save(folder / "1.png")
    return root


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("above", [("photos",), ("pets/photos",), ("indoor", "outdoor"), ("a", "b", "c")])
def test_a_folder_of_classes_that_holds_the_classes_is_refused(tmp_path, above, named):
    """The model knows the inner names, or, without names, has as many outputs."""
    root = breeds_in(tmp_path / "data", above=above)
    content = {} if named else {"classes": None, "species": None}
    asked = options(
        root, hand_checkpoint(tmp_path / "c.pt", **content), dataset="imagefolder", arch="tests.pets:hand_net"
    )
    with refused(
        InputError,
        "data root: class folders",
        "that are the classes: Abyssinian, Bengal",
        f"--data-root {root / above[0]}",
    ):
        read_inputs(asked)


@pytest.mark.parametrize("inner", [("2019", "2020"), ("s1", "s2"), ("cam-1", "cam-2")])
def test_folders_below_the_class_folders_are_the_users_business(tmp_path, inner):
    """torchvision takes them; so does this, with names and without, also where the numbers happen to fit."""
    for breed in BREEDS:
        for name in (*inner, *(f"{inner[0]}{k}" for k in range(3))):
            (tmp_path / "data" / breed / name).mkdir(parents=True)
            picture(breed).save(tmp_path / "data" / breed / name / "1.png")
    for content in ({}, {"classes": None, "species": None}):
        asked = options(tmp_path / "data", hand_checkpoint(tmp_path / "c.pt", **content), dataset="imagefolder")
        facts = read_inputs(asked).facts
        assert facts.classes == BREEDS
        assert facts.data.n_listed == 25
    assert set(hand_weights()) == {"features.0.weight", "features.0.bias", "head.weight", "head.bias"}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"cat.png", "cat.png"),
        ("犬.png".encode(), "犬.png"),
        (b"caf\xe9.png", "caf\\xe9.png"),
        ("犬.png".encode("shift_jis"), "\\x8c\\xa2.png"),
        ("🐶.png".encode(), "🐶.png"),
    ],
)
def test_a_files_name_is_told_as_text_in_unicode(raw, text):
    found = as_text(os.fsdecode(raw))
    assert found == text
    found.encode()


def test_files_of_any_name_are_samples_whose_ids_can_be_written(tmp_path):
    for raw in (b"caf\xe9", "犬".encode("shift_jis"), b"a\nb"):
        (tmp_path / "data" / os.fsdecode(raw)).mkdir(parents=True)
        (tmp_path / "data" / os.fsdecode(raw) / os.fsdecode(raw + b".png")).write_bytes(b"x")
    data = read(tmp_path / "data")
    assert sorted(data.classes) == ["\\x8c\\xa2", "a\nb", "caf\\xe9"]
    assert all(sample.path.is_file() and sample.sample_id.encode() for sample in data.samples)


def test_names_in_either_normalisation_are_one_class(tmp_path):
    """macOS hands out NFD; on one disk both can lie side by side."""
    name = "ポメラニアン"
    forms = [unicodedata.normalize(form, name) for form in ("NFC", "NFD")]
    tree(tmp_path, f"{forms[0]}/1.png", f"{forms[1]}/2.png", "cat/3.png")
    data = read(tmp_path)
    assert set(data.classes) == {"cat", name}
    assert [sample.label for sample in data.samples].count(name) == 2
    assert all(sample.path.is_file() for sample in data.samples)
