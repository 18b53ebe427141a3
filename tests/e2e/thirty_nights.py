"""Thirty nights of one model, as CI would live them: `python -m tests.e2e.thirty_nights FOLDER`, or `make nights`.

Every night is `reportgen run` with one and the same reportgen.toml, a retrained checkpoint, and a mail server that really
answers. What goes wrong is planted, and what the program must then leave is asserted:

    night 10  a regression: one class is never recognised          gate fails, exit 1
    night 14  the classes saved in another order than the outputs   gate fails, exit 1; no baseline for the night after
    night 18  the mail server is down                               exit 6; `reportgen mail` sends it the next morning
    night 22  the process is killed after the evaluation            no bundle; --resume does not evaluate again
    night 26  the images are gone                                   exit 3; nothing is archived

The checkpoints are the three shared ones with a little noise on the head, or, where ../shared is missing, the demo's net
on its drawn pets.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Self

import torch
from aiosmtpd.controller import Controller

from reportgen.demo.drawn_pets import unpack_drawn_pets
from tests.program import Done, reportgen

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
FIRST = datetime(2026, 11, 1, 4, 30, tzinfo=UTC)
N_NIGHTS = 30
REGRESSION, DISORDER, NO_SERVER, KILLED, NO_IMAGES = 10, 14, 18, 22, 26
TO = ("aoi@example.org", "head@example.org")
NOISE = 0.02  # of the head's standard deviation: a retraining that changes a few answers


@dataclass
class Inbox:
    """What the mail server took."""

    messages: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)

    async def handle_DATA(self, _server, _session, envelope) -> str:  # aiosmtpd's name
        """Keeps the message."""
        self.messages.append((tuple(envelope.rcpt_tos), envelope.content))
        return "250 kept"


@dataclass(frozen=True)
class Setting:
    """The data set and the checkpoints of a play. `weights`: of the nights, in turn."""

    options: str
    images: Path
    weights: tuple[dict, ...]
    head: str
    victim: str
    species: dict


def shared_setting(folder: Path) -> Setting:
    """The shared photographs (linked, so that they can be taken away) and the three checkpoints."""
    (folder / "data" / "oxford-iiit-pet").mkdir(parents=True)
    for part in ("images", "annotations"):
        (folder / "data" / "oxford-iiit-pet" / part).symlink_to(SHARED / "oxford-iiit-pet" / part)
    nights = [
        torch.load(SHARED / "checkpoints" / f"mobilenet_v2-night{k}.pt", weights_only=True, map_location="cpu")
        for k in (2, 3)
    ]
    weights = [nights[0]["state_dict"], in_order(nights[1]["model"], nights[1]["classes"], nights[0]["classes"])]
    first = torch.load(SHARED / "checkpoints" / "mobilenet_v2-night1.pt", weights_only=True, map_location="cpu")
    stripped = [{key.removeprefix("module."): value for key, value in one.items()} for one in (first, *weights)]
    return Setting(
        options=f'dataset = "oxford-iiit-pet"\ndata_root = "{folder / "data"}"\narch = "mobilenet_v2"\n',
        images=folder / "data" / "oxford-iiit-pet" / "images",
        weights=tuple(stripped),
        head="classifier.1",
        victim="Bengal",
        species={"classes": nights[0]["classes"], "species": nights[0]["species"]},
    )


def in_order(weights: dict, classes: list[str], wanted: list[str]) -> dict:
    """The weights with the head's rows in another class order."""
    rows = [classes.index(name) for name in wanted]
    head = {key: value for key, value in weights.items() if key.removeprefix("module.").startswith("classifier.1.")}
    return weights | {key: value[rows] for key, value in head.items()}


def demo_setting(folder: Path) -> Setting:
    """The embedded default: drawn pets and the tiny net."""
    root = unpack_drawn_pets(folder / "data")
    content = torch.load(ROOT / "reportgen" / "demo" / "tiny_net.pt", weights_only=True)
    weights = content["state_dict"]
    head = next(key for key in reversed(weights) if key.endswith(".weight")).removesuffix(".weight")
    return Setting(
        options=f'dataset = "reportgen.demo.drawn_pets:drawn_pets"\ndata_root = "{root}"\n'
        'arch = "reportgen.demo.tiny_net:tiny_net"\n',
        images=root / "oxford-iiit-pet" / "images",
        weights=(weights,),
        head=head,
        victim="Bengal",
        species={key: value for key, value in content.items() if key != "state_dict"},
    )


