"""A network with a layer of one's own is tried once, forwards and backwards; what is wrong is said of the layer."""

import numpy as np
import pytest

import npvae
from npvae.nn.own_networks import try_network


class Own:
    """y = x, noted; what it and its back answer may be changed."""

    def __init__(self, y=lambda x: x, dx=lambda dy: dy):
        self.y, self.dx, self.seen, self.given = y, dx, [], []

    def __call__(self, x):
        def back(dy):
            self.given.append(dy)
            return self.dx(dy)

        self.seen.append(x)
        return self.y(x), back if self.dx else None


class Whole(Own):
    """The same as a network, without parameters."""

    def arrays(self):
        return {}

    def on(self, parameters, prefix="", gradient=True):
        return self


def network(*layers):
    return npvae.chain(npvae.Affine(np.ones((2, 3)), np.zeros(3)), *layers)


def test_a_layer_sees_rows_of_both_signs_and_gets_a_gradient_of_its_shape():
    first, last = Own(), Own(lambda x: x[:, :1], lambda dy: np.concatenate([dy, 0 * dy, 0 * dy], 1))
    try_network("decoder", network(first, last), 2)
    assert [layer.seen[0].shape for layer in (first, last)] == [(7, 3)] * 2
    assert first.seen[0].min() < 0 < first.seen[0].max() and len(np.unique(first.seen[0])) == 7
    assert first.given[0].shape == (7, 3) and last.given[0].shape == (7, 1) and (last.given[0] == 1).all()
    bare = Whole()
    try_network("decoder", bare, 4)
    np.testing.assert_allclose(bare.seen[0], (2 * np.arange(28).reshape(7, 4) / 27 - 1), rtol=1e-12)


@pytest.mark.parametrize("layer, says", [
    (Own(lambda x: None), "y of Own has"), (Own(lambda x: x.ravel()), "y of Own has"),
    (Own(lambda x: x[:1]), "y of Own has"), (Own(lambda x: x.astype(int)), "y of Own has"),
    (Own(dx=lambda dy: dy[:, :2]), "dx, which back returns, of Own has"),
    (Own(dx=lambda dy: dy / dy.tolist()["spam"]), "the back of Own fails with .7, 3."),
    (Own(lambda x: x / x.spam), "Own fails with x .7, 3.")])
def test_what_is_wrong_is_said_of_the_layer(layer, says):
    with pytest.raises(ValueError, match=says):
        try_network("decoder", network(layer), 2)


def test_where_no_gradient_flows_no_more_is_asked():
    before = Own()
    try_network("decoder", network(before, npvae.chain(Own(dx=None))), 2, trained=False)
    with pytest.raises(ValueError, match="Own returns .ndarray, NoneType., expected 2 things"):
        try_network("decoder", network(npvae.chain(Own(dx=None))), 2)
    deaf = Own(dx=lambda dy: None)
    try_network("encoder", npvae.chain(deaf, *network().layers), 2, input_gradient=False)
    for layers in ((deaf,), (before, deaf)):
        with pytest.raises(ValueError, match="dx, which back returns, of Own has type NoneType"):
            try_network("encoder", network(*layers), 2, input_gradient=False)
    assert len(before.seen) == 2 and not before.given


def test_the_packages_own_networks_are_believed():
    class Untouchable(npvae.Affine):
        __module__ = "npvae.nn.layers"

        def __call__(self, x):
            raise AssertionError

    try_network("decoder", npvae.chain(Untouchable(np.ones((2, 3)), np.zeros(3))), 2)
    with pytest.raises(ValueError, match="expected a network|which has no|lacks"):
        try_network("decoder", type("Empty", (), {})(), 2)
