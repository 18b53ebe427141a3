"""Points 1 and 2: nothing stored in a bundle runs, no link is followed, and no odd file is opened."""

import os
from datetime import UTC, datetime
from shutil import copytree

import pytest

from reportgen.deliver.archive.bundle import write_bundle
from reportgen.deliver.archive.contents import bundles, refresh
from reportgen.deliver.archive.leftovers import leftovers
from reportgen.deliver.archive.retention import remove, retention
from reportgen.deliver.archive.verification import verify
from reportgen.deliver.mail.folder import write_mail_files
from reportgen.deliver.mail.receipts import read_receipts
from reportgen.deliver.mail.sending import MailSettings
from reportgen.errors import DeliveryError, InputError
from reportgen.inputs.plain_files import entry_kind, held_folder
from reportgen.options import RenderOptions
from reportgen.pipeline.mail import mail_report
from reportgen.pipeline.render import render_again
from reportgen.runs.bundle_files import MANIFEST
from reportgen.runs.history import read_past_run
from reportgen.runs.stored_evaluation import kept_evaluations, read_evaluation
from reportgen.runs.stored_run import read_stored_run
from tests.archives import archived, contents, run_id_of
from tests.hostile.odd_files import ODD_FILES, odd_files, put
from tests.hostile.ten_images import RUN_ID, with_pdf

pytestmark = pytest.mark.timeout(60)
NOW = datetime(2026, 11, 30, tzinfo=UTC)
SETTINGS = MailSettings(sender="reports@example.com", to=("a@example.com",), max_bytes=10_000_000)
EVALUATION = ("logits.npz", "evaluation.json", "manifest.json")
READERS = {  # and the files that each reads
    read_stored_run: (*EVALUATION, "run.json", "predictions.parquet", "attributions.npz", "thumbnails.parquet"),
    read_evaluation: EVALUATION,
    read_past_run: ("findings.json", "predictions.parquet", "manifest.json"),
}
READ = [(reader, name) for reader, names in READERS.items() for name in names]


def kind_at(path):
    with held_folder(path.parent) as at:
        return entry_kind(at, path.name)


def test_a_sound_bundle_is_read(bundle):
    for reader in READERS:
        reader(bundle)


@pytest.mark.parametrize(("reader", "name"), READ, ids=lambda value: getattr(value, "__name__", value))
def test_a_file_that_is_none_is_a_fault_of_the_bundle(bundle, reader, name):
    for kind in ODD_FILES:
        put(kind, bundle / name)
        with pytest.raises(InputError, match=f"{name}: {kind.partition(' to ')[0]}, not a file") as told:
            reader(bundle)
        assert str(bundle) in told.value.thing


@odd_files
def test_what_is_no_folder_is_no_bundle(bundle, kind):
    path = put(kind, bundle.with_name("another"))
    for reader in READERS:
        with pytest.raises(InputError, match="run directory"):
            reader(path)


def test_a_bundle_may_be_named_by_a_link(bundle):
    bundle.with_name("latest").symlink_to(bundle.name)
    for reader in READERS:
        reader(bundle.with_name("latest"))


def test_a_link_to_the_very_bytes_is_no_file_of_the_bundle(bundle, tmp_path):
    """The manifest holds, and still whoever has the other file can change it."""
    for name in ("run.json", "findings.json", "evaluation.json"):
        (bundle / name).rename(tmp_path / name)
        (bundle / name).symlink_to(tmp_path / name)
    for reader in READERS:
        with pytest.raises(InputError, match="a link, not a file"):
            reader(bundle)


# The archive


@pytest.fixture
def outside(tmp_path):
    """A folder that is nobody's business, with names that would be deleted or read in an archive."""
    folder = tmp_path / "outside"
    for name in (".x.partial-0c", ".x.removed-0c", ".x.old-0c", "20200101T000000000Z-00000000", "mail"):
        (folder / name).mkdir(parents=True)
        (folder / name / "data").write_text("mine")
        (folder / name / MANIFEST).write_text("{}")
    (folder / ".receipts.json.partial-0a").write_text("mine")
    (folder / "secret").write_text("mine")
    return folder


@odd_files
@pytest.mark.parametrize("name", ["errors.csv", "run.json", "verdict.json", MANIFEST, "not in the manifest"])
def test_verify_names_what_is_no_plain_file(bundle, kind, name):
    put(kind, bundle / name)
    (found,) = verify(bundle.parents[1])
    assert f"{name}: {kind.partition(' to ')[0]}, not a file" in found.problems
    assert verify(bundle) == (found,)


@odd_files
def test_verify_names_what_is_odd_in_mail(bundle, kind):
    (bundle / "mail").mkdir()
    put(kind, bundle / "mail" / "receipts.json")
    (found,) = verify(bundle)
    assert f"mail/receipts.json: {kind.partition(' to ')[0]}, not a file" in found.problems


