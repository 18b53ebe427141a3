"""The archive as it is read: bundles, index.html, the links, verify."""

import json
import shutil
import subprocess
import sys

import pytest

from reportgen.deliver.archive.bundle import write_bundle
from reportgen.deliver.archive.contents import bundles, refresh
from reportgen.deliver.archive.locks import alone_in
from reportgen.deliver.archive.verification import verify
from reportgen.errors import DeliveryError, InputError
from tests.archives import ROOT, against, archived, bundle_files, contents, run_id_of, verdict_of


def names(runs):
    return [(run.model, run.path.name) for run in runs]


def test_only_whole_bundles_count_by_model_and_time(tmp_path):
    for model, day in (("b", 3), ("a", 5), ("a", 4)):
        archived(tmp_path, day, model=model)
    archived(tmp_path, 6, model="a", created_at="2026-10-01T02:00:00+00:00")  # by its time, not by its name
    for name in (f".{run_id_of(6)}.partial-0a", f"{run_id_of(6)}.unrendered", f"{run_id_of(6)}.audit-failed"):
        shutil.copytree(tmp_path / "a" / run_id_of(4), tmp_path / "a" / name)
    (tmp_path / "a" / "notes").mkdir()
    (tmp_path / "a" / "README.txt").write_text("somebody's")
    (tmp_path / "latest").symlink_to("a")
    found = bundles(tmp_path)
    assert names(found.runs) == [("a", run_id_of(day)) for day in (6, 4, 5)] + [("b", run_id_of(3))]
    assert found.unreadable == ()
    assert found.runs[0].documents == ("report.html", "report.pdf")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no verdict.json"),
        (b"{", "Invalid JSON"),
        (b'{"run_id": 1}', "run_id: "),
        (json.dumps(verdict_of(1, accuracy=float("nan"))).encode(), "verdict.json: the number NaN"),
        (json.dumps(verdict_of(1, created_at="2026-11-02T02:00:00")).encode(), "created_at: "),
        (json.dumps(verdict_of(1, outcome="great")).encode(), "outcome: "),
    ],
)
def test_a_bundle_that_does_not_tell_what_it_is_is_named_with_the_reason(tmp_path, content, reason):
    files = bundle_files(1) | {"verdict.json": content}
    archived(tmp_path, 1, files={name: content for name, content in files.items() if content is not None})
    archived(tmp_path, 2)
    found = bundles(tmp_path)
    assert names(found.runs) == [("m", run_id_of(2))]
    (one,) = found.unreadable
    assert one.path == tmp_path / "m" / run_id_of(1)
    assert reason in one.reason
    assert reason in refresh(tmp_path).read_text()


def test_a_bundle_without_its_manifest_is_damaged_not_gone(tmp_path):
    (archived(tmp_path, 1) / "manifest.json").unlink()
    assert [one.reason for one in bundles(tmp_path).unreadable] == ["no manifest.json"]
    assert [one.problems for one in verify(tmp_path)] == [("manifest.json: missing",)]


def test_kept_up_night_by_night_it_is_what_a_rebuild_makes(tmp_path):
    """Also from bundles that arrived in another order, at another place and time."""
    nights = [("a", 1, {}), ("b", 2, {"outcome": "fail"}), ("a", 3, {"comparison": against(1)})]
    for model, day, changed in nights:
        write_bundle(tmp_path / "kept" / model / run_id_of(day), bundle_files(day, model=model, **changed))
        refresh(tmp_path / "kept")
    for model, day, changed in reversed(nights):
        archived(tmp_path / "copy" / "elsewhere", day, model=model, **changed)
    refresh(tmp_path / "copy" / "elsewhere")
    kept, rebuilt = contents(tmp_path / "kept"), contents(tmp_path / "copy" / "elsewhere")
    for name in ("index.html", "latest", "a/latest", "b/latest"):
        assert kept[name] == rebuilt[name], name
    (tmp_path / "kept" / "index.html").unlink()
    refresh(tmp_path / "kept")
    assert contents(tmp_path / "kept") == kept


def test_latest_is_the_newest_of_the_model_and_of_all(tmp_path):
    for model, day in (("b", 1), ("a", 2), ("b", 0)):
        archived(tmp_path, day, model=model)
    refresh(tmp_path)
    assert str((tmp_path / "latest").readlink()) == f"a/{run_id_of(2)}"
    assert str((tmp_path / "b" / "latest").readlink()) == run_id_of(1)
    archived(tmp_path, 3, model="b")
    shutil.rmtree(tmp_path / "a" / run_id_of(2))
    refresh(tmp_path)
    assert str((tmp_path / "latest").readlink()) == f"b/{run_id_of(3)}"
    assert list((tmp_path / "a").iterdir()) == []
    assert (tmp_path / "latest" / "report.html").is_file()


def test_a_model_that_is_called_latest_keeps_its_folder(tmp_path):
    archived(tmp_path, 1, model="latest")
    page = refresh(tmp_path).read_text()
    assert f"latest/{run_id_of(1)}/report.html" in page
    assert not (tmp_path / "latest").is_symlink()


