"""Edits of whole statements: another assignment, one too much, one that is missing or in the wrong place."""

import ast
import itertools

import numpy as np

from npvae.repair.candidates import Candidate
from npvae.repair.places import indices, masks
from npvae.repair.reuse import others_for
from npvae.repair.trees import below, exchanged, parsed, placed, replaced


def statements(slot, scope, bench):
    """Edits of the statement that a slot is the value of."""
    i = max((i for i, (n, *_) in enumerate(slot.path) if isinstance(n, ast.stmt)), default=0)
    path = slot.path[:i + 1]
    node = path[-1][0]
    if not i or isinstance(node, ast.Return):
        return
    target = getattr(node, "target", None) or (getattr(node, "targets", None) or [None])[0]
    if isinstance(node, ast.AugAssign):
        for operator in (ast.Add, ast.Sub, ast.Mult, ast.Div):
            if not isinstance(node.op, operator):
                yield Candidate(slot, path, ast.AugAssign(target, operator(), node.value), "another kind of assignment")
        yield Candidate(slot, path, ast.Assign([target], node.value), "= for +=")
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(
            target, ast.Name | ast.Subscript | ast.Attribute):
        for operator, sign in ((ast.Add, "+="), (ast.Sub, "-="), (ast.Mult, "*=")):
            yield Candidate(slot, path, ast.AugAssign(target, operator(), node.value), f"{sign} for =")
    if isinstance(node, ast.Assign | ast.AugAssign) and isinstance(target, ast.Subscript):
        yield from _of_a_part(slot, path, target, scope)
    if isinstance(getattr(node, "value", None), ast.Tuple):
        yield from _at_each_part(slot, path, scope)
    yield Candidate(slot, path, ast.Pass(), "a statement too much")
    yield from _left_out(slot, path, scope)
    yield from _siblings(slot, path, target, scope)
    body, name, index = path[-2][0], path[-1][1], path[-1][2]
    others = getattr(body, name)
    for other in range(len(others)):
        if other != index and not isinstance(others[other], ast.Return):
            rest = [s for k, s in enumerate(others) if k != index]
            new = type(body)(**dict(ast.iter_fields(body)) | {name: [*rest[:other], node, *rest[other:]]})
            yield Candidate(slot, path[:-1], ast.copy_location(new, body), f"`{ast.unparse(node)}` belongs "
                            f"{'before' if other < index else 'after'} line {others[other].lineno}")


def _at_each_part(slot, path, scope):
    """The same edit of each part of a tuple: a, b = i, j for a, b = i * s, j * s."""
    parts = path[-1][0].value
    for name in dict.fromkeys([*scope.counts, *scope.sizes, *scope.scalars]):
        for operator, sign in ((ast.Mult, "*"), (ast.Div, "/"), (ast.Add, "+"), (ast.Sub, "-")):
            new = ast.Tuple([ast.BinOp(e, operator(), parsed(name)) for e in parts.elts], ast.Load())
            yield Candidate(slot, (*path, (parts, "value", None)), new, f"{sign} {name} is missing at each part")


def _siblings(slot, path, target, scope):
    """A statement like this one, with other indices, that is missing after it."""
    node = path[-1][0]
    adds_at = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func).endswith(
        ".at")
    if not (isinstance(node, ast.AugAssign) and isinstance(target, ast.Subscript)) and not adds_at:
        return
    body, name, index = path[-2][0], path[-1][1], path[-1][2]
    places = {t: n for t, (n, v) in {**scope.leaves, **scope.parts}.items() if np.asarray(v).dtype.kind in "iu"}
    used = list(dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in places))
    for one, (text, other) in itertools.product(used, places.items()):
        if text == one:
            continue
        new = replaced(node, one, ast.Name("_npvae_other", ast.Load()))
        new = replaced(replaced(new, text, places[one]), "_npvae_other", other)
        news = [new, ast.AugAssign(new.target, ast.Sub() if isinstance(new.op, ast.Add) else ast.Add(), new.value)] \
            if isinstance(new, ast.AugAssign) else [new]
        for new in news:
            rest = getattr(body, name)
            copy = type(body)(**dict(ast.iter_fields(body)) | {name: [*rest[:index + 1], placed(new, node),
                                                                      *rest[index + 1:]]})
            yield Candidate(slot, path[:-1], ast.copy_location(copy, body),
                            f"`{ast.unparse(new)}` is missing after line {node.end_lineno}")


