"""The mutation tool, on a package of one function whose survivors follow from its test."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools.mutants import workshop
from tools.mutants.finding import all_mutants, sample

ROOT = Path(__file__).resolve().parents[2]
SHOP = '''"""Prices."""

LIMIT = 10


def price(n: int) -> int:
    """2 a piece, and 1 less a piece from LIMIT pieces on."""
    if n >= LIMIT:
        return n
    return n * 2


def never(n: int) -> int:
    return n - 1
'''
# 3 pieces and 12 pieces are tried, 10 are not: whether the limit itself is inside is what no test sees.
TESTS = """from shop.prices import price


def test_few():
    assert price(3) == 6


def test_many():
    assert price(12) == 12
"""
SURVIVORS = {
    ("price", "n >= LIMIT -> (n > LIMIT)"),
    ("", "LIMIT = 10 -> LIMIT = (11)"),
    ("", "LIMIT = 10 -> LIMIT = (9)"),
}
CAUGHT = {
    ("price", "n >= LIMIT -> (n <= LIMIT)"),
    ("price", "n >= LIMIT -> (not (n >= LIMIT))"),
    ("price", "return n -> return (n) + 1"),
    ("price", "return n * 2 -> return (n / 2)"),
    ("price", "return n * 2 -> return n * (3)"),
    ("price", "return n * 2 -> return n * (1)"),
    ("price", "return n * 2 -> return (n * 2) + 1"),
}
NOT_EXECUTED = {
    ("never", "return n - 1 -> return (n + 1)"),
    ("never", "return n - 1 -> return n - (2)"),
    ("never", "return n - 1 -> return n - (0)"),
    ("never", "return n - 1 -> return (n - 1) + 1"),
}
EQUIVALENT = """[[equivalent]]
file = "shop/prices.py"
function = ""
change = "LIMIT = 10 -> LIMIT = (9)"
reason = "for the test of the list"
"""


@pytest.fixture
def shop(tmp_path) -> Path:
    for name, text in {
        "shop/__init__.py": "",
        "shop/prices.py": SHOP,
        "tests/test_prices.py": TESTS,
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\naddopts = ["--import-mode=importlib"]\n',
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def mutants_of(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    call = [
        sys.executable,
        "-m",
        "tools.mutants",
        "--root",
        root,
        "--package",
        "shop",
        "-n",
        "100",
        "--ahead",
        "pytest",
        *options,
    ]
    return subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False, timeout=250)


def test_every_mutant_of_the_shop_and_what_becomes_of_it(shop):
    found = all_mutants(shop, "shop")
    assert {(mutant.function, mutant.change) for mutant in found} == SURVIVORS | CAUGHT | NOT_EXECUTED
    assert {mutant.line for mutant in found if mutant.function == "price"} == {8, 9, 10}

    done = mutants_of(shop, "--every")
    assert done.returncode == 1, done.stderr  # 7 of 14 is less than 95 %
    assert done.stdout.splitlines()[-1].split() == ["all", "14", "7", "0", "3", "4", "0", "0", "50.0%"]
    assert "no test executes shop/prices.py: 14\n" in done.stdout
    survivors = [line for line in done.stdout.splitlines() if line.startswith("survived: shop/prices.py:")]
    assert len(survivors) == 3
    assert all(any(change in line for _, change in SURVIVORS) for line in survivors)
    assert (shop / "shop/prices.py").read_text(encoding="utf-8") == SHOP

    # The limit is tried now: what survived is tried again, what was caught is not, and the list takes one out.
    more = TESTS + "\n\ndef test_limit():\n    assert price(10) == 10\n    assert price(9) == 18\n"
    (shop / "tests/test_prices.py").write_text(more, encoding="utf-8")
    listed = shop / "tools/mutants/equivalent.toml"
    listed.parent.mkdir(parents=True)
    listed.write_text(EQUIVALENT, encoding="utf-8")
    again = mutants_of(shop, "--every", "--wanted", "0.6")
    assert again.returncode == 0, again.stdout
    assert again.stdout.splitlines()[-1].split() == ["all", "14", "9", "0", "0", "4", "0", "1", "69.2%"]
    rows = [json.loads(row) for row in (shop / "build/mutants/results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["fate"] for row in rows].count("survived") == 3
    assert len(rows) == 10 + 2

    # A test that fails without a mutant says nothing of one: here the code was changed and the test was not.
    (shop / "shop/prices.py").write_text(SHOP.replace("n * 2", "n * 3"), encoding="utf-8")
    broken = mutants_of(shop, "--every", "--only", "shop/prices.py")
    assert broken.stdout.splitlines()[-1].split()[6] != "0", broken.stdout


def test_a_fork_that_does_not_end_is_killed_with_its_children_and_one_that_breaks_breaks_alone(tmp_path, shop):
    pid = tmp_path / "pid"

    def endless(place):
        child = subprocess.Popen(["sleep", "600"])
        pid.write_text(str(child.pid))
        return child.wait()

    def busy(place):
        while True:
            pass

    works = {
        "endless": endless,
        "busy": busy,
        "killed": lambda place: os.kill(os.getpid(), signal.SIGTERM),
        "three": lambda place: 3,
        "raises": lambda place: 1 // 0,
    }
    jobs = [workshop.Job(name, work, limit_s=1.0) for name, work in works.items()]
    benches = [workshop.bench(shop, tmp_path / f"bench-{number}") for number in range(2)]
    codes = {outcome.name: outcome.code for outcome in workshop.finished(jobs, benches)}
    assert codes == {"endless": None, "busy": None, "killed": -signal.SIGTERM, "three": 3, "raises": 70}
    state = Path(f"/proc/{pid.read_text()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_a_sample_is_the_same_for_a_seed_and_takes_its_share_of_each_package(tmp_path):
    for name, n in {"one/a.py": 30, "two/b.py": 10, "top.py": 20}.items():
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text("".join(f"a{k} = {k}\n" for k in range(n)), encoding="utf-8")
    mutants = all_mutants(tmp_path, "shop")
    assert len(mutants) == 2 * 60
    drawn = sample(mutants, 12, 7)
    assert drawn == sample(list(reversed(mutants)), 12, 7)
    assert drawn != sample(mutants, 12, 8)
    assert {package: [m.package for m in drawn].count(package) for package in ("one", "two", "shop")} == {
        "one": 6,
        "two": 2,
        "shop": 4,
    }
    assert len({(mutant.path, mutant.line) for mutant in drawn}) == 12


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("x = a and not b", {"x = a and not b -> x = (a or not b)", "x = a and not b -> x = a and (b)"}),
        (
            "x = sorted(a)[:n]",
            {"x = sorted(a)[:n] -> x = (sorted(a)[:n + 1])", "x = sorted(a)[:n] -> x = (sorted(a, reverse=True))[:n]"},
        ),
        ("x = f(a, b)", {"x = f(a, b) -> x = (f(b, a))"}),
        ("x = [a, b]", {"x = [a, b] -> x = ([a])", "x = [a, b] -> x = ([b])"}),
        ("x = [a for a in b if a]", {"x = [a for a in b if a] -> x = ([a for a in b])"}),
        ("x = max(a)", {"x = max(a) -> x = (min(a))"}),
        ("f(a)", {"f(a) -> pass"}),
        (
            "x = 'é' if a else 0.5",
            {
                "x = 'é' if a else 0.5 -> x = \"\" if a else 0.5",
                "x = 'é' if a else 0.5 -> x = 'é' if (not (a)) else 0.5",
                "x = 'é' if a else 0.5 -> x = 'é' if a else 0.55",
            },
        ),
        ("x: list[int] = y", set()),
        ("from a import b", set()),
        ("Name = dict[str, int] | None", set()),
        ('"""words"""', set()),
        ("x = f'{a + 1} pieces'", {"x = f'{a + 1} pieces' -> x = \"\""}),
        ("def f(a=True): pass", {"a=: True -> False"}),
    ],
)
def test_the_operators(tmp_path, code, changes):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/a.py").write_text(code, encoding="utf-8")
    found = all_mutants(tmp_path, "shop")
    assert {mutant.change for mutant in found} == changes
    for mutant in found:
        compile(mutant.applied(code.encode()), "a.py", "exec")


def test_a_field_and_a_returned_value_that_are_handed_on(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/a.py").write_text(
        "class Row:\n    p: float\n    names: tuple[str, ...]\n    note: Path | None\n\n\n"
        "def row(a) -> Row | None:\n    return Row(p=a.p, names=a.names, note=a.note)\n",
        encoding="utf-8",
    )
    assert {mutant.change.partition("-> ")[2] for mutant in all_mutants(tmp_path, "shop")} == {
        "Row(p=(a.p) * 1.01, names=a.names, note=a.note)",
        "Row(p=a.p, names=(), note=a.note)",
        "Row(p=a.p, names=a.names, note=None)",
        "None",
    }


def test_the_list_of_equivalents_names_mutants_that_there_are():
    from tools.mutants.trials import equivalents

    there = {(mutant.path, mutant.function, mutant.change) for mutant in all_mutants(ROOT, "reportgen")}
    listed = equivalents(ROOT)
    assert all(listed.values()), "a reason"
    assert set(listed) - there == set()
