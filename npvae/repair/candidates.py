"""The edits that a repair tries first: slips of the pen at each node of a slot."""

import ast
from dataclasses import dataclass

import numpy as np

from npvae.repair.edit_operators import FOLDS, OPERATORS, is_numpy
from npvae.repair.places import indices, loops, masks
from npvae.repair.sources import rebuilt
from npvae.repair.trees import below, parsed, placed

KINDS = ("operator", "sign", "axis", "factor", "term", "comparison")
ELEMENTWISE = ("exp", "tanh", "sqrt", "log", "square", "abs", "sign", "cosh", "sin", "cos", "expm1", "log1p")


@dataclass(eq=False)
class Candidate:
    """A node of a slot's statement and what may stand in its place, in words."""

    slot: object
    path: tuple
    new: ast.AST
    what: str

    @property
    def tree(self):
        """The whole function, edited."""
        return rebuilt(self.path, self._placed())

    @property
    def expression(self):
        """The slot's own expression, edited; None if the edit is not inside it."""
        above = len(self.slot.path) - 1
        inside = len(self.path) > above and self.path[above][0] is self.slot.node
        return rebuilt(self.path[above:], self._placed()) if inside else None

    @property
    def statement(self):
        """The statement, edited."""
        i = max((i for i, (n, *_) in enumerate(self.path) if isinstance(n, ast.stmt)), default=0)
        return rebuilt(self.path[i:], self._placed())

    def _placed(self):
        # where the old node stood, which is what is said; the user's own nodes stay where they are
        return placed(self.new, self.path[-1][0])


def slips(slot, scope, bench):
    """Small edits at each node of a slot."""
    names = [n for n, v in slot.env.items() if isinstance(v, np.ndarray | float | int)]
    for path in below(slot.path):
        node, parent = path[-1][0], path[-2][0]
        for kind in KINDS:
            for what, new in OPERATORS[kind](node, parent, names):
                if not _dull(new, parent):
                    yield Candidate(slot, path, new, what)
        for operator in (_numbers, _ones, _swaps, _transposes, indices, _unwrapped, masks, _folds, loops):
            yield from (Candidate(slot, path, new, what) for what, new in operator(node, parent, scope) if new)


def _dull(new, parent):
    # a factor 1 is one left out, and so is an exponent
    return isinstance(new, ast.Constant) and new.value in (0, 1) and isinstance(parent, ast.BinOp) and isinstance(
        parent.op, ast.Mult | ast.Div | ast.Pow)


def _numbers(node, parent, scope):
    if not isinstance(node, ast.Constant) or type(node.value) not in (int, float):
        return
    k = node.value
    if isinstance(parent, ast.BinOp | ast.UnaryOp | ast.Call | ast.Compare):
        near = (2 * k, k / 2, k + 1, k - 1, 1 / k if k else 1, k**2, 3 * k, k / 3)
        for other in (*near, 0, 1, 2, 0.5, 3, 0.25, *scope.constants):
            other = int(other) if float(other).is_integer() else other
            new = ast.Constant(other)
            # a size's own name comes before a number that equals it
            if not _dull(new, parent) and other not in (k, *scope.sizes.values()) and not (k == 0 and other < 0):
                yield f"{other:g} for {k:g}", new
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mult | ast.Div):
        for name in scope.sizes:
            yield f"the size {name} for {k:g}", parsed(name)


def _ones(node, parent, scope):
    # 1 + …, … − 1: a term that no name stands for
    inner = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Sub) and parent.left is node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and not inner:
        yield "the term 1 is missing", ast.BinOp(node, ast.Add(), ast.Constant(1))
        yield "the term -1 is missing", ast.BinOp(node, ast.Sub(), ast.Constant(1))