@odd_files
@pytest.mark.parametrize("name", ["verdict.json", MANIFEST])
def test_the_index_lists_a_bundle_with_an_odd_file_and_goes_on(bundle, kind, name):
    archived(bundle.parents[1], 23, model="m")  # the night of the 24th
    put(kind, bundle / name)
    found = bundles(bundle.parents[1])
    assert [run.path.name for run in found.runs] == [run_id_of(23)]
    assert [one.path for one in found.unreadable] == [bundle]
    assert f"{name}: {kind.partition(' to ')[0]}, not a file" in found.unreadable[0].reason
    assert f"{name}: " in refresh(bundle.parents[1]).read_text()


@odd_files
def test_a_document_that_is_none_is_not_linked_in_the_index(bundle, kind):
    assert bundles(bundle.parents[1]).runs[0].documents == ("report.html",)
    put(kind, bundle / "report.html")
    assert bundles(bundle.parents[1]).runs[0].documents == ()


@odd_files
def test_a_front_page_that_is_none_is_not_written_through(bundle, kind, outside):
    page = put(kind, bundle.parents[1] / "index.html")
    with pytest.raises(DeliveryError, match="did not write"):
        refresh(bundle.parents[1])
    assert os.path.lexists(page)
    assert (outside / "secret").read_text() == "mine"


FOLDERS_BY_LINK = {
    "mail/ of a bundle": lambda bundle, outside: (bundle / "mail").symlink_to(outside),
    "a hidden folder": lambda bundle, outside: bundle.with_name(".x.partial-0a").symlink_to(outside),
    "a bundle": lambda bundle, outside: bundle.with_name("20200101T000000000Z-00000000").symlink_to(
        outside / "20200101T000000000Z-00000000"
    ),
    "results kept": lambda bundle, outside: bundle.with_name("20200101T000000000Z-0.unrendered").symlink_to(outside),
    "an evaluation kept": lambda bundle, outside: bundle.with_name(".evaluated-20200101T000000000Z-0").symlink_to(
        outside / ".x.partial-0c"
    ),
    "a model's folder": lambda bundle, outside: bundle.parent.with_name("linked").symlink_to(outside),
    "a temporary link of the archive": lambda bundle, outside: (bundle.parents[1] / ".latest.partial-0a").symlink_to(
        outside
    ),
    "inside of what goes": lambda bundle, outside: (
        bundle.with_name(".x.removed-0b").mkdir(),
        (bundle.with_name(".x.removed-0b") / "link").symlink_to(outside),
        (bundle.with_name(".x.removed-0b") / "file").symlink_to(outside / "secret"),
    ),
    "a bundle that steps aside": lambda bundle, outside: bundle.with_name(".x.old-0b").symlink_to(outside),
}


@pytest.mark.parametrize("where", FOLDERS_BY_LINK)
def test_prune_touches_nothing_outside(bundle, outside, where):
    for day in (24, 25):
        copytree(bundle, bundle.with_name(f"202611{day}T080000000Z-1a2b3c4d"))
    before = contents(outside)
    FOLDERS_BY_LINK[where](bundle, outside)
    archive = bundle.parents[1]
    for _ in range(2):
        removals = retention(archive, keep=1, keep_days=0.01, now=NOW)
        assert all(removal.n_bytes < 10_000_000 for removal in removals)
        remove(removals)
    verify(archive)
    leftovers(archive)
    assert contents(outside) == before


@pytest.mark.parametrize("where", ["model", "mail"])
def test_what_was_exchanged_for_a_link_between_plan_and_removal_is_left(bundle, outside, where):
    for name in (".x.partial-0c", "20200101T000000000Z-00000000"):
        copytree(outside / name, bundle.with_name(name))
    (bundle / "mail").mkdir()
    (bundle / "mail" / ".receipts.json.partial-0a").touch()
    before, archive = contents(outside), bundle.parents[1]
    removals = retention(archive, keep=None, keep_days=None, now=NOW)
    removals = [one for one in removals if (one.path.parent == bundle.parent) == (where == "model")]
    assert removals
    folder = bundle.parent if where == "model" else bundle / "mail"
    folder.rename(folder.with_name("former"))
    folder.symlink_to(outside)
    with pytest.raises(DeliveryError, match="a link, not a folder"):
        remove(tuple(removals))
    assert contents(outside) == before


# What is written into a bundle