def _left_out(slot, path, scope):
    """A statement that scales or masks an array, put in before the one that uses it next."""
    node = path[-1][0]
    arrays = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(slot.env.get(n.id), np.ndarray)}
    body, name, index = path[-2][0], path[-1][1], path[-1][2]
    for array in sorted(arrays) if isinstance(node, ast.AugAssign) else ():
        for text in [*scope.sizes, *scope.scalars]:
            for operator, sign in ((ast.Div, "/="), (ast.Mult, "*=")):
                new = ast.AugAssign(ast.Name(array, ast.Store()), operator(), parsed(text))
                statements = [*getattr(body, name)[:index], placed(new, node), *getattr(body, name)[index:]]
                copy = type(body)(**dict(ast.iter_fields(body)) | {name: statements})
                last = getattr(body, name)[index - 1].end_lineno if index else body.lineno
                yield Candidate(slot, path[:-1], ast.copy_location(copy, body),
                                f"`{array} {sign} {text}` is missing between lines {last} and {node.lineno}")


def _of_a_part(slot, path, target, scope):
    """Edits of a statement that writes into a part of an array: dx[x < 0] = 0, dW[i] += dy."""
    node = path[-1][0]
    into = ast.Name(target.value.id, ast.Load()) if isinstance(target.value, ast.Name) else target.value
    for inner in ast.walk(node.value):
        if isinstance(inner, ast.Subscript) and ast.dump(inner.slice) != ast.dump(target.slice):
            there = ast.Subscript(target.value, inner.slice, ast.Store())
            here = exchanged(node.value, inner, ast.Subscript(inner.value, target.slice, ast.Load()))
            new = ast.AugAssign(there, node.op, here) if isinstance(node, ast.AugAssign) else ast.Assign([there], here)
            yield Candidate(slot, path, new, "two indices exchanged")
    add_at = ast.Call(parsed("np.add.at"), [into, _as_index(target.slice), node.value], [])
    yield Candidate(slot, path, ast.Expr(add_at), "np.add.at, as indices repeat")
    within = [(target, "target", None) if isinstance(node, ast.AugAssign) else (target, "targets", 0),
              (target.slice, "slice", None)]
    for place in below((*path, *within)):
        inner, above = place[-1][0], place[-2][0]
        for operator in (indices, masks):
            if operator is masks or isinstance(inner, ast.Slice | ast.Name | ast.BinOp | ast.Constant):
                yield from (Candidate(slot, place, new, what) for what, new in operator(inner, above, scope) if new)
        value = scope.value_of(inner)
        if isinstance(value, np.ndarray | int | np.integer):
            yield from others_for(slot, [(place, value)], scope.leaves)
            yield from others_for(slot, [(place, value)], scope.parts)
    if isinstance(node.value, ast.Constant):
        # what is masked is often scaled, not cut off
        for name in scope.scalars:
            for operator, sign in ((ast.Mult, "*="), (ast.Add, "+=")):
                yield Candidate(slot, path, ast.AugAssign(target, operator(), parsed(name)), f"{sign} {name} for =")


def _as_index(node):
    # what stands in brackets, as a value
    if isinstance(node, ast.Slice):
        return ast.Call(ast.Name("slice", ast.Load()), [p or ast.Constant(None) for p in
                                                        (node.lower, node.upper, node.step)], [])
    if isinstance(node, ast.Tuple):
        return ast.Tuple([_as_index(e) for e in node.elts], ast.Load())
    return node
