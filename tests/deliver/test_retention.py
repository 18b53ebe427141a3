"""What prune takes, and what it must never take."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from reportgen.deliver.archive.bundle import held, write_bundle
from reportgen.deliver.archive.contents import refresh
from reportgen.deliver.archive.leftovers import leftovers
from reportgen.deliver.archive.retention import remove, retention
from reportgen.errors import InputError
from tests.archives import ROOT, against, archived, contents, run_id_of, writer

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)  # the night 20


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def going(archive, *, keep=None, keep_days=None, now=NOW):
    return [one.path.name for one in retention(archive, keep=keep, keep_days=keep_days, now=now)]


@pytest.fixture
def ten_nights(tmp_path):
    """The nights 11 to 20 of m, and the night 1 of another model."""
    for day in range(11, 21):
        archived(tmp_path, day)
    archived(tmp_path, 1, model="rare")
    return tmp_path


@pytest.mark.parametrize(
    ("limits", "days"),
    [
        ({}, []),
        ({"keep": 10}, []),
        ({"keep": 8}, [11, 12]),
        ({"keep": 1}, range(11, 20)),
        ({"keep_days": 7}, [11, 12]),  # the night 13 is 7 days old to the second, not older
        ({"keep_days": 0.5}, range(11, 20)),
        ({"keep": 9, "keep_days": 7}, [11]),  # both must allow it
        ({"keep": 5, "keep_days": 8}, [11]),
        ({"keep": 1, "keep_days": 365}, []),
    ],
)
def test_bundles_go_by_count_and_age_and_never_the_newest_of_a_model(ten_nights, limits, days):
    before = contents(ten_nights)
    assert going(ten_nights, **limits) == [run_id_of(day) for day in days]
    assert contents(ten_nights) == before


def test_a_baseline_of_a_night_that_stays_stays_and_does_not_save_its_own(tmp_path):
    for day in range(1, 5):
        archived(tmp_path, day, comparison=against(day - 1))
    archived(tmp_path, 0, model="other")
    archived(tmp_path, 9, model="other", comparison=against(1))  # --baseline with a run of another model
    assert going(tmp_path, keep=1) == [run_id_of(2), run_id_of(0)]


def test_a_baseline_is_kept_for_a_bundle_that_waits_to_be_put_back(tmp_path):
    for day in (1, 2, 4):
        archived(tmp_path, day)
    waiting = archived(tmp_path, 3, comparison=against(1))
    waiting.rename(waiting.with_name(f".{waiting.name}.old-0a"))
    plan = retention(tmp_path, keep=1, keep_days=None, now=NOW)
    assert [one.path.name for one in plan] == [f".{waiting.name}.old-0a", run_id_of(2)]
    remove(plan)
    assert left_in(tmp_path / "m") == [run_id_of(1), run_id_of(3), run_id_of(4), "latest"]


def test_a_bundle_that_cannot_be_read_is_not_judged(tmp_path):
    for day in (1, 2, 3):
        archived(tmp_path, day)
    (tmp_path / "m" / run_id_of(3) / "verdict.json").write_bytes(b"{")
    (tmp_path / "m" / run_id_of(1) / "verdict.json").write_bytes(b"{")
    assert going(tmp_path, keep=1) == []


@pytest.fixture
def littered(tmp_path):
    """One bundle, one of every kind of leftover, and what is somebody else's."""
    bundle = archived(tmp_path, 5)
    for name in (
        f".{run_id_of(5)}.partial-4711",
        f".{run_id_of(5)}.old-0a1b2c3d",
        f"..evaluated-{run_id_of(5)}.removed-0a1b2c3d",
        f".evaluated-{run_id_of(5)}",
        f"{run_id_of(5)}.unrendered",
        f"{run_id_of(7)}.audit-failed",
        "by-hand.unrendered",
    ):
        shutil.copytree(bundle, tmp_path / "m" / name)
    (tmp_path / ".index.html.partial-0a1b2c3d").write_text("half a pa")
    (tmp_path / ".latest.partial-0a1b2c3d").symlink_to("m/run")
    (bundle / "mail").mkdir()
    (bundle / "mail" / ".receipts.json.partial-0a1b2c3d").write_text("{")
    for foreign in (".git", "m/.cache", "m/.evaluated-notes", "m/my.unrendered", "m/.x.partial-me"):
        (tmp_path / foreign).mkdir()
    (tmp_path / "m" / ".x.partial-0a.txt").touch()
    (tmp_path / ".notes.partial-0a").touch()
    return tmp_path


