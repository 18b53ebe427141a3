"""A bundle appears whole or not at all, and comes back as it was."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from reportgen.deliver.archive.bundle import held, remove_bundle, write_bundle
from reportgen.deliver.archive.leftovers import leftovers
from reportgen.deliver.writing import write_files
from reportgen.errors import DeliveryError
from reportgen.runs.stamp import RunStamp
from tests.archives import ROOT, archived, contents, writer

STAMP = RunStamp(
    run_id="20261123T080000000Z-1a2b3c4d",
    created_at="2026-11-23T08:00:00+00:00",
    languages=("en",),
    timing={"evaluate": 1.25},
)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_manifest_holds_the_hash_of_every_file(tmp_path):
    files = {"b.txt": b"two", "a.txt": b"one"}
    write_bundle(tmp_path / "run", files)
    listed = json.loads((tmp_path / "run" / "manifest.json").read_text())["files"]
    assert list(listed) == ["a.txt", "b.txt"]
    for name, content in files.items():
        assert listed[name] == {"sha256": hashlib.sha256(content).hexdigest(), "n_bytes": len(content)}
    assert left_in(tmp_path) == ["run"]


def test_an_existing_bundle_is_left_alone_unless_it_is_to_be_replaced(tmp_path):
    write_bundle(tmp_path / "run", {"a": b"old"})
    with pytest.raises(DeliveryError, match="there already") as caught:
        write_bundle(tmp_path / "run", {"a": b"new"})
    assert caught.value.exit_code == 6
    assert (tmp_path / "run" / "a").read_bytes() == b"old"
    write_bundle(tmp_path / "run", {"a": b"new", "b": b"more"}, replace=True)
    assert left_in(tmp_path) == ["run"]
    assert left_in(tmp_path / "run") == ["a", "b", "manifest.json"]


def test_a_run_that_dies_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(DeliveryError):
        write_bundle(tmp_path / "run", {"a": b"x", "no/such/folder": b"y"})
    assert left_in(tmp_path) == []


def test_a_place_that_cannot_be_written_is_exit_6(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DeliveryError, match="--out") as caught:
        write_bundle(tmp_path / "file" / "run", {"a": b"x"})
    assert caught.value.exit_code == 6


def test_files_take_the_place_of_older_ones_whole(tmp_path):
    written = write_files(tmp_path / "new", {"a.png": b"one", "b.html": b"two"})
    assert written == (tmp_path / "new" / "a.png", tmp_path / "new" / "b.html")
    write_files(tmp_path / "new", {"a.png": b"three"})
    assert (tmp_path / "new" / "a.png").read_bytes() == b"three"
    assert left_in(tmp_path / "new") == ["a.png", "b.html"]
    (tmp_path / "new" / "c").mkdir()
    with pytest.raises(DeliveryError, match="--out"):
        write_files(tmp_path / "new", {"c": b"a folder is in the way"})
    assert left_in(tmp_path / "new") == ["a.png", "b.html", "c"]


def test_the_receipts_of_the_mail_outlive_an_exchange(tmp_path):
    write_bundle(tmp_path / "run", {"a": b"old"})
    write_files(tmp_path / "run" / "mail", {"receipts.json": b"somebody has it"})
    write_bundle(tmp_path / "run", {"a": b"new"}, replace=True)
    assert (tmp_path / "run" / "a").read_bytes() == b"new"
    assert (tmp_path / "run" / "mail" / "receipts.json").read_bytes() == b"somebody has it"


def test_of_two_processes_that_write_the_same_run_one_wins_and_the_other_is_told(tmp_path):
    target = tmp_path / "run"
    with writer(target, "first") as first, writer(target, "second") as second:
        assert len(left_in(tmp_path)) == 2
        assert second.communicate("\n")[1] == ""
        assert "run is there already" in first.communicate("\n")[1]
        assert (first.returncode, second.returncode) == (1, 0)
    assert (target / "a.txt").read_bytes() == b"second"
    assert left_in(tmp_path) == ["run"]


def test_two_processes_write_different_runs_beside_each_other(tmp_path):
    with writer(tmp_path / "one") as one, writer(tmp_path / "two") as two:
        one.communicate("\n")
        two.communicate("\n")
    assert left_in(tmp_path) == ["one", "two"]


def test_what_is_held_is_neither_removed_nor_exchanged_nor_held_twice(tmp_path):
    target = write_bundle(tmp_path / "run", {"a": b"x"})
    with held(target):
        assert not remove_bundle(target)
        for again in (lambda: write_bundle(target, {"a": b"y"}, replace=True), lambda: held(target).__enter__()):
            with pytest.raises(DeliveryError, match="another process is working on it"):
                again()
    assert (target / "a").read_bytes() == b"x"
    assert left_in(tmp_path) == ["run"]
    assert remove_bundle(target)
    assert left_in(tmp_path) == []
    assert remove_bundle(target)  # gone is removed
    with held(target):  # pruned in between: a kept evaluation is a convenience
        assert left_in(tmp_path) == []


def test_an_exchange_that_died_between_its_two_names_is_ended_by_the_next_write(tmp_path):
    """As a system without renameat2 leaves it: the old bundle aside, the new one not yet in its place."""
    old = archived(tmp_path, 1)
    before = contents(old)
    old.rename(old.with_name(f".{old.name}.old-0a1b2c3d"))
    write_bundle(tmp_path / "m" / "tonight", {"a": b"x"})
    assert left_in(tmp_path / "m") == [old.name, "tonight"]
    assert contents(old) == before
    shutil.copytree(old, old.with_name(f".{old.name}.old-0a1b2c3d"))  # died after the second name
    write_bundle(tmp_path / "m" / "tomorrow", {"a": b"x"})
    assert left_in(tmp_path / "m") == [old.name, "tomorrow", "tonight"]


NO_LOCKS = f"""
import sys
def hook(event, args):
    if event == "fcntl.flock":
        raise OSError({errno.EBADF}, "as NFS answers for a directory")
