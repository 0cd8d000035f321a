"""The embedded digits against what is known of the UCI set."""

import numpy as np

from npvae.datasets import digits


def test_shapes_levels_and_classes():
    data = digits()
    assert data.train.shape == (1500, 64) and data.test.shape == (297, 64) and data.image_shape == (8, 8)
    both = np.concatenate([data.train, data.test])
    np.testing.assert_array_equal(np.unique(both), np.arange(17) / 16)
    # the class sizes that the UCI description gives for this half of the set
    counts = np.bincount(np.concatenate([data.train_labels, data.test_labels]))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_best_isotropic_gaussian_has_its_known_likelihood():
    X = digits().train
    D, V = 64, np.mean((X - X.mean(0)) ** 2)
    # max_sigma mean log N(x; mean, sigma^2 I) = -(D/2) (log 2 pi V + 1), in nats
    assert abs(-(D / 2) * (np.log(2 * np.pi * V) + 1) - -7.117500682474) < 1e-9


def test_labels_belong_to_their_images():
    data = digits()
    means = np.stack([data.train[data.train_labels == k].mean(0) for k in range(10)])
    nearest = np.argmin(((data.test[:, None] - means) ** 2).sum(-1), axis=1)
    assert np.mean(nearest == data.test_labels) > 0.85


def test_no_test_image_is_a_training_image():
    data = digits()
    assert not {row.tobytes() for row in data.train} & {row.tobytes() for row in data.test}


def test_each_call_gives_fresh_arrays():
    data = digits()
    data.train[:] = 0
    assert digits().train.any()
