"""A check of gradients by two independent ones, and a decoder given by a formula."""

from numeric import central, complex_step, relative


def agree(f, array, twin_f, twin_array, gradient):
    """Assert that a gradient is that of central differences of f, and that of the complex step through twin_f."""
    assert relative(gradient, central(f, array)) < 1e-7
    assert relative(gradient, complex_step(twin_f, twin_array)) < 1e-12


class Curve:
    """A decoder given by a formula, with the interface of a layer and no parameters."""

    def __init__(self, g):
        self.g = g

    def __call__(self, z):
        return self.g(z), None

    def arrays(self):
        return {}

    def on(self, parameters, prefix="", gradient=True):
        return self
