"""One path component for every name of a model, no two alike, and what older versions nested is still found."""

from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.deliver.archive.contents import LATEST, bundle_dirs, bundles, refresh
from reportgen.deliver.archive.leftovers import leftovers
from reportgen.deliver.archive.model_folders import archive_of, folder_name, model_folder, model_folders, model_in
from reportgen.deliver.archive.retention import remove, retention
from reportgen.deliver.archive.verification import verify
from tests.archives import archived, bundle_files, run_id_of
from tests.deliver.test_retention import NOW

NAMES = {
    "resnet18": "resnet18",
    "pets-nightly_2.1": "pets-nightly_2.1",
    "timm/resnet10t": "timm%2Fresnet10t",
    "org/models/net": "org%2Fmodels%2Fnet",
    "C:\\models\\net": "C%3A%5Cmodels%5Cnet",
    "package.module:factory": "package.module%3Afactory",
    ".hidden": "%2Ehidden",
    "..": "%2E%2E",
    "/etc/passwd": "%2Fetc%2Fpasswd",
    "../../outside": "%2E.%2F..%2Foutside",
    "two words": "two words",
    " blank": "%20blank",
    "blank ": "blank%20",
    "dot.": "dot%2E",
    "latest": "%6Catest",
    "LATEST": "%4CATEST",
    "index.html": "%69ndex.html",
    "index.ja.html": "%69ndex.ja.html",
    "con": "%63on",
    "NUL.txt": "%4EUL.txt",
    "com1": "%63om1",
    "console": "console",
    "100%": "100%25",
    "a~b": "a%7Eb",
    "ポメラニアン": "ポメラニアン",
    "línea": "línea",
    "a\nb": "a%0Ab",
    '*?<>|"': "%2A%3F%3C%3E%7C%22",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_legible_component_and_can_be_read_back(name, tmp_path):
    folder = folder_name(name)
    assert folder == normalize("NFC", NAMES[name])
    assert unquote(folder) == normalize("NFC", name)
    (tmp_path / folder).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [folder]
    assert model_in(folder, name) == name


def test_a_name_in_other_normal_forms_is_the_same_model():
    assert folder_name(normalize("NFD", "línea")) == folder_name(normalize("NFC", "línea"))


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_two_names_share_a_folder(one, other):
    same = normalize("NFC", one) == normalize("NFC", other)
    assert (folder_name(one) == folder_name(other)) == same
    for folder in (folder_name(one), folder_name(other)):
        assert Path(folder).name == folder
        assert not folder.startswith(".")


def test_long_names_are_cut_and_kept_apart():
    one, other = "net/" * 100 + "a", "net/" * 100 + "b"
    assert folder_name(one) != folder_name(other)
    assert folder_name(one).startswith("net%2Fnet%2F")
    assert all(len(folder_name(name * 400).encode()) <= 200 for name in ("x", "/", "犬", "%"))
    assert model_in(folder_name(one), one) == one


def test_names_that_differ_by_case_alone_get_folders_that_every_file_system_keeps_apart(tmp_path):
    first = model_folder(tmp_path, "ResNet")
    first.mkdir()
    second = model_folder(tmp_path, "resnet")
    assert second.name.startswith("resnet~")
    second.mkdir()
    third = model_folder(tmp_path, "RESNET")
    assert len({path.name.casefold() for path in (first, second, third)}) == 3
    assert model_folder(tmp_path, "ResNet") == first
    assert model_folder(tmp_path, "resnet") == second
    assert model_in(second.name, "resnet") == "resnet"


def test_folders_that_were_there_under_both_cases_stay_as_they_are(tmp_path):
    (tmp_path / "Net").mkdir()
    (tmp_path / "net").mkdir()
    assert [model_folder(tmp_path, name).name for name in ("Net", "net")] == ["Net", "net"]


@pytest.mark.parametrize("name", ["..", "../outside", "/etc", ".", "latest"])
def test_nothing_outside_the_archive_and_no_link_is_taken_for_an_older_folder(name, tmp_path):
    (tmp_path / "outside").mkdir()
    archive = tmp_path / "reports"
    (archive / "m").mkdir(parents=True)
    (archive / "latest").symlink_to("m")
    assert model_folders(archive, name) == (archive / folder_name(name),)


OLD = "timm/resnet10t"


@pytest.fixture
def nested(tmp_path):
    """The nights 1 and 2 where older versions put them, the night 3 by the rule of today; and another model."""
    for day in (1, 2):
        archived(tmp_path, day, model=OLD)
    files = bundle_files(3, model=OLD)
    archived(tmp_path, 3, model=folder_name(OLD), files=files)
    archived(tmp_path, 4, model="m")
    return tmp_path


def test_what_was_nested_is_in_the_archive_under_its_models_name(nested):
    assert [path.name for path in bundle_dirs(nested)] == [run_id_of(day) for day in (4, 1, 2, 3)]
    assert [run.model for run in bundles(nested).runs] == ["m", OLD, OLD, OLD]
    assert [run.verdict.run_id for run in bundles(nested).runs][1:] == [run_id_of(day) for day in (1, 2, 3)]
    assert not any(one.problems for one in verify(nested))
    assert len(verify(nested)) == 4


def test_the_index_shows_one_model_and_its_links_lead_to_files(nested):
    page = refresh(nested).read_text()
    assert page.count("<h2>timm/\u200bresnet10t</h2>") == 1
    links = [unquote(part.split('"')[0]) for part in page.split('href="')[1:] if "report.html" in part.split('"')[0]]
    assert len(links) == 2 + 4  # the newest of each model stands above too
    assert all((nested / link).is_file() for link in links)
    for model in (OLD, folder_name(OLD), "m"):
        assert (nested / model / LATEST / "verdict.json").is_file()
    assert (nested / LATEST).resolve().name == run_id_of(4)


def test_retention_counts_both_places_as_one_model(nested):
    assert [one.path.name for one in remove(retention(nested, keep=2, keep_days=None, now=NOW))] == [run_id_of(1)]
    assert [path.name for path in bundle_dirs(nested)] == [run_id_of(day) for day in (4, 2, 3)]


def test_leftovers_of_a_nested_model_are_named(nested):
    left = nested / OLD / f".{run_id_of(5)}.partial-4711"
    left.mkdir()
    assert [one.path for one in leftovers(nested)] == [left]


def test_the_older_folder_comes_after_the_one_of_today(nested):
    assert model_folders(nested, OLD) == (nested / folder_name(OLD), nested / OLD)


@pytest.mark.parametrize(
    ("place", "name"), [("m", "m"), ("timm%2Fa", "timm/a"), ("timm/a", "timm/a"), ("copy", "timm/a")]
)
def test_the_archive_of_a_bundle_is_found_from_where_it_lies(place, name, tmp_path):
    assert archive_of(tmp_path / "reports" / place / "run", name) == tmp_path / "reports"


def test_folders_of_others_stay_others(tmp_path):
    """A folder of somebody else in a model's folder, however deep, is no model."""
    archived(tmp_path, 1)
    (tmp_path / "m" / "notes" / "old" / "x").mkdir(parents=True)
    (tmp_path / "m" / run_id_of(1) / "mail" / "deep").mkdir(parents=True)
    assert [path.name for path in bundle_dirs(tmp_path)] == [run_id_of(1)]
    assert leftovers(tmp_path) == ()
