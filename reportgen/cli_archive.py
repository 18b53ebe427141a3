"""The commands about runs that are archived: compare, index, prune, verify, mail."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from reportgen.errors import ConfigError
from reportgen.outlet import say, say_lines

if TYPE_CHECKING:  # the command line starts without torch
    from reportgen.deliver.mail.sending import MailReceipt

app = typer.Typer()

Archive = Annotated[Path, typer.Argument(help="Archive root, the folder of the models' folders.")]
RunDir = Annotated[Path, typer.Argument(help="A bundle: OUT/<model name>/<run_id>.")]
ConfigFile = Annotated[Path | None, typer.Option(help="TOML file as for run; only the table needed here is read.")]


def clock() -> datetime:
    """Now, in UTC; or the moment that SOURCE_DATE_EPOCH names (seconds since 1970), for reports made anew."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(
            "SOURCE_DATE_EPOCH",
            found=repr(epoch),
            expected="whole seconds since 1970, such as 1795420800",
            todo="correct or unset the environment variable",
        ) from error


@app.command()
def compare(
    run_a: RunDir,
    run_b: RunDir,
    *,
    across_precision: Annotated[
        bool, typer.Option("--across-precision", help="Also judge runs of different precision.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print findings.json's `comparison`.")] = False,
) -> None:
    """Compare run B with run A as its baseline, image by image, and say whether it is better or worse."""
    from reportgen.pipeline.compare import compared
    from reportgen.render.words import comparison_text

    findings, found = compared(run_a, run_b, across_precision=across_precision)
    say_lines(json.dumps(found, ensure_ascii=False, indent=1) if as_json else comparison_text(findings))


@app.command()
def index(archive: Archive = Path("reports")) -> None:
    """Rebuild index.html and the links named latest from the bundles."""
    from reportgen.deliver.archive.contents import refresh

    refresh(archive)
    say(archive / "index.html")


@app.command()
def prune(
    archive: Archive = Path("reports"),
    *,
    keep: Annotated[int | None, typer.Option(min=1, help="Runs of each model to keep, the newest.")] = None,
    keep_days: Annotated[float | None, typer.Option(min=0.01, help="Keep runs younger than so many days.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    config: ConfigFile = None,
) -> None:
    """Remove old runs and what dead runs left. With both limits a run goes only when both allow it."""
    from reportgen.config import read_table
    from reportgen.config_tables import ArchiveTable
    from reportgen.deliver.archive.retention import remove, retention

    table = cast("ArchiveTable", read_table("archive", {"keep": keep, "keep_days": keep_days}, config))
    removals = retention(archive, keep=table.keep, keep_days=table.keep_days, now=clock())
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
def mail(
    run_dir: RunDir,
    *,
    to: Annotated[
        list[str] | None, typer.Option(help="An address, once for each; else those of the table mail.")
    ] = None,
    config: ConfigFile = None,
    resend: Annotated[bool, typer.Option("--resend", help="Also to those who have it already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the .eml into the bundle; send nothing.")] = False,
) -> None:
    """Mail an archived report: its PDF, made small enough, with a summary in the text."""
    from reportgen.config import read_anew, read_table
    from reportgen.config_tables import MailTable
    from reportgen.pipeline.mail import mail_report
    from reportgen.pipeline.options import mail_settings

    table = cast("MailTable", read_table("mail", {"to": to or None}, config))
    sections = read_anew({}, config).sections or ()
    settings = mail_settings(table, os.environ)
    receipt = mail_report(run_dir, settings, now=clock(), sections=sections, resend=resend, dry_run=dry_run)
    for line in mail_told(receipt):
        say(line)


def mail_told(receipt: "MailReceipt") -> Iterator[str]:
    """What was mailed to whom, in lines."""
    size = f"{receipt.n_bytes / 1e6:.1f} MB" + (f", made small: {receipt.omitted}" if receipt.omitted else "")
    if receipt.delivered:
        yield f"mailed to {', '.join(receipt.delivered)} ({size})"
    if receipt.already:
        yield f"not mailed again to {', '.join(receipt.already)}, who have it (--resend sends it once more)"
    if receipt.eml_path:
        yield f"{receipt.eml_path} ({size})"
