"""The command line: arguments in, exit code out."""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reportgen.cli_archive import app as archive_app
from reportgen.cli_archive import clock, mail_told
from reportgen.errors import ConfigError, ReportgenError
from reportgen.installation import installation_worded
from reportgen.outlet import say, say_fault, say_lines
from reportgen.plain_text import shown
from reportgen.stopping import Stopped

if TYPE_CHECKING:  # the command line starts without torch
    from reportgen.deliver.receipts import Receipts

app = typer.Typer(
    name="reportgen",
    help="Error reports for image classifiers: from a checkpoint and a labelled image set to HTML and PDF.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(archive_app)
CRASHED = 70  # sysexits.h, EX_SOFTWARE
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more while running.")]
Out = Annotated[Path | None, typer.Option(help="Archive root; the bundle goes to OUT/<model name>/<run_id>/.")]
Lang = Annotated[
    str | None, typer.Option(help="Languages of the report, e.g. ja or en,ja; the first is the mail's (en).")
]
Sections = Annotated[
    str | None,
    typer.Option(help="all, or sections in their order, e.g. summary,pairs; also your own, package.module:attribute."),
]
Templates = Annotated[
    Path | None, typer.Option(help="Folder whose templates and style sheets override ours by name; none: ours alone.")
]
Format = Annotated[str | None, typer.Option(help="html, pdf or html,pdf.")]
Notes = Annotated[Path | None, typer.Option(help="TOML file with your own breed and pair notes.")]


def main() -> None:
    """The program. Exit codes: see `reportgen.errors`; a fault of ours is 70, a signal 128 and its number."""
    if sys.platform == "win32":  # no flock, no directory that can be opened, no signals of POSIX
        say_lines("reportgen: runs on Linux and macOS; on Windows, run it in WSL", err=True)
        sys.exit(ConfigError.exit_code)
    try:
        with installation_worded():
            app()
    except ReportgenError as error:
        say_lines(f"reportgen: {error}", err=True)
        sys.exit(error.exit_code)
    except Stopped as stopped:
        say_lines(f"reportgen: {stopped}", err=True)
        sys.exit(stopped.exit_code)
    except Exception as error:  # noqa: BLE001  # not 1, which would say that a report was made and its gate failed
        say_fault(error)
        say_lines("reportgen: a fault of reportgen itself; please report the lines above", err=True)
        sys.exit(CRASHED)


@app.command()
def run(  # noqa: PLR0913  # one parameter an option: that is what typer reads
    *,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Weights: .pt, .pth, .ckpt, .safetensors, or a folder of timm or Hugging Face.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="oxford-iiit-pet, imagefolder, manifest, or package.module:reader.")
    ] = None,
    data_root: Annotated[Path | None, typer.Option(help="Where the data set lies.")] = None,
    split: Annotated[str | None, typer.Option(help="Which part of it (test).")] = None,
    arch: Annotated[
        str | None, typer.Option(help="torchvision architecture or package.module:factory; else the checkpoint's.")
    ] = None,
    model_name: Annotated[str | None, typer.Option(help="Name in the archive (the architecture).")] = None,
    out: Out = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with the same options; the command line wins.")] = None,
    lang: Lang = None,
    format: Format = None,  # noqa: A002  # the option's name
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = None,
    precision: Annotated[str | None, typer.Option(help="fp32 or bf16.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images at a time (64).")] = None,
    workers: Annotated[int | None, typer.Option(help="Decoding processes; 0: in the model's own process.")] = None,
    methods: Annotated[str | None, typer.Option(help="all, or e.g. grad_cam,contrast,smooth_grad.")] = None,
    target_layer: Annotated[str | None, typer.Option(help="Module for Grad-CAM, e.g. features.18.")] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="latest (comparable run of this model), passed (the latest whose gate did not fail), none, or a run."
        ),
    ] = None,
    across_precision: Annotated[
        bool | None, typer.Option("--across-precision", help="Also compare with a run of another precision.")
    ] = None,
    strict_gate: Annotated[
        bool | None, typer.Option("--strict-gate", help="An inconclusive rule fails the gate.")
    ] = None,
    resume: Annotated[
        bool | None, typer.Option("--resume", help="Take over the evaluation of a run that died after it.")
    ] = None,
    ci_dir: Annotated[
        Path | None, typer.Option(help="Folder for verdict.json, junit.xml and summary.md of this run.")
    ] = None,
    max_unreadable: Annotated[float | None, typer.Option(help="Fraction of unreadable images to bear (0.01).")] = None,
    species: Annotated[Path | None, typer.Option(help="TOML file with a [species] table.")] = None,
    notes: Notes = None,
    sections: Sections = None,
    templates: Templates = None,
    notice: Annotated[str | None, typer.Option(help="A line for the top of every page.")] = None,
    download: Annotated[bool | None, typer.Option("--download", help="Fetch the data set if it is missing.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything drawn at random (0).")] = None,
    verbose: Verbose = False,
) -> None:
    """Evaluate a checkpoint, analyse and explain its errors, and write the report."""
    given = {key: value for key, value in locals().items() if key not in ("config", "verbose")}
    _make_report(given, config, verbose=verbose)


