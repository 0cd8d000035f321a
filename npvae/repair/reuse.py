"""Edits further from the pen: parts of the user's own code in new places."""

import ast
import itertools

import numpy as np

from npvae.repair.candidates import Candidate
from npvae.repair.edit_operators import FOLDS
from npvae.repair.fits import additive
from npvae.repair.trees import below, exchanged, parsed, replaced


def folded(node, shape):
    """Sums and means of an expression over its axes."""
    for fold in ("sum", "mean"):
        for axis in range(len(shape)):
            for keep in (False, True):
                words = [ast.keyword("axis", ast.Constant(axis))] + [ast.keyword("keepdims", ast.Constant(True))] * keep
                yield f"{fold} over axis {axis}", ast.Call(ast.Attribute(node, fold, ast.Load()), [], words)


def _places(slot, scope):
    found = [(path, scope.value_of(path[-1][0])) for path in below(slot.path)
             if not isinstance(path[-2][0], ast.Attribute) or path[-2][0].attr in ("T", *FOLDS, "dot", "reshape")]
    return [(p, v) for p, v in found if isinstance(v, np.ndarray | float | int | np.number)]


def others_for(slot, places, pool):
    """What else may stand at the places."""
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
    yield from others_for(slot, places, scope.leaves)


def reused(slot, scope, bench):
    """Parts of the user's code in new places, factors, functions, sums."""
    places = _places(slot, scope)
    yield from _everywhere(slot, scope)
    yield from others_for(slot, places, scope.leaves)
    for place in places:
        text = ast.unparse(place[0][-1][0])
        known = [text] if text in scope.leaves else [t for t in scope.leaves if t in text and len(text) < 60]
        forms = {t: f for t, f in scope.factors.items() if t not in scope.parts and any(k in t for k in known)}
        yield from others_for(slot, [place], forms)
    yield from others_for(slot, places, scope.parts)
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
                yield Candidate(slot, slot.path, replaced(slot.node, name, parsed(text)), f"{text} for {name}")
        places = [n for n in ast.walk(slot.node) if isinstance(n, ast.Name) and n.id == name]
        for text, (node, other) in {**scope.leaves, **scope.parts}.items():
            alike = isinstance(value, np.ndarray | float) and np.shape(other) == np.shape(value)
            if alike and len(places) > 1 and not _equal(other, value):
                yield Candidate(slot, slot.path, replaced(slot.node, name, node), f"{text} for {name}, at each place")
                for kept in places if len(places) > 2 else ():
                    new = replaced(exchanged(slot.node, kept, ast.Name("_npvae_kept", ast.Load())), name, node)
                    yield Candidate(slot, slot.path, replaced(new, "_npvae_kept", kept), f"{text} for {name}")
