"""Plain files are opened, everything else is refused in words and without waiting."""

import os
from pathlib import Path

import pytest

from reportgen.inputs.plain_files import NotPlainError, entry_kind, held_folder, open_plain, read_plain
from tests.hostile.odd_files import odd_files, put

pytestmark = pytest.mark.timeout(20)


def read(folder, name, **options):
    with held_folder(folder) as at:
        return read_plain(at, name, **options)


def test_a_file_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    (tmp_path / "empty").touch()
    assert read(tmp_path, "a") == b"x" * 100_000
    assert read(tmp_path, "a", most_bytes=100_000) == b"x" * 100_000
    assert read(tmp_path, "empty") == b""


@odd_files
def test_what_is_no_plain_file_is_refused_in_words(tmp_path, kind):
    put(kind, tmp_path / "a")
    with pytest.raises(NotPlainError, match=f"^.*{kind.partition(' to ')[0]}, not a file"):
        read(tmp_path, "a")


@pytest.mark.parametrize("name", ["", ".", "..", "/etc/passwd", "../a", "sub/a", "a/", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    (tmp_path / "sub").mkdir()
    for folder in (tmp_path, tmp_path / "sub"):
        (folder / "a").touch()
    with pytest.raises(NotPlainError):
        read(tmp_path / "sub", name)


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path, "a")
    with held_folder(tmp_path) as at:
        assert entry_kind(at, "a") is None


def test_more_bytes_than_allowed_are_refused_and_not_read(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        file.truncate(2**40)  # a TiB that takes no room
    for most in (0, 1000, 2**39):
        with pytest.raises(NotPlainError, match=f"1,099,511,627,776 bytes, more than {most:,}"):
            read(tmp_path, "a", most_bytes=most)


@pytest.mark.parametrize("kind", ["a link to a folder", "a file", "a named pipe"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_no_step_below_the_folder_is_a_link(tmp_path, kind, depth):
    """`depth`: which of three steps is none."""
    root, steps = tmp_path / "root", ("a", "b", "c")
    root.joinpath(*steps).mkdir(parents=True)
    with held_folder(root, *steps) as at:
        assert not os.listdir(at)  # noqa: PTH208  # of a descriptor
    step = root.joinpath(*steps[:depth])
    step.rename(tmp_path / "elsewhere")
    {"a file": step.touch, "a named pipe": lambda: os.mkfifo(step)}.get(
        kind, lambda: step.symlink_to(tmp_path / "elsewhere")
    )()
    with pytest.raises(NotPlainError, match="not a folder"), held_folder(root, *steps):
        pass


def test_links_on_the_callers_way_are_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_bytes(b"x")
    (tmp_path / "latest").symlink_to("real")
    assert read(tmp_path / "latest", "a") == b"x"


def test_a_folder_stays_the_one_that_was_opened(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text(name)
    with held_folder(tmp_path / "one") as at:
        (tmp_path / "one").rename(tmp_path / "gone")
        (tmp_path / "other").rename(tmp_path / "one")
        assert read_plain(at, "a") == b"one"


def test_no_descriptor_is_left(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    def n_open():
        return len(list(Path("/dev/fd").iterdir()))

    before = n_open()
    for _ in range(20):
        with held_folder(tmp_path) as at:
            for name in ("pipe", "folder", "nothing"):
                with pytest.raises(OSError):
                    open_plain(at, name)
        with pytest.raises(OSError), held_folder(tmp_path, "folder", "nothing"):
            pass
    assert n_open() == before
