"""Edits further from the pen: of whole statements, and with parts of the user's own code in new places."""

import ast
import itertools

import numpy as np

from npvae.repair.candidates import Candidate, below, indices, masks, parsed, placed
from npvae.repair.edit_operators import FOLDS
from npvae.repair.fits import additive


def folded(node, shape):
    """Sums and means of an expression over its axes."""
    for fold in ("sum", "mean"):
        for axis in range(len(shape)):
            for keep in (False, True):
                words = [ast.keyword("axis", ast.Constant(axis))] + [ast.keyword("keepdims", ast.Constant(True))] * keep
                yield f"{fold} over axis {axis}", ast.Call(ast.Attribute(node, fold, ast.Load()), [], words)


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
        new = _replaced(node, one, ast.Name("_npvae_other", ast.Load()))
        new = _replaced(_replaced(new, text, places[one]), "_npvae_other", other)
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
            here = _exchanged_node(node.value, inner, ast.Subscript(inner.value, target.slice, ast.Load()))
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
            yield from _exchanged(slot, [(place, value)], scope.leaves)
            yield from _exchanged(slot, [(place, value)], scope.parts)
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


def _places(slot, scope):
    found = [(path, scope.value_of(path[-1][0])) for path in below(slot.path)
             if not isinstance(path[-2][0], ast.Attribute) or path[-2][0].attr in ("T", *FOLDS, "dot", "reshape")]
    return [(p, v) for p, v in found if isinstance(v, np.ndarray | float | int | np.number)]


def _exchanged(slot, places, pool):
    for path, value in places:
        text = ast.unparse(path[-1][0])
        for name, (node, other) in pool.items():
            # a name, an entry or a sum may stand for one of another shape that is broadcast
            alike = np.shape(other) == np.shape(value) or not isinstance(path[-1][0], ast.BinOp | ast.Constant)
            if name != text and alike and not _equal(other, value):
                yield Candidate(slot, path, node, f"{name} for {text}")


def names(slot, scope, bench):
    """Names, attributes and entries for each other."""
    places = [(p, v) for p, v in _places(slot, scope) if ast.unparse(p[-1][0]) in scope.leaves]
    yield from _exchanged(slot, places, scope.leaves)


def reused(slot, scope, bench):
    """Parts of the user's code in new places, factors, functions, sums."""
    places = _places(slot, scope)
    yield from _everywhere(slot, scope)
    yield from _exchanged(slot, places, scope.leaves)
    for place in places:
        text = ast.unparse(place[0][-1][0])
        known = [text] if text in scope.leaves else [t for t in scope.leaves if t in text and len(text) < 60]
        forms = {t: f for t, f in scope.factors.items() if t not in scope.parts and any(k in t for k in known)}
        yield from _exchanged(slot, [place], forms)
    yield from _exchanged(slot, places, scope.parts)
    fitted = {id(p[-1][0]) for p in additive(slot)} if slot.response is not None else set()
    for path, value in places:
        node, shape = path[-1][0], np.shape(value)
        if np.asarray(value).dtype.kind in "fb":
            # what has been fitted is not tried again
            for name, (factor, other) in scope.factors.items() if id(node) not in fitted else ():
                if bench.misshapen or _fits(np.shape(other), shape) or not shape and slot.runs > 1:
                    yield Candidate(slot, path, ast.BinOp(node, ast.Mult(), factor), f"the factor {name} is missing")
                    if name in scope.leaves:
                        yield Candidate(slot, path, ast.BinOp(node, ast.Div(), factor), f"/ {name} is missing")
            for name, (term, other) in scope.leaves.items():
                if _fits(np.shape(other), shape) and np.asarray(other).dtype.kind == "f":
                    yield Candidate(slot, path, ast.BinOp(node, ast.Add(), term), f"the term {name} is missing")
                    yield Candidate(slot, path, ast.BinOp(node, ast.Sub(), term), f"the term -{name} is missing")
            if isinstance(node, ast.Constant) and isinstance(path[-2][0], ast.Call):
                for (a, (left, u)), (b, (right, v)) in itertools.combinations(scope.leaves.items(), 2):
                    if np.asarray(u).dtype.kind == np.asarray(v).dtype.kind == "f":
                        yield Candidate(slot, path, ast.BinOp(left, ast.Mult(), right), f"{a} * {b} for {node.value}")
                for name, (factor, _) in scope.factors.items():
                    yield Candidate(slot, path, factor, f"{name} for {node.value}")
            for matrix, other in scope.leaves.values():
                for way, m in ((matrix, other), (ast.Attribute(matrix, "T", ast.Load()), np.transpose(other))):
                    if len(shape) > 1 and np.ndim(m) == 2 and np.asarray(m).dtype.kind == "f" and shape[-1] == len(m) \
                            and (shape[-1] == m.shape[1] or bench.misshapen):
                        yield Candidate(slot, path, ast.BinOp(node, ast.MatMult(), way),
                                        f"@ {ast.unparse(way)} is missing")
            for wrap in scope.wraps:
                yield Candidate(slot, path, ast.Call(wrap, [node], []), f"{ast.unparse(wrap)} is missing")
            for what, new in folded(node, shape):
                yield Candidate(slot, path, new, f"the {what} is missing")


def _fits(small, large):
    try:
        return np.broadcast_shapes(small, large) == tuple(large)
    except ValueError:
        return False


def _equal(a, b):
    return np.array_equal(np.asarray(a), np.asarray(b))


def _everywhere(slot, scope):
    """One name for another, or a part of the code for a name, at all its places in the slot."""
    names = [n.id for n in ast.walk(slot.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    for name in dict.fromkeys(n for n in names if n in slot.env):
        value = slot.env[name]
        if isinstance(value, np.ndarray) and value.ndim == 2 and len(set(value.shape)) == 1:
            for text in (f"{name}.T", f"(({name} + {name}.T) / 2)"):
                yield Candidate(slot, slot.path, _replaced(slot.node, name, parsed(text)), f"{text} for {name}")
        places = [n for n in ast.walk(slot.node) if isinstance(n, ast.Name) and n.id == name]
        for text, (node, other) in {**scope.leaves, **scope.parts}.items():
            alike = isinstance(value, np.ndarray | float) and np.shape(other) == np.shape(value)
            if alike and len(places) > 1 and not _equal(other, value):
                yield Candidate(slot, slot.path, _replaced(slot.node, name, node), f"{text} for {name}, at each place")
                for kept in places if len(places) > 2 else ():
                    new = _replaced(_exchanged_node(slot.node, kept, ast.Name("_npvae_kept", ast.Load())), name, node)
                    yield Candidate(slot, slot.path, _replaced(new, "_npvae_kept", kept), f"{text} for {name}")


def _exchanged_node(node, old, new):
    if node is old:
        return new
    if not isinstance(node, ast.AST):
        return [_exchanged_node(n, old, new) for n in node] if isinstance(node, list) else node
    return type(node)(**{field: _exchanged_node(value, old, new) for field, value in ast.iter_fields(node)})


def _replaced(node, name, new):
    if isinstance(node, ast.Name) and node.id == name:
        return new
    if not isinstance(node, ast.AST):
        return [_replaced(n, name, new) for n in node] if isinstance(node, list) else node
    copy = type(node)(**{field: _replaced(value, name, new) for field, value in ast.iter_fields(node)})
    return ast.copy_location(copy, node) if "lineno" in node._attributes else copy
