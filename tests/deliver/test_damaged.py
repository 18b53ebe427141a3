"""Every file of a real bundle, cut or with a byte turned at many places: exit 3 with its name, or no part of it is used."""

import json
import random
from shutil import copytree

import pytest

from reportgen.deliver.archive.bundle import manifest_json, write_bundle
from reportgen.deliver.archive.contents import Bundles, bundles
from reportgen.deliver.archive.verification import verify
from reportgen.errors import InputError
from reportgen.runs.history import read_past_run
from reportgen.runs.stored_evaluation import read_evaluation
from reportgen.runs.stored_run import read_stored_run
from tests.pets import hand_checkpoint, write_five_breeds
from tests.program import reportgen

FAST = "[explain]\ncertificate_pictures = 0\nfocus_pictures = 0\ninsertion_steps = 0\nrandom_maps = 1\nsmooth_grad_samples = 2\n"
MAIL = '[mail]\nsender = "a@example.com"\nto = ["b@example.com"]\n'
RUN = (
    "run",
    "--dataset",
    "oxford-iiit-pet",
    "--data-root",
    "data",
    "--arch",
    "tests.pets:hand_net",
    "--checkpoint",
    "hand.pt",
)
RUN += ("--methods", "grad_cam", "--config", "fast.toml", "--model-name", "m")
# The files that each command uses; of a bundle the others may be as damaged as they like.
EVALUATION = {"logits.npz", "evaluation.json"}
STORED = EVALUATION | {"predictions.parquet", "attributions.npz", "history.parquet", "run.json", "thumbnails.parquet"}
PAST = {"findings.json", "predictions.parquet"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A data set, a checkpoint and an archive of one run, with its PDF."""
    folder = tmp_path_factory.mktemp("home")
    write_five_breeds(folder / "data")
    hand_checkpoint(folder / "hand.pt")
    (folder / "fast.toml").write_text(FAST)
    (folder / "mail.toml").write_text(MAIL)
    done = reportgen(*RUN, "--format", "html,pdf", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def bundle_of(folder):
    (bundle,) = (path.parent for path in folder.glob("reports/m/2*/manifest.json"))
    return bundle


@pytest.fixture
def damaged(home, tmp_path, request):
    """`damaged(name, change)`: a copy of the archive in which `change` was made to the bytes of the file."""
    copytree(home, tmp_path / "home", symlinks=True)
    bundle = bundle_of(tmp_path / "home")
    sound = {path.name: path.read_bytes() for path in bundle.iterdir() if path.is_file()}

    changed = []

    def make(name, change):
        while changed:
            (bundle / changed[-1]).write_bytes(sound[changed.pop()])
        if name:
            (bundle / name).write_bytes(change(sound[name]))
            changed.append(name)
        return bundle

    make.sizes = {name: len(sound[name]) for name in sorted(sound)}
    return make


def flipped(at, bit):
    return lambda content: content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]


def changes(n_bytes, seed, n):
    """Bits turned and ends cut off at seeded places, first and last byte among them."""
    rng = random.Random(seed)
    places = [0, n_bytes - 1, *(rng.randrange(n_bytes) for _ in range(n))]
    yield from (flipped(at, rng.randrange(8)) for at in places)
    yield from (lambda content, at=at: content[:at] for at in places)
    yield lambda content: content + b"\0"
    yield lambda content: bytes(len(content))


READERS = {
    read_stored_run: STORED,
    read_past_run: PAST,
    read_evaluation: EVALUATION,
    lambda bundle: bundles(bundle.parents[1]): {"verdict.json"},
    verify: None,
}


def test_every_reader_at_many_places(damaged):
    """The manifest may be changed where no reader looks (a number of bytes, a blank)."""
    n_named = dict.fromkeys(damaged.sizes, 0)
    for name, size in damaged.sizes.items():
        for change in changes(size, name, 5):
            bundle = damaged(name, change)
            for reader, used in READERS.items():
                problems = told_by(reader, bundle)
                if name == "manifest.json":
                    assert problems == "" or "manifest.json" in problems or reader is verify, problems
                else:
                    assert (name in problems) == (used is None or name in used), (name, problems)
                n_named[name] += name in problems
    assert all(n_named.values()), n_named


def told_by(reader, bundle):
    """What it says of damage, "" for nothing; any error but InputError fails the test."""
    try:
        found = reader(bundle)
    except InputError as error:
        assert error.exit_code == 3
        return error.found
    if reader is verify:
        return "; ".join(found[0].problems)
    return "; ".join(one.reason for one in found.unreadable) if isinstance(found, Bundles) else ""


COMMANDS = {
    ("render", "{bundle}", "--format", "html"): STORED,
    ("compare", "{bundle}", "{sound}"): PAST,
    ("compare", "{sound}", "{bundle}"): EVALUATION | {"history.parquet", "run.json"},
    ("mail", "{bundle}", "--config", "mail.toml", "--dry-run"): {
        "evaluation.json",
        "run.json",
        "findings.json",
        "report.pdf",
    },
    (*RUN, "--format", "html", "--baseline", "{bundle}"): PAST,
}


@pytest.mark.parametrize(
    "command", COMMANDS, ids=lambda command: command[0] if command[0] != "run" else "run --baseline"
)
def test_every_command_ends_with_3_and_the_name_of_a_file_that_it_uses(home, damaged, command):
    for name in sorted(COMMANDS[command]):
        for change in (flipped(60, 1), lambda content: content[:60]):
            bundle = damaged(name, change)
            words = [word.format(bundle=bundle, sound=bundle_of(home)) for word in command]
            done = reportgen(*words, cwd=bundle.parents[2])
            assert (done.returncode, name in done.stderr, "Traceback" in done.stderr) == (3, True, False), done.stderr


def test_the_commands_that_look_at_the_whole_archive_name_a_damaged_file_and_go_on(damaged):
    bundle = damaged("verdict.json", flipped(40, 1))
    home = bundle.parents[2]
    assert reportgen("index", cwd=home).returncode == 0
    assert "verdict.json is not as manifest.json has it" in (home / "reports" / "index.html").read_text()
    done = reportgen("verify", cwd=home)
    assert (done.returncode, "verdict.json: changed" in done.stdout) == (3, True)


@pytest.mark.parametrize("name", sorted(EVALUATION | {"manifest.json"}))
@pytest.mark.parametrize("change", [flipped(60, 1), lambda content: content[:60], lambda content: b""])
def test_a_damaged_evaluation_is_not_resumed_but_made_anew(home, damaged, name, change):
    bundle = damaged("", None)
    kept = bundle.with_name(f".evaluated-{bundle.name}")
    files = {each: (bundle / each).read_bytes() for each in ("logits.npz", "evaluation.json")}
    write_bundle(kept, files)
    (kept / name).write_bytes(change((kept / name).read_bytes()))
    done = reportgen(*RUN, "--format", "html", "--resume", cwd=bundle.parents[2])
    assert done.returncode == 0, done.stderr
    assert "cannot resume from" in done.stderr
    assert name in done.stderr


def test_whose_hashes_are_right_and_bytes_are_not_is_named_too(damaged):
    """As after damage in memory, before the manifest was written; of another version; of another program."""
    bundle = damaged("", None)
    sound = {path.name: path.read_bytes() for path in bundle.iterdir() if path.name != "manifest.json"}
    for name in sorted(STORED | PAST):
        for change in changes(len(sound[name]), name, 10):
            files = {**sound, name: change(sound[name])}
            (bundle / name).write_bytes(files[name])
            (bundle / "manifest.json").write_bytes(manifest_json(files))
            for reader in (read_stored_run, read_past_run, read_evaluation):
                problems = told_by(reader, bundle)
                assert problems == "" or name in problems
        (bundle / name).write_bytes(sound[name])


def test_a_manifest_of_something_else_is_named(damaged):
    for content in (b"", b"[]", b"{}", b'{"files": []}', b'{"files": {"run.json": 3}}', b"[" * 100_000, b"\xff"):
        bundle = damaged("manifest.json", lambda _, content=content: content)
        with pytest.raises(InputError, match=r"manifest\.json"):
            read_stored_run(bundle)
        assert "manifest.json" in told_by(verify, bundle)
    assert json.loads((damaged("", None) / "manifest.json").read_text())["files"]
