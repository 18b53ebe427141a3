"""Ends a process at every moment of an archive's life: `python -m tests.deliver.killing DEED FOLDER`.

A moment lies before each effect on the file system (and each lock) of the deed, counted by an audit hook. For each
one a child is forked that does the deed in a fresh archive in FOLDER, and ends there: by SIGKILL, some deeds once more
by the error of a full disk. Then the parent checks the archive, and that the next run, prune and index work in it. Prints how
many moments there were. The deed `clock` is killed from outside instead.
"""

import errno
import itertools
import os
import shutil
import signal
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

from reportgen.deliver.archive.bundle import write_bundle
from reportgen.deliver.archive.contents import bundles, refresh
from reportgen.deliver.archive.leftovers import leftovers
from reportgen.deliver.archive.retention import remove, retention
from reportgen.deliver.archive.verification import verify
from reportgen.errors import DeliveryError
from tests.archives import archived, bundle_files, contents, run_id_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EFFECTS = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "fcntl.flock", "ctypes.dlsym"}
OLDEST, REPLACED, TONIGHT, NEXT = (run_id_of(day) for day in (1, 2, 3, 4))
NEW_FILES = bundle_files(2, accuracy=0.5, accuracy_ci=[0.4, 0.6]) | {"more.bin": bytes(300_000)}
NOT_ENDED = 99


def write(archive):
    write_bundle(archive / "m" / TONIGHT, bundle_files(3))


def replace(archive):
    write_bundle(archive / "m" / REPLACED, NEW_FILES, replace=True)


def prune(archive):
    remove(retention(archive, keep=1, keep_days=None, now=NOW))


DEEDS = {"write": write, "replace": replace, "replace_in_two_steps": replace, "refresh": refresh, "prune": prune}
FULL_TOO = {"write", "replace", "refresh"}


def made(folder, deed):
    """The archive before the deed."""
    archive = folder / "before"
    for day in (1, 2):
        archived(archive, day)
    (archive / "m" / REPLACED / "mail").mkdir()
    (archive / "m" / REPLACED / "mail" / "receipts.json").write_bytes(b"somebody has it")
    refresh(archive)
    if deed in ("refresh", "prune"):
        archived(archive, 3)
    if deed == "prune":
        for name in (f".{TONIGHT}.partial-0001", f".evaluated-{TONIGHT}"):
            (archive / "m" / name).mkdir()
            (archive / "m" / name / "manifest.json").write_bytes(b"{}")
        refresh(archive)
    return archive


def arm(deed, end, moment):
    """From here on this process ends at the effect number `moment`."""
    effects = itertools.count()

    def hook(event, args):
        if event == "ctypes.dlsym" and deed == "replace_in_two_steps":
            raise AttributeError("a C library without renameat2")
        is_effect = event in EFFECTS or (event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if is_effect and next(effects) == moment:
            if end == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.ENOSPC, "no space left on device")

    sys.addaudithook(hook)
    return lambda: next(effects) > moment


def child(deed, end, moment, archive):
    """Does the deed; never returns."""
    code = 1
    try:
        was_reached = arm(deed, end, moment)
        try:
            DEEDS[deed](archive)
            code = 0
        except DeliveryError:
            code = DeliveryError.exit_code
        if not was_reached():
            code = NOT_ENDED
    except BaseException:  # noqa: BLE001  # whatever it is, this process must not go on as its parent
        traceback.print_exc()
    finally:
        os._exit(code)


def every_moment(deed, folder):
    """The number of moments."""
    before = made(folder, deed)
    for moment in itertools.count():
        for end in ("kill", "full") if deed in FULL_TOO else ("kill",):
            archive = folder / "archive"
            shutil.copytree(before, archive, symlinks=True)
            pid = os.fork() or child(deed, end, moment, archive)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if code == NOT_ENDED:
                return moment
            assert code == -signal.SIGKILL if end == "kill" else code in (0, DeliveryError.exit_code), code
            check(archive, before, deed)
            shutil.rmtree(archive)
    raise AssertionError


def by_the_clock(folder, n_kills=20):
    """The same from outside, at a time that nobody chose: a child exchanges a bundle and makes the page, endlessly."""
    before = made(folder, "replace")
    for kill in range(n_kills):
        archive = folder / "archive"
        shutil.copytree(before, archive, symlinks=True)
        pid = os.fork()
        if pid == 0:
            write(archive)
            while True:
                refresh(archive)
                replace(archive)
        time.sleep(0.001 * kill)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        check(archive, before, "all")
        shutil.rmtree(archive)
    return n_kills


def check(archive, before, deed):
    """The archive is whole and readable, nothing has changed that was not to change, and the next run works."""
    models, hidden = archive / "m", [path for path in archive.rglob(".*") if path.parent.name in ("m", "archive")]
    assert not [one for one in verify(archive) if one.problems]
    assert {path.name for path in models.glob("[!.]*")} <= {OLDEST, REPLACED, TONIGHT, "latest"}
    page = (archive / "index.html").read_text()
    assert page == (before / "index.html").read_text() or (
        page.endswith("</html>") and deed not in ("write", "replace")
    )
    assert (models / "latest" / "manifest.json").is_file() or deed == "replace_in_two_steps"
    found = leftovers(archive)
    assert {one.path for one in found} == set(hidden)
    assert not any(one.alive for one in found)
    write_bundle(models / NEXT, bundle_files(4))
    refresh(archive)
    may_be_gone = {OLDEST, REPLACED} if deed == "prune" else set()
    for run_id in (OLDEST, REPLACED):
        old, now = contents(before / "m" / run_id), contents(models / run_id)
        new = NEW_FILES | {"mail/receipts.json": b"somebody has it", "manifest.json": now.get("manifest.json")}
        replaced = run_id == REPLACED and deed not in ("write", "refresh", "prune")
        assert now == old or (replaced and now == new) or (not now and run_id in may_be_gone), run_id
    after = contents(models)
    remove(retention(archive, keep=None, keep_days=None, now=NOW))
    assert not leftovers(archive)
    assert not list(archive.rglob(".*"))
    assert contents(models) == {name: content for name, content in after.items() if not name.startswith(".")}
    assert not bundles(archive).unreadable
    page = (archive / "index.html").read_text()
    for run_id in (OLDEST, REPLACED, TONIGHT, NEXT):
        assert (f"m/{run_id}/report.html" in page) == (models / run_id).exists()


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    sys.stdout.write(str(by_the_clock(where) if what == "clock" else every_moment(what, where)))
