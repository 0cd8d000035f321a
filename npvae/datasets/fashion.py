"""The 28 x 28 pictures of clothes that come with the package: 5000 of Fashion-MNIST."""

from pathlib import Path

import numpy as np

from .dataset import Dataset

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def fashion() -> Dataset:
    """5000 pictures of clothes, 28 x 28 uint8 pixels, as rows of 784, labels 0 to 9 in `classes`, each as often.

    Source: H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms, arXiv:1708.07747, 2017, https://github.com/zalandoresearch/fashion-mnist, licence MIT, copyright 2017
    Zalando SE.

    The file fashion.npz holds the first 400 images of each class of the 60,000 for training, and the first 100 of each
    class of the 10,000 for testing, both in the order of the original files.

    Examples
    --------
    >>> fashion()
    Dataset 'fashion': train (4000, 784), test (1000, 784), uint8 pixels, images 28 x 28, 10 classes
    """
    with np.load(Path(__file__).with_name("fashion.npz"), allow_pickle=False) as stored:
        train, test = stored["train"].reshape(-1, 784), stored["test"].reshape(-1, 784)
        return Dataset("fashion", train, test, stored["train_labels"], stored["test_labels"], image_shape=(28, 28),
                       classes=CLASSES)
