"""The embedded part of Fashion-MNIST: what is in it, against what is known of the whole set."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from npvae.datasets import digits, fashion
from npvae.datasets import fashion as make

ORIGINAL = Path("/usr/share/datasets/fashion-mnist")            # Debian's package dataset-fashion-mnist


def test_shapes_levels_and_classes():
    data = fashion()
    assert data.train.shape == (4000, 784) and data.test.shape == (1000, 784) and data.image_shape == (28, 28)
    assert data.train.dtype == data.test.dtype == np.uint8 and data.train.max() == 255 and data.train.min() == 0
    assert np.bincount(data.train_labels).tolist() == [400] * 10
    assert np.bincount(data.test_labels).tolist() == [100] * 10
    assert len(data.classes) == 10 and data.classes[9] == "Ankle boot"
    assert data.drawn_shape == (28, 28) and type(data) is type(digits())


def test_the_images_are_these_for_good():
    data = fashion()
    stored = hashlib.sha256(data.train.tobytes() + data.train_labels.tobytes() + data.test.tobytes()).hexdigest()
    assert stored == "e6bb390bb4871e23ba7305240fa07c10013095e7c133cc0abcaf7dcf6f669464"
    # the first training image of the whole set is an ankle boot, the second and third are T-shirts
    assert data.train_labels[:6].tolist() == [9, 0, 0, 3, 0, 2]
    # the mean grey of the 60,000 images is 0.2860, their standard deviation 0.3530
    assert data.train.mean() / 255 == pytest.approx(0.2860, abs=0.002)
    assert data.train.std() / 255 == pytest.approx(0.3530, abs=0.002)


def test_labels_belong_to_their_images():
    data = fashion()
    means = np.stack([data.train[data.train_labels == k].mean(0) for k in range(10)])
    nearest = np.argmin((means**2).sum(1) - 2 * (data.test @ means.T), axis=1)
    assert np.mean(nearest == data.test_labels) > 0.65
    boots, trousers = (means[data.classes.index(name)].reshape(28, 28) for name in ("Ankle boot", "Trouser"))
    # a boot has a sole as wide as the image, trousers are high and narrow
    assert np.ptp(np.flatnonzero(boots[-6] > 60)) > 20 > np.ptp(np.flatnonzero(trousers[14] > 60))


def test_no_image_is_there_twice():
    data = fashion()
    assert len({row.tobytes() for row in np.concatenate([data.train, data.test])}) == 5000


def test_the_file_is_small_and_each_call_gives_fresh_arrays():
    assert Path(make.__code__.co_filename).with_name("fashion.npz").stat().st_size < 2.5e6
    data = fashion()
    data.train[:] = 0
    assert fashion().train.any()


@pytest.mark.skipif(not ORIGINAL.is_dir(), reason="dataset-fashion-mnist is not installed")
def test_the_rows_are_the_first_of_each_class():
    for part, file, each in (("train", "train", 400), ("test", "t10k", 100)):
        labels, images = (np.frombuffer(gzip.decompress((ORIGINAL / f"{file}-{name}-ubyte.gz").read_bytes()), np.uint8,
                                        offset=offset) for name, offset in (("labels-idx1", 8), ("images-idx3", 16)))
        rows = np.sort(np.concatenate([np.flatnonzero(labels == k)[:each] for k in range(10)]))
        np.testing.assert_array_equal(getattr(fashion(), part), images.reshape(-1, 784)[rows])
        np.testing.assert_array_equal(getattr(fashion(), f"{part}_labels"), labels[rows])
