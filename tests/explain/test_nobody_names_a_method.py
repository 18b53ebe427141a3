"""No module outside `explain/methods/`, no template, script or style sheet knows an attribution method by its name.

`named(root)` is one function over any tree: the real one, and planted ones below, so that a name that it cannot see is
noticed. Docstrings and comments may give examples.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reportgen.explain.attribution_method import attribution_method
from reportgen.explain.methods.registry import METHODS

ROOT = Path(__file__).resolve().parents[2]
TITLES = {attribution_method(name).title for name in METHODS}
PLAIN = {"contrast", "saliency", "occlusion", "Contrast", "Saliency", "Occlusion", "Gradient", "Deconvolution"}
WORDS = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(map(re.escape, sorted({*METHODS, *TITLES} - PLAIN)))})(?![A-Za-z])")
QUOTED = re.compile(rf"""["'](?:{"|".join(PLAIN)})["']""")
OTHER_SENSES = {
    place: {"contrast"} for place in ("reportgen/tokens.py", "reportgen/render/html/theme.py")
}  # of colours


def named(root: Path) -> set[str]:
    """`file: name` of every name of a method below `root`, where it has no business."""
    found = set()
    for path in sorted(path for path in root.rglob("*") if path.suffix in (".py", ".j2", ".js", ".css")):
        place = path.relative_to(root).as_posix()
        if not place.startswith(("reportgen/", "templates/")) or place.startswith("reportgen/explain/methods/"):
            continue
        text = path.read_text(encoding="utf-8")
        names = _in_code(ast.parse(text)) if path.suffix == ".py" else _in_text(re.sub(r"{#.*?#}", "", text))
        found |= {f"{place}: {name}" for name in names if name not in OTHER_SENSES.get(place, ())}
    return found


def _in_text(text: str) -> Iterator[str]:
    yield from WORDS.findall(text)
    yield from (quoted.strip("\"'") for quoted in QUOTED.findall(text))


def _in_code(tree: ast.Module) -> Iterator[str]:
    """Identifiers of every kind, and strings that are no docstrings."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield from _in_text(node.value)
            yield from (part for part in re.split(r"[\s,]+", node.value) if part in PLAIN and part == node.value)
        parts = (getattr(node, field, None) for field in ("id", "attr", "arg", "name", "asname"))
        for identifier in (part for part in parts if isinstance(part, str)):
            yield from (name for name in METHODS if f"_{name}_" in f"_{identifier.lower()}_")


def test_nobody_names_a_method():
    assert named(ROOT) == set()


def test_the_walk_sees_the_package_and_its_templates():
    seen = {path.suffix for path in (ROOT / "templates").rglob("*") if path.is_file()}
    assert {".j2", ".js", ".css"} <= seen
    assert (ROOT / "reportgen" / "explain" / "methods" / "registry.py").is_file()


PLANTED = {
    "reportgen/compose/a.py": ('if use.name == "{name}": ...', "def f({name}_of): ...", "use.{name} = 1", "{name} = 2"),
    "reportgen/render/b.py": ('ORDER = ("x", "{name}")', 'f"{{x}}" + "{name}"', "from reportgen import {name}"),
    "templates/sections/c.html.j2": ('{{% if use.name == "{name}" %}}', "{{% set cam = p.map_of('{name}', p.pred) %}}"),
    "templates/css/d.css": ('[data-kind="{name}"] {{ color: red }}',),
    "templates/js/e.js": ("if (kind === '{name}') {{}}",),
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(("place", "form"), [(place, form) for place, forms in PLANTED.items() for form in forms])
def test_a_planted_name_is_seen(tmp_path, name, place, form):
    planted = tmp_path / place
    planted.parent.mkdir(parents=True)
    planted.write_text(form.format(name=name))
    assert named(tmp_path) == {f"{place}: {name}"}


@pytest.mark.parametrize("title", sorted(TITLES - PLAIN))
def test_a_planted_title_is_seen(tmp_path, title):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.html.j2").write_text(f"<p>{{{{ _('{title} finds nothing.') }}}}</p>")
    assert named(tmp_path) == {f"templates/a.html.j2: {title}"}


def test_what_is_allowed_is_not_reported(tmp_path):
    allowed = {
        "reportgen/explain/methods/own.py": 'METHODS = {"lime": "x:y"}',
        "reportgen/tokens.py": "def contrast(one, other): ...",
        "reportgen/compose/a.py": '"""Maps such as Grad-CAM\'s."""\nx = "more contrast between the two"',
        "templates/css/a.css": "@media (prefers-contrast: more) {}",
        "templates/b.html.j2": "{# as grad_cam gives them #}<p>{{ _('in contrast to that') }}</p>",
        "docs/c.py": 'x = "grad_cam"',
    }
    for place, text in allowed.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    assert named(tmp_path) == set()
