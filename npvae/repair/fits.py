"""Missing terms and factors, fitted to the residual: which product of the user's own arrays, times which number, makes
up for what the gradient lacks?

A slot's response says what its value does to the gradient, so that a thousand terms cost one product of matrices.
"""

import ast
import itertools

import numpy as np

from npvae.repair.candidates import Candidate
from npvae.repair.edit_operators import is_numpy
from npvae.repair.slots import PART
from npvae.repair.terms import Terms, folded_products, matmuls, product, products, terms, times, wrapped
from npvae.repair.trees import parsed

FITS = 3e-5         # what a fit leaves of the residual
PAIRED = 1000       # terms of which each two are tried together
RUNS = 250          # terms that are tried in a run each


def additive(slot):
    """The terms of a slot's expression: (path, node), the whole first."""
    found, todo = [], [slot.path]
    while todo:
        path = todo.pop(0)
        node = path[-1][0]
        found.append(path)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            todo += [(*path, (node.left, "left", None)), (*path, (node.right, "right", None))]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            todo += [(*path, (node.left, "left", None))]
            if isinstance(node.op, ast.Mult):
                todo += [(*path, (node.right, "right", None))]
        elif isinstance(node, ast.UnaryOp):
            todo.append((*path, (node.operand, "operand", None)))
        elif _is_where(node):
            todo += [(*path, (node.args[i], "args", i)) for i in (1, 2)]
    return found


def _is_where(node):
    return is_numpy(node) and node.func.attr == "where" and len(node.args) == 3


def number_named(c, scope):
    """How a coefficient is written with 1, 2, ½, sizes and the code's own numbers: expressions, or none."""
    plain = {"1": 1.0, "2": 2.0, "0.5": 0.5, "4": 4.0, "0.25": 0.25, "3": 3.0}
    plain = {t: v for t, v in plain.items() if v <= 2 or v not in scope.sizes.values()}
    names = {t: float(v) for t, v in {**scope.sizes, **scope.scalars}.items() if v and t not in plain}
    named = names | {f"1 / {wrapped(t)}": 1 / v for t, v in names.items()}
    # a size's name comes before a number that equals it
    sizes = {t: v for t, v in named.items() if t.removeprefix("1 / ").strip("()") in scope.sizes}
    found = [t for t, v in [*sizes.items(), *plain.items()] if _same(abs(c), v)]
    if not any(_same(abs(c), v) for v in plain.values()):
        # the same number may come from elsewhere
        found += [t for t, v in named.items() if _same(abs(c), v) and t not in found]
        found += [f"{p} * {t}" for t, v in named.items() for p, k in list(plain.items())[1:] if _same(abs(c), k * v)]
    if not found:
        for (s, u), (t, v) in itertools.combinations(names.items(), 2):
            for text, value in ((f"{s} * {t}", u * v), (f"{s} / {wrapped(t)}", u / v), (f"{t} / {wrapped(s)}", v / u),
                                (f"1 / ({s} * {t})", 1 / (u * v))):
                found += [text] if _same(abs(c), value) else []
    return [(text, c < 0) for text in found[:5]]


def _same(a, b):
    return abs(a - b) <= 1e-4 * abs(b)


def missing(slot, scope, bench):
    """Candidates with a missing term or factor whose coefficient fits, at a slot whose response is known."""
    response, lacks, shape = *_response(slot, bench), np.shape(slot.value)
    # once more what is there already is a factor
    some = {t: v for t, v in terms(scope, shape).items() if not _collinear(v, slot.value)}
    for text, c in _fitting(some, response, lacks):
        yield from _added(slot, slot.path, text, c, scope)
    factors = {t: np.asarray(v, float) for t, (_, v) in scope.factors.items()}
    factors = {"1": np.ones(())} | factors | {f"1 / {wrapped(t)}": 1 / v for t, v in factors.items() if np.all(v)}
    for path in additive(slot):
        node, value = path[-1][0], scope.value_of(path[-1][0])
        outer = _outer_factor(slot, path, scope)
        if outer is None or not isinstance(value, np.ndarray | float | int) or np.asarray(value).dtype.kind not in "fi":
            continue
        part = product(value, outer)
        if part is None or np.broadcast_shapes(part.shape, shape) != shape:
            continue
        if path != slot.path and np.ndim(outer):
            # a term inside a bracket
            inside = {t: v * outer for t, v in some.items() if np.broadcast_shapes(v.shape, np.shape(outer)) == shape}
            for text, c in _fitting(inside, response, lacks):
                yield from _added(slot, path, text, c, scope)
        # the part once more with a factor t, or t in its place: c × the response of either is what lacks and the part's
        wanted = lacks + np.broadcast_to(part, shape).ravel() @ response
        for whole, start in ((part, node), (outer, None)):
            chosen = Terms(shape)
            chosen.add({t: product(whole, v) for t, v in factors.items()})
            if start is None and not _is_sum(node):
                chosen.add({t: product(whole, v) for t, v in terms(scope, np.shape(value)).items()})
            for text, c in _fitting(chosen.kept, response, wanted):
                yield from _multiplied(slot, path, start, text, c, scope)


