"""All mutants of a package, and a seeded sample of them."""

import ast
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tools.mutants.edits import Edit, another_value, edits_of

Fields = Mapping[str, Mapping[str, str]]
UNMUTATED_CALLS = {"cast", "TypeVar", "NewType", "getLogger"}  # for the type checker, or a name of a logger
BUILT_IN_TYPES = {
    "str",
    "int",
    "float",
    "bool",
    "bytes",
    "dict",
    "list",
    "tuple",
    "set",
    "frozenset",
    "type",
    "ndarray",
}
CONTEXT_CHARS = 24  # a change is shown with at least so much around it


@dataclass(frozen=True)
class Mutant:
    """One change of one file. `function` and `change` name it, so that it is found again when lines have moved."""

    path: str  # below the root, with /
    function: str  # qualified name; "" at module or class level
    change: str  # `before -> after`, with a number where the same change is possible several times in the function
    operator: str
    line: int
    lines: tuple[int, int]  # of the statement, both ends included; of the body where a default is changed
    span: tuple[int, int]  # in bytes
    text: str

    @property
    def package(self) -> str:
        """Its stage: the first folder below the package, or the package itself for a module at its top."""
        parts = self.path.split("/")
        return parts[1] if len(parts) > 2 else parts[0]

    def applied(self, source: bytes) -> bytes:
        """The file with the change in it."""
        return source[: self.span[0]] + self.text.encode() + source[self.span[1] :]


@dataclass
class _Place:
    function: str
    lines: tuple[int, int]
    returns: str = ""
    parents: tuple[ast.AST, ...] = field(default=())


class _File:
    def __init__(self, path: str, source: bytes, fields: Fields) -> None:
        self.path, self.source, self.fields = path, source, fields
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[end_line - 1] + end_column

    def mutants(self) -> Iterator[Mutant]:
        tree = ast.parse(self.source)
        found = [mutant for node in tree.body for mutant in self._below(node, _Place("", (1, 1)))]
        counts: Counter[tuple[str, str]] = Counter()
        for mutant in found:
            counts[mutant.function, mutant.change] += 1
            number = counts[mutant.function, mutant.change]
            yield mutant if number == 1 else replace(mutant, change=f"{mutant.change} ({number})")

    def _below(self, node: ast.AST, place: _Place) -> Iterator[Mutant]:
        if _is_for_readers(node):
            return
        if isinstance(node, ast.stmt):
            place = _Place(place.function, _own_lines(node), place.returns, ())
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from self._in_definition(node, place)
            return
        deeper = replace(place, parents=(*place.parents, node))
        for edit in self._edits(node, place):
            yield self._mutant(edit, place if edit.node is node else deeper)
        if isinstance(node, ast.JoinedStr):  # positions inside are wrong before Python 3.12
            return
        for name, value in ast.iter_fields(node):
            if name not in {"annotation", "returns", "ctx"}:
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        yield from self._below(child, deeper)

    def _in_definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, place: _Place
    ) -> Iterator[Mutant]:
        name = f"{place.function}.{node.name}".lstrip(".")
        if isinstance(node, ast.ClassDef):
            inner = _Place(name, place.lines)
        else:
            inner = _Place(
                name,
                (node.body[0].lineno, node.end_lineno or node.lineno),
                ast.unparse(node.returns) if node.returns else "",
            )
            for argument, default in _defaults(node.args):
                for mutant in self._below(default, replace(inner, parents=(node,))):
                    yield replace(mutant, change=f"{argument}=: {mutant.change}", operator="default")
        for child in node.body:
            yield from self._below(child, inner)

    def _edits(self, node: ast.AST, place: _Place) -> Iterator[Edit]:
        yield from edits_of(node)
        if isinstance(node, ast.Return) and node.value is not None:
            yield from another_value("return", node.value, place.returns)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            kinds = self.fields.get(node.func.id, {})
            for keyword in node.keywords:
                if keyword.arg in kinds:
                    yield from another_value("field", keyword.value, kinds[keyword.arg])

    def _mutant(self, edit: Edit, place: _Place) -> Mutant:
        start, end = self.span(edit.node)
        shown = (start, end)
        for parent in reversed(place.parents):
            if shown[1] - shown[0] >= CONTEXT_CHARS or not isinstance(
                parent, ast.expr | ast.keyword | ast.Return | ast.Assign
            ):
                break
            shown = self.span(parent)  # type: ignore[arg-type]
        around = self.source[shown[0] : start], self.source[end : shown[1]]
        before = self.source[shown[0] : shown[1]]
        after = around[0] + edit.text.encode() + around[1]
        change = f"{' '.join(before.decode().split())} -> {' '.join(after.decode().split())}"
        return Mutant(
            self.path, place.function, change, edit.operator, edit.node.lineno, place.lines, (start, end), edit.text
        )