NO_LINKS = """
import sys
def hook(event, args):
    if event == "os.symlink":
        raise PermissionError(1, "as FAT answers")
sys.addaudithook(hook)
from pathlib import Path
from reportgen.deliver.archive.contents import refresh
refresh(Path(sys.argv[1]))
"""


def test_a_file_system_without_links_gets_its_page(tmp_path):
    archived(tmp_path, 1)
    done = subprocess.run([sys.executable, "-c", NO_LINKS, tmp_path], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "m"]


def test_an_empty_archive_has_a_page_and_what_is_none_is_refused(tmp_path):
    assert "No run yet" in refresh(tmp_path).read_text()
    (tmp_path / "index.html").write_text("<title>My site</title>")
    with pytest.raises(DeliveryError, match="did not write"):
        refresh(tmp_path)
    assert (tmp_path / "index.html").read_text() == "<title>My site</title>"
    for wrong in (tmp_path / "index.html", tmp_path / "gone"):
        with pytest.raises(InputError, match="reports/<model name>/<run_id>"):
            refresh(wrong)


def test_a_page_in_a_language_of_no_run_goes_and_one_of_somebody_else_stays(tmp_path):
    english = archived(tmp_path, 1)
    japanese = archived(tmp_path, 2, language="ja", languages=["ja"])
    refresh(tmp_path)
    assert "全モデル" in (tmp_path / "index.html").read_text()
    assert "All models" in (tmp_path / "index.en.html").read_text()
    shutil.rmtree(japanese)
    (tmp_path / "index.old.html").write_text("<title>My site</title>")
    refresh(tmp_path)
    assert "All models" in (tmp_path / "index.html").read_text()
    assert sorted(path.name for path in tmp_path.glob("*.html")) == ["index.html", "index.old.html"]
    assert bundles(tmp_path).runs[0].path == english


def processes_at_once(archive, n_runs):
    code = "import sys; from pathlib import Path; from tests.archives import bundle_files, run_id_of\n"
    code += "from reportgen.deliver.archive.contents import refresh; from reportgen.deliver.archive.bundle import write_bundle\n"
    code += "archive, first = Path(sys.argv[1]), int(sys.argv[2])\n"
    code += f"for day in range(first, first + {n_runs}):\n"
    code += "    write_bundle(archive / 'm' / run_id_of(day), bundle_files(day)); refresh(archive)\n"
    command = [sys.executable, "-c", code, archive]
    running = [subprocess.Popen([*command, str(first)], cwd=ROOT) for first in (0, n_runs)]
    return [process.wait() for process in running]


def test_two_processes_that_archive_at_once_both_stand_in_the_index(tmp_path):
    assert processes_at_once(tmp_path, 5) == [0, 0]
    page = (tmp_path / "index.html").read_text()
    assert all(f"m/{run_id_of(day)}/report.html" in page for day in range(10))
    assert not list(tmp_path.rglob(".*"))
    assert str((tmp_path / "latest").readlink()) == f"m/{run_id_of(9)}"


REFRESH = """
import sys
from pathlib import Path
from reportgen.deliver.archive.contents import refresh
sys.stdin.readline()
print("going", flush=True)
refresh(Path(sys.argv[1]))
"""


def test_a_process_waits_its_turn_before_it_reads_what_it_will_write(tmp_path):
    """Or a page made from an older look would take the place of a newer one."""
    archived(tmp_path, 1)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", REFRESH, tmp_path], cwd=ROOT, **pipes) as process:
        with alone_in(tmp_path):
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "going\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=0.3)
            archived(tmp_path, 2)
        assert process.wait() == 0
    assert run_id_of(2) in (tmp_path / "index.html").read_text()


def test_verify_reads_every_file_of_every_bundle(tmp_path):
    sound, damaged = archived(tmp_path, 1), archived(tmp_path, 2)
    (sound / "mail").mkdir()
    (sound / "mail" / "receipts.json").write_text("{}")
    shutil.copytree(sound, tmp_path / "m" / f".{run_id_of(3)}.partial-0a")
    assert [(one.path, one.problems) for one in verify(tmp_path)] == [(sound, ()), (damaged, ())]
    (damaged / "report.pdf").unlink()
    (damaged / "report.html").write_text("somebody else's")
    (damaged / "more.txt").touch()
    (damaged / "junit.xml").unlink()
    (damaged / "junit.xml").symlink_to(sound / "junit.xml")
    refresh(tmp_path)
    first, second = verify(tmp_path)
    assert first.problems == ()
    assert second.problems == (
        "junit.xml: a link, not a file",
        "more.txt: not in the manifest",
        "report.html: changed: its SHA-256 is another",
        "report.pdf: missing",
    )
    assert verify(damaged) == (second,)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": {"report.html": 1}}', b'{"files": 1}', b"\xff"])
def test_a_manifest_that_cannot_be_read_is_a_problem(tmp_path, content):
    bundle = archived(tmp_path, 1)
    (bundle / "manifest.json").write_bytes(content)
    ((problem,),) = [one.problems for one in verify(bundle)]
    assert problem.startswith("manifest.json: ")


def test_nothing_to_verify_is_no_pass(tmp_path):
    for nothing in (tmp_path, tmp_path / "gone"):
        with pytest.raises(InputError) as caught:
            verify(nothing)
        assert caught.value.exit_code == 3
