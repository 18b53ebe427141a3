"""The shape of the house (DESIGN §1, §2), read off the syntax tree of every module with the standard library alone.

`violations(package)` is one function over any tree called reportgen: the real one, and a planted bad one below, so that
a rule that cannot fail is noticed.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "reportgen"

LAYERS = (  # from the top; imports go down only
    *("cli", "pipeline", "options", "deliver", "render", "compose", "runs", "explain", "analyse", "evaluate", "inputs"),
    *("plugins", "language", "processes", "stopping", "option_errors", "tokens", "package_files", "errors"),
    *("declared", "option"),
    *("redaction", "nearest", "toml_text", "plain_text", "rounding"),
)
LAYER_OF = {"doctor": "cli", "program": "cli", "__main__": "cli"}
ROOMS_OF = {  # third-party package (or module with an effect) to the places that may import it
    "torch": {"inputs", "evaluate", "explain", "demo", "doctor"},
    "torchvision": {"inputs", "doctor"},
    "captum": {"explain"},
    "matplotlib": {"compose"},
    "jinja2": {"render"},
    "tinycss2": {"tokens"},
    "weasyprint": {"render", "doctor"},
    "smtplib": {"deliver"},
    "typer": {"cli"},
    "rich": {"cli"},
}
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
STOPWATCHES = {"perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time"}
TIMED_ROOMS = {"pipeline", "evaluate", "explain", "render", "deliver"}
FORBIDDEN_MODULES = {"types", "utils", "helpers", "common", "base"}
FORBIDDEN_CLASS = re.compile(r"(Manager|Handler|Factory|Mixin)$")
# What touches the archive opens files by inputs/plain_files.py and runs/bundle_files.py alone: no link, no pipe.
OF_THE_ARCHIVE = {"deliver", "pipeline", "cli", "doctor", "runs"}
OPENS = {
    "open",
    "read_bytes",
    "read_text",
    "iterdir",
    "glob",
    "rglob",
    "copytree",
    "copyfile",
    "copy",
    "copy2",
    "rmtree",
}
PARSES = {"load", "loadtxt", "read_parquet", "read_csv", "read_json", "parse"}  # of a path, or of bytes in hand
MAY_OPEN = {
    "cli/ci_verdict.py": "the files that --config and --ci-dir name",
    "cli/outlet.py": "nothing: it copies a record of the log",
    "cli/streams.py": "the program's own streams",
    "runs/bounded_tables.py": "members of a zip file in hand",
    "deliver/archive/locks.py": "a folder, for its lock",
    "deliver/writing.py": "what it makes itself",
}
TARGET = re.compile(r"reportgen(\.\w+)+:\w+")  # a plug-in's name in a mapping is an import like any other
MAX_LINES, MAX_BODY, MAX_PARAMETERS, MAX_POSITIONAL = 300, 40, 6, 3


def violations(package: Path) -> set[str]:
    """Every broken rule of every module below `package`, as `file: what`."""
    found = set()
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package)
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        room = place.parts[0].removesuffix(".py")
        problems = [*_bad_imports(tree, room, place), *_bad_clocks(tree, room), *_bad_sizes(tree), *_bad_names(tree)]
        if {room, path.stem} & OF_THE_ARCHIVE and place.as_posix() not in MAY_OPEN:
            problems += _bad_openings(tree)
        if len(text.splitlines()) > MAX_LINES:
            problems.append(f"has {len(text.splitlines())} lines")
        if path.stem in FORBIDDEN_MODULES:
            problems.append("is a name for anything")
        found |= {f"{place.as_posix()}: {problem}" for problem in problems}
    return found


def _imported(tree: ast.AST, place: Path) -> Iterator[str]:
    """Dotted names of all imports, at any depth, relative ones resolved; and of plug-ins named in text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            package = ("reportgen", *place.parts[:-1])
            yield ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and TARGET.fullmatch(node.value):
            yield node.value.partition(":")[0]


def _bad_imports(tree: ast.AST, room: str, place: Path) -> Iterator[str]:
    for name in _imported(tree, place):
        top, _, rest = name.partition(".")
        if top in ROOMS_OF and room not in ROOMS_OF[top]:
            yield f"imports {top}"
        if name == "reportgen":
            yield "imports the package root"
        elif top == "reportgen" and not _goes_down(room, rest.partition(".")[0]):
            yield f"imports {name}, which is not below it"


