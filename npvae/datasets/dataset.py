"""A data set: rows to train on, rows to test on, and what is known about them."""

import math
import numbers
from dataclasses import dataclass

import numpy as np

from npvae.checks import as_generator, real, truth

from .checks import check_labels, check_matrix

PAPER, LOOKED_AT = 0.25, 1000   # of images of ink, the least share of zeros; rows that it is told from


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Rows to train on and rows to test on, checked once when the data set is built.

    Parameters
    ----------
    train, test
        (m, D) and (n, D): finite floats, or uint8 pixels that a solver scales by 1/255 batch by batch.
    train_labels, test_labels
        (m,) and (n,); never used for training: they colour the figures.
    image_shape
        (height, width), or (height, width, colours) with 3 or 4 colours, whose product is D, if a row is an image.
    columns
        What the file that it was read from calls the D columns: by name, or by number from 1.
    classes
        The names of the classes 0, 1, 2, … of the labels, if they were text.
    notes
        How it was read, in words; `describe` repeats them.
    light
        Whether grey images are drawn as a screen shows them, great numbers light, or as ink, great numbers dark on
        white. None is ink if a quarter of the numbers or more are 0, paper without ink.

    Raises
    ------
    ValueError
        Anything above does not hold.

    Examples
    --------
    >>> Dataset("corners", np.eye(4), np.ones((1, 4)), image_shape=(2, 2))
    Dataset 'corners': train (4, 4), test (1, 4), values in [0, 1], images 2 x 2
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    train_labels: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    image_shape: tuple | None = None
    columns: tuple | None = None
    classes: tuple | None = None
    notes: tuple = ()
    light: bool | None = None

    def __post_init__(self):
        for part in ("train", "test"):
            X = check_matrix(getattr(self, part), f"{self.name}: {part}")
            labels = check_labels(getattr(self, f"{part}_labels"), len(X), f"{self.name}: {part}_labels")
            # frozen for its users; this is the one place that may still write
            object.__setattr__(self, f"{part}_labels", labels)
        if self.train.shape[1] != self.test.shape[1] or self.train.dtype.kind != self.test.dtype.kind:
            raise ValueError(f"{self.name}: train is {self.train.dtype} {self.train.shape}, test is {self.test.dtype} "
                             f"{self.test.shape}: expected the same number of columns and the same kind of numbers")
        if self.image_shape is not None:
            object.__setattr__(self, "image_shape", self._checked_image_shape())
        if self.light is not None:
            object.__setattr__(self, "light", truth(f"{self.name}: light", self.light))
        for words, number in (("columns", self.train.shape[1]), ("classes", None), ("notes", None)):
            object.__setattr__(self, words, self._checked_words(words, number))

    def _checked_image_shape(self):
        shape, D = self.image_shape, self.train.shape[1]
        sides = isinstance(shape, tuple | list) and all(isinstance(side, numbers.Integral) for side in shape)
        colours = not sides or tuple(shape[2:]) in ((), (3,), (4,))
        if not sides or len(shape) < 2 or not colours or min(shape) < 1 or math.prod(shape) != D:
            raise ValueError(f"{self.name}: image_shape is {shape!r}, expected (height, width) or (height, width, 3 or "
                             f"4 colours), all positive, with a product of {D}")
        return tuple(int(side) for side in shape)

    def _checked_words(self, name, number):
        words = getattr(self, name)
        if words is None:
            return None if name != "notes" else ()
        if not isinstance(words, tuple | list) or not all(isinstance(word, str) for word in words):
            raise ValueError(f"{self.name}: {name} is {words!r}, expected a tuple of texts")
        if number not in (None, len(words)):
            raise ValueError(f"{self.name}: {name} are {len(words)}, expected {number}, a name for each column")
        return tuple(words)

    @property
    def drawn_shape(self) -> tuple | None:
        """`image_shape` as the figures take it: grey is (height, width) if drawn as ink, (height, width, 1) if light.

        >>> Dataset("night", np.eye(4), np.eye(4), image_shape=(2, 2), light=True).drawn_shape
        (2, 2, 1)
        """
        if self.image_shape is None or len(self.image_shape) == 3:
            return self.image_shape
        light = (self.test[:LOOKED_AT] == 0).mean() < PAPER if self.light is None else self.light
        return (*self.image_shape, 1) if light else self.image_shape

    def words_on_images(self) -> str:
        """The size of the images, in words."""
        return "images {} x {}".format(*self.image_shape) + (" in colour" if len(self.image_shape) == 3 else "")

    def __repr__(self):
        text = f"Dataset {self.name!r}: train {self.train.shape}, test {self.test.shape}"
        if self.train.dtype == np.uint8:
            text += ", uint8 pixels" + " on disk" * isinstance(self.train, np.memmap)
        elif isinstance(self.train, np.memmap):
            # their minimum and maximum would take a whole file to read
            text += f", {self.train.dtype} on disk"
        else:
            text += f", values in [{self.train.min():.3g}, {self.train.max():.3g}]"
        if self.image_shape is not None:
            text += f", {self.words_on_images()}"
        if self.train_labels is not None and self.train_labels.dtype.kind == "i":
            text += f", {len(np.unique(self.train_labels))} classes"
        return text


def split(X: np.ndarray, labels: np.ndarray | None = None, test_fraction: float = 1 / 6,
          rng: np.random.Generator | int = 0, name: str = "data") -> tuple:
    """Split rows (n, D) at random: train, test, and the labels of both, or None; at least one row in each.

    The default seed splits the same rows in the same way every time. A ValueError, which calls X by its name, for fewer
    than two rows, another number of labels, or a fraction outside (0, 1).

    Examples
    --------
    >>> train, test, *labels = split(np.eye(12))
    >>> train.shape, test.shape, labels
    ((10, 12), (2, 12), [None, None])
    """
    n = len(check_matrix(X, name))
    labels = check_labels(labels, n, f"{name}: labels")
    if n < 2:
        raise ValueError(f"{name} has 1 row, expected at least 2: one to train on and one to test on")
    fraction = real("test_fraction", test_fraction, 0, 1)
    if fraction in (0, 1):
        raise ValueError(f"test_fraction is {test_fraction!r}, expected a number between 0 and 1")
    n_test = min(max(1, round(fraction * n)), n - 1)
    order = as_generator(rng).permutation(n)
    train, test = order[n_test:], order[:n_test]
    return X[train], X[test], *((None, None) if labels is None else (labels[train], labels[test]))