def _swaps(node, parent, scope):
    for name in ("args", "elts"):
        parts = getattr(node, name, None)
        if isinstance(parts, list) and 1 < len(parts) < 7 and isinstance(node, ast.Call | ast.Tuple | ast.List):
            for i in range(len(parts)):
                for j in range(i + 1, len(parts)):
                    new = [*parts]
                    new[i], new[j] = parts[j], parts[i]
                    yield "two parts exchanged", type(node)(**dict(ast.iter_fields(node)) | {name: new})
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.Pow):
        yield "the two sides exchanged", ast.BinOp(node.right, node.op, node.left)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield "the inverse", ast.BinOp(ast.Constant(1), ast.Div(), node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "dot" and node.args \
            and not is_numpy(node):
        yield ("the order of a matrix product",
               ast.Call(ast.Attribute(node.args[0], "dot", ast.Load()), [node.func.value], []))


def _transposes(node, parent, scope):
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.BinOp) and not (
            isinstance(parent, ast.Attribute) and parent.attr == "T"):
        shape = scope.shape_of(node)
        if len(shape) == 2:
            yield "a transpose", ast.Attribute(node, "T", ast.Load())
        if len(shape) > 2:
            yield "the last two axes exchanged", ast.Call(ast.Attribute(node, "swapaxes", ast.Load()),
                                                          [ast.Constant(-1), ast.Constant(-2)], [])
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "a transpose dropped", node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in (
            "transpose", "swapaxes"):
        yield "a transpose dropped", node.args[0] if is_numpy(node) else node.func.value
        if len(node.args) == 2:
            for args in ((0, 1), (0, 2), (1, 2), (-1, -2)):
                yield "other axes exchanged", ast.Call(node.func, [ast.Constant(a) for a in args], [])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        left, right = (s.value if isinstance(s, ast.Attribute) and s.attr == "T" else ast.Attribute(s, "T", ast.Load())
                       for s in (node.left, node.right))
        yield "both transposes", ast.BinOp(left, ast.MatMult(), right)
        yield "a transpose on the other side", ast.BinOp(right, ast.MatMult(), left)


def _unwrapped(node, parent, scope):
    if isinstance(node, ast.Call) and len(node.args) >= 1 and not isinstance(node.args[0], ast.Starred):
        for i, arg in enumerate(node.args[:3]):
            if not isinstance(arg, ast.Constant):
                yield "a call dropped", node.args[i]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not is_numpy(node) \
            and node.func.attr in (*FOLDS, "copy", "reshape", "ravel"):
        yield "a call dropped", node.func.value
    if isinstance(node, ast.Call) and is_numpy(node) and node.func.attr in ELEMENTWISE:
        for other in ELEMENTWISE[:4]:
            yield f"{other} for {node.func.attr}", ast.Call(
                ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("triu", "tril"):
        other = ast.Attribute(node.func.value, "tril" if node.func.attr == "triu" else "triu", ast.Load())
        for diagonal in (node.args[1:], [ast.UnaryOp(ast.USub(), node.args[1])] if len(node.args) > 1 else []):
            yield "the other triangle", ast.Call(other, [node.args[0], *diagonal], node.keywords)
    if isinstance(node, ast.IfExp):
        yield "the other case", ast.IfExp(node.test, node.orelse, node.body)


def _folds(node, parent, scope):
    yield from _square_and_sum(node)
    # a sum where an array is too large, keepdims and the axis where there is one
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FOLDS:
        words = {k.arg: k.value for k in node.keywords}
        of = node.args[0] if is_numpy(node) and node.args else node.func.value
        shape = scope.shape_of(of)
        folds = [node.func] if node.func.attr not in ("sum", "mean") else [
            ast.Attribute(node.func.value, fold, ast.Load()) for fold in ("sum", "mean")]
        for fold in folds:
            for axis in [None, *range(len(shape)), *([(0, 2), (0, 1), (1, 2)] if len(shape) > 2 else [])]:
                for keep in dict.fromkeys(("keepdims" in words, False, len(shape) > 1)):
                    new = [ast.keyword("axis", ast.Constant(axis) if not isinstance(axis, tuple)
                                       else parsed(str(axis)))] * (axis is not None)
                    new += [ast.keyword("keepdims", ast.Constant(True))] * keep
                    what = f"{fold.attr} over " + ("everything" if axis is None else f"axis {axis}")
                    yield what, ast.Call(fold, [of] if is_numpy(node) else [], new)


def _square_and_sum(node):
    # the power of a sum for the sum of powers, and back
    def folds(n):
        return isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in ("sum", "mean")

    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and folds(node.left):
        call, of = node.left, node.left.args[0] if is_numpy(node.left) and node.left.args else node.left.func.value
        yield "the power before the sum", _fold_of(call, ast.BinOp(of, ast.Pow(), node.right))
    if folds(node):
        of = node.args[0] if is_numpy(node) and node.args else node.func.value
        if isinstance(of, ast.BinOp) and isinstance(of.op, ast.Pow):
            yield "the sum before the power", ast.BinOp(_fold_of(node, of.left), ast.Pow(), of.right)


def _fold_of(call, of):
    if is_numpy(call):
        return ast.Call(call.func, [of, *call.args[1:]], call.keywords)
    return ast.Call(ast.Attribute(of, call.func.attr, ast.Load()), call.args, call.keywords)
