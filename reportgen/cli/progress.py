"""What a person sees while a run goes on: bars on a terminal, plain lines in a log."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from reportgen.cli.outlet import PlainLines
from reportgen.pipeline.run import StageProgress

_TENTHS = 10


def set_up_logging(verbose: bool) -> None:
    """Log lines on stderr: coloured on a terminal, plain text with the time otherwise."""
    level = logging.INFO if verbose or not sys.stderr.isatty() else logging.WARNING
    if sys.stderr.isatty():
        handler: logging.Handler = RichHandler(console=Console(stderr=True), show_path=False, show_time=False)
        handler.setFormatter(PlainLines("%(message)s"))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(PlainLines("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("reportgen")
    logger.handlers = [handler]
    logger.setLevel(level)


@contextmanager
def watching() -> Iterator[StageProgress]:
    """A watcher for long work, for as long as the context lasts."""
    if sys.stderr.isatty():
        columns = (TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            tasks: dict[str, TaskID] = {}

            def show(stage: str, done: int, total: int) -> None:
                if stage not in tasks:
                    tasks[stage] = progress.add_task(stage, total=total)
                progress.update(tasks[stage], completed=done)

            yield show
    else:
        yield _logged()


def _logged() -> StageProgress:
    """One line for every tenth of a stage."""
    said: dict[str, int] = {}

    def show(stage: str, done: int, total: int) -> None:
        tenth = done * _TENTHS // max(total, 1)
        if tenth > said.get(stage, 0):
            said[stage] = tenth
            logging.getLogger("reportgen").info("%s: %d of %d", stage, done, total)

    return show
