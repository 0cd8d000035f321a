"""All parameters of a network in one vector, with a twin for their gradients and named views into both."""

from collections.abc import Callable

import numpy as np

from npvae.arrays import float_dtype, numbers
from npvae.checks import shown


class Parameters:
    """One flat `value`, one flat `grad` of the same length, and a view into each for every name.

    An optimizer moves the whole vector in a few operations, a gradient check perturbs `value[j]`, and a layer that
    writes into its view has written into the vector.

    Parameters
    ----------
    arrays : dict of str to array
        The initial values; their order is the order in the vector.
    dtype : numpy dtype
        float32 trains, float64 checks, complex128 lets the complex step through.

    A ValueError for what is not numbers by name, a dtype that is not of floats, or an unknown name.

    Examples
    --------
    >>> p = Parameters({"W": np.ones((2, 3)), "b": np.zeros(3)})
    >>> p["W"][0, 0] = 7
    >>> float(p.value[0]), p.value.size
    (7.0, 9)
    """

    def __init__(self, arrays: dict, dtype: type = np.float64):
        if not isinstance(arrays, dict) or not all(isinstance(name, str) for name in arrays):
            raise ValueError(f"arrays is a {type(arrays).__name__}, expected a dict of arrays by name, e.g. "
                             "{'W': np.zeros((2, 3))}")
        arrays = {name: numbers(name, a) for name, a in arrays.items()}
        ends = np.cumsum([a.size for a in arrays.values()], dtype=int).tolist()
        self.value = np.empty(ends[-1] if ends else 0, float_dtype(dtype))
        cut = [name for name, a in arrays.items() if a.dtype.kind == "c" and self.value.dtype.kind == "f"]
        if cut:
            raise ValueError(f"{cut[0]} is complex, the vector {self.value.dtype}: the imaginary part would be lost")
        self.grad = np.zeros_like(self.value)
        self._where = {n: slice(e - a.size, e) for (n, a), e in zip(arrays.items(), ends, strict=True)}
        self._shapes = {name: a.shape for name, a in arrays.items()}
        for name, a in arrays.items():
            self[name][...] = a

    @property
    def names(self) -> list[str]:
        """The names, in the order of the vector."""
        return list(self._where)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.value[self._slice(name)].reshape(self._shapes[name])

    def gradient(self, name: str) -> np.ndarray:
        """The view into `grad` that belongs to `name`."""
        return self.grad[self._slice(name)].reshape(self._shapes[name])

    def __setstate__(self, state):
        self.__dict__.update(state)
        # joblib may hand out arrays that can only be read
        self.value, self.grad = (a if a.flags.writeable else a.copy() for a in (self.value, self.grad))

    def stretch(self, prefix: str) -> slice:
        """The slice of the vector that holds every name which begins with `prefix`; they must stand side by side."""
        if not isinstance(prefix, str):
            raise ValueError(f"prefix is {prefix!r}, expected a str: there are {self.names}")
        hits = [self._where[n] for n in self._where if n.startswith(prefix)]
        if any(a.stop != b.start for a, b in zip(hits, hits[1:], strict=False)):
            raise ValueError(f"the names that begin with {prefix!r} are not contiguous: {self.names}")
        return slice(hits[0].start, hits[-1].stop) if hits else slice(0, 0)

    def arrays(self) -> dict:
        """Copies by name, for saving."""
        return {name: self[name].copy() for name in self._where}

    def _slice(self, name):
        if not isinstance(name, str) or name not in self._where:
            raise ValueError(f"no parameter is called {name!r}; there are {self.names}")
        return self._where[name]

    def __repr__(self):
        rows = [f"  {name:<28} {self._shapes[name]}" for name in self._where]
        return f"Parameters({self.value.size} numbers, {self.value.dtype})\n" + "\n".join(rows)


def lay_out(parts: dict, dtype: type = np.float64) -> Parameters:
    """Lay several parts (networks, models), given by name, out in one vector.

    Each has `arrays()`, its initial values by name, before which the part's own name goes; `part.on(parameters,
    "name.")` is then the same part with its views in this vector. A ValueError for a part without `arrays()`.

    Examples
    --------
    >>> from npvae.nn import mlp
    >>> lay_out({"theta": mlp([2, 3]), "phi": mlp([3, 4])}).stretch("phi.")
    slice(9, 25, None)
    """
    # `on` is for whoever moves the part there
    if not isinstance(parts, dict) or any(isinstance(p, type) or not hasattr(p, "arrays") for p in parts.values()):
        raise ValueError(f"parts is {shown(parts)}, expected a dict of networks or models by name: objects with "
                         "arrays(), such as mlp([…]) makes")
    return Parameters({f"{part}.{name}": a for part, p in parts.items() for name, a in p.arrays().items()}, dtype)


def has_parameters(part: object) -> bool:
    """Whether a part, such as a layer, can be laid out: whether it has the methods `arrays` and `on`."""
    return not isinstance(part, type) and all(callable(getattr(part, name, None)) for name in ("arrays", "on"))


def check_network(role: str, network: object) -> None:
    """Raise a ValueError unless `network` has the methods by which its parameters are laid out."""
    if not has_parameters(network):
        raise ValueError(f"got the {role} {shown(network)}, expected a network with arrays() and on(), such as "
                         "mlp([…]) or chain(…) makes")


def check_back_writes(parameters: Parameters, role: str, f: Callable, x: np.ndarray) -> np.ndarray:
    """The y of `y, back = f(x)`; a ValueError if `back` adds to a gradient, or leaves one of `role` as it was.

    No solver sets a gradient to zero, and what is not written is never learned.
    """
    found, before, fills = [], parameters.grad.copy(), (0.0, 1.0, 2.0)
    for there in fills:
        parameters.grad.fill(there)
        with np.errstate(all="ignore"):
            y, back = f(x.astype(parameters.value.dtype))
            if callable(back):
                back(np.ones_like(y))
        found.append({name: parameters.gradient(name).copy() for name in parameters.names})
    parameters.grad[...] = before
    changes = {name: [g[name] for g in found] for name in parameters.names if parameters.gradient(name).size}
    moved = {name for name, (a, b, _) in changes.items() if not np.array_equal(a, b, equal_nan=True)}
    as_it_was = {name for name in moved if all(np.all(g == a) for g, a in zip(changes[name], fills, strict=True))}
    if adds := sorted(moved - as_it_was):
        raise ValueError(f"back of the {role} adds to the gradient of {', '.join(adds)}, which no step sets to zero: "
                         "let it write, dW[...] = … in place of dW[...] += …")
    lost = sorted(name for name in as_it_was if {role, "phi" if role == "encoder" else role} & set(name.split(".")))
    if lost and callable(back):
        raise ValueError(f"back of the {role} writes no gradient of {', '.join(lost)}, which would never be learned: "
                         "let it write dW[...] = …, or 0 where W is to stay as it is")
    return y
