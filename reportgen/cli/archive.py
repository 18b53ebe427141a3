"""The commands about runs that are archived: compare, index, prune, verify, mail, doctor."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from reportgen.cli.clock import clock
from reportgen.cli.outlet import say, say_lines
from reportgen.cli.parameters import Given, takes
from reportgen.deliver.archive.options import RetentionOptions
from reportgen.deliver.mail.settings import MailSettings
from reportgen.inputs.options import HistoryOptions
from reportgen.options import RenderOptions, read_options
from reportgen.plain_text import shown

if TYPE_CHECKING:  # the command line starts without torch
    from reportgen.deliver.mail.sending import MailReceipt

app = typer.Typer()

Archive = Annotated[Path, typer.Argument(help="Archive root, the folder of the models' folders.")]
RunDir = Annotated[Path, typer.Argument(help="A bundle: OUT/<model name>/<run_id>.")]
ConfigFile = Annotated[Path | None, typer.Option(help="TOML file as for run; only the table needed here is read.")]


@app.command()
@takes(HistoryOptions, "across_precision")
def compare(
    run_a: RunDir,
    run_b: RunDir,
    given: Given,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print findings.json's `comparison`.")] = False,
) -> None:
    """Compare run B with run A as its baseline, image by image, and say whether it is better or worse."""
    from reportgen.pipeline.compare import compared
    from reportgen.render.words import comparison_text

    findings, found = compared(run_a, run_b, across_precision=bool(given["across_precision"]))
    say_lines(json.dumps(found, ensure_ascii=False, indent=1) if as_json else comparison_text(findings))


@app.command()
def schema(
    name: Annotated[
        Literal["findings", "verdict", "predictions"],
        typer.Argument(help="findings.json, verdict.json, or a row of predictions.parquet."),
    ] = "findings",
) -> None:
    """Print the JSON Schema (Draft 2020-12) of a file that other programs read, as this version writes it."""
    from reportgen.render.data.schemas import published_schema

    say_lines(json.dumps(published_schema(name), ensure_ascii=False, indent=1))


@app.command()
def index(archive: Archive = Path("reports")) -> None:
    """Rebuild index.html and the links named latest from the bundles."""
    from reportgen.deliver.archive.contents import refresh

    refresh(archive)
    say(archive / "index.html")


@app.command()
@takes(RetentionOptions, "archive.keep", "archive.keep_days")
def prune(
    given: Given,
    archive: Archive = Path("reports"),
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    config: ConfigFile = None,
) -> None:
    """Remove old runs and what dead runs left. With both limits a run goes only when both allow it."""
    from reportgen.deliver.archive.retention import remove, retention

    limits = read_options(RetentionOptions, given, config)
    removals = retention(archive, keep=limits.keep, keep_days=limits.keep_days, now=clock())
    if not dry_run:
        removals = remove(removals)
    for removal in removals:
        say(f"{'would remove' if dry_run else 'removed'} {removal.path}: {removal.reason}")
    n_bytes = sum(removal.n_bytes for removal in removals)
    say(f"{len(removals)} {'to remove' if dry_run else 'removed'}, {n_bytes / 1e6:.1f} MB")


@app.command()
def verify(path: Annotated[Path, typer.Argument(help="A bundle or a whole archive.")] = Path("reports")) -> None:
    """Check every file of every bundle against its SHA-256; exit code 3 when one is damaged."""
    from reportgen.deliver.archive.verification import verify as verified

    bundles = verified(path)
    for bundle in bundles:
        say(f"{'damaged' if bundle.problems else 'ok':>8}  {bundle.path}")
        for problem in bundle.problems:
            say(f"{'':10}{problem}")
    raise typer.Exit(3 if any(bundle.problems for bundle in bundles) else 0)


@app.command()
@takes(MailSettings, "mail.to")
def mail(
    run_dir: RunDir,
    given: Given,
    *,
    config: ConfigFile = None,
    resend: Annotated[bool, typer.Option("--resend", help="Also to those who have it already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the .eml into the bundle; send nothing.")] = False,
) -> None:
    """Mail an archived report: its PDF, made small enough, with a summary in the text."""
    from reportgen.pipeline.mail import mail_report

    settings = read_options(MailSettings, given, config, environment=os.environ)
    sections = read_options(RenderOptions, {}, config).sections or ()
    receipt = mail_report(run_dir, settings, now=clock(), sections=sections, resend=resend, dry_run=dry_run)
    for line in mail_lines(receipt):
        say(line)


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
    # After the checks: it needs the libraries that they look at.
    from reportgen.deliver.archive.leftovers import leftovers

    for left in leftovers(archive) if archive.is_dir() else ():
        state = "in use" if left.alive else left.cause
        say_lines(f"{'note':>7}  {'archive':<16} {shown(f'{left.path}: {state}')}\n{'':26}-> {shown(left.todo)}")
    raise typer.Exit(2 if any(check.state == "missing" for check in found) else 0)


def mail_lines(receipt: "MailReceipt") -> Iterator[str]:
    """What was mailed to whom, in lines."""
    size = f"{receipt.n_bytes / 1e6:.1f} MB" + (f", made small: {receipt.omitted}" if receipt.omitted else "")
    if receipt.delivered:
        yield f"mailed to {', '.join(receipt.delivered)} ({size})"
    if receipt.already:
        yield f"not mailed again to {', '.join(receipt.already)}, who have it (--resend sends it once more)"
    if receipt.eml_path:
        yield f"{receipt.eml_path} ({size})"
