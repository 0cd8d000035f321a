"""Every example of the gallery is caught, with the sentence that it is there for; its gradients' right twins pass."""

import numpy as np
import pytest

import npvae
from npvae.gradcheck.gallery import EPS, GALLERY, LAYER, ROWS, SQUARE_LAYER, X, example


@pytest.mark.parametrize("wrong", GALLERY, ids=lambda e: e.name)
def test_the_example_is_caught_with_its_sentence(wrong):
    assert wrong.says in wrong.verdict()


def test_the_gallery_shows_about_twenty_and_every_kind_of_check():
    assert len(GALLERY) >= 20 and len({e.name for e in GALLERY}) == len(GALLERY)
    assert {e.sees for e in GALLERY} == {"gradient", "bound"}


def test_an_example_is_known_by_its_name_and_shows_its_code():
    assert example("tanh: x for y").source() == (
        "def tanh_of_x(x):\n    return np.tanh(x), lambda dy: dy * (1 - x * x)")
    with pytest.raises(ValueError, match="no example is called"):
        example("none")


def affine(p):
    return p["x"] @ p["W"] + p["b"], lambda dy: {"x": dy @ p["W"].T, "W": p["x"].T @ dy, "b": dy.sum(0)}


def draw(q):
    sigma = np.exp(q[:, 2:])
    return q[:, :2] + sigma * EPS, lambda dz: np.concatenate([dz.sum(0), (dz * EPS).sum(0) * sigma], axis=1)


@pytest.mark.parametrize("right, x", [
    (affine, LAYER), (affine, SQUARE_LAYER | {"b": np.ones(3)}), (npvae.tanh, X), (npvae.sigmoid, X), (npvae.relu, X),
    (npvae.Gaussian(2).kl, ROWS), (draw, ROWS)], ids=["affine", "square", "tanh", "sigmoid", "relu", "kl", "draw"])
def test_the_right_gradient_passes_at_the_same_place(right, x):
    assert npvae.gradcheck(right, x).passed
