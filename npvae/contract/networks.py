"""The contract of layers and networks."""

import itertools

import numpy as np

from npvae.contract.common import common_checks, on_its_own
from npvae.contract.report import NotChecked, gradient_found, near
from npvae.gradcheck import gradcheck
from npvae.nn.layers import chain
from npvae.nn.own_networks import try_network
from npvae.nn.protocols import Layer
from npvae.parts import check_members

ROWS, MOST = 4, 12      # rows of a check; widths that are tried


def network_checks(part, x: np.ndarray | None, rng: np.random.Generator) -> list[tuple]:
    """The checks of a layer or a network, at x (B, n_in) or at numbers of a width that it takes."""
    check_members("layer", part, Layer, "npvae.tanh")
    x = rng.standard_normal((ROWS, width_of(part))) if x is None else np.asarray(x, np.float64)
    try_network("layer", chain(part) if not hasattr(part, "layers") else part, x.shape[1], input_gradient=False)
    dy = rng.standard_normal(part(x)[0].shape)

    def call(part, dtype=np.float64, shift=0.0, handed=None):
        given = (x + shift).astype(dtype)
        if handed is not None:
            handed.append((given, given.copy()))
        y, back = part(given)
        return y, _some_answer(back, given), (dy.astype(dtype),)

    return [("gradient", "that of differences", _gradient, part, x),
            ("each row for itself", "y of a row whatever stands beside it", _rows_alone, part, x),
            ("affine", "as it says", _affine, part, x), *common_checks(part, call, answer_too=True)]


def width_of(part) -> int:
    """The width of x that a layer takes: a size of its arrays, or the first of many that are tried."""
    sizes = [n for a in (part.arrays() if hasattr(part, "arrays") else {}).values() for n in np.shape(a)]
    products = [a * b for a, b in itertools.combinations(sizes, 2)]
    squares = [n * n for n in range(10, 33)]
    for n in [*sizes, *range(3, MOST), *products, 1, 2, *range(MOST, 100), *squares]:
        try:
            y, back = part(np.zeros((2, n)))
            back(np.ones_like(y))
            return n
        except Exception:
            continue
    # which says what is wrong with it; of widths alone, x= is the way
    return (sizes or [3])[0]


def _some_answer(back, x):
    # an encoder's first layer may return None for dx
    def answered(dy):
        dx = back(dy)
        return np.zeros_like(x) if dx is None else dx

    return answered


def _gradient(part, x):
    twin, _ = on_its_own(part)
    y, back = twin(x)
    if back(np.ones_like(y)) is None:
        # of the parameters alone
        return gradient_found(gradcheck(_OfParameters(twin, x), np.zeros(1), repair=False))
    return gradient_found(gradcheck(twin, x, repair=False))


class _OfParameters:
    # a layer that returns None for dx, as a function of its parameters and of nothing else

    def __init__(self, part, x):
        self.part, self.x = part, x

    def __call__(self, nothing):
        y, back = self.part(self.x)

        def back_to_nothing(dy):
            back(dy)
            return np.full(1, dy.sum())

        return y + nothing, back_to_nothing

    def arrays(self):
        return self.part.arrays()

    def on(self, parameters, prefix="", gradient=True):
        return _OfParameters(self.part.on(parameters, prefix, gradient), self.x)


def _rows_alone(part, x):
    y, turned = part(x)[0], part(x[::-1].copy())[0][::-1]
    passed, got = near(part(x[:2])[0], y[:2], 1e-9 * (1 + np.abs(y).max()))
    order, _ = near(turned, y, 1e-9 * (1 + np.abs(y).max()))
    return passed and order, got


def _affine(part, x):
    if getattr(part, "affine", False) is not True:
        raise NotChecked("it says nothing")
    a, b, zero, both = (part(v)[0] for v in (x, x[::-1].copy(), 0 * x, x + x[::-1]))
    return near(both - zero, a + b - 2 * zero, 1e-9 * (1 + np.abs(both).max()))
