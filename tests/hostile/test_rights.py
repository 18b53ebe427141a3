"""Point 10: what is written is never wider than the umask, private until it is whole, and links of others are said."""

import json
import logging
import os
import stat
from contextlib import contextmanager

import pytest

from reportgen.cli.ci_verdict import begin_verdict, leave_verdict
from reportgen.deliver.archive.bundle import write_bundle
from reportgen.deliver.archive.foreign_links import passed_links, warn_of_links
from reportgen.deliver.writing import hidden_name, write_files
from reportgen.errors import DeliveryError, InputError

FILES = {"report.html": b"<html>", "findings.json": b"{}", "errors.csv": b"a\n"}
UMASKS = (0o000, 0o002, 0o022, 0o027, 0o077)


@contextmanager
def umask(mask):
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def rights(path):
    return stat.S_IMODE(path.stat().st_mode)


class Looked(dict):
    """Files that look, while each is asked for, at what is in the folder by then."""

    def __init__(self, files, look):
        super().__init__(files)
        self.look, self.seen = look, []

    def items(self):
        for item in super().items():
            self.seen.append(self.look())
            yield item


@pytest.mark.parametrize("mask", UMASKS, ids=oct)
def test_a_bundle_has_the_rights_of_the_umask_and_is_private_while_it_is_written(tmp_path, mask):
    model_dir = tmp_path / "out" / "Net"
    files = Looked(FILES, lambda: [rights(path) for path in model_dir.glob(".*partial-*")])
    with umask(mask):
        bundle = write_bundle(model_dir / "run", files)
    assert [rights(path) for path in (tmp_path / "out", model_dir, bundle)] == [0o777 & ~mask] * 3
    assert {rights(path) for path in bundle.iterdir()} == {0o666 & ~mask}
    assert all(rights_then and not any(one & 0o077 for one in rights_then) for rights_then in files.seen)


@pytest.mark.parametrize("mask", UMASKS, ids=oct)
def test_a_bundle_that_is_exchanged_has_them_too(tmp_path, mask):
    with umask(mask):
        write_bundle(tmp_path / "Net" / "run", FILES)
        write_files(tmp_path / "Net" / "run" / "mail", {"receipts.json": b"{}"})
        bundle = write_bundle(tmp_path / "Net" / "run", FILES, replace=True)
    assert rights(bundle) == rights(bundle / "mail") == 0o777 & ~mask
    assert {rights(path) for path in bundle.rglob("*") if path.is_file()} == {0o666 & ~mask}


@pytest.mark.parametrize("mask", UMASKS, ids=oct)
def test_single_files_have_them(tmp_path, mask):
    with umask(mask):
        (path,) = write_files(tmp_path / "ci", {"verdict.json": b"{}"})
    assert (rights(path), rights(path.parent)) == (0o666 & ~mask, 0o777 & ~mask)


def test_temporary_names_cannot_be_foretold(tmp_path):
    names = {hidden_name(tmp_path / "run", "partial").name for _ in range(1000)}
    assert len(names) == 1000
    assert all(len(name.rpartition("-")[2]) >= 16 for name in names)


@pytest.mark.parametrize("name", ["verdict.json", "junit.xml", "summary.md"])
@pytest.mark.parametrize("kind", ["link", "dangling link", "link to a folder"])
def test_a_link_in_the_folder_for_ci_is_replaced_and_not_followed(tmp_path, name, kind):
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "folder").mkdir()
    ci = tmp_path / "ci"
    ci.mkdir()
    (ci / name).symlink_to(tmp_path / {"link": "victim", "dangling link": "gone", "link to a folder": "folder"}[kind])
    begin_verdict(ci)
    assert not (ci / name).is_symlink()
    leave_verdict(ci, 3, InputError("x", found="x", expected="y", todo="z"))
    assert (tmp_path / "victim").read_text() == "mine"
    assert not (tmp_path / "gone").exists()
    assert not list((tmp_path / "folder").iterdir())
    assert not (ci / name).is_symlink()
    assert json.loads((ci / "verdict.json").read_text())["exit_code"] == 3


def test_a_folder_in_a_files_place_is_said(tmp_path):
    (tmp_path / "verdict.json").mkdir()
    with pytest.raises(DeliveryError, match=r"verdict\.json|folder"):
        begin_verdict(tmp_path)


WAYS = {
    "the folder itself": ("a", lambda root: (root / "a").symlink_to(root / "real")),
    "a folder above": ("a/b", lambda root: (root / "a").symlink_to(root / "real")),
    "a relative link": ("a/b", lambda root: (root / "a").symlink_to("real")),
    "a link behind a link": ("b", lambda root: ((root / "a").symlink_to("real"), (root / "b").symlink_to("a"))),
    "through the folder above": ("real/../a", lambda root: (root / "a").symlink_to("real")),
    "that leads nowhere": ("a", lambda root: (root / "a").symlink_to("gone")),
    "of itself": ("a", lambda root: (root / "a").symlink_to("a")),
    "with a name of many lines": ("a\n::error::b", lambda root: (root / "a\n::error::b").symlink_to("real")),
}


@pytest.mark.parametrize("way", WAYS)
def test_links_of_others_are_said(tmp_path, caplog, way):
    name, plant = WAYS[way]
    (tmp_path / "real").mkdir()
    plant(tmp_path)
    with caplog.at_level(logging.WARNING, "reportgen"):
        warn_of_links("--out", tmp_path / name, me=os.geteuid())
        assert not caplog.records or os.geteuid() != 0
        caplog.clear()
        if os.geteuid() == 0:  # root's own links are nobody's trap: give them to somebody
            for link in tmp_path.iterdir():
                if link.is_symlink():
                    os.lchown(link, 4321, 4321)
        warn_of_links("--out", tmp_path / name, me=99_999)
    assert any("--out leads through" in record.getMessage() for record in caplog.records)
    assert {record.args[2] for record in caplog.records} == {4321 if os.geteuid() == 0 else os.geteuid()}


def test_a_way_without_links_says_nothing(tmp_path, caplog):
    (tmp_path / "real" / "b").mkdir(parents=True)
    assert list(passed_links(tmp_path / "real" / "b" / "not yet" / "made")) == []
    warn_of_links("--out", tmp_path / "real" / "b", me=99_999)
    assert not caplog.records