sys.addaudithook(hook)
from pathlib import Path
from reportgen.deliver.archive.bundle import write_bundle
from reportgen.deliver.archive.leftovers import leftovers
from reportgen.deliver.archive.retention import remove, retention
archive = Path(sys.argv[1])
for content in (b"old", b"new"):
    write_bundle(archive / "m" / "run", {{"a": content}}, replace=True)
(archive / "m" / ".other.partial-0a").mkdir()
assert [one.alive for one in leftovers(archive)] == [True]
"""


def test_a_file_system_without_locks_is_written_all_the_same_and_nothing_there_counts_as_dead(tmp_path):
    done = subprocess.run([sys.executable, "-c", NO_LOCKS, tmp_path], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "m" / "run" / "a").read_bytes() == b"new"


FILLED = """
import resource, sys
from pathlib import Path
from reportgen.deliver.archive.bundle import write_bundle
from reportgen.errors import DeliveryError
folder, limit = Path(sys.argv[1]), int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
n_written = 0
for size in range(1000, 200_000, 30_000):
    try:
        write_bundle(folder / "m" / str(size), {"a": bytes(size), "b": bytes(size)})
        n_written += 1
    except DeliveryError as error:
        print(error)
        break
sys.exit(n_written)
"""


def assert_full(done, archive):
    assert 0 < done.returncode < 6, done.stderr
    assert "free some disk space" in done.stdout
    for size, folder in enumerate(sorted((archive / "m").iterdir(), key=lambda path: int(path.name))):
        listed = json.loads((folder / "manifest.json").read_text())["files"]
        assert all(len((folder / name).read_bytes()) == listed[name]["n_bytes"] for name in "ab"), size


def test_a_file_that_grows_too_big_leaves_whole_bundles_alone(tmp_path):
    command = [sys.executable, "-c", FILLED, tmp_path, "100000"]
    assert_full(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False), tmp_path)
    assert leftovers(tmp_path) == ()


def test_a_full_disk_leaves_whole_bundles_alone(tmp_path):
    """A real one of 256 kB, mounted for this process alone."""
    copy = 'mount -t tmpfs -o size=256k none "$1" && { "$2" -c "$3" "$1" 0; code=$?; cp -a "$1/." "$4"; exit $code; }'
    (tmp_path / "disk").mkdir()
    command = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        copy,
        "sh",
        tmp_path / "disk",
        sys.executable,
        FILLED,
        tmp_path / "was",
    ]
    (tmp_path / "was").mkdir()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"NOT RUN: no disk may be mounted here: {done.stderr.strip()}")
    assert_full(done, tmp_path / "was")
    assert leftovers(tmp_path / "was") == ()


@pytest.fixture
def read_only(tmp_path):
    """An archive that nobody may change, not even root."""
    folder = tmp_path / "archive"
    archived(folder, 1)
    if os.geteuid():
        (folder / "m").chmod(0o500)
        yield folder
        (folder / "m").chmod(0o700)
        return
    done = subprocess.run(["chattr", "+i", folder / "m"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NOT RUN: root may write everywhere, and chattr does not work here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["chattr", "-i", folder / "m"], check=True)


def test_a_read_only_archive_is_exit_6_and_stays_as_it_is(read_only):
    before = contents(read_only)
    for change in (
        lambda: write_bundle(read_only / "m" / "tonight", {"a": b"x"}),
        lambda: write_bundle(next((read_only / "m").iterdir()), {"a": b"x"}, replace=True),
        lambda: remove_bundle(next((read_only / "m").iterdir())),
    ):
        with pytest.raises(DeliveryError, match="PermissionError") as caught:
            change()
        assert caught.value.exit_code == 6
    assert leftovers(read_only) == ()
    assert contents(read_only) == before