def _is_for_readers(node: ast.AST) -> bool:
    """What does nothing at run time: docstrings, imports, names of types, assertions for the type checker."""
    match node:
        case (
            ast.Import()
            | ast.ImportFrom()
            | ast.Assert()
            | ast.Expr(ast.Constant())
            | ast.If(ast.Name("TYPE_CHECKING"))
        ):
            silent = True
        case ast.If(ast.Name("TYPE_CHECKING")) | ast.Assign([ast.Name("__all__" | "__slots__")]):
            silent = True
        case ast.keyword("strict"):  # of zip: an assertion
            silent = True
        case ast.Subscript(value):
            silent = _is_type(value)
        case ast.Call(func):
            silent = ast.unparse(func).rpartition(".")[2] in UNMUTATED_CALLS
        case ast.BinOp(left, ast.BitOr(), right):
            silent = _is_type(left) or _is_type(right)
        case _:
            silent = False
    return silent


def _is_type(node: ast.expr) -> bool:
    """None, `int`, `Path`, `np.ndarray`, `Mapping[str, int]`: what stands in an alias or in isinstance."""
    if isinstance(node, ast.Constant):
        return node.value is None
    name = ast.unparse(node).partition("[")[0].rpartition(".")[2]
    return name in BUILT_IN_TYPES or (name[:1].isupper() and not name.isupper())


def _own_lines(node: ast.stmt) -> tuple[int, int]:
    """First and last line of a statement without the statements in it."""
    body = getattr(node, "body", None)
    last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
    return node.lineno, last


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    yield from ((argument.arg, value) for argument, value in (*pairs, *named) if value is not None)


def declared_fields(files: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """Class name to field to annotation, of all classes of the package that stand at the top of a module."""
    fields: dict[str, dict[str, str]] = {}
    for source in files.values():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef):
                declared = [item for item in node.body if isinstance(item, ast.AnnAssign)]
                fields[node.name] = {ast.unparse(item.target): ast.unparse(item.annotation) for item in declared}
    return fields


def all_mutants(root: Path, package: str) -> list[Mutant]:
    """Every mutant of the package below `root`, by path, then in the order of the text."""
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted((root / package).rglob("*.py"))}
    fields = declared_fields(files)
    return [mutant for path, source in files.items() for mutant in _File(path, source, fields).mutants()]


def sample(mutants: list[Mutant], n: int, seed: int) -> list[Mutant]:
    """`n` of the mutants: from each package as many as it has statements among all, and one of each statement.

    The draw is by hash, so it is the same on every machine, and a changed file changes only the mutants of that file.
    """

    def drawn(mutant: Mutant) -> bytes:
        return hashlib.sha256(f"{seed}|{mutant.path}|{mutant.function}|{mutant.change}".encode()).digest()

    statements: dict[str, dict[tuple[str, int], Mutant]] = defaultdict(dict)
    for mutant in sorted(mutants, key=drawn):
        statements[mutant.package].setdefault((mutant.path, mutant.lines[0]), mutant)
    total = sum(map(len, statements.values()))
    chosen: list[Mutant] = []
    ideal = 0.0
    for package in sorted(statements):  # rounding is carried on, so that the shares sum to n
        ideal += n * len(statements[package]) / total
        chosen += sorted(statements[package].values(), key=drawn)[: round(ideal) - len(chosen)]
    return chosen
