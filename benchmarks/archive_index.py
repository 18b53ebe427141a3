"""What the index of a big archive costs: `python -m benchmarks.archive_index [N_BUNDLES]`.

Bundles of ten models with a verdict.json as real ones have and small other files, in the temporary folder, warm. Prints
rows of the Markdown table of docs/benchmarks.md. Nothing is asserted.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from reportgen.deliver.archive.contents import refresh
from reportgen.deliver.archive.retention import retention
from reportgen.deliver.archive.verification import verify
from tests.archives import against, archived

N_BUNDLES, N_MODELS, ROUNDS = 1000, 10, 5
RULES = [{"name": "min_accuracy", "outcome": "fail", "detail": "90.0 %, at least 95.0 % required"}]


def main() -> None:
    n_bundles = int(sys.argv[1]) if len(sys.argv) > 1 else N_BUNDLES
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder)
        for number in range(n_bundles):
            day = number // N_MODELS
            archived(archive, day, model=f"model-{number % N_MODELS}", comparison=against(day - 1), rules=RULES)
        took = seconds(lambda: refresh(archive))
        size = (archive / "index.html").stat().st_size / 1e6
        print(f"| index of {n_bundles:,} bundles, {N_MODELS} models | {took:.2f} s, a page of {size:.1f} MB |")
        took = seconds(lambda: retention(archive, keep=30, keep_days=90, now=datetime(2027, 11, 1, tzinfo=UTC)))
        print(f"| what to prune of them | {took:.2f} s |")
        print(f"| verifying them, files of a few bytes | {seconds(lambda: verify(archive)):.2f} s |")


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of one call, the median of ROUNDS."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        rounds.append(time.perf_counter() - started)
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
