"""The house holds: imports go down only, third parties stay behind their fences, rooms stay small."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "reportgen"
LAYERS = (
    "cli",
    "pipeline",
    "config",
    "deliver",
    "render",
    "compose",
    "explain",
    "analyse",
    "evaluate",
    "inputs",
    "plugins",
    "errors",
)
LIKE = {"console": "cli", "doctor": "cli", "__main__": "cli"}  # these stand beside the command line
# The demo is data and a plug-in for the inputs: only the command line knows it, and it knows the inputs only.
FENCES = {
    "torch": {"inputs", "evaluate", "explain", "demo", "doctor"},
    "torchvision": {"inputs"},
    "matplotlib": {"compose"},
    "jinja2": {"render"},
    "weasyprint": {"render"},
    "smtplib": {"deliver"},
    "typer": {"cli"},
    "rich": {"console"},
    "captum": set(),
    "sklearn": set(),
}
CLOCK = {"now", "utcnow", "today", "time", "time_ns"}
FORBIDDEN_FILES = {"types", "utils", "helpers", "common", "base"}
FORBIDDEN_ENDINGS = ("Manager", "Handler", "Factory", "Mixin")
MAX_LINES, MAX_BODY, MAX_PARAMETERS = 300, 40, 6


def room(path, package=PACKAGE):
    """The first name below the package: `inputs` for inputs/images.py, `cli` for cli.py."""
    return path.relative_to(package).with_suffix("").parts[0]


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "." * node.level, node


def layer(name):
    return LAYERS.index(LIKE.get(name, name)) if LIKE.get(name, name) in LAYERS else None


def faults(path, package=PACKAGE):
    """What is wrong with one module, in words."""
    tree, here = ast.parse(path.read_text()), room(path, package)
    for module, node in imported(tree):
        top, _, below = module.partition(".")
        if top == "reportgen":
            there = below.partition(".")[0]
            if not there:
                yield f"line {node.lineno}: imports from the package root"
            elif here == "demo" and there not in ("demo", "inputs"):
                yield f"line {node.lineno}: the demo imports {module}"
            elif there == "demo" and here not in ("demo", "cli"):
                yield f"line {node.lineno}: {here} imports the demo"
            elif layer(here) is not None and layer(there) is not None and layer(there) < layer(here):
                yield f"line {node.lineno}: {here} imports {there}, which lies above it"
        elif top in FENCES and here not in FENCES[top]:
            yield f"line {node.lineno}: {top} outside {sorted(FENCES[top]) or 'the tests'}"
    yield from manners(path, tree, here)


def manners(path, tree, here):
    if path.stem in FORBIDDEN_FILES:
        yield f"a module called {path.stem}"
    if len(path.read_text().splitlines()) > MAX_LINES:
        yield f"more than {MAX_LINES} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name.endswith(FORBIDDEN_ENDINGS):
            yield f"line {node.lineno}: a class called {node.name}"
        if (
            isinstance(node, ast.Attribute)
            and node.attr in CLOCK
            and isinstance(node.value, ast.Name)
            and here != "cli"
            and node.value.id in ("datetime", "date", "time")
        ):
            yield f"line {node.lineno}: reads the clock"
        if isinstance(node, ast.FunctionDef) and here != "cli":
            yield from size_faults(node)


def size_faults(node):
    body = node.body[1:] if ast.get_docstring(node) else node.body
    n_lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
    if n_lines > MAX_BODY:
        yield f"line {node.lineno}: {node.name} has a body of {n_lines} lines"
    arguments = [
        a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if a.arg not in ("self", "cls")
    ]
    if len(arguments) > MAX_PARAMETERS:
        yield f"line {node.lineno}: {node.name} has {len(arguments)} parameters"


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_keeps_the_rules_of_the_house(path):
    assert list(faults(path)) == []


def test_the_seven_stages_are_the_directories():
    found = {path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").is_file()}
    assert found == {"inputs", "evaluate", "analyse", "explain", "compose", "render", "deliver", "demo"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("from reportgen.compose import report", "lies above it"),
        ("from reportgen import errors", "package root"),
        ("import matplotlib.pyplot", "matplotlib outside"),
        ("import captum", "captum outside the tests"),
        ("from reportgen.demo import draw", "imports the demo"),
        ("from datetime import datetime\nx = datetime.now()", "reads the clock"),
        ("import time\nx = time.time()", "reads the clock"),
        ("class ThingManager: pass", "a class called"),
        ("def f(a, b, c, d, e, f, g): pass", "7 parameters"),
        ("def f():\n" + "    x = 1\n" * 41, "41 lines"),
        ("x = 1\n" * 301, "more than 300"),
    ],
)
def test_a_planted_fault_is_found(tmp_path, text, told):
    path = tmp_path / "inputs" / "planted.py"
    path.parent.mkdir()
    path.write_text(text)
    assert any(told in fault for fault in faults(path, tmp_path))