@pytest.mark.parametrize("kind", [kind for kind in ODD_FILES if kind != "a folder"])
def test_a_mail_folder_that_is_none_is_a_fault_of_the_bundle(bundle, kind, outside):
    before = contents(outside)
    put(kind, with_pdf(bundle) / "mail")
    words = f"mail: {kind.partition(' to ')[0]}, not a folder"
    for attempt in (
        lambda: write_mail_files(bundle, {"receipts.json": b"{}"}),
        lambda: read_receipts(bundle),
        lambda: mail_report(bundle, SETTINGS, now=NOW, dry_run=True),
        lambda: render_again(bundle, RenderOptions(formats=("html",))),
        lambda: write_bundle(bundle, {"a": b""}, replace=True),
    ):
        with pytest.raises(InputError, match=words) as told:
            attempt()
        assert told.value.exit_code == 3
    assert any(words in problem for problem in verify(bundle)[0].problems)
    assert (bundle / "findings.json").is_file()
    assert contents(outside) == before


@odd_files
def test_an_odd_file_in_mail_is_replaced_or_a_fault_and_never_opened(bundle, kind, outside):
    before = contents(outside)
    with_pdf(bundle)
    (bundle / "mail").mkdir()
    for name in (f"{RUN_ID}.eml", "receipts.json"):
        put(kind, bundle / "mail" / name)
    with pytest.raises(InputError, match=f"mail/receipts.json: {kind.partition(' to ')[0]}, not a file"):
        read_receipts(bundle)
    with pytest.raises(InputError, match="not a file"):
        render_again(bundle, RenderOptions(formats=("html",)))
    if kind == "a folder":
        with pytest.raises(DeliveryError):
            mail_report(bundle, SETTINGS, now=NOW, dry_run=True)
    else:
        mail_report(bundle, SETTINGS, now=NOW, dry_run=True)
        assert kind_at(bundle / "mail" / f"{RUN_ID}.eml") == "a file"
    assert contents(outside) == before


@odd_files
def test_what_is_mailed_is_a_file_of_the_bundle(bundle, kind):
    put(kind, with_pdf(bundle) / "report.pdf")
    with pytest.raises(InputError, match=r"report\.pdf: .*, not a file"):
        mail_report(bundle, SETTINGS, now=NOW, dry_run=True)
    assert not (bundle / "mail").exists()


@pytest.mark.parametrize("name", ["report.pdf", "findings.json", "run.json", "evaluation.json"])
def test_what_is_mailed_is_as_the_manifest_has_it(bundle, name):
    with_pdf(bundle)
    mail_report(bundle, SETTINGS, now=NOW, dry_run=True)
    (bundle / name).write_bytes((bundle / name).read_bytes() + b" ")
    with pytest.raises(InputError, match=r"is not as manifest\.json has it"):
        mail_report(bundle, SETTINGS, now=NOW, dry_run=True)


@pytest.mark.parametrize("name", ["run.json", "logits.npz", "evaluation.json", "attributions.npz"])
def test_what_is_rendered_is_as_the_manifest_has_it(bundle, name):
    (bundle / name).write_bytes((bundle / name).read_bytes() + b" ")
    before = contents(bundle)
    with pytest.raises(InputError, match=f"{name} is not as manifest.json has it"):
        render_again(bundle, RenderOptions(formats=("html",)))
    assert contents(bundle) == before


def test_a_rendering_takes_the_place_of_documents_that_were_changed(bundle, outside):
    """They are made anew from what is as it was; what had their names is removed, not followed."""
    sound = contents(bundle)
    (bundle / "report.html").unlink()
    (bundle / "report.html").symlink_to(outside / "secret")
    (bundle / "errors.csv").unlink()
    os.mkfifo(bundle / "errors.csv")
    render_again(bundle, RenderOptions(formats=("html",)))
    assert verify(bundle)[0].problems == ()
    assert contents(bundle)["report.html"] == sound["report.html"]
    assert (outside / "secret").read_text() == "mine"


@odd_files
def test_a_run_whose_place_is_taken_by_something_odd_is_not_written_there(bundle, kind):
    kept = bundle.rename(bundle.with_name(f"{RUN_ID}.unrendered"))
    if kind == "a folder":
        return
    put(kind, bundle)
    with pytest.raises(InputError, match=r"not a folder|there already"):
        render_again(kept, RenderOptions(formats=("html",)))
    with pytest.raises(InputError, match="not a folder"):
        write_bundle(bundle, {"a": b""}, replace=True)
    assert kept.is_dir()


@odd_files
def test_an_evaluation_kept_under_another_kind_of_name_is_not_taken_over(bundle, kind):
    if kind != "a folder":
        put(kind, bundle.with_name(".evaluated-x"))
        bundle.with_name(".evaluated-y").symlink_to(bundle.name)
    assert kept_evaluations((bundle.parent, bundle.with_name("nothing"))) == ()
    copytree(bundle, bundle.with_name(".evaluated-z"))
    assert kept_evaluations((bundle.parent,)) == (bundle.with_name(".evaluated-z"),)
