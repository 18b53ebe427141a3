"""The mutation operators: for one node of the syntax tree, the texts that may stand in its place."""

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

COMPARISONS: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
TWINS = {"min": "max", "max": "min", "any": "all", "all": "any", "ceil": "floor", "floor": "ceil"}
TWINS |= {"argmax": "argmin", "argmin": "argmax", "maximum": "minimum", "minimum": "maximum"}
SYMMETRIC = {"min", "max", "maximum", "minimum", "hypot", "union1d", "array_equal"}  # their arguments may change places
DELETABLE = (ast.AugAssign, ast.Raise, ast.Continue, ast.Break)
EMPTY = {
    "str": '""',
    "tuple": "()",
    "list": "[]",
    "dict": "{}",
    "Sequence": "()",
    "Mapping": "{}",
    "frozenset": "frozenset()",
}


@dataclass(frozen=True)
class Edit:
    """`text` in the place of `node`."""

    operator: str
    node: ast.expr | ast.stmt
    text: str


def edits_of(node: ast.AST) -> Iterator[Edit]:
    """Every change of this one node, not of those below it; a syntax tree's own order."""
    for kind, edits in OPERATORS:
        if isinstance(node, kind):
            yield from edits(node)


def another_value(operator: str, node: ast.expr, annotation: str) -> Iterator[Edit]:
    """The expression `node`, declared to be `annotation`, with a value that is a little off or empty.

    This is what plumbing between two tested parts gets wrong: a returned value, or a field that is handed on.
    """
    text, optional = ast.unparse(node), annotation.endswith("| None")
    kind = annotation.removesuffix("| None").strip().partition("[")[0]
    other = EMPTY.get(kind)
    if kind == "float":
        other = f"({text}) * 1.01"
    elif kind == "int":
        other = f"({text}) + 1"
    elif kind == "bool":
        other = f"(not ({text}))"
    elif other is None and optional:
        other = "None"
    if other is not None and text.replace("'", '"') != other and not (optional and text == "None"):
        yield Edit(operator, node, other)


def _changed(operator: str, node: ast.expr, **fields: object) -> Edit:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return Edit(operator, node, f"({ast.unparse(other)})")


def _comparison(node: ast.Compare) -> Iterator[Edit]:
    for place, op in enumerate(node.ops):
        for other in COMPARISONS[type(op)]:
            yield _changed("comparison", node, ops=[*node.ops[:place], other(), *node.ops[place + 1 :]])


def _arithmetic(node: ast.BinOp) -> Iterator[Edit]:
    # Text and paths know + and / alone: any other sign is an exception, which every test would see.
    textual = any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )
    if type(node.op) in ARITHMETIC and not textual:
        yield _changed("arithmetic", node, op=ARITHMETIC[type(node.op)]())


def _constant(node: ast.Constant) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool):
        yield Edit("boolean", node, str(not value))
    elif isinstance(value, int):
        yield from (Edit("number", node, f"({value + step})") for step in (1, -1))
    elif isinstance(value, float):
        yield Edit("number", node, repr(value * 1.1 if value else 1.0))
    elif isinstance(value, str | bytes) and value:
        yield Edit("text", node, '""' if isinstance(value, str) else 'b""')


def _logic(node: ast.BoolOp) -> Iterator[Edit]:
    yield _changed("logic", node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def _negation(node: ast.If | ast.IfExp | ast.While) -> Iterator[Edit]:
    yield Edit("negation", node.test, f"(not ({ast.unparse(node.test)}))")


def _no_negation(node: ast.UnaryOp) -> Iterator[Edit]:
    if isinstance(node.op, ast.Not | ast.USub) and not isinstance(node.operand, ast.Constant):
        yield Edit("negation", node, f"({ast.unparse(node.operand)})")


def _call(node: ast.Call) -> Iterator[Edit]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    starred = any(isinstance(argument, ast.Starred) for argument in node.args)
    if len(node.args) > 1 and not starred and name not in SYMMETRIC:
        first, second, *rest = node.args
        yield _changed("arguments", node, args=[second, first, *rest])
    if name in TWINS:
        func = copy.copy(node.func)
        setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", TWINS[name])
        yield _changed("twin", node, func=func)
    if name in {"sorted", "sort"} and not any(keyword.arg == "reverse" for keyword in node.keywords):
        keywords = [*node.keywords, ast.keyword("reverse", ast.Constant(value=True))]
        yield _changed("order", node, keywords=keywords)


def _slice(node: ast.Subscript) -> Iterator[Edit]:
    part = node.slice
    if isinstance(part, ast.Slice) and part.step is None:
        for limit in ("lower", "upper"):
            bound = getattr(part, limit)
            if bound is not None and not isinstance(bound, ast.Constant):
                moved = copy.copy(part)
                setattr(moved, limit, ast.BinOp(bound, ast.Add(), ast.Constant(value=1)))
                yield _changed("limit", node, slice=moved)


def _items(node: ast.List | ast.Tuple | ast.Set) -> Iterator[Edit]:
    if len(node.elts) > 1 and isinstance(node.ctx if not isinstance(node, ast.Set) else ast.Load(), ast.Load):
        yield _changed("item", node, elts=node.elts[:-1])
        yield _changed("item", node, elts=node.elts[1:])


def _entries(node: ast.Dict) -> Iterator[Edit]:
    if len(node.keys) > 1:
        yield _changed("item", node, keys=node.keys[:-1], values=node.values[:-1])


def _filter(node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Iterator[Edit]:
    first, *rest = node.generators
    if first.ifs:
        bare = ast.comprehension(first.target, first.iter, [], first.is_async)
        yield _changed("filter", node, generators=[bare, *rest])


def _deletion(node: ast.stmt) -> Iterator[Edit]:
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    stored = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    if called or stored or isinstance(node, DELETABLE):
        yield Edit("deletion", node, "pass")


def _template(node: ast.JoinedStr) -> Iterator[Edit]:
    yield Edit("text", node, '""')


OPERATORS = (
    (ast.Compare, _comparison),
    (ast.BinOp, _arithmetic),
    (ast.Constant, _constant),
    (ast.BoolOp, _logic),
    (ast.If | ast.IfExp | ast.While, _negation),
    (ast.UnaryOp, _no_negation),
    (ast.Call, _call),
    (ast.Subscript, _slice),
    (ast.List | ast.Tuple | ast.Set, _items),
    (ast.Dict, _entries),
    (ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, _filter),
    (ast.stmt, _deletion),
    (ast.JoinedStr, _template),
)
