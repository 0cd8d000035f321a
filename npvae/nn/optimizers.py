"""Gradient ascent on a flat vector. An ELBO is maximised, so `step` adds: θ ← θ + λ ∇θ, as in the lecture.

This is the one place where a sign may flip: `maximize=False` descends, for a cost such as a squared error.
"""

import numpy as np

from npvae.arrays import described
from npvae.checks import positive, real, shown, truth

STRETCH = 1 << 17   # numbers of a vector that Adam moves at once



class SGD:
    """θ ← θ + λ v with v ← momentum · v + ∇θ (Polyak 1964).

    Parameters
    ----------
    value, grad : arrays (n,)
        What is moved, and along what. Both are kept as views and `value` is changed in place.
    learning_rate, momentum : float
        λ, the lecture's step size; a momentum of 0 is the lecture's plain step.
    maximize : bool
        False walks downhill.

    A ValueError if `learning_rate` is not positive and finite, here as in `Adam` and `RowAdam`.

    Examples
    --------
    >>> theta, grad = np.zeros(2), np.array([1.0, -2.0])
    >>> SGD(theta, grad, learning_rate=0.1).step()
    >>> theta
    array([ 0.1, -0.2])
    """

    def __init__(self, value: np.ndarray, grad: np.ndarray, learning_rate: float = 1e-2, momentum: float = 0.0,
                 maximize: bool = True):
        self.value, self.grad = _moved(value, grad)
        self.learning_rate, self.momentum = positive("learning_rate", learning_rate), real("momentum", momentum, 0)
        self.sign = 1.0 if truth("maximize", maximize) else -1.0
        self.velocity = np.zeros_like(value)

    def step(self) -> None:
        """One step along the gradient that stands in `grad`."""
        # v ← momentum · v + ∇θ
        self.velocity *= self.momentum
        self.velocity += self.grad
        # θ ← θ + λ v
        self.value += self.sign * self.learning_rate * self.velocity

    def __repr__(self):
        return _shown(self, "momentum")


class Adam:
    """θ ← θ + λ m̂ / (√v̂ + ε), in place (Kingma & Ba 2015).

    The moments are kept unscaled, m ← β₁ m + ∇θ and v ← β₂ v + ∇θ²; the factors (1 − β) and the bias corrections
    1/(1 − βᵗ) go into two scalars, so that a step is ten passes over the vector and no temporaries. A long vector is
    taken in stretches, all ten passes over one while the processor's cache holds it.

    `value`, `grad` and `maximize` are those of `SGD`; the rest are the paper's λ, β₁, β₂ and ε.

    Examples
    --------
    >>> theta, grad = np.zeros(2), np.array([1.0, -2.0])
    >>> Adam(theta, grad, learning_rate=0.1).step()
    >>> theta.round(6)
    array([ 0.1, -0.1])
    """

    def __init__(self, value: np.ndarray, grad: np.ndarray, learning_rate: float = 1e-3, beta1: float = 0.9,
                 beta2: float = 0.999, epsilon: float = 1e-8, maximize: bool = True):
        self.value, self.grad = _moved(value, grad)
        self.learning_rate = positive("learning_rate", learning_rate)
        self.beta1, self.beta2, self.epsilon = _decays(beta1, beta2, epsilon)
        self.sign = 1.0 if truth("maximize", maximize) else -1.0
        self.m, self.v, self.t = np.zeros_like(value), np.zeros_like(value), 0
        self._scratch = np.empty_like(value[:STRETCH])

    def step(self) -> None:
        """One step along the gradient that stands in `grad`."""
        self.t += 1
        rate, epsilon = _folded(self.learning_rate, self.beta1, self.beta2, self.epsilon, self.t)
        for start in range(0, len(self.value), STRETCH):
            part = slice(start, start + STRETCH)
            self._move(self.value[part], self.grad[part], self.m[part], self.v[part], self.sign * rate, epsilon)

    def _move(self, value, grad, m, v, rate, epsilon):
        m *= self.beta1
        m += grad
        s = np.multiply(grad, grad, out=self._scratch[:len(grad)])
        v *= self.beta2
        v += s
        # θ ← θ + λ m̂ / (√v̂ + ε)
        np.sqrt(v, out=s)
        s += epsilon
        np.divide(m, s, out=s)
        s *= rate
        value += s

    def forget(self) -> None:
        """Begin anew, as if no step had been taken."""
        self.m.fill(0)
        self.v.fill(0)
        self.t = 0

    def arrays(self) -> dict:
        """Copies of the moments m, v (n,) and of the counter t, by name, for saving."""
        return {"m": self.m.copy(), "v": self.v.copy(), "t": np.array(self.t)}

    def restore(self, arrays: dict) -> None:
        """Take up what `arrays` gave: the next step is the one that would have come next."""
        self.m[...], self.v[...], self.t = arrays["m"], arrays["v"], int(arrays["t"])

    def __repr__(self):
        return _shown(self, "beta1", "beta2", "epsilon")


