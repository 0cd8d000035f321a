"""What a missing term may be: products, sums and matrix products of the user's own arrays."""

import ast
import itertools

import numpy as np

from npvae.repair.candidates import parsed

MOST = 4000         # terms
SIMPLE = 110        # factors of which each two are multiplied


def terms(scope, shape):
    """Expressions of this shape: (text, value), simple ones first."""
    flat = {t: np.asarray(v, float) for t, (n, v) in scope.leaves.items() if np.asarray(v).dtype.kind in "fb"}
    arrays = {t: v for t, v in flat.items() if v.ndim}
    found = Terms(shape)
    found.add({"1": np.ones(())})
    found.add(flat)
    factors = {t: np.asarray(v, float) for t, (_, v) in scope.factors.items()}
    found.add(factors)
    found.add(matmuls(arrays, shape))
    first = [t for t in factors if t in scope.leaves or t in scope.parts or t.startswith("1 - ") or " > 0" in t]
    simple = {t: factors[t] for t in [*first, *(t for t in factors if t not in first)][:SIMPLE]}
    folds = {}
    for a, b in itertools.combinations_with_replacement(list(arrays), 2):
        both = product(arrays[a], arrays[b])
        if both is not None and both.ndim:
            folds |= _folds(times(a, b), both, len(shape))
    for a, value in arrays.items():
        folds |= _folds(a, value, len(shape))
    found.add(folds)
    found.add({times(a, b): product(arrays[a], folds[b]) for a in arrays for b in folds})
    for a, value in itertools.islice(((a, v) for a, v in factors.items() if v.ndim > len(shape)), SIMPLE):
        found.add(_folds(a, value, len(shape)))
    masks = {t: v for t, v in factors.items() if v.shape == shape}
    matrices = matmuls(arrays, shape)
    found.add({times(f"({a})", b): product(matrices[a], masks[b]) for a in matrices for b in masks})
    found.add({times(a, b): product(simple[a], simple[b]) for a, b in itertools.combinations(simple, 2)})
    return found.kept


class Terms:
    """Values of one shape by text, each value once."""

    def __init__(self, shape):
        self.shape, self.kept, self._seen = shape, {}, set()

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
            key = np.round(value / size, 9).tobytes()
            if key not in self._seen:
                self._seen.add(key)
                self.kept[text] = value


def times(a, b):
    """The text of a product."""
    return f"{wrapped(a)} * {wrapped(b)}"


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
    """The products of two matrices, transposed or not, that have this shape: value by text."""
    found = {}
    two = {t: v for t, v in arrays.items() if v.ndim == 2}
    for (a, left), (b, right) in itertools.product(two.items(), repeat=2):
        for i, j in ((0, 0), (1, 0), (0, 1), (1, 1)):
            u, v = left.T if i else left, right.T if j else right
            if u.shape[1] == v.shape[0] and (u.shape[0], v.shape[1]) == shape:
                found[f"{wrapped(a)}{'.T' * i} @ {wrapped(b)}{'.T' * j}"] = u @ v
    return found