def retrained(setting: Setting, night: int) -> dict:
    """The checkpoint of a night. From night 3 on the last weights stay, but for the noise of a retraining."""
    weights = dict(setting.weights[min(night, len(setting.weights)) - 1])
    for part in ("weight", "bias"):
        value = weights[f"{setting.head}.{part}"]
        noise = torch.randn(value.shape, generator=torch.Generator().manual_seed(night))
        weights[f"{setting.head}.{part}"] = value + NOISE * value.std() * noise
    described = dict(setting.species)
    if night == REGRESSION:
        bias = weights[f"{setting.head}.bias"].clone()
        bias[described["classes"].index(setting.victim)] = -1e3
        weights[f"{setting.head}.bias"] = bias
    if night == DISORDER:
        described["classes"] = [*described["classes"][1:], described["classes"][0]]
    return {**described, "state_dict": weights}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Play:
    """The state of a play: its folder, its mail server, and the exit code of every call of `run`."""

    folder: Path
    setting: Setting
    inbox: Inbox = field(default_factory=Inbox)
    port: int = field(default_factory=free_port)
    codes: dict[int, list[int]] = field(default_factory=dict)

    @property
    def archive(self) -> Path:
        """Where the bundles lie."""
        return self.folder / "reports"

    def bundles(self) -> list[Path]:
        """Whole bundles, oldest first."""
        found = (self.archive / "pets").glob("2*/manifest.json")
        return sorted(path.parent for path in found if "." not in path.parent.name)

    def write_options(self) -> None:
        """One reportgen.toml for all nights."""
        (self.folder / "reportgen.toml").write_text(
            f'checkpoint = "model.pt"\nmodel_name = "pets"\n{self.setting.options}'
            'methods = ["grad_cam"]\n'
            "[explain]\ninsertion_steps = 0\ncertificate_pictures = 0\nfocus_pictures = 0\n"
            "[gate]\naccuracy_margin = 0.04\nno_worse_classes = true\nno_worse_pairs = true\n"
            f'[mail]\nto = {list(TO)!r}\nhost = "127.0.0.1"\nport = {self.port}\ntls = "none"\n'
            'wait_s = 0.1\ntimeout_s = 20\nlink = "https://reports.example.org/"\n'
        )

    def night(self, night: int, *more: str) -> Done:
        """`reportgen run` of that night."""
        torch.save(retrained(self.setting, night), self.folder / "model.pt")
        os.environ["SOURCE_DATE_EPOCH"] = str(int((FIRST + timedelta(days=night - 1)).timestamp()))
        done = reportgen("run", "--config", "reportgen.toml", "--ci-dir", "ci", *more, cwd=self.folder)
        self.codes.setdefault(night, []).append(done.returncode)
        print(f"night {night:2d} {' '.join(more)}: exit {done.returncode}", flush=True)  # noqa: T201
        (self.folder / f"night-{night:02d}.log").write_text(done.stderr)
        return done

    def killed_night(self, night: int) -> None:
        """The same in a process of its own, which is killed once the evaluation is kept."""
        torch.save(retrained(self.setting, night), self.folder / "model.pt")
        now = {"SOURCE_DATE_EPOCH": str(int((FIRST + timedelta(days=night - 1)).timestamp())), "PYTHONPATH": str(ROOT)}
        words = [sys.executable, "-m", "reportgen", "run", "--config", "reportgen.toml"]
        process = subprocess.Popen(words, cwd=self.folder, env={**os.environ, **now}, stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if "analyse: done" in line:
                process.send_signal(signal.SIGKILL)
        self.codes.setdefault(night, []).append(process.wait())
        print(f"night {night:2d} killed: exit {process.returncode}", flush=True)  # noqa: T201


def play(folder: Path, *, nights: range = range(1, N_NIGHTS + 1), demo: bool = False) -> Play:
    """All nights in `folder`; every promise is asserted on the way."""
    folder.mkdir(parents=True, exist_ok=True)
    with_photographs = SHARED.is_dir() and not demo
    stage = Play(folder=folder, setting=shared_setting(folder) if with_photographs else demo_setting(folder))
    stage.write_options()
    for night in nights:
        n_mails, n_bundles = len(stage.inbox.messages), len(stage.bundles())
        if night == NO_SERVER:
            night_without_server(stage, night)
        elif night == KILLED:
            with server(stage):
                night_killed(stage, night)
        elif night == NO_IMAGES:
            with server(stage):
                night_without_images(stage, night)
        else:
            with server(stage):
                stage.night(night)
        made = night != NO_IMAGES
        assert len(stage.bundles()) - n_bundles == made, night
        assert len(stage.inbox.messages) - n_mails == made, night
    os.environ.pop("SOURCE_DATE_EPOCH", None)
    check_the_end(stage, nights)
    return stage


def server(stage: Play) -> Controller:
    """The mail server, for as long as the context lasts."""
    return _Serving(stage.inbox, hostname="127.0.0.1", port=stage.port)


class _Serving(Controller):
    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def night_without_server(stage: Play, night: int) -> None:
    """Exit 6, the report stands; in the morning the mail goes out, once."""
    done = stage.night(night)
    assert done.returncode == 6, done.stderr
    newest = stage.bundles()[-1]
    assert f"reportgen mail {newest.relative_to(stage.folder)}" in done.stderr
    with server(stage):
        again = reportgen("mail", newest, "--config", "reportgen.toml", cwd=stage.folder)
        assert again.returncode == 0, again.stderr
        assert reportgen("mail", newest, "--config", "reportgen.toml", cwd=stage.folder).returncode == 0


def night_killed(stage: Play, night: int) -> None:
    """No bundle, leftovers that doctor names; --resume takes the evaluation over."""
    before = stage.bundles()
    stage.killed_night(night)
    assert stage.bundles() == before
    told = reportgen("doctor", "reports", cwd=stage.folder)
    assert ".evaluated-" in told.stdout
    done = stage.night(night, "--resume")
    assert "evaluation taken over" in done.stderr, done.stderr
    assert "evaluate: 10 of" not in done.stderr
    assert not list((stage.archive / "pets").glob(".*"))


def night_without_images(stage: Play, night: int) -> None:
    """Exit 3, and the CI's files say so instead of last night's figures."""
    away = stage.setting.images.with_name("away")
    stage.setting.images.rename(away)
    try:
        done = stage.night(night)
    finally:
        away.rename(stage.setting.images)
    assert done.returncode == 3, done.stderr
    assert json.loads((stage.folder / "ci" / "verdict.json").read_text())["outcome"] == "error"


def check_the_end(stage: Play, nights: range) -> None:
    """Exit codes, archive, mails and the trend page."""
    expected = {REGRESSION: [1], DISORDER: [1], NO_SERVER: [6], KILLED: [-signal.SIGKILL, 0], NO_IMAGES: [3]}
    for night in nights:
        assert stage.codes[night] == expected.get(night, [0]), (night, stage.codes[night])
    bundles = stage.bundles()
    found = {path.name[:8]: json.loads((path / "findings.json").read_text()) for path in bundles}
    day = {night: f"{FIRST + timedelta(days=night - 1):%Y%m%d}" for night in nights}
    for night, key in day.items():
        if night not in (NO_IMAGES, min(nights)):
            check_the_baseline(found, night=night, key=key, day=day)
    if REGRESSION in nights:
        worse = [one["class"] for one in found[day[REGRESSION]]["comparison"]["classes"] if one["verdict"] == "worse"]
        assert worse == [stage.setting.victim]
    assert reportgen("verify", "reports", cwd=stage.folder).returncode == 0
    page = (stage.archive / "index.html").read_bytes()
    assert reportgen("index", "reports", cwd=stage.folder).returncode == 0
    assert (stage.archive / "index.html").read_bytes() == page
    assert all(path.name.encode() in page for path in bundles)
    assert (stage.archive / "pets" / "latest").resolve() == bundles[-1].resolve()
    for recipients, content in stage.inbox.messages:
        assert set(recipients) == set(TO)
        attached = list(message_from_bytes(content, policy=policy.default).iter_attachments())
        assert [part.get_content_type() for part in attached] == ["application/pdf"]
    subjects = [message_from_bytes(content, policy=policy.default)["subject"] for _, content in stage.inbox.messages]
    assert len(subjects) == len(bundles)


def check_the_baseline(found: dict, *, night: int, key: str, day: dict[int, str]) -> None:
    """The night before, but never one without images or with the classes in another order."""
    before = night - 1
    while before in (NO_IMAGES, DISORDER):
        before -= 1
    baseline = found[key]["comparison"]["baseline_run_id"]
    assert baseline.startswith(day[before]), (night, baseline)


def main() -> None:
    """Plays into the folder named on the command line, anew; --demo: without the photographs."""
    folder = Path(sys.argv[1]).resolve()
    if folder.exists():
        shutil.rmtree(folder)
    stage = play(folder, demo="--demo" in sys.argv)
    mails = folder / "mails"
    mails.mkdir()
    for number, (_, content) in enumerate(stage.inbox.messages, start=1):
        (mails / f"{number:02d}.eml").write_bytes(content)
    print(f"{len(stage.bundles())} bundles: {stage.archive / 'index.html'}; mails: {mails}")  # noqa: T201


if __name__ == "__main__":
    main()