def _is_sum(node):
    # whose terms are replaced one by one
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)


def missing_product(slot, scope, bench):
    """A missing product of three factors, as a term of the whole or inside a bracket, or in the place of a part."""
    response, lacks, shape = *_response(slot, bench), np.shape(slot.value)
    some = products(scope, shape)
    for text, c in _fitting(some, response, lacks):
        yield from _added(slot, slot.path, text, c, scope)
    bases, small = folded_products(scope, shape)
    values = np.array(list(bases.values())).reshape(len(bases), int(np.prod(shape)))
    for name, factor in small.items() if bases else ():
        scaled = values * np.broadcast_to(factor, shape).ravel()
        for text, c in _fitting(dict(zip(bases, scaled, strict=True)), response, lacks):
            yield from _added(slot, slot.path, f"{text} * {wrapped(name)}", c, scope)
    for path in additive(slot):
        value, outer = scope.value_of(path[-1][0]), _outer_factor(slot, path, scope)
        part = None if outer is None or np.asarray(value).dtype.kind not in "fi" else product(value, outer)
        if part is None or np.broadcast_shapes(part.shape, shape) != shape:
            continue
        inside = {t: product(v, outer) for t, v in some.items()}
        inside = {t: v for t, v in inside.items() if v is not None and v.shape == shape}
        for text, c in _fitting(inside, response, lacks) if np.ndim(outer) else ():
            yield from _added(slot, path, text, c, scope)
        wanted = lacks + np.broadcast_to(part, shape).ravel() @ response
        for text, c in _fitting(inside, response, wanted):
            yield from _multiplied(slot, path, None, text, c, scope)


def _collinear(a, b):
    return abs(np.vdot(a, b)) >= (1 - 1e-9) * np.linalg.norm(a) * np.linalg.norm(b)


def missing_in_a_loop(slot, scope, bench):
    """As `missing` where the response is not known: each term is tried in one run, and its coefficient fitted."""
    alone = isinstance(slot.value, float) and slot.runs > 1
    if slot.response is not None or not alone and not (
            isinstance(slot.value, np.ndarray) and slot.value.dtype.kind == "f"):
        return
    shape = np.shape(slot.value)
    leaves = {t: np.asarray(v, float) for t, (_, v) in scope.leaves.items() if np.asarray(v).dtype.kind in "fb"}
    some = Terms(shape)
    some.add({t: v for t, v in leaves.items() if v.ndim or alone})
    some.add(matmuls(leaves, shape))
    some.add({times(a, b): product(leaves[a], leaves[b]) for a, b in itertools.combinations(leaves, 2)})
    places = bench.point.places
    lacks = bench.point.numeric - bench.before[places]
    for text in itertools.islice(some.kept, RUNS):
        tree = Candidate(slot, slot.path, ast.BinOp(slot.node, ast.Add(), parsed(text)), "").tree
        found = bench.run(slot.source, tree)
        effect = None if found is None else found[places] - bench.before[places]
        if effect is not None and np.isfinite(effect).all() and effect.any():
            c = effect @ lacks / (effect @ effect)
            if np.linalg.norm(c * effect - lacks) <= FITS * np.linalg.norm(lacks):
                yield from _added(slot, slot.path, text, float(c), scope)


def _response(slot, bench):
    """What the slot does to the gradient where it is known (n, P), and what the gradient lacks there (P,)."""
    places = bench.point.places
    response, lacks = slot.response[:, places], bench.point.numeric - bench.before[places]
    if slot.rank == PART:
        # the others may be wrong elsewhere
        moves = np.abs(response).max(0) > 0
        return response[:, moves], lacks[moves]
    return response, lacks


def _effects(some, response):
    return np.array([v.ravel() for v in some.values()]).reshape(len(some), len(response)) @ response


