"""Edits of where: other indices and slices, the turns of a loop, masks and conditions."""

import ast
import itertools

import numpy as np

from npvae.repair.trees import parsed


def indices(node, parent, scope):
    """Other slices, an index off by one, an index dropped."""
    inside = isinstance(parent, ast.Subscript) and parent.slice is node or isinstance(parent, ast.Slice | ast.Tuple)
    if isinstance(node, ast.Slice):
        for lower, upper in ((node.upper, node.lower), (node.upper, None), (None, node.lower),
                             (more(node.lower, 1), node.upper), (more(node.lower, -1), node.upper),
                             (node.lower, more(node.upper, 1)), (node.lower, more(node.upper, -1)), (None, None)):
            yield "another slice", ast.Slice(lower, upper, node.step)
        step = ast.Constant(-1) if node.step is None else None
        yield "the other direction", ast.Slice(node.lower, node.upper, step)
    elif inside and not isinstance(node, ast.Tuple) and isinstance(node, ast.Name | ast.BinOp | ast.Constant):
        if isinstance(scope.value_of(node), int | np.integer | np.ndarray):
            for step in (1, -1):
                yield "an index off by one", more(node, step)
            if isinstance(node, ast.Constant):
                yield from ((f"the turn's {n} for {node.value}", ast.Name(n, ast.Load())) for n in scope.counters)
    if isinstance(node, ast.Subscript):
        yield "an index dropped", node.value
        yield from _shifted(node, scope)


def _shifted(node, scope):
    # all slices begin later: a[:, :h, :w] for a[:, p:p + h, p:p + w]
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if any(isinstance(p, ast.Slice) and p.upper for p in parts):
        for name in scope.counts[:8]:
            new = [ast.Slice(_plus(name, p.lower), _plus(name, p.upper), p.step)
                   if isinstance(p, ast.Slice) and p.upper else p for p in parts]
            index = ast.Tuple(new, ast.Load()) if len(new) > 1 else new[0]
            yield f"slices that begin at {name}", ast.Subscript(node.value, index, ast.Load())


def _plus(name, node):
    return ast.BinOp(parsed(name), ast.Add(), node) if node else parsed(name)


def loops(node, parent, scope):
    """The other direction of a loop, its first or last turn left out, the opposite of a condition."""
    if isinstance(parent, ast.If) and parent.test is node:
        yield "the opposite condition", ast.UnaryOp(ast.Not(), node)
    if not isinstance(parent, ast.For) or parent.iter is not node:
        return
    called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    if called == "reversed":
        yield "the other direction", node.args[0]
    else:
        yield "the other direction", ast.Call(ast.Name("reversed", ast.Load()), [
            node if called == "range" else ast.Call(ast.Name("list", ast.Load()), [node], [])], [])
    if called == "range" and len(node.args) < 3:
        first, last = (ast.Constant(0), node.args[0]) if len(node.args) == 1 else node.args
        for what, a, b in (("the first turn left out", more(first, 1), last), ("one turn more", first, more(last, 1)),
                           ("the last turn left out", first, more(last, -1))):
            turns = ast.Call(node.func, [a, b] if len(node.args) == 2 or a is not first else [b], [])
            yield what, turns
            yield f"the other direction, {what}", ast.Call(ast.Name("reversed", ast.Load()), [turns], [])
    if isinstance(node, ast.Tuple | ast.List):
        for some in itertools.combinations(node.elts, len(node.elts) - 1):
            yield "one turn less", type(node)([*some], ast.Load())
        half = len(node.elts) // 2
        for some in (node.elts[:half], node.elts[half:]):
            yield "fewer turns", type(node)([*some], ast.Load())


def more(node, step):
    """The expression plus 1 or minus 1; None below 0."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Constant(node.value + step) if node.value + step >= 0 else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and isinstance(node.right, ast.Constant) \
            and node.right.value == 1 and isinstance(node.op, ast.Add) == (step < 0):
        return node.left
    return ast.Constant(step) if node is None else ast.BinOp(
        node, ast.Add() if step > 0 else ast.Sub(), ast.Constant(1))


def masks(node, parent, scope):
    """Another comparison, with another number, the opposite mask."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for operator in (ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq):
            if not isinstance(node.ops[0], operator):
                yield "another comparison", ast.Compare(node.left, [operator()], node.comparators)
        if isinstance(node.comparators[0], ast.Constant):
            for number in (0, 1, -1, 0.5):
                yield "a comparison with another number", ast.Compare(node.left, node.ops, [ast.Constant(number)])
        for name, bound in scope.scalars.items():
            if not isinstance(bound, int):
                yield "a comparison with another number", ast.Compare(node.left, node.ops, [parsed(name)])
        for where in (ast.Eq, ast.Lt):
            greatest = ast.Call(ast.Attribute(node.left, "max", ast.Load()), [], [])
            yield "compared with its maximum", ast.Compare(node.left, [where()], [greatest])
        absolute = ast.Call(ast.Attribute(ast.Name("np", ast.Load()), "abs", ast.Load()), [node.left], [])
        yield "the absolute value compared", ast.Compare(absolute, node.ops, node.comparators)
    value = scope.value_of(node)
    if isinstance(value, np.ndarray) and value.dtype.kind == "b":
        yield "the opposite mask", ast.UnaryOp(ast.Invert(), node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert | ast.Not):
        yield "the opposite mask", node.operand