@app.command()
def demo(
    *,
    out: Out = Path("reports"),
    lang: Lang = None,
    format: Format = None,  # noqa: A002  # the option's name
    templates: Templates = None,
    verbose: Verbose = False,
) -> None:
    """Make a first report from drawn pets and a tiny checkpoint: no network, no data, about a minute."""
    from reportgen.demo.drawn_pets import unpack_drawn_pets

    with tempfile.TemporaryDirectory(prefix="reportgen-demo-") as folder:
        given: dict[str, Any] = {
            "checkpoint": Path(__file__).parent / "demo" / "tiny_net.pt",
            "dataset": "reportgen.demo.drawn_pets:drawn_pets",
            "data_root": unpack_drawn_pets(Path(folder)),
            "arch": "reportgen.demo.tiny_net:tiny_net",
            "model_name": "demo",
            "notice": "Drawn data: pets drawn by a program, not photographs, and a toy model.",
            "out": out,
            "lang": lang,
            "format": format,
            "templates": templates,
        }
        _make_report(given, None, verbose=verbose)


@app.command()
def explain(  # noqa: PLR0913  # one parameter an option: that is what typer reads
    image: Annotated[Path, typer.Argument(help="Any picture.")],
    *,
    checkpoint: Annotated[
        Path, typer.Option(help="Weights: .pt, .pth, .ckpt, .safetensors, or a folder of timm or Hugging Face.")
    ],
    methods: Annotated[str, typer.Option(help="all, or e.g. grad_cam,lime.")] = "all",
    label: Annotated[str | None, typer.Option(help="Its true class, where it is known.")] = None,
    lang: Annotated[str | None, typer.Option(help="Language of page and PNG (en).")] = None,
    arch: Annotated[str | None, typer.Option(help="As for run; else the checkpoint's.")] = None,
    target_layer: Annotated[str | None, typer.Option(help="Module for Grad-CAM, e.g. features.18.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file as for run; its data set is not read.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for IMAGE.explained.html and .png.")] = Path(),
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = None,
    precision: Annotated[str | None, typer.Option(help="fp32 or bf16.")] = None,
    notes: Notes = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything drawn at random (0).")] = None,
    verbose: Verbose = False,
) -> None:
    """Explain one picture by every method, side by side: one page and one PNG."""
    given = {key: value for key, value in locals().items() if key not in ("image", "label", "config", "out", "verbose")}
    from reportgen.config import read_config
    from reportgen.console import set_up_logging
    from reportgen.pipeline.explain import explain_one

    set_up_logging(verbose)
    options = read_config({**given, "dataset": "none", "data_root": image.parent}, config)
    for path in explain_one(options, image, label=label, out_dir=out):
        say(path)


@app.command()
def render(  # noqa: PLR0913  # one parameter an option: that is what typer reads
    run_dir: Annotated[Path, typer.Argument(help="A bundle: OUT/<model name>/<run_id>.")],
    *,
    format: Format = None,  # noqa: A002  # the option's name
    lang: Lang = None,
    sections: Sections = None,
    templates: Templates = None,
    notes: Notes = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file; of it the options above, and the table theme.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Render a stored run again, without model, images or GPU."""
    given = {key: value for key, value in locals().items() if key not in ("run_dir", "config", "verbose")}
    from reportgen.config import read_anew
    from reportgen.console import set_up_logging
    from reportgen.pipeline.render import render_again

    set_up_logging(verbose)
    findings, receipts = render_again(run_dir, read_anew(given, config))
    _say_where(receipts)
    raise typer.Exit(0 if findings.gate.passed else 1)


@app.command()
def doctor(
    archive: Annotated[Path, typer.Argument(help="Archive root, looked through for leftovers.")] = Path("reports"),
) -> None:
    """Say what this machine has, what is missing, and what dead runs left in the archive."""
    from reportgen.doctor import checks

    found = checks()
    for check in found:
        say_lines(
            f"{check.state:>7}  {check.name:<16} {check.found}" + (f"\n{'':26}-> {check.todo}" if check.todo else "")
        )
    from reportgen.deliver.archive.leftovers import (
        leftovers,  # after the checks: it needs the libraries that they look at
    )

    for left in leftovers(archive) if archive.is_dir() else ():
        state = "in use" if left.alive else left.cause
        say_lines(f"{'note':>7}  {'archive':<16} {shown(f'{left.path}: {state}')}\n{'':26}-> {shown(left.todo)}")
    raise typer.Exit(2 if any(check.state == "missing" for check in found) else 0)


def _make_report(given: dict[str, Any], config_path: Path | None, *, verbose: bool) -> None:
    from reportgen.config import read_config
    from reportgen.console import set_up_logging, watching
    from reportgen.deliver.archive.foreign_links import warn_of_links
    from reportgen.deliver.ci_dir import tell_ci
    from reportgen.language import language
    from reportgen.pipeline.run import run as run_pipeline
    from reportgen.runs.bundle_files import bundle_read

    set_up_logging(verbose)
    config = read_config(given, config_path)
    if config.ci_dir:
        warn_of_links("--ci-dir", config.ci_dir)
    with watching() as watch:
        outcome = run_pipeline(config, now=clock(), watch=watch)
    if config.ci_dir:
        tell_ci(config.ci_dir, outcome.receipts.bundle_dir)
    scores = outcome.findings.scores
    accuracy = language("en").share(scores.accuracy).replace("\u00a0", "")
    say(f"accuracy {accuracy}: {scores.correct} of {scores.n} images")
    if outcome.findings.class_order.suspicious:
        say("WARNING: the class order may be wrong; the report begins with why")
    _say_where(outcome.receipts)
    if outcome.mail is not None:
        for line in mail_told(outcome.mail):
            say(line)
    for error in outcome.failed:
        say_lines(f"reportgen: {error}", err=True)
    with bundle_read(outcome.receipts.bundle_dir, ("verdict.json",)) as files:
        say(files["verdict.json"].decode().strip())
    raise typer.Exit(outcome.exit_code)


def _say_where(receipts: "Receipts") -> None:
    for name in receipts.files:
        if name.startswith("report."):
            say(receipts.bundle_dir / name)