def _goes_down(room: str, other: str) -> bool:
    above, below = LAYER_OF.get(room, room), LAYER_OF.get(other, other)
    if above == "demo":  # a data set from outside, as far as the stages go: it may know what a data set is
        return below in ("demo", "inputs", "errors")
    if below == "demo":
        return above in ("demo", "cli", "pipeline")
    return above in LAYERS and below in LAYERS and LAYERS.index(above) <= LAYERS.index(below)


def _bad_clocks(tree: ast.AST, room: str) -> Iterator[str]:
    """`datetime.now`, `time.time` and their kin, called or passed on; also `from time import time`."""
    names = {"datetime", "date", "time"}
    for node in ast.walk(tree):
        read: list[tuple[str, str]] = []
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            read = [(owner, node.attr)] if owner in names else []
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            read = [("time", alias.name) for alias in node.names]
        for owner, name in read:
            in_a_clocks_place = LAYER_OF.get(room, room) == "cli"
            if (name in CLOCKS and not in_a_clocks_place) or (
                name in STOPWATCHES and not in_a_clocks_place and room not in TIMED_ROOMS
            ):
                yield f"reads {owner}.{name}"


def _bad_openings(tree: ast.AST) -> Iterator[str]:
    """Calls that open a path; removing and copying is allowed below a descriptor, parsing of bytes in hand."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        held = any(word.arg in ("dir_fd", "src_dir_fd") for word in call.keywords)
        first = call.args[0] if call.args else None
        in_hand = isinstance(first, ast.Call) and getattr(first.func, "attr", "") == "BytesIO"
        if (name in OPENS and not held) or (name in PARSES and not in_hand):
            yield f"opens by {name}"


def _bad_sizes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
        n_lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
        if n_lines > MAX_BODY:
            yield f"{node.name} has a body of {n_lines} lines"
        positional = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args) if arg.arg not in ("self", "cls")]
        n_all = len(positional) + len(node.args.kwonlyargs)
        if n_all > MAX_PARAMETERS:
            yield f"{node.name} has {n_all} parameters"
        if len(positional) > MAX_POSITIONAL and not node.name.startswith("_"):
            yield f"{node.name} has {len(positional)} positional parameters"


def _bad_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and FORBIDDEN_CLASS.search(node.name):
            yield f"class {node.name} is named for a pattern"


def test_the_package_keeps_every_rule():
    assert violations(PACKAGE) == set()


def test_the_walk_sees_every_stage_of_the_real_tree():
    assert {path.parent.name for path in PACKAGE.rglob("*.py")} >= set(LAYERS[3:11]) | {"demo", "sections"}
    assert all((PACKAGE / layer).is_dir() or (PACKAGE / f"{layer}.py").is_file() for layer in LAYERS)


BAD = {
    "from reportgen.compose.report import compose": "imports reportgen.compose.report, which is not below it",
    "def f():\n    import reportgen.cli": "imports reportgen.cli, which is not below it",
    "from ..pipeline import run": "imports reportgen.pipeline, which is not below it",
    "from reportgen.demo.tiny_net import tiny_net": "imports reportgen.demo.tiny_net, which is not below it",
    'A = {"x": "reportgen.deliver.archive.bundle:write"}': "imports reportgen.deliver.archive.bundle, which is not below it",
    "from reportgen import errors": "imports the package root",
    "import reportgen": "imports the package root",
    "import torch.nn as nn": "imports torch",
    "from torchvision.models import resnet18": "imports torchvision",
    "def f():\n    from captum.attr import Saliency": "imports captum",
    "import matplotlib.pyplot as plt": "imports matplotlib",
    "from jinja2 import Environment": "imports jinja2",
    "import weasyprint": "imports weasyprint",
    "import smtplib": "imports smtplib",
    "import typer": "imports typer",
    "from rich.console import Console": "imports rich",
    "from datetime import datetime\nx = datetime.now()": "reads datetime.now",
    "import datetime\nx = datetime.datetime.utcnow": "reads datetime.utcnow",
    "import time\nx = time.time()": "reads time.time",
    "import time\nx = time.perf_counter()": "reads time.perf_counter",
    "from time import monotonic": "reads time.monotonic",
    "class ModelManager: ...": "class ModelManager is named for a pattern",
    "class HttpHandler(Handler): ...": "class HttpHandler is named for a pattern",
    "x = 1\n" * 301: "has 301 lines",
    "def f():\n    '''Doc.'''\n" + "    x = 1\n" * 41: "f has a body of 41 lines",
    "def f(a, *, b, c, d, e, g, h): ...": "f has 7 parameters",
    "def f(a, b, c, d): ...": "f has 4 positional parameters",
}


@pytest.mark.parametrize("source", BAD)
def test_a_planted_bad_module_is_reported(tmp_path, source):
    """In `analyse`, which may import little; the same module without the fault is reported for nothing."""
    planted = tmp_path / "reportgen" / "analyse" / "planted.py"
    planted.parent.mkdir(parents=True)
    planted.write_text(source)
    assert violations(tmp_path / "reportgen") == {f"analyse/planted.py: {BAD[source]}"}


OPENING = {
    "Path(x).read_bytes()": "read_bytes",
    "(run_dir / 'run.json').read_text()": "read_text",
    "open(x)": "open",
    "os.open(x, 0)": "open",
    "x.open('rb')": "open",
    "list(x.glob('*'))": "glob",
    "shutil.rmtree(x)": "rmtree",
    "shutil.copytree(x, y)": "copytree",
    "np.load(x)": "load",
    "pd.read_parquet(path)": "read_parquet",
    "ET.parse(x)": "parse",
}


@pytest.mark.parametrize("place", ["deliver/planted.py", "pipeline/planted.py", "runs/history.py", "cli/planted.py"])
@pytest.mark.parametrize("source", OPENING)
def test_what_touches_the_archive_opens_nothing_itself(tmp_path, place, source):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(source)
    assert violations(tmp_path) == {f"{place}: opens by {OPENING[source]}"}
    held = "shutil.rmtree(x, dir_fd=at)\nnp.load(io.BytesIO(x))\nos.rename(x, y, src_dir_fd=at)\n"
    (tmp_path / place).write_text(held)
    assert violations(tmp_path) == set()


# A command of the command line is called as what it runs; each format of checkpoints has its own `read`.
SAME_BY_DESIGN = {"app", "main", "run", "explain", "render", "mail", "verify", "gate", "read"}


def public_names(package: Path) -> dict[str, list[str]]:
    """The modules that define each public name: class, function, constant."""
    found: dict[str, list[str]] = {}
    for path in sorted(package.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names = [getattr(node, "name", None), *(getattr(target, "id", None) for target in targets)]
            for name in filter(None, names):
                if not name.startswith("_") and name != "log":
                    found.setdefault(name, []).append(path.relative_to(package).as_posix())
    return found


def test_a_public_name_means_one_thing(tmp_path):
    several = {name: places for name, places in public_names(PACKAGE).items() if len(places) > 1}
    assert {name: places for name, places in several.items() if name not in SAME_BY_DESIGN} == {}
    assert set(several) == SAME_BY_DESIGN  # none is excused that need not be
    (tmp_path / "a.py").write_text("class Outcome: ...\nState = 1\n")
    (tmp_path / "b.py").write_text("def State(): ...\nOutcome: int = 2\n")
    assert public_names(tmp_path) == {"Outcome": ["a.py", "b.py"], "State": ["a.py", "b.py"]}


def test_a_planted_module_with_a_name_for_anything_is_reported(tmp_path):
    (tmp_path / "inputs").mkdir()
    for name in ("types", "utils", "helpers", "common", "base"):
        (tmp_path / "inputs" / f"{name}.py").touch()
    assert len(violations(tmp_path)) == 5


def test_what_is_allowed_is_not_reported(tmp_path):
    allowed = {
        "cli.py": "import typer\nfrom datetime import datetime\nfrom reportgen.pipeline import run\nx = datetime.now()\n",
        "pipeline.py": "import time\nfrom reportgen.demo.drawn_pets import x\nx = time.perf_counter()",
        "analyse/a.py": "from reportgen.evaluate.b import x\nfrom reportgen.errors import y\nfrom .b import z",
        "analyse/b.py": "def f(self, a, b, c):\n    '''Doc.'''\n" + "    x = 1\n" * 40,
        "inputs/c.py": "import torch, torchvision\nfrom datetime import datetime\nx = datetime.fromisoformat('')",
        "demo/d.py": "import torch\nfrom reportgen.demo.e import x",
        "doctor.py": "import torch, weasyprint\nfrom reportgen.errors import x",
    }
    for name, source in allowed.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    assert violations(tmp_path) == set()


def test_the_demo_stands_on_its_own(tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "d.py").write_text("from reportgen.analyse.findings import Findings\n")
    assert violations(tmp_path) == {"demo/d.py: imports reportgen.analyse.findings, which is not below it"}