def two_missing(slot, scope, bench):
    """Two terms at once."""
    response, lacks = _response(slot, bench)
    some = {t: v for t, v in itertools.islice(terms(scope, np.shape(slot.value)).items(), PAIRED)
            if not _collinear(v, slot.value)}
    effects = _effects(some, response)
    sizes = np.linalg.norm(effects, axis=1)
    keep = sizes > 1e-12 * sizes.max(initial=0)
    texts, effects = [t for t, k in zip(some, keep, strict=True) if k], effects[keep] / sizes[keep, None]
    size = np.linalg.norm(lacks)
    gram, along = effects @ effects.T, effects @ lacks
    # the least squares of each pair in closed form
    with np.errstate(all="ignore"):
        det = 1 - gram**2
        u = (along[:, None] - gram * along[None]) / det
        v = (along[None] - gram * along[:, None]) / det
        left = size**2 - u * along[:, None] - v * along[None]
    left[~(det > 1e-6)] = np.inf
    for i, j in np.argwhere(np.triu(left <= 1e-8 * size**2, 1))[:20]:
        if np.linalg.norm(u[i, j] * effects[i] + v[i, j] * effects[j] - lacks) <= FITS * size:
            a, b = u[i, j] / sizes[keep][i], v[i, j] / sizes[keep][j]
            for one in _added(slot, slot.path, texts[i], a, scope):
                for two in _added(slot, slot.path, texts[j], b, scope, one.new):
                    yield Candidate(slot, slot.path, two.new, f"{one.what} and {two.what}")


def _fitting(some, response, wanted):
    """(text, c) of the terms that times c do what is wanted."""
    effects, size = _effects(some, response), np.linalg.norm(wanted)
    with np.errstate(all="ignore"):
        c = effects @ wanted / (effects**2).sum(1)
        left = np.linalg.norm(c[:, None] * effects - wanted, axis=1)
    texts = list(some)
    return [(texts[k], float(c[k])) for k in np.flatnonzero((left <= FITS * size) & (np.abs(c) > 1e-9))]


def _added(slot, path, text, c, scope, to=None):
    node = path[-1][0] if to is None else to
    for number, minus in number_named(c, scope):
        if set(_names(number)) & set(_names(text)) & set(scope.scalars):
            continue        # divided by itself
        term = parsed(text) if number == "1" else parsed(number) if text == "1" else _joined(number, text)
        yield Candidate(slot, path, ast.BinOp(node, ast.Sub() if minus else ast.Add(), term),
                        f"the term {'-' if minus else ''}{ast.unparse(term)} is missing")


def _names(text):
    return [n.id for n in ast.walk(parsed(text)) if isinstance(n, ast.Name)]


def _joined(number, text):
    if number.startswith("1 / "):
        return ast.BinOp(parsed(text), ast.Div(), parsed(number[4:]))
    return ast.BinOp(parsed(number), ast.Mult(), parsed(text))


def _multiplied(slot, path, start, text, c, scope):
    """`start` times c times the expression; only the latter where there is no start."""
    for number, minus in number_named(c, scope):
        new, factors = start, [t for t in (number, text) if t != "1"]
        for factor in factors if new else reversed(factors):
            if new is None:
                new = parsed(factor)
            elif factor.startswith("1 / "):
                new = ast.BinOp(new, ast.Div(), parsed(factor[4:]))
            else:
                new = ast.BinOp(new, ast.Mult(), parsed(factor))
        if new is not None:
            said = f"{'-' * minus}{' * '.join(factors or ['1'])}"
            new = ast.UnaryOp(ast.USub(), new) if minus else new
            yield Candidate(slot, path, new, f"the factor {said} is missing" if start
                            else f"{said} for {ast.unparse(path[-1][0])}")


def _outer_factor(slot, path, scope):
    """What multiplies a part of the slot's expression on the way out, 0 where it is no factor of a term."""
    outer = 1.0
    for (above, *_), (_, name, index) in zip(path[len(slot.path) - 1:], path[len(slot.path):], strict=False):
        if isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.USub):
            outer = -outer
        elif isinstance(above, ast.BinOp) and isinstance(above.op, ast.Sub) and name == "right":
            outer = -outer
        elif isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mult | ast.Div):
            other = scope.value_of(above.right if name == "left" else above.left)
            if other is None:
                return None
            outer = outer / other if isinstance(above.op, ast.Div) else outer * other
        elif _is_where(above):
            mask = scope.value_of(above.args[0])
            if not isinstance(mask, np.ndarray | bool | np.bool_):
                return None
            outer = outer * (np.asarray(mask, bool) == (index == 1))
        elif not (isinstance(above, ast.BinOp) and isinstance(above.op, ast.Add)):
            return None
    return outer
