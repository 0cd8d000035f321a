"""What a missing term may be: products, sums and matrix products of the user's own arrays."""

import ast
import itertools
from functools import lru_cache

import numpy as np

from npvae.repair.trees import parsed

MOST = 4000         # terms
SIMPLE = 110        # factors of which each two are multiplied
ALIKE = 30          # terms that are multiples of each other
WHOLE = 14          # arrays of which each three are


def terms(scope, shape):
    """Expressions of this shape: value by text, simple ones first."""
    if shape not in scope.terms:
        scope.terms[shape] = _terms(scope, shape)
    return scope.terms[shape]


def _terms(scope, shape):
    flat = {t: np.asarray(v, float) for t, (n, v) in scope.leaves.items() if np.asarray(v).dtype.kind in "fb"}
    arrays = {t: v for t, v in flat.items() if v.ndim}
    found = Terms(shape)
    found.add({"1": np.ones(())})
    found.add(flat)
    factors = {t: np.asarray(v, float) for t, (_, v) in scope.factors.items()}
    found.add(factors)
    matrices = matmuls(arrays, shape)
    found.add(matrices)
    fitting = {t: v for t, v in factors.items() if _fits(v, shape)}
    first = [t for t in fitting if t in scope.leaves or t in scope.parts or " > 0" in t
             or t.startswith(("1 - ", "1 / (1 - "))]
    simple = {t: fitting[t] for t in [*first, *(t for t in fitting if t not in first)][:SIMPLE]}
    pairs = itertools.combinations(simple, 2)
    found.add({times(a, b): product(simple[a], simple[b]) for a, b in itertools.islice(pairs, MOST // 2)})
    folds = {}
    for a, b in itertools.combinations_with_replacement(list(arrays), 2):
        both = product(arrays[a], arrays[b])
        if both is not None and both.ndim:
            folds |= _folds(times(a, b), both, len(shape))
    for a, value in arrays.items():
        folds |= _folds(a, value, len(shape))
    folds = {t: v for t, v in folds.items() if _fits(v, shape)}
    found.add(folds)
    wholes = {t: v for t, v in arrays.items() if _fits(v, shape)}
    found.add({times(a, b): product(wholes[a], folds[b]) for a in wholes for b in folds if len(found.kept) < MOST})
    for a, value in itertools.islice(((a, v) for a, v in factors.items() if v.ndim > len(shape)), SIMPLE):
        found.add(_folds(a, value, len(shape)))
    masks = {t: v for t, v in factors.items() if v.shape == shape}
    found.add({times(f"({a})", b): product(matrices[a], masks[b]) for a in matrices for b in masks})
    found.add({times(a, b): product(simple[a], simple[b]) for a, b in pairs})
    return found.kept


class Terms:
    """Values of one shape by text, each once."""

    def __init__(self, shape):
        self.shape, self.kept, self._seen = shape, {}, {}

    def add(self, some):
        """Those that can be broadcast to the shape."""
        for text, value in some.items():
            if value is None or len(self.kept) >= MOST:
                continue
            try:
                value = np.broadcast_to(value, self.shape)
            except ValueError:
                continue
            size = np.linalg.norm(value)
            if not np.isfinite(size) or not size:
                continue
            # of the same direction a few, as their number may have no name of its own
            sizes = self._seen.setdefault(np.round(value / size, 9).tobytes(), [])
            if len(sizes) < ALIKE and not any(abs(size - other) <= 1e-9 * size for other in sizes):
                sizes.append(size)
                self.kept[text] = value


def times(a, b):
    """The text of a product."""
    return f"{wrapped(a)} * {wrapped(b)}"


@lru_cache(10_000)
def wrapped(text):
    """A text in brackets where a product needs them."""
    node = parsed(text)
    return f"({text})" if isinstance(node, ast.BinOp | ast.Compare | ast.UnaryOp) else text


def product(a, b):
    """a b, or None if they do not go together."""
    try:
        return np.asarray(a * b)
    except ValueError:
        return None


def _folds(text, value, ndim):
    axes = [None, *range(value.ndim)] if value.ndim < 3 else [None, *range(value.ndim), (0, 1), (0, 2), (1, 2)]
    found = {}
    for axis in axes:
        keep = 1 < value.ndim <= ndim and axis is not None
        words = "" if axis is None else f"axis={axis}" + ", keepdims=True" * keep
        found[f"{wrapped(text)}.sum({words})"] = np.sum(value, axis=axis, keepdims=keep)
    return found


def matmuls(arrays, shape):
    """The products of two matrices or vectors, transposed or not, that have this shape: value by text."""
    found = {}
    for (a, left), (b, right) in itertools.product(arrays.items(), repeat=2):
        for i, j in itertools.product((0, 1), (0, 1)):
            if (i and left.ndim != 2) or (j and right.ndim != 2) or not left.ndim or not 0 < right.ndim < 3:
                continue
            u, v = left.T if i else left, right.T if j else right
            if u.shape[-1] == v.shape[0] and (*u.shape[:-1], *v.shape[1:]) == shape:
                found[f"{wrapped(a)}{'.T' * i} @ {wrapped(b)}{'.T' * j}"] = u @ v
    vectors = {t: v for t, v in arrays.items() if v.ndim == 1}
    for (a, left), (b, right) in itertools.product(vectors.items(), repeat=2):
        if (*left.shape, *right.shape) == shape:
            found[f"np.outer({a}, {b})"] = np.outer(left, right)
    return found


def products(scope, shape):
    """Products of three factors, and softmaxes, of this shape: value by text."""
    flat = {t: np.asarray(v, float) for t, (_, v) in scope.leaves.items() if np.asarray(v).dtype.kind in "fb"}
    whole = sorted((t for t, v in flat.items() if v.ndim and _fits(v, shape)), key=lambda t: flat[t].shape != shape)
    whole = {t: flat[t] for t in whole[:WHOLE]}
    small = {t: v for t, v in flat.items() if _fits(v, shape) and v.size < np.prod(shape)}
    small |= matmuls(flat, ())
    small = dict(itertools.islice(small.items(), WHOLE))
    found = Terms(shape)
    found.add({f"np.exp({a} - {b})": difference(whole[a], b_value) for a in whole for b, b_value in flat.items()})
    found.add({times(a, b): product(whole[a], small[b]) for a in whole for b in small})
    found.add({" * ".join(map(wrapped, some)): product(product(*(whole[t] for t in some[:2])), whole[some[2]])
               for some in itertools.combinations(whole, 3)})
    return found.kept


def folded_products(scope, shape):
    """Arrays times sums along an axis, of this shape, by text; and numbers along the other axes that scale those."""
    flat = {t: np.asarray(v, float) for t, (_, v) in scope.leaves.items() if np.asarray(v).dtype.kind in "fb"}
    whole = {t: v for t, v in flat.items() if v.shape == shape}
    whole = {t: whole[t] for t in list(whole)[:WHOLE]}
    small = {t: v for t, v in flat.items() if 0 < v.size < np.prod(shape) and v.ndim and _fits(v, shape)}
    small = {f"{wrapped(t)} ** {k}" if k > 1 else t: v**k for t, v in list(small.items())[:WHOLE] for k in (1, 2, 3)}
    found, folds = Terms(shape), {}
    for a, b in itertools.combinations_with_replacement(whole, 2):
        both = product(whole[a], whole[b])
        folds |= {t: v for t, v in _folds(times(a, b), both, len(shape)).items() if "keepdims" in t}
    found.add({times(a, b): product(whole[a], folds[b]) for a in whole for b in folds})
    return found.kept, small


def difference(a, b):
    """exp(a − b), or None if they do not go together."""
    try:
        value = np.exp(a - b)
    except ValueError:
        return None
    return value if np.isfinite(value).all() else None


def _fits(value, shape):
    try:
        return np.broadcast_shapes(value.shape, shape) == tuple(shape)
    except ValueError:
        return False