def test_every_kind_of_leftover_is_named_with_what_to_do(littered):
    bundle = f"m/{run_id_of(5)}"
    found = {one.path.relative_to(littered).as_posix(): (one.kind, one.alive) for one in leftovers(littered)}
    assert found == {
        ".index.html.partial-0a1b2c3d": ("temporary", False),
        ".latest.partial-0a1b2c3d": ("temporary", False),
        f"m/..evaluated-{run_id_of(5)}.removed-0a1b2c3d": ("removed", False),
        f"m/.evaluated-{run_id_of(5)}": ("evaluated", False),
        f"m/.{run_id_of(5)}.old-0a1b2c3d": ("old", False),
        f"m/.{run_id_of(5)}.partial-4711": ("partial", False),
        f"{bundle}.unrendered": ("unrendered", False),
        f"{bundle}/mail/.receipts.json.partial-0a1b2c3d": ("temporary", False),
        f"m/{run_id_of(7)}.audit-failed": ("audit-failed", False),
        "m/by-hand.unrendered": ("unrendered", False),
    }
    assert all("reportgen " in one.todo for one in leftovers(littered))


def test_dead_leftovers_go_at_once_results_after_14_days_and_nothing_of_others(littered):
    """On the night 20 the results of the night 5 are 15 days old, those of the night 7 13; by-hand is as old as its folder."""
    changed = (NOW - timedelta(days=14, seconds=1)).timestamp()
    os.utime(littered / "m" / "by-hand.unrendered", (changed, changed))
    before = contents(littered)
    plan = retention(littered, keep=None, keep_days=None, now=NOW)
    assert remove(plan) == plan
    after = contents(littered)
    gone = set(before) - set(after)
    assert {one.path.relative_to(littered).as_posix() for one in plan} == {
        "/".join(name.split("/")[:2]) if "/mail/" not in name else name for name in gone
    }
    assert sum(one.n_bytes for one in plan) >= sum(len(before[name]) for name in gone)
    assert set(after) - set(before) == {"index.html", "latest", "m/latest"}
    assert {".notes.partial-0a", "m/.x.partial-0a.txt", f"m/{run_id_of(5)}/report.html"} < set(after)
    for foreign in (".git", "m/.cache", "m/.evaluated-notes", "m/my.unrendered", "m/.x.partial-me"):
        assert (littered / foreign).is_dir()
    assert [one.kind for one in leftovers(littered)] == ["audit-failed"]


def test_what_goes_leaves_the_index_and_latest(ten_nights):
    refresh(ten_nights)
    (ten_nights / "m" / run_id_of(15) / "by_hand.txt").touch()  # also what was put into it
    plan = retention(ten_nights, keep=2, keep_days=None, now=NOW)
    remove(plan)
    assert left_in(ten_nights / "m") == [run_id_of(19), run_id_of(20), "latest"]
    page = (ten_nights / "index.html").read_text()
    assert run_id_of(18) not in page
    assert run_id_of(19) in page
    assert remove(plan) == plan  # gone is gone
    assert going(ten_nights, keep=2) == []


def test_the_bundle_that_a_living_process_writes_is_not_touched(tmp_path):
    archived(tmp_path, 1)
    with writer(tmp_path / "m" / run_id_of(2)) as process:
        (partial,) = leftovers(tmp_path)
        assert (partial.kind, partial.alive) == ("partial", True)
        assert "nothing" in partial.todo
        assert going(tmp_path, keep=1) == []
        process.kill()
        process.wait()
        assert going(tmp_path, keep=1) == [partial.path.name]
        assert not leftovers(tmp_path)[0].alive


def test_the_bundle_that_a_living_process_exchanges_is_not_touched(tmp_path):
    for day in (1, 2):
        archived(tmp_path, day)
    plan = retention(tmp_path, keep=1, keep_days=None, now=NOW)
    with writer(tmp_path / "m" / run_id_of(1), "new", replace=True) as process:
        assert remove(plan) == ()
        assert process.communicate("\n")[1] == ""
    assert (tmp_path / "m" / run_id_of(1) / "a.txt").read_text() == "new"
    assert not leftovers(tmp_path)


def test_an_evaluation_that_a_run_has_taken_up_since_the_plan_stays(tmp_path):
    kept = write_bundle(tmp_path / "m" / f".evaluated-{run_id_of(1)}", {"logits.npz": b"x"})
    plan = retention(tmp_path, keep=None, keep_days=None, now=NOW)
    assert [one.path for one in plan] == [kept]
    with held(kept):
        assert remove(plan) == ()
        assert going(tmp_path) == []
    assert remove(plan) == plan
    assert not kept.exists()


HOLDER = """
import sys
from pathlib import Path
from reportgen.deliver.archive.bundle import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_an_evaluation_is_alive_as_long_as_its_process(tmp_path):
    kept = write_bundle(tmp_path / "m" / f".evaluated-{run_id_of(1)}", {"logits.npz": b"x"})
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLDER, kept], cwd=ROOT, text=True, **pipes) as process:
        process.stdout.readline()
        assert [one.alive for one in leftovers(tmp_path)] == [True]
        process.kill()
    assert [one.alive for one in leftovers(tmp_path)] == [False]


def test_no_archive_is_exit_3(tmp_path):
    for question in (lambda: leftovers(tmp_path / "gone"), lambda: going(tmp_path / "gone", keep=1)):
        with pytest.raises(InputError, match="no such directory"):
            question()
