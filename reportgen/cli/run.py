"""The commands that make reports: run, demo, explain, render."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reportgen.cli.archive import RunDir, mail_lines
from reportgen.cli.clock import clock
from reportgen.cli.outlet import say, say_lines
from reportgen.cli.parameters import Given, takes
from reportgen.options import RenderOptions, RunOptions, read_options

if TYPE_CHECKING:  # the command line starts without torch
    from reportgen.deliver.receipts import Receipts

app = typer.Typer()
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more while running.")]
DEMO = Path(__file__).resolve().parents[1] / "demo"


@app.command()
@takes(RunOptions)
def run(
    given: Given,
    *,
    config: Annotated[Path | None, typer.Option(help="TOML file with the same options; the command line wins.")] = None,
    verbose: Verbose = False,
) -> None:
    """Evaluate a checkpoint, analyse and explain its errors, and write the report."""
    _make_report(given, config, verbose=verbose)


@app.command()
@takes(RunOptions, "out", "lang", "format", "templates")
def demo(given: Given, *, verbose: Verbose = False) -> None:
    """Make a first report from drawn pets and a tiny checkpoint: no network, no data, about a minute."""
    from reportgen.demo.drawn_pets import unpack_drawn_pets

    with tempfile.TemporaryDirectory(prefix="reportgen-demo-") as folder:
        drawn = {
            "checkpoint": DEMO / "tiny_net.pt",
            "dataset": "reportgen.demo.drawn_pets:drawn_pets",
            "data_root": unpack_drawn_pets(Path(folder)),
            "arch": "reportgen.demo.tiny_net:tiny_net",
            "model_name": "demo",
            "notice": "Demo: computer-drawn pets, toy model.",
        }
        _make_report({**given, **drawn}, None, verbose=verbose)


@app.command()
@takes(
    RunOptions,
    *("checkpoint", "arch", "target_layer", "methods", "device", "precision", "seed", "notes", "lang"),
    unset={"methods": "all"},
)
def explain(
    image: Annotated[Path, typer.Argument(help="Any image.")],
    given: Given,
    *,
    label: Annotated[str | None, typer.Option(help="Its true class, where it is known.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for IMAGE.explained.html and .png.")] = Path(),
    config: Annotated[Path | None, typer.Option(help="TOML file as for run; its data set is not read.")] = None,
    verbose: Verbose = False,
) -> None:
    """Explain one image by every method, side by side: one page and one PNG."""
    from reportgen.cli.progress import set_up_logging
    from reportgen.pipeline.explain import explain_one

    set_up_logging(verbose)
    alone = {"dataset": "none", "data_root": image.parent, "methods": given["methods"] or "all"}
    options = read_options(RunOptions, {**given, **alone}, config)
    for path in explain_one(options, image, label=label, out_dir=out):
        say(path)


@app.command()
@takes(RenderOptions, unset=dict.fromkeys(("lang", "sections", "templates", "notes"), "as stored"))
def render(
    run_dir: RunDir,
    given: Given,
    *,
    config: Annotated[
        Path | None, typer.Option(help="TOML file; of it the options above, and the table theme.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Render a stored run again, without model, images or GPU."""
    from reportgen.cli.progress import set_up_logging
    from reportgen.pipeline.render import render_again

    set_up_logging(verbose)
    findings, receipts = render_again(run_dir, read_options(RenderOptions, given, config))
    _say_where(receipts)
    raise typer.Exit(0 if findings.gate.passed else 1)


def _make_report(given: Given, config: Path | None, *, verbose: bool) -> None:
    from reportgen.cli.progress import set_up_logging, watching
    from reportgen.deliver.archive.foreign_links import warn_of_links
    from reportgen.deliver.ci_dir import tell_ci
    from reportgen.language import language
    from reportgen.pipeline.run import run as run_pipeline
    from reportgen.runs.bundle_files import bundle_read

    set_up_logging(verbose)
    options = read_options(RunOptions, given, config, environment=os.environ)
    ci_dir = options.archive.ci_dir
    if ci_dir:
        warn_of_links("--ci-dir", ci_dir)
    with watching() as watch:
        outcome = run_pipeline(options, now=clock(), watch=watch)
    if ci_dir:
        tell_ci(ci_dir, outcome.receipts.bundle_dir)
    scores = outcome.findings.scores
    accuracy = language("en").share(scores.accuracy).replace("\u00a0", "")
    say(f"accuracy {accuracy}: {scores.correct} of {scores.n} images")
    if outcome.findings.class_order.suspicious:
        say("WARNING: the class order may be wrong; the report begins with why")
    _say_where(outcome.receipts)
    if outcome.mail is not None:
        for line in mail_lines(outcome.mail):
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
