"""Layers between units and unit scale: their two gradients, what they compute, and how they fold into a neighbour."""

import numpy as np
import pytest
from numeric import central, relative

from npvae.nn import Affine, Standardised, Unstandardise, as_drawn, chain, lay_out, mlp, quadratic_features, tanh
from npvae.nn.units import folded

CENTER, SCALE = np.array([3.0, -1.0, 0.5]), 2.5


def layers():
    return {"decoder": chain(mlp([2, 4, 3]), Unstandardise(CENTER, SCALE)),
            "encoder": Standardised(mlp([3, 4, 2]), CENTER, SCALE),
            "encoder of squares": Standardised(quadratic_features, CENTER, SCALE)}


@pytest.mark.parametrize("name", layers())
def test_the_gradient_is_that_of_finite_differences(name):
    rng = np.random.default_rng(0)
    layer = layers()[name]
    x = rng.normal(size=(4, 2 if name == "decoder" else 3))
    y, back = layer(x)
    dy = rng.normal(size=y.shape)
    assert relative(back(dy), central(lambda: (layer(x)[0] * dy).sum(), x)) < 1e-7


def test_unit_scale_and_back_is_the_identity():
    rng = np.random.default_rng(1)
    x = CENTER + SCALE * rng.normal(size=(50, 3))

    def identity(u):
        return u, lambda du: du

    u = Standardised(identity, CENTER, SCALE)(x)[0]
    np.testing.assert_allclose(u, [(row - CENTER) / SCALE for row in x], rtol=1e-12)
    np.testing.assert_allclose(Unstandardise(CENTER, SCALE)(u)[0], x, rtol=1e-12)


def test_an_encoder_that_reads_data_returns_no_gradient_for_them():
    encoder = Standardised(mlp([3, 4, 2], input_gradient=False), CENTER, SCALE)
    assert encoder(np.ones((5, 3)))[1](np.ones((5, 2))) is None


def test_moved_into_a_vector_they_keep_dtype_and_values():
    for name, layer in layers().items():
        if name == "encoder of squares":
            continue
        x = np.random.default_rng(2).normal(size=(4, 2 if name == "decoder" else 3)).astype(np.float32)
        moved = layer.on(lay_out({"net": layer}, np.float32), "net.")
        assert moved(x)[0].dtype == np.float32
        np.testing.assert_allclose(moved(x)[0], layer(x.astype(float))[0], rtol=1e-4, atol=1e-4)


FOLDABLE = {"one layer before": chain(Affine.random(2, 3, np.random.default_rng(3)), Unstandardise(CENTER, SCALE)),
            "four layers": chain(mlp([2, 4]), tanh, Affine.random(4, 3, np.random.default_rng(4)),
                                 Unstandardise(CENTER, SCALE))}


@pytest.mark.parametrize("network", FOLDABLE.values(), ids=FOLDABLE)
def test_folding_spares_a_layer_and_changes_no_value(network):
    z = np.random.default_rng(5).normal(size=(6, 2))
    short = folded(network)
    assert len(short.layers) == len(network.layers) - 1
    assert all(a is b for a, b in zip(short.layers[:-1], network.layers[:-2], strict=False))
    np.testing.assert_allclose(short(z)[0], network(z)[0], rtol=1e-12)


@pytest.mark.parametrize("network", [chain(Unstandardise(CENTER, SCALE)), mlp([2, 3]), chain(mlp([2, 3]), tanh), tanh,
                                     chain(Affine.random(2, 3, np.random.default_rng(6)), tanh,
                                           Unstandardise(CENTER, SCALE)),
                                     chain(Unstandardise(CENTER[:2], 1.0), mlp([2, 3]).layers[0])])
def test_nothing_is_folded_where_no_affine_layer_stands_before_the_units(network):
    assert folded(network) is network


def test_weights_as_drawn_are_told_from_weights_that_were_changed():
    def drawn():
        return mlp([2, 3, 2], rng=np.random.default_rng(7))

    assert as_drawn(drawn()) and as_drawn(drawn().layers[0]) and not as_drawn(tanh) and not as_drawn(chain(tanh))
    # rounding to float32 is no change
    assert as_drawn(drawn().on(lay_out({"net": drawn()}, np.float32), "net."))
    # a wide layer has more to round
    wide = Affine.random(400, 300, 0)
    assert Affine(wide.W.astype(np.float32), wide.b.astype(np.float32), drawn=wide.drawn).as_drawn
    for i in (0, 2):
        for name in ("W", "b"):
            for change in (lambda a: a[..., 0].__iadd__(1e-3), lambda a: a.__imul__(1.001), lambda a: a.__imul__(-1.0)):
                network = drawn()
                change(getattr(network.layers[i], name))
                assert not as_drawn(network)


def test_exchanged_weights_are_not_as_drawn():
    for name in ("W", "b"):
        layer = Affine.random(4, 5, np.random.default_rng(8))
        flat = getattr(layer, name).ravel()
        for i in range(flat.size - 1):
            flat[[i, i + 1]] = flat[[i + 1, i]]
            assert not layer.as_drawn, (name, i)
            flat[[i, i + 1]] = flat[[i + 1, i]]
        assert layer.as_drawn