class RowAdam:
    """Adam for the rows of a table, of which a step moves only some: the q_1 … q_m of variational EM.

    Every row has its own moments and its own counter, so a row that is seen rarely is corrected for its own bias.

    Parameters
    ----------
    table : array (m, R)
        The rows; changed in place.
    moments : pair of arrays (m, R), optional
        Where the moments live, zeros to begin with; new arrays without it.

    Examples
    --------
    >>> table = np.zeros((3, 1))
    >>> RowAdam(table, learning_rate=0.1).step(np.array([2, 2]), np.array([[1.0], [1.0]]))
    >>> table.ravel().round(6)
    array([0. , 0. , 0.1])
    """

    def __init__(self, table: np.ndarray, learning_rate: float = 3e-2, beta1: float = 0.9, beta2: float = 0.999,
                 epsilon: float = 1e-8, moments: tuple | None = None):
        self.table, self.learning_rate = table, positive("learning_rate", learning_rate)
        self.beta1, self.beta2, self.epsilon = _decays(beta1, beta2, epsilon)
        _moved(table, table, 2)
        self.m, self.v = _moments(table, (np.zeros_like(table), np.zeros_like(table)) if moments is None else moments)
        self.t = np.zeros(len(table), np.int32)

    def step(self, index: np.ndarray | slice, dq: np.ndarray) -> None:
        """Move the rows `index` (B,), or a slice, along the gradients `dq` (B, R); what occurs twice adds up.

        An IndexError for a row that the table does not have.
        """
        index, dq = _add_duplicates(index, dq, len(self.table))
        self.t[index] += 1
        rate, epsilon = _folded(self.learning_rate, self.beta1, self.beta2, self.epsilon, self.t[index, None])
        m = self.beta1 * self.m[index] + dq
        v = self.beta2 * self.v[index] + dq * dq
        self.m[index], self.v[index] = m, v
        self.table[index] += (rate * m / (np.sqrt(v) + epsilon)).astype(self.table.dtype, copy=False)

    def forget(self) -> None:
        """Begin anew, as if no step had been taken."""
        for a in (self.m, self.v, self.t):
            a.fill(0)

    def arrays(self) -> dict:
        """Copies of the moments m, v (m, R) and of the counters t (m,), by name, for saving."""
        return {"m": self.m.copy(), "v": self.v.copy(), "t": self.t.copy()}

    def restore(self, arrays: dict) -> None:
        """Take up what `arrays` gave: the next step is the one that would have come next."""
        self.m[...], self.v[...], self.t[...] = arrays["m"], arrays["v"], arrays["t"]

    def __repr__(self):
        return _shown(self, "beta1", "beta2", "epsilon", moved=self.table)


def _shown(optimizer, *settings, moved=None):
    # as it was called, and how much it moves
    values = [f"{name}={getattr(optimizer, name):g}" for name in ("learning_rate", *settings)]
    walk = [] if getattr(optimizer, "sign", 1.0) > 0 else ["maximize=False"]
    moved = optimizer.value if moved is None else moved
    return f"{type(optimizer).__name__}({', '.join(values + walk)}), which moves {moved.size} numbers"


def _moved(value, grad, ndim=1):
    # what is moved in place, and along what
    arrays = isinstance(value, np.ndarray) and isinstance(grad, np.ndarray)
    if not arrays or value.dtype.kind not in "fc" or grad.dtype.kind not in "fc" or grad.shape != value.shape or \
            value.ndim < ndim or not value.flags.writeable:
        raise ValueError(f"got a value of {described(value)} and a gradient of {described(grad)}, expected two arrays "
                         "of floats of one shape, of which the first can be written")
    return value, grad


def _moments(table, moments):
    pair = isinstance(moments, tuple | list) and len(moments) == 2
    if not pair or any(not isinstance(a, np.ndarray) or a.shape != table.shape for a in moments):
        raise ValueError(f"moments is {shown(moments)}, expected two arrays of the table's shape {table.shape}")
    return moments


def _decays(beta1, beta2, epsilon):
    # the moments are means of what was seen, with weights that fall: β from 0 to less than 1
    for name, beta in (("beta1", beta1), ("beta2", beta2)):
        if real(name, beta, 0, 1) == 1:
            raise ValueError(f"{name} is {beta!r}, expected a number from 0 to less than 1")
    return float(beta1), float(beta2), positive("epsilon", epsilon)


def _folded(rate, beta1, beta2, epsilon, t):
    # m̂ = c₁ m and v̂ = c₂ v with c = (1 − β)/(1 − βᵗ), so  λ m̂/(√v̂ + ε) = (λ c₁/√c₂) m / (√v + ε/√c₂)
    c1, root_c2 = (1 - beta1) / (1 - beta1**t), ((1 - beta2) / (1 - beta2**t)) ** 0.5
    return rate * c1 / root_c2, epsilon / root_c2


def _add_duplicates(index, dq, m):
    if isinstance(index, slice):
        return index, dq
    if len(index) and not (-m <= index.min() and index.max() < m):
        raise IndexError(f"got rows {index.min()} … {index.max()}, expected 0 … {m - 1}: the table has {m} rows")
    # −1 and m − 1 are one row
    index = np.where(index < 0, index + m, index)
    rows, place = np.unique(index, return_inverse=True)
    if len(rows) == len(index):
        return index, dq
    total = np.zeros((len(rows), dq.shape[1]), dq.dtype)
    np.add.at(total, place, dq)
    return rows, total
