"""The 8 x 8 handwritten digits that come with the package."""

from pathlib import Path

import numpy as np

from .dataset import Dataset


def digits() -> Dataset:
    """1797 handwritten digits, 8 x 8 pixels of 17 grey levels, as rows of values k/16 in [0, 1], labels 0 to 9.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    1998, https://archive.ics.uci.edu/dataset/80, licence CC BY 4.0. Each pixel counts the dark ones of 4 x 4 dots.

    The file digits.npz holds the 1797 images of ``sklearn.datasets.load_digits()`` (the test half of the UCI set) as
    uint8, in the order ``numpy.random.default_rng(0).permutation(1797)``. The first 1500 are for training. The order
    is stored, so the split does not depend on the version of NumPy.

    Examples
    --------
    >>> digits()
    Dataset 'digits': train (1500, 64), test (297, 64), values in [0, 1], images 8 x 8, 10 classes
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as stored:
        train, test = stored["train"].reshape(-1, 64) / 16, stored["test"].reshape(-1, 64) / 16
        return Dataset("digits", train, test, stored["train_labels"], stored["test_labels"], image_shape=(8, 8))
