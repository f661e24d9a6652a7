"""Small wrong versions of a Python file: one comparison, number, argument or statement changed in each.

Left alone, because a change there says nothing about tests: annotations, decorators, strings and what goes
into them, logging; `device=`, which only a GPU can miss, and `strict=`, which is an assertion itself.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
UNTOUCHED_ARGUMENTS = ("device", "strict")


@dataclass(frozen=True)
class Mutant:
    """Line of the source, what was done there, the whole new text, and the change as a short diff."""

    line: int
    operator: str
    text: str
    diff: str


def mutants(source: str) -> Iterator[Mutant]:
    """All of a file."""
    original = ast.unparse(ast.parse(source))
    for target in range(len(source)):
        edit = _Edit(target)
        changed = edit.visit(ast.parse(source))
        if edit.done is None:
            return
        text = ast.unparse(ast.fix_missing_locations(changed))
        yield Mutant(*edit.done, text, _diff(original, text))


class _Edit(ast.NodeTransformer):
    """Makes the `target`-th of all possible changes."""

    def __init__(self, target: int) -> None:
        self.left = target
        self.done: tuple[int, str] | None = None

    def visit(self, node: ast.AST) -> ast.AST:
        if self.done is not None or _untouched(node):
            return node
        for operator, changed in _changes(node):
            if self.left == 0:
                self.done = (getattr(node, "lineno", 0), operator)
                return changed
            self.left -= 1
        return self._visit_children(node)

    def _visit_children(self, node: ast.AST) -> ast.AST:
        apart = {name: getattr(node, name, None) for name in ("annotation", "returns", "decorator_list")}
        for name, value in apart.items():
            if value:
                setattr(node, name, [] if name == "decorator_list" else None)
        node = self.generic_visit(node)
        for name, value in apart.items():
            if value:
                setattr(node, name, value)
        return node


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    yield from _changed_operators(node)
    yield from _changed_flow(node)
    if isinstance(node, ast.Constant):
        yield from _changed_constant(node.value)
    if isinstance(node, ast.Call):
        yield from _dropped_arguments(node)


def _changed_operators(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Compare(left, [op], right) if type(op) in COMPARISONS:
            yield "comparison", ast.Compare(left, [COMPARISONS[type(op)]()], right)
        case ast.BinOp(left, op, right) if type(op) in ARITHMETIC:
            yield "arithmetic", ast.BinOp(left, ARITHMETIC[type(op)](), right)
        case ast.AugAssign(target, op, value) if type(op) in ARITHMETIC:
            yield "arithmetic", ast.AugAssign(target, ARITHMETIC[type(op)](), value)
        case ast.BoolOp(op, values):
            yield "boolean", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not() | ast.USub() | ast.Invert(), operand):
            yield "sign or negation", operand


def _changed_flow(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.IfExp(test, body, orelse):
            yield "condition", ast.IfExp(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.If(test, body, orelse):
            yield "condition", ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.Return(value) if value is not None:
            yield "return", ast.Return(ast.Constant(None))
        case ast.Raise() | ast.Expr(ast.Call()) | ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield "statement", ast.Pass()


def _changed_constant(value: object) -> Iterator[tuple[str, ast.AST]]:
    match value:
        case bool():
            yield "constant", ast.Constant(not value)
        case int():
            yield "constant", ast.Constant(value + 1)
        case float():
            yield "constant", ast.Constant(2 * value if value else 1.0)


def _dropped_arguments(call: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    for i, keyword in enumerate(call.keywords):
        if keyword.arg not in UNTOUCHED_ARGUMENTS:
            yield "argument", ast.Call(call.func, call.args, call.keywords[:i] + call.keywords[i + 1 :])
    if len(call.args) > 1:
        yield "argument", ast.Call(call.func, call.args[:-1], call.keywords)


def _untouched(node: ast.AST) -> bool:
    """f-strings, some arguments, and statements that log or print."""
    match node:
        case ast.JoinedStr():
            return True
        case ast.keyword(name):
            return name in UNTOUCHED_ARGUMENTS
        case ast.Expr(ast.Call(func)):
            return ast.unparse(func).split(".")[0] in ("log", "print")
    return False


def _diff(original: str, text: str) -> str:
    lines = difflib.unified_diff(original.splitlines(), text.splitlines(), n=0, lineterm="")
    return "\n".join(line[0] + line[1:].strip() for line in lines if line[:2] not in ("--", "++", "@@"))
