"""What `make mutants` prints."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tools.mutants.choosing import Choice, CoverageMap
from tools.mutants.finding import Mutant

COLUMNS = ("caught", "timed out", "survived", "not executed", "not judged", "equivalent")


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: one of COLUMNS.

    A mutant whose tests did not end in time is caught. One whose test fails without it too is not judged, and counts
    as not caught.
    """

    mutant: Mutant
    fate: str
    choice: Choice


def line(mutant: Mutant) -> str:
    """A mutant in one line."""
    where = f" {mutant.function}" if mutant.function else ""
    return f"{mutant.path}:{mutant.line}{where}: {mutant.change}"


def report(fates: Sequence[Fate], *, wanted: float) -> int:
    """Prints the survivors and the table by package; 0 where the wanted part was caught, else 1."""
    for fate in fates:
        if fate.fate in {"survived", "not executed", "not judged"}:
            tests = f"{len(fate.choice.tests)} tests" + (
                f", {fate.choice.left_out} left out" if fate.choice.left_out else ""
            )
            print(f"{fate.fate}: {line(fate.mutant)} [{fate.mutant.operator}; {tests}]")
    print(f"\n{'package':<14}{'mutants':>9}" + "".join(f"{column:>14}" for column in COLUMNS) + f"{'part caught':>13}")
    for package in (*sorted({fate.mutant.package for fate in fates}), "all"):
        of_it = [fate for fate in fates if package in {fate.mutant.package, "all"}]
        print(_row(package, of_it))
    return 0 if _part(fates) >= wanted else 1


def _row(package: str, fates: Sequence[Fate]) -> str:
    counts = Counter(fate.fate for fate in fates)
    return (
        f"{package:<14}{len(fates):>9}"
        + "".join(f"{counts[column]:>14}" for column in COLUMNS)
        + f"{_part(fates):>13.1%}"
    )


def _part(fates: Sequence[Fate]) -> float:
    """Caught ones among those that are not equivalent; 1 where there are none."""
    counts = Counter(fate.fate for fate in fates)
    real = len(fates) - counts["equivalent"]
    return (counts["caught"] + counts["timed out"]) / real if real else 1.0


def unexecuted(executed: CoverageMap) -> None:
    """Prints the lines that no test executes, and the tests that fail without any mutant."""
    for test in executed.failed:
        print(f"fails without a mutant, not used: {test}")
    total = 0
    for path, lines in executed.unexecuted():
        total += len(lines)
        print(f"no test executes {path}: {', '.join(map(str, lines))}")
    print(f"{total} statements in functions are executed by no test")
