"""The contract of posteriors: `q, back = posterior(x, index)`, where back reaches what describes q."""

import copy

import numpy as np

from npvae.contract.networks import width_of
from npvae.contract.report import NotChecked, near, same_bits
from npvae.inference.protocols import Posterior
from npvae.nn.parameters import Parameters, lay_out
from npvae.parts import asked_back, check_members, check_shape, with_back

ROWS = 4


def posterior_checks(part, x: np.ndarray | None, rng: np.random.Generator) -> list[tuple]:
    """The checks of a posterior, at x (B, D)."""
    check_members("posterior", part, Posterior, "npvae.Amortized(encoder)")
    x = rng.standard_normal((ROWS, _data_dim(part))) if x is None else np.asarray(x, np.float64)
    index = np.arange(len(x))
    q, back = with_back(part, Posterior, "__call__", x, index)
    check_shape(part, Posterior, "__call__", "q", q, (len(x), np.shape(q)[1] if np.ndim(q) > 1 else "R"))
    asked_back(part, Posterior, "__call__", back, np.ones(q.shape))
    dq = rng.standard_normal(q.shape)
    return [("gradient", "that of differences", _gradient, part, x, index, dq),
            ("back writes", "gradients written, not added", _writes, part, x, index, dq),
            ("float32", "float32 in, float32 out", _in_float32, part, x, index),
            ("each row for itself", "q of a row whatever stands beside it", _rows_alone, part, x, index),
            ("size", "the numbers that describe q", _size, part),
            ("repeats", "the same bits", _repeats, part, x, index)]


def _data_dim(part):
    model, encoder = getattr(part, "model", None), getattr(part, "encoder", None)
    if hasattr(model, "data_dim"):
        return model.data_dim
    return 3 if encoder is None else width_of(encoder)


def _on_its_own(part, dtype=np.float64):
    # the posterior on numbers of its own: those of its encoder, or an array of its own with its gradient
    twin, encoder = copy.copy(part), getattr(part, "encoder", None)
    if encoder is not None:
        parameters = lay_out({"phi": encoder}, dtype)
        object.__setattr__(twin, "encoder", encoder.on(parameters, "phi."))
        return twin, parameters
    arrays = {name: a for name, a in vars(part).items()
              if isinstance(a, np.ndarray) and not (name.startswith("d") and name[1:] in vars(part))}
    parameters = Parameters(arrays, dtype)
    for name in arrays:
        object.__setattr__(twin, name, parameters[name])
        if "d" + name in vars(part):
            object.__setattr__(twin, "d" + name, parameters.gradient(name))
    return twin, parameters


def _slope(part, parameters, x, index, dq):
    # the gradient of Σ dq · q: written, or of single rows returned
    q, back = part(x, index)
    returned = back(dq)
    if isinstance(returned, tuple):
        where, rows = returned
        np.add.at(parameters.gradient(parameters.names[0]), where, rows)
    return parameters.grad.copy()


def _gradient(part, x, index, dq):
    twin, parameters = _on_its_own(part)
    got, value, expected = _slope(twin, parameters, x, index, dq), parameters.value, np.zeros_like(parameters.value)
    for j in range(value.size):
        kept, ends = value[j], []
        for h in (1e-6, -1e-6):
            value[j] = kept + h
            ends.append((dq * twin(x, index)[0]).sum())
        value[j], expected[j] = kept, (ends[0] - ends[1]) / 2e-6
    if getattr(part, "exact_gradient", True):
        return near(got, expected, 1e-5 * (1 + np.abs(expected).max()))
    cosine = float(got @ expected / (np.linalg.norm(got) * np.linalg.norm(expected)))
    return cosine > 0, f"not exact, as it says; cosine {cosine:.2f}"


def _writes(part, x, index, dq):
    twin, parameters = _on_its_own(part)
    _, back = twin(x, index)
    found = []
    for before in (0.0, 7.0):
        parameters.grad.fill(before)
        if isinstance(back(dq), tuple):
            raise NotChecked("its rows' gradients are returned")
        found.append(parameters.grad.copy())
    same = np.array_equal(*found)
    return same and found[0].any(), "written" if same and found[0].any() else "added, or not written at all"


def _in_float32(part, x, index):
    q, _ = _on_its_own(part, np.float32)[0](x.astype(np.float32), index)
    passed, got = near(q, part(x, index)[0], 1e-2)
    return q.dtype == np.float32, f"{q.dtype}" + ("" if passed else f", {got}")


def _rows_alone(part, x, index):
    return near(part(x[:2], index[:2])[0], part(x, index)[0][:2], 1e-9)


def _size(part):
    if not hasattr(part, "size"):
        raise NotChecked("it says nothing")
    expected = _on_its_own(part)[1].value.size
    return part.size == expected, f"{part.size}, has {expected}"


def _repeats(part, x, index):
    return same_bits(part(x, index)[0], part(x, index)[0])
